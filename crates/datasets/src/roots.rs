use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use files::cache_folder;

use crate::DatasetError;

/// The folders in which data sets are looked for, first hit wins.
///
/// A root holds `adbench/CV_by_ResNet18/*.npz`, `adbench/CV_by_ViT/*.npz`, `adbench/Classical/*.npz`,
/// `fashion-mnist/*.gz`, `mnist/*.gz`, `cifar10`, `svhn`, `mvtec256/<category>` and `imagenette224`,
/// each optional; the official archives' own layouts are found too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    folders: Vec<PathBuf>,
    cache: Option<PathBuf>,
}

impl Roots {
    /// The roots of this machine: `cli` (the option `--data`), the path list `RESIDUUM_DATA`, the
    /// workspace's `data/external` and `data`, and the cache folder. The workspace is the nearest
    /// folder, from the current one or the program's upwards, that has a `Cargo.toml` with
    /// `[workspace]` and a folder `data`.
    ///
    /// # Errors
    /// [`DatasetError::NoSuchRoot`] where `cli` is not a folder. Other roots may be absent.
    pub fn discover(cli: Option<&Path>) -> Result<Self, DatasetError> {
        let mut folders = Vec::new();
        if let Some(path) = cli {
            if !path.is_dir() {
                return Err(DatasetError::NoSuchRoot {
                    path: path.to_owned(),
                });
            }
            folders.push(path.to_owned());
        }
        if let Some(list) = env::var_os("RESIDUUM_DATA") {
            folders.extend(env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()));
        }
        let starts = [env::current_dir(), env::current_exe()];
        if let Some(workspace) = starts
            .iter()
            .flatten()
            .find_map(|start| workspace_of(start))
        {
            folders.push(workspace.join("data").join("external"));
            folders.push(workspace.join("data"));
        }
        let cache = cache_folder().map(|cache| cache.join("data"));
        folders.extend(cache.clone());
        Ok(Self { folders, cache })
    }

    /// Just these folders, none of which downloads are written to.
    pub fn of(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            folders: folders.into_iter().collect(),
            cache: None,
        }
    }

    /// These roots with downloads written to `cache`, which is searched last.
    #[must_use]
    pub fn with_cache(mut self, cache: PathBuf) -> Self {
        self.folders.push(cache.clone());
        self.cache = Some(cache);
        self
    }

    /// The folders in the order of the search.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Where downloads go: `$RESIDUUM_CACHE/data`, else `residuum/data` in the user's cache folder.
    pub fn cache(&self) -> Option<&Path> {
        self.cache.as_deref()
    }

    /// The paths of files or folders, given relative to a root, in the first root that has them all.
    pub(crate) fn locate(&self, files: &[String]) -> Option<Vec<PathBuf>> {
        self.folders.iter().find_map(|root| {
            let paths: Vec<_> = files.iter().map(|file| root.join(file)).collect();
            paths.iter().all(|path| path.exists()).then_some(paths)
        })
    }
}

fn workspace_of(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .find(|folder| {
            folder.join("data").is_dir()
                && fs::read_to_string(folder.join("Cargo.toml"))
                    .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"))
        })
        .map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_comes_first_and_the_cache_last() {
        let dir = tempfile::tempdir().unwrap();
        let roots = Roots::discover(Some(dir.path())).unwrap();
        assert_eq!(roots.folders()[0], dir.path());
        assert_eq!(roots.folders().last().map(PathBuf::as_path), roots.cache());
        // Tests run in the crate's folder: the workspace is found from there.
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .canonicalize()
            .unwrap();
        let at = |path: PathBuf| roots.folders().iter().position(|folder| *folder == path);
        let (external, data) = (
            at(workspace.join("data/external")),
            at(workspace.join("data")),
        );
        assert_eq!(external.unwrap() + 1, data.unwrap());
    }

    #[test]
    fn a_workspace_needs_both_its_manifest_and_data() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("crates/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir(inner.join("data")).unwrap();
        fs::write(inner.join("Cargo.toml"), "[package]\n").unwrap();
        assert_eq!(workspace_of(&inner), None);
        fs::write(dir.path().join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
        assert_eq!(workspace_of(&inner), None);
        fs::create_dir(dir.path().join("data")).unwrap();
        assert_eq!(workspace_of(&inner), Some(dir.path().to_owned()));
    }
}
