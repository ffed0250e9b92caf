//! Which files folders hold, in an order that does not depend on the file system.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use files::{PassedOver, is_clutter};

use crate::DatasetError;

/// Deeper folders are refused.
const MAX_DEPTH: usize = 64;
/// More files and folders than any set of images has; ImageNet-21k has 14 million.
const MAX_ENTRIES: usize = 30_000_000;

/// Endings of image files: a broken link with one of them is an image that is missing.
const ENDINGS: [&str; 6] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff"];

/// The contents of a folder, or of a folder and all below it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Sorted by path.
    pub(crate) files: Vec<PathBuf>,
    /// Sorted by path; only of a single folder.
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) passed_over: PassedOver,
}

/// The files and folders right in `folder`. Links to nothing count as files where their names are images'.
pub(crate) fn children(folder: &Path) -> Result<Found, DatasetError> {
    let mut found = Found::default();
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let entry = entry.map_err(io(folder))?;
        let path = entry.path();
        if is_clutter(&entry.file_name()) {
            found.passed_over.add(path);
            continue;
        }
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => found.folders.push(path),
            Ok(_) => found.files.push(path),
            Err(_) if path.is_symlink() && !is_named_as_image(&path) => {}
            Err(_) => found.files.push(path),
        }
    }
    found.files.sort();
    found.folders.sort();
    Ok(found)
}

/// The files in `root` and in all folders below it, sorted by path.
///
/// Every real folder is visited once: at its own place if that lies below `root`, else at the first link
/// to it by path. So links in circles end, and a folder that two links name gives its files once. A
/// link to a folder that `root` lies in is not followed.
pub(crate) fn below(root: &Path) -> Result<Found, DatasetError> {
    let mut visited = HashSet::new();
    let real = fs::canonicalize(root).map_err(io(root))?;
    for folder in real.ancestors() {
        visited.insert(id(folder)?);
    }
    let mut systems = HashSet::new();
    let mut found = Found::default();
    let mut n_entries = 0;
    let mut open: Vec<(PathBuf, usize)> = vec![(root.to_owned(), 0)];
    let mut links: BTreeSet<(PathBuf, usize)> = BTreeSet::new();
    loop {
        let (folder, depth) = match open.pop() {
            Some(next) => next,
            None => match links.pop_first() {
                Some((link, depth)) if visited.insert(id(&link)?) => (link, depth),
                Some(_) => continue,
                None => break,
            },
        };
        if systems.insert(id(&folder)?.0) {
            refuse_pseudo(&folder)?;
        }
        let here = children(&folder)?;
        n_entries += here.files.len() + here.folders.len() + here.passed_over.n();
        if depth > MAX_DEPTH || n_entries > MAX_ENTRIES {
            let (found, expected) = if depth > MAX_DEPTH {
                let found = format!("folders more than {MAX_DEPTH} deep in each other");
                (found, format!("at most {MAX_DEPTH}"))
            } else {
                let found = format!("more than {MAX_ENTRIES} files and folders");
                (found, "a folder of images".to_owned())
            };
            return Err(DatasetError::Layout {
                path: if depth > MAX_DEPTH {
                    folder
                } else {
                    root.to_owned()
                },
                found,
                expected,
                hint: "name the folder that holds the images".to_owned(),
            });
        }
        found.files.extend(here.files);
        found.passed_over.extend(here.passed_over);
        for path in here.folders {
            if path.is_symlink() {
                links.insert((path, depth + 1));
            } else if visited.insert(id(&path)?) {
                open.push((path, depth + 1));
            }
        }
    }
    found.files.sort();
    Ok(found)
}

/// An error where a folder belongs to a file system that the kernel makes up: it holds no images, and
/// some of its files have no end.
pub(crate) fn refuse_pseudo(folder: &Path) -> Result<(), DatasetError> {
    const PSEUDO: [&str; 14] = [
        "autofs",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "mqueue",
        "proc",
        "securityfs",
        "sysfs",
        "tracefs",
    ];
    // Absent on other systems than Linux.
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let real = fs::canonicalize(folder).map_err(io(folder))?;
    let of = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let place = Path::new(words.next()?);
        real.starts_with(place)
            .then_some((place.components().count(), words.next()?))
    });
    // Of several on one place the last one is seen.
    match of.max_by_key(|(length, _)| *length) {
        Some((_, kind)) if PSEUDO.contains(&kind) => Err(DatasetError::Layout {
            path: folder.to_owned(),
            found: format!("files of the kernel ({kind})"),
            expected: "a folder of images".to_owned(),
            hint: "name the folder that holds the images".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// What tells a folder from all others, by whatever path it is reached.
#[cfg(unix)]
fn id(folder: &Path) -> Result<(u64, u64), DatasetError> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(folder).map_err(io(folder))?;
    Ok((metadata.dev(), metadata.ino()))
}

/// What tells a folder from all others, by whatever path it is reached.
#[cfg(not(unix))]
fn id(folder: &Path) -> Result<(u64, PathBuf), DatasetError> {
    Ok((0, fs::canonicalize(folder).map_err(io(folder))?))
}

pub(crate) fn is_named_as_image(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    ENDINGS.contains(&ending.to_lowercase().as_str())
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DatasetError {
    let path = path.to_owned();
    move |source| DatasetError::Io { path, source }
}
