use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::TablesError;
use crate::store::Store;

/// Where a table comes from.
pub enum Source {
    /// A file. A pipe or a device is read to its end first.
    Path(PathBuf),
    /// Standard input, read to its end first.
    Stdin,
    /// Anything else, read to its end first.
    Reader {
        /// Its name in messages.
        name: String,
        /// The bytes.
        reader: Box<dyn Read + Send>,
    },
}

impl Source {
    /// The name used in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Stdin => "standard input".to_owned(),
            Self::Reader { name, .. } => name.clone(),
        }
    }

    /// The bytes, to be read at any place and several times.
    pub(crate) fn store(self) -> Result<Store, TablesError> {
        let file = self.name();
        self.keep()
            .map_err(|source| TablesError::Read { file, source })
    }

    fn keep(self) -> io::Result<Store> {
        match self {
            Self::Path(path) if files::is_special(&path) => spool(File::open(path)?),
            Self::Path(path) => {
                files::check(&path).map_err(io::Error::other)?;
                Store::file(File::open(path)?)
            }
            Self::Stdin => spool(io::stdin().lock()),
            Self::Reader { reader, .. } => spool(reader),
        }
    }
}

impl From<&Path> for Source {
    /// A file, or standard input for `-`.
    fn from(path: &Path) -> Self {
        match path == Path::new("-") {
            true => Self::Stdin,
            false => Self::Path(path.to_owned()),
        }
    }
}

impl From<&PathBuf> for Source {
    fn from(path: &PathBuf) -> Self {
        path.as_path().into()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?})", self.name())
    }
}

/// Up to so many bytes stay in memory; more go to a temporary file that the system removes.
const IN_MEMORY: u64 = 4 << 20;

fn spool(mut reader: impl Read) -> io::Result<Store> {
    let mut bytes = Vec::new();
    reader.by_ref().take(IN_MEMORY).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < IN_MEMORY {
        return Ok(Store::memory(bytes));
    }
    let mut file = tempfile::tempfile()?;
    file.write_all(&bytes)?;
    drop(bytes);
    io::copy(&mut reader, &mut file)?;
    Store::file(file)
}
