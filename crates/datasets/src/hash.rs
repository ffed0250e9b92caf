//! Hashes of files, as 64 hex digits.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use files::hex;
use rayon::prelude::*;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::{DatasetError, OnBadFile, PassedOver, input, list_images_counted};

/// The SHA-256 of a file's bytes.
pub(crate) fn sha256_of_file(path: &Path) -> Result<String, DatasetError> {
    digest(path, Sha256::new())
}

/// The SHA-256 of a text.
pub(crate) fn sha256_of_text(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// What `git hash-object` prints for a file.
fn git_blob_of_file(path: &Path) -> Result<String, DatasetError> {
    let bytes = std::fs::metadata(path)
        .map_err(|source| DatasetError::Io {
            path: path.to_owned(),
            source,
        })?
        .len();
    digest(path, Sha1::new_with_prefix(format!("blob {bytes}\0")))
}

/// Feeds a file to `hasher` in blocks.
fn digest(path: &Path, mut hasher: impl Digest) -> Result<String, DatasetError> {
    let mut file = input::open(path)?;
    let mut block = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut block).map_err(|source| DatasetError::Io {
            path: path.to_owned(),
            source,
        })?;
        if n == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&block[..n]);
    }
}

/// One hash for a set of files and folders, as [`Watched::sha256`].
pub(crate) fn sha256_of_files(paths: &[PathBuf]) -> Result<String, DatasetError> {
    Watched::of(paths)?.sha256()
}

/// Files and folders as they are before they are read, so that the hash is one of what was read.
#[derive(Debug)]
pub(crate) struct Watched {
    paths: Vec<PathBuf>,
    /// Each with its name in the list that is hashed, and what tells another file from it.
    files: Vec<(PathBuf, PathBuf, Option<Stamp>)>,
    passed_over: PassedOver,
}

impl Watched {
    /// The files of `paths`, and those in folders among them. What has no bytes there (links to nothing,
    /// pipes) is left out.
    pub(crate) fn of(paths: &[PathBuf]) -> Result<Self, DatasetError> {
        let mut files = Vec::new();
        let mut passed_over = PassedOver::default();
        for path in paths {
            if path.is_dir() {
                let (found, more) = list_images_counted(path, OnBadFile::Fail)?;
                passed_over.extend(more);
                for file in found.into_iter().filter(|file| file.is_file()) {
                    let name = file.strip_prefix(path).unwrap_or(&file).to_owned();
                    let stamp = Stamp::of(&file);
                    files.push((file, name, stamp));
                }
            } else {
                let name = path.file_name().unwrap_or_default().into();
                files.push((path.clone(), name, Stamp::of(path)));
            }
        }
        Ok(Self {
            paths: paths.to_vec(),
            files,
            passed_over,
        })
    }

    /// What was passed over in the folders.
    pub(crate) fn passed_over(&self) -> PassedOver {
        self.passed_over.clone()
    }

    /// The hash of the single file, else of the lines `HASH  NAME` that `sha256sum` would print for the files, by
    /// name and, below a folder, by the path in it.
    ///
    /// # Errors
    /// [`DatasetError::Changed`] where a file is not the one it was when the watch began.
    pub(crate) fn sha256(&self) -> Result<String, DatasetError> {
        if let ([path], true) = (self.paths.as_slice(), self.files.len() == 1)
            && !path.is_dir()
        {
            let hash = sha256_of_file(path)?;
            self.check()?;
            return Ok(hash);
        }
        let lines: Vec<String> = self
            .files
            .par_iter()
            .map(|(file, name, _)| {
                // The same on every system.
                let name = name.to_string_lossy().replace('\\', "/");
                Ok(format!("{}  {name}\n", sha256_of_file(file)?))
            })
            .collect::<Result<_, DatasetError>>()?;
        self.check()?;
        Ok(hex(&Sha256::digest(lines.concat().as_bytes())))
    }

    fn check(&self) -> Result<(), DatasetError> {
        let now = Self::of(&self.paths)?;
        let before = self.files.iter().map(Some).chain(std::iter::repeat(None));
        let after = now.files.iter().map(Some).chain(std::iter::repeat(None));
        let n = self.files.len().max(now.files.len());
        match before
            .zip(after)
            .take(n)
            .find(|(before, after)| before != after)
        {
            None => Ok(()),
            Some((before, after)) => Err(DatasetError::Changed {
                path: before
                    .or(after)
                    .map(|(file, ..)| file.clone())
                    .unwrap_or_default(),
            }),
        }
    }
}

/// What tells a file from itself after a change, and from another in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device and number on it, where systems have them.
    id: (u64, u64),
}

impl Stamp {
    /// `None` where nothing is there.
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let id = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let id = (0, 0);
        Some(Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            id,
        })
    }
}

/// The known hash of a file, 64 or 40 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// The SHA-256 of its bytes.
    Sha256(&'static str),
    /// The id that git gives it: the SHA-1 of `blob LENGTH`, a zero byte and its bytes. Known for
    /// every file of a public repository without downloading it.
    GitBlob(&'static str),
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(hash) => write!(f, "sha256 {hash}"),
            Self::GitBlob(hash) => write!(f, "git blob {hash}"),
        }
    }
}

impl Pin {
    /// Compares a file with this hash.
    ///
    /// # Errors
    /// [`DatasetError::Hash`] where it differs, [`DatasetError::Io`] where it cannot be read.
    pub fn verify(self, path: &Path) -> Result<(), DatasetError> {
        let (found, expected) = match self {
            Self::Sha256(expected) => (sha256_of_file(path)?, expected),
            Self::GitBlob(expected) => (git_blob_of_file(path)?, expected),
        };
        if found == expected {
            return Ok(());
        }
        Err(DatasetError::Hash {
            path: path.to_owned(),
            found,
            expected: expected.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_while_it_is_watched_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let changed = |watched: &Watched, name: &str| match watched.sha256() {
            Err(DatasetError::Changed { path }) => assert_eq!(path, at(name)),
            other => panic!("{other:?}"),
        };
        for name in ["a", "b"] {
            std::fs::write(at(name), name).unwrap();
        }
        let both = || Watched::of(&[at("a"), at("b")]).unwrap();
        let watched = both();
        assert_eq!(watched.sha256().unwrap(), both().sha256().unwrap());
        // Another file of the same size in its place.
        std::fs::write(at("c"), "c").unwrap();
        std::fs::rename(at("c"), at("b")).unwrap();
        changed(&watched, "b");
        let watched = Watched::of(&[at("a")]).unwrap();
        std::fs::write(at("a"), "longer").unwrap();
        changed(&watched, "a");
        let watched = Watched::of(&[dir.path().to_owned()]).unwrap();
        std::fs::write(at("new"), "").unwrap();
        changed(&watched, "new");
    }
}
