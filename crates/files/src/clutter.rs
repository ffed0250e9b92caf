//! What systems and programs leave in folders unasked: the one rule by which it is passed over.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// In lower case; hidden names, which begin with a dot, are passed over as well.
const NAMES: [&str; 18] = [
    "$recycle.bin",
    "#recycle",
    "#snapshot",
    "@eadir",
    "@recently-snapshot",
    "@recycle",
    "@synoeastream",
    "@synoresource",
    "__macosx",
    "desktop.ini",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "icon\r",
    "lost+found",
    "network trash folder",
    "recycler",
    "system volume information",
    "thumbs.db",
];

/// Whether a file or folder of that name is nobody's data, in whatever case it is written.
pub fn is_clutter(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || NAMES.contains(&name.to_lowercase().as_str())
}

/// What was passed over while folders were listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PassedOver {
    n: usize,
    first: Option<PathBuf>,
}

impl PassedOver {
    /// Files and folders that systems leave: hidden ones, thumbnails, bins. What lies in such a folder
    /// is not counted.
    pub fn n(&self) -> usize {
        self.n
    }

    /// One of them: the first by path.
    pub fn first(&self) -> Option<&Path> {
        self.first.as_deref()
    }

    /// The count and the first in a sentence; `None` where nothing was passed over.
    pub fn warning(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        let (n, first) = (self.n, first.display());
        Some(match n {
            1 => format!("1 file or folder of the system was passed over: {first}"),
            _ => {
                format!("{n} files and folders of the system were passed over, the first: {first}")
            }
        })
    }

    /// Counts one more.
    pub fn add(&mut self, path: PathBuf) {
        self.n += 1;
        if self.first.as_ref().is_none_or(|first| path < *first) {
            self.first = Some(path);
        }
    }

    /// Adds what was passed over elsewhere.
    pub fn extend(&mut self, other: Self) {
        let Some(first) = other.first else { return };
        self.add(first);
        self.n += other.n - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_in_any_case_and_whole() {
        for name in [
            ".DS_Store",
            "._000.png",
            "Thumbs.db",
            "THUMBS.DB",
            "Desktop.ini",
            "@eaDir",
            "__MACOSX",
            "$RECYCLE.BIN",
            "System Volume Information",
            "lost+found",
        ] {
            assert!(is_clutter(OsStr::new(name)), "{name}");
        }
        for name in ["thumbs", "desktop", "good", "a.ini", "macosx", "found"] {
            assert!(!is_clutter(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn the_first_is_the_first_by_path() {
        let mut all = PassedOver::default();
        assert_eq!(all.warning(), None);
        all.add("b/.x".into());
        let mut more = PassedOver::default();
        more.add("c/.x".into());
        more.add("a/.x".into());
        all.extend(more);
        assert_eq!(
            all.warning().unwrap(),
            "3 files and folders of the system were passed over, the first: a/.x"
        );
    }
}
