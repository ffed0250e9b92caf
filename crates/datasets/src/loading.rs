use std::path::Path;

use crate::{
    Dataset, DatasetError, ImageOptions, OnBadFile, Protocol, Roots, find, folders, load_npz,
};

/// What loading has to know beyond the data set's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loading {
    /// The protocol that is to split it: official divisions of classes decide which images are
    /// needed and which of them are normal.
    pub protocol: Protocol,
    /// How image files are read. A size in the data set's name wins over one given here.
    pub images: ImageOptions,
}

impl Loading {
    /// For a protocol, stopping at the first file that is no image.
    pub fn of(protocol: Protocol) -> Self {
        Self {
            protocol,
            images: ImageOptions::default(),
        }
    }

    /// The same with another way to treat files that are no images.
    #[must_use]
    pub fn on_bad_file(mut self, on_bad_file: OnBadFile) -> Self {
        self.images.on_bad_file = on_bad_file;
        self
    }

    /// The same with images of `size`, where one is given.
    pub(crate) fn sized(mut self, size: Option<usize>) -> Self {
        self.images.size = size.or(self.images.size);
        self
    }
}

/// Loads what a user names: a set of the catalogue, an `.npz` file with arrays `X` and `y`, or a
/// folder of images.
///
/// A folder has one of these layouts, and `@pixelsN` behind it resizes its images:
/// - `train/good`, `test/<kind>` and, if there are masks, `ground_truth/<kind>`: MVTec AD's layout,
///   which VisA's one-class layout shares. `test/good` is normal, all else anomalous.
/// - `train/<class>`, `val/<class>` or `test/<class>`: ImageFolder with an official division.
/// - `images` with `train.csv`, `val.csv`, `test.csv` of `filename,label`: Mini-ImageNet, whose parts
///   have different classes and so are no division of any one.
/// - `<class>` folders alone.
///
/// The last three need a class, `FOLDER:CLASS`; `good`, `normal` or `ok` is taken where none is named.
///
/// A number behind a set of rows of the catalogue or a file, `10_cover@12000`, draws that many of them ([`Dataset::drawn`]).
///
/// # Errors
/// [`DatasetError`]: unknown names, files that are absent or damaged, folders in no known layout.
pub fn load(name: &str, roots: &Roots, loading: &Loading) -> Result<Dataset, DatasetError> {
    if let Some((base, digits)) = name.rsplit_once('@')
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !Path::new(name).exists()
    {
        let rows = digits.parse().map_err(|_| DatasetError::UnknownWord {
            what: "number of rows",
            found: digits.to_owned(),
            expected: format!("1 to {}", usize::MAX),
        })?;
        return load(base, roots, loading)?.drawn(rows);
    }
    if name.ends_with(".npz") {
        return load_npz(name);
    }
    if let Some(place) = folders::Place::parse(name)? {
        return folders::load(&place, loading);
    }
    if looks_like_a_path(name) {
        return Err(DatasetError::Io {
            path: name.into(),
            source: std::io::ErrorKind::NotFound.into(),
        });
    }
    find(name)?.load_with(roots, loading)
}

fn looks_like_a_path(name: &str) -> bool {
    name.contains(std::path::MAIN_SEPARATOR) || Path::new(name).is_absolute()
}
