//! Which files a folder holds, in an order that does not depend on the file system.

use std::fs;
use std::path::{Path, PathBuf};

use crate::DatasetError;

/// What systems leave in folders unasked; hidden files are passed over as well.
const CLUTTER: [&str; 2] = ["Thumbs.db", "desktop.ini"];

/// The files of a folder and of the folders below it, sorted by path: or, of a `.txt` file, the paths
/// that it lists, one a line, relative to it, in its order; or the file itself.
///
/// Hidden files, `Thumbs.db` and `desktop.ini` are passed over. Whether the others are images is seen
/// when they are decoded.
///
/// # Errors
/// [`DatasetError::NoImages`] where there is none, [`DatasetError::Io`] where a folder or the list
/// cannot be read.
pub fn list_images(path: impl AsRef<Path>) -> Result<Vec<PathBuf>, DatasetError> {
    let path = path.as_ref();
    let mut files = Vec::new();
    if path.is_dir() {
        walk(path, &mut files)?;
    } else if path.extension().is_some_and(|ending| ending == "txt") {
        let text = fs::read_to_string(path).map_err(io(path))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        files.extend(lines.map(|line| folder.join(line)));
    } else {
        files.push(path.to_owned());
    }
    if files.is_empty() {
        return Err(DatasetError::NoImages {
            path: path.to_owned(),
        });
    }
    Ok(files)
}

/// The files right in `folder`, sorted by name.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    Ok(children(folder)?
        .into_iter()
        .filter(|path| path.is_file())
        .collect())
}

/// The folders right in `folder`, sorted by name.
pub(crate) fn folders(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    Ok(children(folder)?
        .into_iter()
        .filter(|path| path.is_dir())
        .collect())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), DatasetError> {
    for path in children(folder)? {
        if path.is_file() {
            files.push(path);
        } else if !path.is_symlink() {
            // A link to a folder may lead back here.
            walk(&path, files)?;
        }
    }
    Ok(())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let entry = entry.map_err(io(folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with('.') && !CLUTTER.contains(&name.as_ref()) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DatasetError {
    let path = path.to_owned();
    move |source| DatasetError::Io { path, source }
}
