//! The CUDA libraries of libtorch, laid out as its own rpath expects them.
//!
//! `libtorch_cuda.so` looks in `$ORIGIN/../../nvidia/{cudnn,nccl,…,cu13}/lib` (readelf -d), that
//! is, beside the folder `torch`. So the cache holds `2.11.0-cuda/torch` and `2.11.0-cuda/nvidia`,
//! and `.libtorch` points to the former. Unverified: this has not run on a GPU yet.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::FetchError;
use crate::pip::Pip;
use crate::wheel;

/// About what the wheels beside torch's weigh.
const BYTES: u64 = 2_500_000_000;

/// Downloads the CUDA wheels that a torch wheel asks for, into their own folder of the cache.
pub(crate) fn download(cache: &Path, pip: &Pip, torch: &Path) -> Result<Vec<PathBuf>, FetchError> {
    let broken = |reason: String| FetchError::Unpack {
        wheel: torch.to_owned(),
        reason,
    };
    let metadata = metadata(torch).map_err(|error| broken(error.to_string()))?;
    let wanted = requirements(&metadata.ok_or_else(|| broken("it has no METADATA".to_owned()))?);
    if wanted.is_empty() {
        return Err(broken("it asks for no CUDA libraries".to_owned()));
    }
    let dir = wheel::downloads(cache)?.join("cuda");
    let cannot_read = || format!("cannot read {dir:?}");
    std::fs::create_dir_all(&dir).map_err(FetchError::files(cannot_read))?;
    // pip skips files that are there; it checks them against the index's hashes.
    wheel::download(pip, &wanted, true, &dir, BYTES)?;
    let mut wheels: Vec<PathBuf> = std::fs::read_dir(&dir)
        .map_err(FetchError::files(cannot_read))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "whl"))
        .collect();
    wheels.sort();
    Ok(wheels)
}

/// A wheel's `METADATA`; `None` where it has none.
fn metadata(wheel: &Path) -> zip::result::ZipResult<Option<String>> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
    let name = archive
        .file_names()
        .filter_map(Result::ok)
        .find(|name| name.ends_with(".dist-info/METADATA"))
        .map(|name| name.to_string());
    let Some(name) = name else {
        return Ok(None);
    };
    let mut text = String::new();
    archive.by_name(&name)?.read_to_string(&mut text)?;
    Ok(Some(text))
}

/// What torch asks for on Linux and that holds CUDA libraries: not triton, not the bindings for
/// Python.
fn requirements(metadata: &str) -> Vec<String> {
    metadata
        .lines()
        .filter_map(|line| line.strip_prefix("Requires-Dist: "))
        .map(|line| line.split_once(';').unwrap_or((line, "")))
        .filter(|(_, marker)| !marker.contains("extra"))
        .map(|(requirement, _)| requirement.trim())
        .filter(|r| r.starts_with("nvidia-") || r.starts_with("cuda-toolkit"))
        .map(String::from)
        .collect()
}

/// Where a member of the torch wheel goes.
pub(crate) fn torch_member(name: &str) -> Option<String> {
    let wanted = name.starts_with("torch/include/")
        || (name.starts_with("torch/lib/") && name.contains(".so") && !name.contains("python"));
    wanted.then(|| name.to_owned())
}

/// Where a member of a CUDA wheel goes: libraries only, at their own place.
pub(crate) fn library_member(name: &str) -> Option<String> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let wanted = name.starts_with("nvidia/") && name.contains("/lib/") && file.contains(".so");
    wanted.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_the_libraries_and_nothing_else() {
        // Shortened from the METADATA of torch 2.11.0.
        let metadata = "Name: torch\n\
            Requires-Dist: filelock\n\
            Requires-Dist: cuda-toolkit[cublas,cudart,cufft]==13.0.2; platform_system == \"Linux\"\n\
            Requires-Dist: cuda-bindings<14,>=13.0.3; platform_system == \"Linux\"\n\
            Requires-Dist: nvidia-cudnn-cu13==9.19.0.56; platform_system == \"Linux\"\n\
            Requires-Dist: triton==3.6.0; platform_system == \"Linux\"\n\
            Requires-Dist: nvidia-extra==1; extra == \"all\"\n";
        let expected = [
            "cuda-toolkit[cublas,cudart,cufft]==13.0.2",
            "nvidia-cudnn-cu13==9.19.0.56",
        ];
        assert_eq!(requirements(metadata), expected);
    }

    #[test]
    fn lays_libraries_out_beside_torch() {
        for (member, kept) in [
            ("nvidia/cu13/lib/libcublas.so.13", true),
            ("nvidia/cudnn/lib/libcudnn.so.9", true),
            ("nvidia/cu13/include/cublas.h", false),
            ("nvidia/cudnn/lib/__init__.py", false),
        ] {
            assert_eq!(library_member(member).is_some(), kept, "{member}");
        }
        assert!(torch_member("torch/lib/libtorch_cuda.so").is_some());
        assert!(torch_member("torch/lib/libtorch_python.so").is_none());
        assert!(torch_member("torch/nn/modules.py").is_none());
    }
}
