//! The images that a folder, a list or a path stands for.

use std::path::{Path, PathBuf};

use files::PassedOver;

use crate::{DatasetError, WayOut, input, read_text, walk};

/// The files of a folder and of the folders below it, sorted by path: or, of a `.txt` file, the paths
/// that it lists, one a line, relative to it, in its order; or the file itself.
///
/// As [`list_images_counted`], which says what was passed over.
///
/// # Errors
/// As [`list_images_counted`].
pub fn list_images(path: impl AsRef<Path>) -> Result<Vec<PathBuf>, DatasetError> {
    list_images_counted(path).map(|(files, _)| files)
}

/// As [`list_images`], with a count of what was passed over.
///
/// Links are followed, and every real folder is visited once: circles end, and a folder that two links
/// name gives its files once. Hidden files and what else systems leave (thumbnails, `desktop.ini`,
/// `__MACOSX`, `@eaDir`, bins) are passed over and counted; links to nothing whose names are not
/// image's are passed over. Whether the others are images is seen when they are decoded.
///
/// A list may be UTF-8 or UTF-16 ([`read_text`]). A line with `\` that names no file is read with `/`
/// in its place where that names one.
///
/// # Errors
/// [`DatasetError::NoImages`] where there is none, [`DatasetError::Io`] where a folder or the list
/// cannot be read, [`DatasetError::Layout`] for folders of the kernel or more than 64 deep,
/// [`DatasetError::NotAFile`] for a pipe or a device,
/// [`DatasetError::OtherForm`] for a list in another encoding or a line with `\` that names nothing.
pub fn list_images_counted(
    path: impl AsRef<Path>,
) -> Result<(Vec<PathBuf>, PassedOver), DatasetError> {
    let path = path.as_ref();
    let mut passed_over = PassedOver::default();
    let mut files = Vec::new();
    if path.is_dir() {
        let found = walk::below(path)?;
        (files, passed_over) = (found.files, found.passed_over);
    } else if path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("txt"))
    {
        let folder = path.parent().unwrap_or(Path::new(""));
        for (number, line) in read_text(path)?.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() {
                files.push(listed(path, number + 1, line, folder)?);
            }
        }
    } else {
        input::check(path)?;
        files.push(path.to_owned());
    }
    if files.is_empty() {
        return Err(DatasetError::NoImages {
            path: path.to_owned(),
        });
    }
    Ok((files, passed_over))
}

/// The file that a line of `list` names, relative to `folder`.
pub(crate) fn listed(
    list: &Path,
    number: usize,
    line: &str,
    folder: &Path,
) -> Result<PathBuf, DatasetError> {
    let path = folder.join(line);
    if !line.contains('\\') || path.exists() {
        return Ok(path);
    }
    let turned = folder.join(line.replace('\\', "/"));
    if turned.exists() {
        return Ok(turned);
    }
    Err(DatasetError::OtherForm {
        path: list.to_owned(),
        place: format!("line {number}"),
        found: format!("`{line}`, which names no file"),
        expected: format!(
            "a path with / in place of \\, relative to {}",
            match folder.to_str() {
                Some("") => ".".to_owned(),
                _ => folder.display().to_string(),
            }
        ),
        way_out: WayOut::boxed("lists take /, and paths relative to the folder they lie in"),
    })
}
