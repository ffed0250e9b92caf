//! Street View House Numbers, cropped digits (Netzer et al. 2011): `test_32x32.mat` and
//! `train_32x32.mat`, each with `X` `[32, 32, 3, n]` and `y` `[n, 1]`, where class 10 is the digit 0.

use std::path::{Path, PathBuf};

use ndarray::{Array4, ShapeBuilder};

use crate::class_images::{ClassImages, Pictures};
use crate::{DatasetError, OfficialPart, matlab};

const CLASSES: usize = 10;
const SIDE: usize = 32;

/// The test images, or training and test images with their division.
pub(crate) fn read(test: &Path, divided: bool) -> Result<ClassImages, DatasetError> {
    let mut files = vec![(test.to_owned(), OfficialPart::Test)];
    if divided {
        files.insert(0, (training_file(test), OfficialPart::Train));
    }
    let (mut pixels, mut classes, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for (path, part) in files {
        let (images, digits) = read_file(&path)?;
        pixels.extend(images);
        classes.extend(digits);
        parts.resize(classes.len(), part);
    }
    let shape = (classes.len(), 3, SIDE, SIDE);
    let images =
        Array4::from_shape_vec(shape, pixels).map_err(|_| DatasetError::TooLarge { shape })?;
    Ok(ClassImages {
        classes,
        n_classes: CLASSES,
        parts: divided.then_some(parts),
        pictures: Pictures::Loaded(images),
    })
}

pub(crate) fn training_file(test: &Path) -> PathBuf {
    test.with_file_name("train_32x32.mat")
}

/// Pixels in the order `[n, c, h, w]`, and the digit of each image.
fn read_file(path: &Path) -> Result<(Vec<u8>, Vec<usize>), DatasetError> {
    let [x, y] = matlab::read(path, ["X", "y"])?;
    let wrong = |array: &str, found: &[usize], expected: String| DatasetError::Malformed {
        path: path.to_owned(),
        place: format!("array `{array}`"),
        found: format!("shape {found:?}"),
        expected,
    };
    let [SIDE, SIDE, 3, n] = x.shape[..] else {
        return Err(wrong("X", &x.shape, "[32, 32, 3, n]".to_owned()));
    };
    if y.values.len() != n {
        return Err(wrong("y", &y.shape, format!("[{n}, 1]")));
    }
    // MATLAB's first axis varies fastest.
    let shape = (SIDE, SIDE, 3, n);
    let images = Array4::from_shape_vec(shape.f(), x.values)
        .map_err(|_| DatasetError::TooLarge { shape })?
        .permuted_axes([3, 2, 0, 1]);
    let digits = y
        .values
        .iter()
        .enumerate()
        .map(|(row, &label)| match label {
            1..=9 => Ok(usize::from(label)),
            10 => Ok(0),
            _ => Err(DatasetError::Malformed {
                path: path.to_owned(),
                place: format!("the label of image {row}"),
                found: label.to_string(),
                expected: "1 to 10".to_owned(),
            }),
        });
    Ok((
        images.iter().copied().collect(),
        digits.collect::<Result<_, _>>()?,
    ))
}
