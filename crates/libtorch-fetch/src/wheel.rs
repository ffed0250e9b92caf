//! The wheels libtorch is taken from, pinned by version and hash.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use files::pip::{self, Cause};
use files::{hex, visible};
use sha2::{Digest, Sha256};

use crate::error::FetchError;
use crate::pip::Pip;
use crate::progress::Bar;

/// Attempts of one download.
const ATTEMPTS: u32 = 3;

/// A wheel on the package index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wheel {
    /// As pip is asked for it.
    pub(crate) requirement: &'static str,
    pub(crate) file: &'static str,
    pub(crate) sha256: &'static str,
    pub(crate) bytes: u64,
}

/// Headers and libraries of libtorch 2.11.0.
pub(crate) const TORCH: Wheel = Wheel {
    requirement: "torch==2.11.0",
    file: "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
    bytes: 530_712_279,
};

/// All that a CPU build needs: `libtorch_cpu.so` asks for two small libraries of CUDA by name.
pub(crate) const CPU: [Wheel; 3] = [
    TORCH,
    Wheel {
        requirement: "nvidia-cuda-runtime==13.0.96",
        file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        bytes: 2_200_000,
    },
    Wheel {
        requirement: "nvidia-cuda-cupti==13.0.85",
        file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
        sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        bytes: 10_700_000,
    },
];

/// The smallest of them, 2.2 MB, as pip is asked for it.
pub const SMALLEST: &str = CPU[1].requirement;

impl Wheel {
    /// The verified wheel in `cache/downloads`, from an earlier attempt or downloaded now.
    ///
    /// # Errors
    /// [`FetchError::Download`] where pip fails three times, [`FetchError::Hash`] where the hash is another:
    /// then the file is gone again.
    pub(crate) fn get(&self, cache: &Path, pip: &Pip) -> Result<PathBuf, FetchError> {
        let downloads = downloads(cache)?;
        let path = downloads.join(self.file);
        if path.exists() && self.verify(&path).is_ok() {
            eprintln!("{}: already downloaded", self.requirement);
            return Ok(path);
        }
        download(
            pip,
            &[self.requirement.into()],
            false,
            &downloads,
            self.bytes,
        )?;
        if !path.exists() {
            return Err(FetchError::NotBrought {
                file: self.file,
                requirement: self.requirement,
            });
        }
        self.verify(&path)?;
        Ok(path)
    }

    /// Checks the hash; a file with another one is removed.
    fn verify(&self, path: &Path) -> Result<(), FetchError> {
        let found = sha256(path).map_err(FetchError::files(|| format!("cannot read {path:?}")))?;
        if found == self.sha256 {
            return Ok(());
        }
        std::fs::remove_file(path)
            .map_err(FetchError::files(|| format!("cannot remove {path:?}")))?;
        Err(FetchError::Hash {
            file: self.file,
            found,
            expected: self.sha256,
        })
    }
}

/// Runs `pip download` with progress, up to three times where the network fails. `bytes` is what is expected
/// to arrive.
pub(crate) fn download(
    pip: &Pip,
    what: &[String],
    with_dependencies: bool,
    dir: &Path,
    bytes: u64,
) -> Result<(), FetchError> {
    let name = what.first().map_or("", String::as_str);
    let mut attempt = 1;
    loop {
        // In the cache folder, so that the last step is a rename; removed on drop and, after a
        // kill, by the next set-up.
        let temporary = tempfile::Builder::new()
            .prefix("part-")
            .tempdir_in(dir)
            .map_err(FetchError::files(|| format!("cannot write to {dir:?}")))?;
        let mut child = pip.start(what, with_dependencies, dir, temporary.path())?;
        let said = child.stderr.take().map(pass_on);
        let bar = Bar::new(&format!("downloading {name}"), bytes);
        let before = size(dir);
        let status = loop {
            let ended = child.try_wait();
            let cannot_wait = FetchError::files(|| format!("cannot wait for {}", pip.name()));
            if let Some(status) = ended.map_err(cannot_wait)? {
                break status;
            }
            bar.set(size(dir).saturating_sub(before));
            std::thread::sleep(std::time::Duration::from_millis(200));
        };
        bar.finish();
        if status.success() {
            return Ok(());
        }
        let said = said.and_then(|thread| thread.join().ok());
        let (cause, line) = pip::cause(&said.unwrap_or_default());
        eprintln!(
            "{} download of {name} ended with {status} (attempt {attempt} of {ATTEMPTS})",
            pip.name()
        );
        if cause == Cause::Network && attempt < ATTEMPTS {
            attempt += 1;
            continue;
        }
        return Err(FetchError::Download {
            requirement: name.to_owned(),
            pip: pip.name(),
            reason: line.unwrap_or_else(|| "it does not say why".to_owned()),
            cause,
        });
    }
}

/// Shows what pip says as it comes, and gives back all of it.
fn pass_on(stderr: std::process::ChildStderr) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut said = String::new();
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            eprintln!("{}", visible(line.trim_end()));
            said.push_str(&line);
            said.push('\n');
        }
        said
    })
}

/// The folder that keeps wheels until they are unpacked.
pub(crate) fn downloads(cache: &Path) -> Result<PathBuf, FetchError> {
    let dir = cache.join("downloads");
    std::fs::create_dir_all(&dir).map_err(FetchError::files(|| format!("cannot make {dir:?}")))?;
    Ok(dir)
}

/// Bytes below a folder.
fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0, // gone meanwhile
        })
        .sum()
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: Wheel = Wheel {
        requirement: "w==1",
        file: "w.whl",
        // sha256 of "abc", FIPS 180-2 appendix B.1.
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        bytes: 3,
    };

    /// A pip that brings "abc", or ends with an error.
    fn pip(works: bool) -> Pip {
        let script = format!(
            "{works} && while [ \"$1\" != -d ]; do shift; done && printf abc >\"$2/w.whl\""
        );
        Pip {
            command: ["sh", "-c", &script, "pip"].map(String::from).into(),
            version: (26, 0),
        }
    }

    #[test]
    fn a_verified_wheel_is_not_downloaded_again_and_a_torn_one_is() {
        let cache = tempfile::tempdir().unwrap();
        assert!(ABC.get(cache.path(), &pip(false)).is_err());
        let path = ABC.get(cache.path(), &pip(true)).unwrap();
        assert_eq!(
            ABC.get(cache.path(), &pip(false)).unwrap(),
            path,
            "kept from the last time"
        );
        std::fs::write(&path, "ab").unwrap();
        assert!(
            ABC.get(cache.path(), &pip(false)).is_err(),
            "it has to be downloaded"
        );
        ABC.get(cache.path(), &pip(true)).unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"abc");
        assert_eq!(
            std::fs::read_dir(cache.path().join("downloads"))
                .unwrap()
                .count(),
            1,
            "no partial files"
        );
    }

    #[test]
    fn a_wrong_hash_removes_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.whl");
        let wheel = ABC;
        std::fs::write(&path, "abc").unwrap();
        wheel.verify(&path).unwrap();
        std::fs::write(&path, "abd").unwrap();
        let error = wheel.verify(&path).unwrap_err().to_string();
        assert!(error.contains("expected ba7816bf"), "{error}");
        assert!(!path.exists());
    }
}
