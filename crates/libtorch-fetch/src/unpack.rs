//! From wheels to a libtorch folder: beside its place, synced, then renamed.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use files::folder_of;
use zip::ZipArchive;

use crate::cuda::{library_member, torch_member};
use crate::error::FetchError;
use crate::folder::VERSION;
use crate::progress::Bar;

/// Prefix of folders in work.
const FRESH: &str = ".fresh-";

/// Makes the CPU folder `libtorch/2.11.0-cpu/{build-version,include,lib}`.
pub(crate) fn cpu(folder: &Path, wheels: &[PathBuf]) -> Result<(), FetchError> {
    build(folder, |fresh| {
        extract(wheels, fresh, cpu_member)?;
        finish_torch(fresh, "cpu").map_err(cannot_write(fresh))
    })
}

/// Makes the CUDA folder `libtorch/2.11.0-cuda/torch`, and `nvidia` beside it.
pub(crate) fn cuda(folder: &Path, torch: &Path, libraries: &[PathBuf]) -> Result<(), FetchError> {
    build(folder_of(folder), |fresh| {
        extract(&[torch.into()], fresh, torch_member)?;
        extract(libraries, fresh, library_member)?;
        finish_torch(&fresh.join("torch"), "cu130").map_err(cannot_write(fresh))
    })
}

fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    FetchError::files(move || format!("cannot write {path:?}"))
}

/// Where a member of the three wheels goes; `None` for what a CPU build does not need.
fn cpu_member(name: &str) -> Option<String> {
    const LIBRARIES: [(&str, &str); 5] = [
        ("torch/lib/libtorch_cpu.so", "libtorch_cpu.so"),
        ("torch/lib/libc10.so", "libc10.so"),
        ("torch/lib/libgomp.so.1", "libgomp.so.1"),
        ("nvidia/cu13/lib/libcudart.so.13", "libcudart.so.13"),
        ("nvidia/cu13/lib/libcupti.so.13", "libcupti.so.13"),
    ];
    if let Some(header) = name.strip_prefix("torch/include/") {
        return Some(format!("include/{header}"));
    }
    let found = LIBRARIES.iter().find(|(member, _)| *member == name);
    found.map(|(_, library)| format!("lib/{library}"))
}

/// What the build of torch-sys expects beside the wheel's files.
fn finish_torch(torch: &Path, flavour: &str) -> io::Result<()> {
    let link = torch.join("lib/libtorch.so");
    // The wheel's libtorch.so only pulls in libtorch_cuda.so.
    #[cfg(unix)]
    if !link.exists() {
        std::os::unix::fs::symlink("libtorch_cpu.so", link)?;
    }
    #[cfg(not(unix))]
    std::fs::copy(torch.join("lib/libtorch_cpu.so"), link)?;
    std::fs::write(
        torch.join("build-version"),
        format!("{VERSION}+{flavour}\n"),
    )
}

/// Runs `make` on a fresh folder and puts it in place as a whole.
fn build(
    folder: &Path,
    make: impl FnOnce(&Path) -> Result<(), FetchError>,
) -> Result<(), FetchError> {
    let parent = folder_of(folder);
    let fresh = tempfile::Builder::new()
        .prefix(FRESH)
        .tempdir_in(parent)
        .map_err(cannot_write(parent))?;
    // A temporary folder is private; the cache may be shared.
    #[cfg(unix)]
    std::fs::set_permissions(
        fresh.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .map_err(cannot_write(fresh.path()))?;
    make(fresh.path())?;
    // One call for ten thousand headers; only a power cut could tell.
    let _ = Command::new("sync").arg("-f").arg(fresh.path()).status();
    put_in_place(fresh, folder, parent).map_err(FetchError::files(|| {
        format!("cannot put {folder:?} in place")
    }))?;
    sweep_up(folder_of(parent))
}

fn put_in_place(fresh: tempfile::TempDir, folder: &Path, parent: &Path) -> io::Result<()> {
    if folder.exists() {
        // Damaged, or nobody would have come here.
        let old = format!("{FRESH}old-{}", std::process::id());
        std::fs::rename(folder, parent.join(old))?;
    }
    std::fs::rename(fresh.keep(), folder)?;
    File::open(parent)?.sync_all()
}

/// Removes what killed set-ups left behind. Only under the cache's lock.
pub(crate) fn sweep_up(cache: &Path) -> Result<(), FetchError> {
    for (dir, prefix) in [("libtorch", FRESH), ("downloads", "part-")] {
        let entries = std::fs::read_dir(cache.join(dir));
        for entry in entries.into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                let path = entry.path();
                std::fs::remove_dir_all(&path)
                    .map_err(FetchError::files(|| format!("cannot remove {path:?}")))?;
            }
        }
    }
    Ok(())
}

