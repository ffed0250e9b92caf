use std::path::{Path, PathBuf};

/// The libtorch that tch 0.24 is made for.
pub const VERSION: &str = "2.11.0";

/// The folder of the libtorch for the processor, below the cache folder `cache`.
pub fn cpu_folder(cache: &Path) -> PathBuf {
    cache.join(format!("libtorch/{VERSION}-cpu"))
}

/// The folder of the libtorch with CUDA, below the cache folder `cache`: laid out as site-packages are, so that
/// its own run path leads to the libraries of CUDA beside it.
pub fn cuda_folder(cache: &Path) -> PathBuf {
    cache.join(format!("libtorch/{VERSION}-cuda/torch"))
}

/// The version of the libtorch in a folder, or what is wrong with it. PyTorch's own folder has a
/// `version.py` in place of `build-version`.
///
/// # Errors
/// What is wrong, in words.
pub fn check(folder: &Path) -> Result<String, String> {
    let read = |name| std::fs::read_to_string(folder.join(name)).ok();
    let quoted = |text: String| {
        let line = text
            .lines()
            .find_map(|l| l.strip_prefix("__version__ ="))?
            .trim();
        Some(line.trim_matches(['\'', '"']).to_owned())
    };
    let version = read("build-version")
        .map(|text| text.trim().to_owned())
        .or_else(|| read("version.py").and_then(quoted))
        .ok_or("it has no file build-version")?;
    if version.split('+').next() != Some(VERSION) {
        return Err(format!("its version is {version}"));
    }
    for part in ["lib/libtorch_cpu.so", "lib/libc10.so", "include/torch"] {
        if !folder.join(part).exists() {
            return Err(format!("it has no {part}"));
        }
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder(version_file: &str, version: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(version_file), version).unwrap();
        fs::create_dir_all(dir.path().join("include/torch")).unwrap();
        fs::create_dir(dir.path().join("lib")).unwrap();
        for library in ["libtorch_cpu.so", "libc10.so"] {
            fs::write(dir.path().join("lib").join(library), "").unwrap();
        }
        dir
    }

    #[test]
    fn accepts_builds_of_2_11_0_only() {
        for (version, good) in [
            ("2.11.0+cpu\n", true),
            ("2.11.0", true),
            ("2.10.0", false),
            ("2.11.01", false),
        ] {
            assert_eq!(
                check(folder("build-version", version).path()).is_ok(),
                good,
                "{version}"
            );
        }
        let pytorch = "from typing import Optional\n__version__ = '2.11.0+cu130'\ndebug = False\n";
        assert_eq!(
            check(folder("version.py", pytorch).path()).unwrap(),
            "2.11.0+cu130"
        );
    }

    #[test]
    fn names_what_is_missing() {
        let dir = folder("build-version", "2.11.0");
        fs::remove_file(dir.path().join("lib/libtorch_cpu.so")).unwrap();
        assert_eq!(
            check(dir.path()).unwrap_err(),
            "it has no lib/libtorch_cpu.so"
        );
        assert_eq!(
            check(Path::new("/nowhere")).unwrap_err(),
            "it has no file build-version"
        );
    }
}
