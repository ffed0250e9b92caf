//! MNIST and sets in its format: two IDX files for the test part, two for training.

use std::path::{Path, PathBuf};

use ndarray::Array4;

use crate::class_images::{ClassImages, Pictures};
use crate::{DatasetError, OfficialPart, load_idx};

const CLASSES: usize = 10;

/// The test images, or training and test images with their division.
///
/// `paths`: images and labels of the test part; the training part lies beside them.
pub(crate) fn read(paths: &[PathBuf], divided: bool) -> Result<ClassImages, DatasetError> {
    let mut parts = vec![(paths.to_vec(), OfficialPart::Test)];
    if divided {
        parts.insert(0, (training_files(paths), OfficialPart::Train));
    }
    let (mut pixels, mut classes, mut of) = (Vec::new(), Vec::new(), Vec::new());
    let mut size = None;
    for (paths, part) in parts {
        let images = load_idx(&paths[0], 3)?;
        let labels = load_idx(&paths[1], 1)?.bytes;
        let shape = (images.shape[1], images.shape[2]);
        let n = images.shape[0];
        check(&paths, n, &labels, shape, *size.get_or_insert(shape))?;
        pixels.extend(images.bytes);
        classes.extend(labels.iter().map(|&label| usize::from(label)));
        of.extend(std::iter::repeat_n(part, n));
    }
    let (h, w) = size.unwrap_or_default();
    let shape = (classes.len(), 1, h, w);
    let images =
        Array4::from_shape_vec(shape, pixels).map_err(|_| DatasetError::TooLarge { shape })?;
    Ok(ClassImages {
        classes,
        n_classes: CLASSES,
        parts: divided.then_some(of),
        pictures: Pictures::Loaded(images),
    })
}

fn check(
    paths: &[PathBuf],
    n: usize,
    labels: &[u8],
    found: (usize, usize),
    expected: (usize, usize),
) -> Result<(), DatasetError> {
    if labels.len() != n {
        return Err(DatasetError::LengthMismatch {
            origin: paths[0].display().to_string(),
            rows: n,
            labels: labels.len(),
        });
    }
    if let Some(row) = labels
        .iter()
        .position(|&label| usize::from(label) >= CLASSES)
    {
        return Err(DatasetError::Malformed {
            path: paths[1].clone(),
            place: format!("label {row}"),
            found: labels[row].to_string(),
            expected: format!("a class below {CLASSES}"),
        });
    }
    if found != expected {
        return Err(DatasetError::Malformed {
            path: paths[0].clone(),
            place: "the images".to_owned(),
            found: format!("{} rows × {} columns", found.0, found.1),
            expected: format!("{} × {} as in the other part", expected.0, expected.1),
        });
    }
    Ok(())
}

/// The training part's files, beside the test part's, under whichever name is there.
pub(crate) fn training_files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let train = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = path.parent().unwrap_or(Path::new(""));
        let usual = name.replace("t10k", "train");
        let mut others = names(&usual).into_iter().map(|name| folder.join(name));
        let usual = folder.join(&usual);
        if usual.exists() {
            return usual;
        }
        others.find(|path| path.exists()).unwrap_or(usual)
    };
    paths.iter().map(train).collect()
}

/// The names that an IDX file has been published under: unpacked and gzipped, with `-idx3` and `.idx3`.
pub(crate) fn names(name: &str) -> [String; 4] {
    let plain = name
        .strip_suffix(".gz")
        .unwrap_or(name)
        .replace(".idx", "-idx");
    let dotted = plain.replace("-idx", ".idx");
    [
        plain.clone(),
        format!("{plain}.gz"),
        dotted.clone(),
        format!("{dotted}.gz"),
    ]
}
