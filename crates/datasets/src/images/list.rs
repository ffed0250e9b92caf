//! The images that a folder, a list or a path stands for.

use std::path::{Path, PathBuf};

use files::PassedOver;

use super::OnBadFile;
use crate::{DatasetError, WayOut, input, nearby, read_text, walk};

/// The files of a folder and of the folders below it, sorted by path: or, of a `.txt` file, the paths
/// that it lists, one a line, relative to it, in its order; or the file itself.
///
/// As [`list_images_counted`], which says what was passed over.
///
/// # Errors
/// As [`list_images_counted`].
pub fn list_images(path: impl AsRef<Path>) -> Result<Vec<PathBuf>, DatasetError> {
    list_images_counted(path, OnBadFile::Fail).map(|(files, _)| files)
}

/// Lines that decide whether a text is a list of images.
const LOOKED_AT: usize = 100;

/// Whether a file is a list of images: a `.txt` whose first line names a file beside it, or whose lines mostly end as
/// the names of images do, whether or not they are there. Blank lines and comments do not count.
pub fn is_image_list(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    if !is_text(path) {
        return false;
    }
    let Ok(text) = read_text(path) else {
        return false;
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let lines: Vec<&str> = entries(&text, folder)
        .map(|(_, line)| line)
        .take(LOOKED_AT)
        .collect();
    let names_a_file =
        |line: &&str| folder.join(line).is_file() || folder.join(line.replace('\\', "/")).is_file();
    let is_name = |line: &&&str| {
        walk::is_named_as_image(Path::new(line)) && !line.contains([',', ';', '\t', '|'])
    };
    let names = lines.iter().filter(is_name).count();
    lines.first().is_some_and(names_a_file) || names > 0 && 2 * names >= lines.len()
}

fn is_text(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("txt"))
}

/// The lines that name images, each with its number, from 1: without blank ones, comments (`#`) and quotes around a
/// name. A file may have such a name all the same.
fn entries<'a>(text: &'a str, folder: &'a Path) -> impl Iterator<Item = (usize, &'a str)> {
    let lines = text.lines().enumerate();
    lines.filter_map(move |(number, line)| {
        let line = line.trim();
        let is_odd = line.starts_with(['#', '"', '\'']) && !folder.join(line).exists();
        match line {
            "" => None,
            _ if !is_odd => Some((number + 1, line)),
            _ if line.starts_with('#') => None,
            _ => Some((number + 1, without_quotes(line))),
        }
    })
}

fn without_quotes(line: &str) -> &str {
    let inner = |quote| line.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(line).trim()
}

/// As [`list_images`], with a count of what was passed over.
///
/// Links are followed, and every real folder is visited once: circles end, and a folder that two links
/// name gives its files once. Hidden files and what else systems leave (thumbnails, `desktop.ini`,
/// `__MACOSX`, `@eaDir`, bins) are passed over and counted; links to nothing whose names are not
/// image's are passed over. Whether the others are images is seen when they are decoded.
///
/// A list may be UTF-8 or UTF-16 ([`read_text`]). Blank lines and those that begin with `#` name nothing, and quotes
/// around a name are left out. A line with `\` that names no file is read with `/` in its place where that names one.
/// Under [`OnBadFile::Skip`] a line that names no file keeps its path, which fails when it is decoded.
///
/// # Errors
/// [`DatasetError::NoImages`] where there is none, [`DatasetError::Io`] where a folder or the list
/// cannot be read, [`DatasetError::NotListed`] for a line that names no file, [`DatasetError::Layout`] for folders of
/// the kernel or more than 64 deep, [`DatasetError::NotAFile`] for a pipe or a device,
/// [`DatasetError::OtherForm`] for a list in another encoding or a line with `\` that names nothing.
pub fn list_images_counted(
    path: impl AsRef<Path>,
    on_bad_file: OnBadFile,
) -> Result<(Vec<PathBuf>, PassedOver), DatasetError> {
    let path = path.as_ref();
    let mut passed_over = PassedOver::default();
    let mut files = Vec::new();
    if path.is_dir() {
        let found = walk::below(path)?;
        (files, passed_over) = (found.files, found.passed_over);
    } else if is_text(path) {
        let folder = path.parent().unwrap_or(Path::new(""));
        let text = read_text(path)?;
        for (number, line) in entries(&text, folder) {
            let file = listed(path, number, line, folder).and_then(|file| match file.exists() {
                true => Ok(file),
                false => Err(DatasetError::NotListed {
                    list: path.to_owned(),
                    line: number,
                    nearby: nearby::of(&file),
                    path: file,
                }),
            });
            match (file, on_bad_file) {
                (Ok(file), _) => files.push(file),
                (Err(_), OnBadFile::Skip) => files.push(folder.join(line)),
                (Err(error), OnBadFile::Fail) => return Err(error),
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
