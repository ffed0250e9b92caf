//! Downloading what is absent, into the cache folder (feature `fetch`).
//!
//! A file is written beside its place as `NAME.part`, continued by HTTP ranges after a cut, compared
//! with its known hash, read once as a test, and only then renamed. Whatever is in its place is whole.

mod part;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use files::{Lock, Waiting};

pub use self::part::OnProgress;
use self::part::{Cut, Part};
use crate::{DatasetError, Entry, Pin, Roots, load_idx, load_npz};

/// How often a download that was cut is continued before giving up.
const ATTEMPTS: usize = 5;
/// Between two looks at a file that another process fetches.
const PAUSE: Duration = Duration::from_millis(200);

/// Downloads the files of a known data set that no root has, and returns where they are.
///
/// The source is the upstream repository at the pinned commit, or `RESIDUUM_MIRROR`, the address of a
/// folder laid out as a data root (`MIRROR/adbench/Classical/6_cardio.npz`).
///
/// # Errors
/// [`DatasetError::NoDownload`] for sets that nobody offers as single files,
/// [`DatasetError::NoCache`] without a folder to write to, [`DatasetError::Download`] naming the
/// address where the network or the server fails, [`DatasetError::Write`] where the disk does, and
/// [`DatasetError::WrongDownload`] where what arrived is not the published file (it is removed).
pub fn fetch(
    entry: &Entry,
    roots: &Roots,
    progress: OnProgress<'_>,
) -> Result<Vec<PathBuf>, DatasetError> {
    let mirror = env::var("RESIDUUM_MIRROR")
        .ok()
        .filter(|mirror| !mirror.is_empty());
    fetch_from(mirror.as_deref(), entry, roots, progress)
}

/// As [`fetch`], from `mirror` where given, else from upstream.
///
/// # Errors
/// As [`fetch`].
pub fn fetch_from(
    mirror: Option<&str>,
    entry: &Entry,
    roots: &Roots,
    progress: OnProgress<'_>,
) -> Result<Vec<PathBuf>, DatasetError> {
    if let Some(paths) = entry.locate(roots) {
        return Ok(paths);
    }
    if entry.urls().is_empty() {
        return Err(DatasetError::NoDownload {
            name: entry.name().to_owned(),
            source_text: entry.source().to_owned(),
            files: entry.files(),
        });
    }
    let cache = roots.cache().ok_or(DatasetError::NoCache)?;
    let mut paths = Vec::new();
    for ((file, upstream), pin) in entry.files().iter().zip(entry.urls()).zip(entry.pins()) {
        let url = match mirror {
            Some(mirror) => format!("{}/{file}", mirror.trim_end_matches('/')),
            None => upstream,
        };
        let path = cache.join(file);
        if !path.is_file() {
            let _lock = lock(cache, file)?;
            // Whoever came first has fetched it.
            if !path.is_file() {
                download(&url, &path, pin, progress)?;
            }
        }
        paths.push(path);
    }
    Ok(paths)
}

/// Waits until no other process, of whatever machine, fetches this file.
fn lock(cache: &Path, file: &str) -> Result<Lock, DatasetError> {
    let folder = cache.join(".locks");
    let write = |source| DatasetError::Write {
        path: folder.clone(),
        source,
    };
    fs::create_dir_all(&folder).map_err(write)?;
    let mut waiting = Waiting::new(&folder.join(file.replace('/', "_")));
    loop {
        if let Ok(lock) = waiting.look().map_err(write)? {
            return Ok(lock);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Downloads one file to `path`, continuing what an earlier call left.
fn download(
    url: &str,
    path: &Path,
    pin: Pin,
    progress: OnProgress<'_>,
) -> Result<(), DatasetError> {
    let write = |path: &Path| {
        let path = path.to_owned();
        move |source| DatasetError::Write { path, source }
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(write(folder))?;
    }
    let mut part = Part::open(path).map_err(write(path))?;
    let failed = |reason: String| DatasetError::Download {
        url: url.to_owned(),
        reason,
    };
    let mut attempts = ATTEMPTS;
    loop {
        attempts -= 1;
        match part.continue_from(url, progress) {
            Ok(()) => break,
            Err(Cut::Retry(_)) if attempts > 0 => {}
            Err(Cut::Retry(reason) | Cut::Final(reason)) => return Err(failed(reason)),
        }
    }
    if let Err(error) = pin
        .verify(part.path())
        .and_then(|()| loads(part.path(), path))
    {
        part.remove();
        return Err(DatasetError::WrongDownload {
            url: url.to_owned(),
            reason: error.to_string(),
        });
    }
    part.finish(path).map_err(write(path))
}

/// Whether what arrived reads as what its name says.
fn loads(part: &Path, path: &Path) -> Result<(), DatasetError> {
    if path.extension().is_some_and(|ending| ending == "npz") {
        load_npz(part).map(drop)
    } else if path.to_string_lossy().contains("idx1") {
        load_idx(part, 1).map(drop)
    } else {
        load_idx(part, 3).map(drop)
    }
}
