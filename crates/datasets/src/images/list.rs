//! Which files a folder holds, in an order that does not depend on the file system.

use std::fs;
use std::path::{Path, PathBuf};

use crate::DatasetError;

/// What systems leave in folders unasked; hidden files are passed over as well.
const CLUTTER: [&str; 2] = ["Thumbs.db", "desktop.ini"];

/// What the name of an image ends in, by which a link to a file that is gone is told from other links.
const ENDINGS: [&str; 6] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff"];

/// The files of a folder and of the folders below it, sorted by path: or, of a `.txt` file, the paths
/// that it lists, one a line, relative to it, in its order; or the file itself.
///
/// Links are followed, but not back to a folder that they lie in. Hidden files, `Thumbs.db` and
/// `desktop.ini` are passed over, and links to nothing whose names are no image's. Whether the others
/// are images is seen when they are decoded.
///
/// # Errors
/// [`DatasetError::NoImages`] where there is none, [`DatasetError::Io`] where a folder or the list
/// cannot be read.
pub fn list_images(path: impl AsRef<Path>) -> Result<Vec<PathBuf>, DatasetError> {
    let path = path.as_ref();
    let mut files = Vec::new();
    if path.is_dir() {
        walk(path, &mut Vec::new(), &mut files)?;
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
        .filter(|path| !path.is_dir())
        .collect())
}

/// The folders right in `folder`, sorted by name.
pub(crate) fn folders(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    Ok(children(folder)?
        .into_iter()
        .filter(|path| path.is_dir())
        .collect())
}

/// `above` are the folders that this one lies in, without links.
fn walk(
    folder: &Path,
    above: &mut Vec<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> Result<(), DatasetError> {
    let real = fs::canonicalize(folder).map_err(io(folder))?;
    if above.contains(&real) {
        return Ok(()); // a link back
    }
    above.push(real);
    for path in children(folder)? {
        if path.is_dir() {
            walk(&path, above, files)?;
        } else {
            files.push(path);
        }
    }
    above.pop();
    Ok(())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let entry = entry.map_err(io(folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = entry.path();
        let passed_over = name.starts_with('.')
            || CLUTTER.contains(&name.as_ref())
            || path.is_symlink() && !path.exists() && !is_named_as_image(&path);
        if !passed_over {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_named_as_image(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    ENDINGS.contains(&ending.to_lowercase().as_str())
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DatasetError {
    let path = path.to_owned();
    move |source| DatasetError::Io { path, source }
}