/// Unpacks the members that `place` gives a path below `into`.
fn extract(
    wheels: &[PathBuf],
    into: &Path,
    place: fn(&str) -> Option<String>,
) -> Result<(), FetchError> {
    for wheel in wheels {
        let broken = |e: &dyn std::fmt::Display| FetchError::Unpack {
            wheel: wheel.clone(),
            reason: e.to_string(),
        };
        let file =
            File::open(wheel).map_err(FetchError::files(|| format!("cannot read {wheel:?}")))?;
        let mut archive = ZipArchive::new(file).map_err(|e| broken(&e))?;
        let members = members(&mut archive, place).map_err(|e| broken(&e))?;
        let bytes = members.iter().map(|m| m.bytes).sum();
        let name = wheel.file_name().unwrap_or_default().to_string_lossy();
        let bar = Bar::new(
            &format!("unpacking {}", name.split('-').next().unwrap_or_default()),
            bytes,
        );
        let mut done = 0;
        for member in members {
            let path = into.join(&member.path);
            let mut source = archive.by_index(member.index).map_err(|e| broken(&e))?;
            let mut target = std::fs::create_dir_all(folder_of(&path))
                .and_then(|()| File::create(&path))
                .map_err(cannot_write(&path))?;
            loop {
                // In pieces, so that the bar moves within a library of half a gigabyte.
                let n = io::copy(&mut source.by_ref().take(1 << 24), &mut target)
                    .map_err(cannot_write(&path))?;
                if n == 0 {
                    break;
                }
                done += n;
                bar.set(done);
            }
        }
        bar.finish();
    }
    Ok(())
}

struct Member {
    index: usize,
    path: PathBuf,
    bytes: u64,
}

fn members(
    archive: &mut ZipArchive<File>,
    place: fn(&str) -> Option<String>,
) -> Result<Vec<Member>, String> {
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|e| e.to_string())?;
        if file.is_dir() {
            continue;
        }
        let Some(path) = place(&file.name().map_err(|e| e.to_string())?) else {
            continue;
        };
        let path = PathBuf::from(path);
        let inside = path
            .components()
            .all(|c| matches!(c, std::path::Component::Normal(_)));
        if !inside {
            return Err(format!("the member {path:?} points outside"));
        }
        members.push(Member {
            index,
            path,
            bytes: file.size(),
        });
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn wheel(path: &Path, members: &[(&str, &str)]) {
        let mut zip = ZipWriter::new(File::create(path).unwrap());
        for (name, text) in members {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    #[test]
    fn takes_what_a_cpu_build_needs_and_replaces_a_damaged_folder() {
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().join("libtorch/2.11.0-cpu");
        std::fs::create_dir_all(folder.join("lib")).unwrap();
        std::fs::create_dir_all(cache.path().join("libtorch/.fresh-killed/lib")).unwrap();
        let (torch, cudart) = (
            cache.path().join("torch-2.whl"),
            cache.path().join("cudart-1.whl"),
        );
        wheel(
            &torch,
            &[
                ("torch/include/torch/a.h", "header"),
                ("torch/lib/libtorch_cpu.so", "cpu"),
                ("torch/lib/libc10.so", "c10"),
                ("torch/lib/libtorch_cuda.so", "large"),
                ("torch/__init__.py", "python"),
            ],
        );
        wheel(
            &cudart,
            &[
                ("nvidia/cu13/lib/libcudart.so.13", "cudart"),
                ("nvidia/cu13/include/x.h", ""),
            ],
        );
        cpu(&folder, &[torch, cudart]).unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read("include/torch/a.h"), "header");
        assert_eq!(read("lib/libtorch.so"), "cpu", "a link");
        assert_eq!(read("lib/libcudart.so.13"), "cudart");
        assert_eq!(read("build-version"), "2.11.0+cpu\n");
        assert!(!folder.join("lib/libtorch_cuda.so").exists());
        assert!(!folder.join("__init__.py").exists());
        assert_eq!(
            std::fs::read_dir(cache.path().join("libtorch"))
                .unwrap()
                .count(),
            1
        );
        assert_eq!(crate::folder::check(&folder).unwrap(), "2.11.0+cpu");
    }

    #[test]
    fn a_member_that_climbs_out_is_refused() {
        let cache = tempfile::tempdir().unwrap();
        std::fs::create_dir(cache.path().join("libtorch")).unwrap();
        let path = cache.path().join("evil.whl");
        wheel(&path, &[("torch/include/../../../evil.h", "x")]);
        let error = cpu(&cache.path().join("libtorch/x"), &[path]).unwrap_err();
        assert!(format!("{error:#}").contains("points outside"), "{error:#}");
        assert!(!cache.path().join("evil.h").exists());
    }
}
