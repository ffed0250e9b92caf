//! Hashes of files, as 64 hex digits.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::{DatasetError, list_images};

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
    let io = |source| DatasetError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(io)?;
    let mut block = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut block).map_err(io)?;
        if n == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&block[..n]);
    }
}

/// One hash for a set of files and folders: that of the single file, else of the lines `HASH  NAME`
/// that `sha256sum` would print for them, by name and, below a folder, by the path in it. What has no
/// bytes there (links to nothing, pipes) is left out.
pub(crate) fn sha256_of_files(paths: &[PathBuf]) -> Result<String, DatasetError> {
    if let [path] = paths
        && path.is_file()
    {
        return sha256_of_file(path);
    }
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = list_images(path)?;
            let found = found.into_iter().filter(|file| file.is_file());
            files.extend(found.map(|file| {
                let name = file.strip_prefix(path).unwrap_or(&file).to_owned();
                (file, name)
            }));
        } else {
            let name = path.file_name().unwrap_or_default().into();
            files.push((path.clone(), name));
        }
    }
    let lines: Vec<String> = files
        .par_iter()
        .map(|(file, name)| {
            // The same on every system.
            let name = name.to_string_lossy().replace('\\', "/");
            Ok(format!("{}  {name}\n", sha256_of_file(file)?))
        })
        .collect::<Result<_, DatasetError>>()?;
    Ok(hex(&Sha256::digest(lines.concat().as_bytes())))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
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
