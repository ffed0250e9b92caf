//! `FashionMNIST_x@pixels`: the embedded Fashion-MNIST test set with one class normal.

use std::path::PathBuf;

use ndarray::{Array4, Axis};
use numpy_random::RandomState;

use crate::{Data, Dataset, DatasetError, Label, hash, load_idx};

/// Images and labels, with their SHA-256.
pub(crate) const FILES: [(&str, &str); 2] = [
    (
        "t10k-images-idx3-ubyte.gz",
        "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
    ),
];

const CLASSES: u8 = 10;

/// Share of anomalies in ADBench's sets made from classes.
const ANOMALY_SHARE: f64 = 0.05;

/// Class `class` normal, rows drawn from the other classes anomalous, in the order of the test set.
pub(crate) fn load(paths: &[PathBuf], class: u8, name: &str) -> Result<Dataset, DatasetError> {
    let [images_path, labels_path] = paths else {
        return Err(DatasetError::NotAtHand {
            name: name.to_owned(),
            files: FILES.map(|(file, _)| file.to_owned()).to_vec(),
            searched: Vec::new(),
        });
    };
    let images = load_idx(images_path, 3)?;
    let classes = load_idx(labels_path, 1)?.bytes;
    let origin = images_path.display().to_string();
    let n = images.shape[0];
    if classes.len() != n {
        return Err(DatasetError::LengthMismatch {
            origin,
            rows: n,
            labels: classes.len(),
        });
    }
    let shape = (n, 1, images.shape[1], images.shape[2]);
    let images =
        Array4::from_shape_vec(shape, images.bytes).map_err(|error| DatasetError::Malformed {
            path: images_path.clone(),
            place: "the images".to_owned(),
            found: error.to_string(),
            expected: format!("{shape:?}"),
        })?;
    let rows = rows(&classes, class);
    let labels = rows
        .iter()
        .map(|&row| {
            if classes[row] == class {
                Label::Normal
            } else {
                Label::Anomaly
            }
        })
        .collect();
    let data = Data::Images(images.select(Axis(0), &rows));
    let sha256 = hash::sha256_of_files(paths)?;
    Dataset::checked(&origin, name.to_owned(), data, labels, Some(sha256))
}

/// All rows of `class`, and rows of the other classes until they are as near to 5 % of all as can be:
/// equally many of each, the remainder from the first classes. The draw is part of the data set
/// (seed `class`), not of an experiment.
fn rows(classes: &[u8], class: u8) -> Vec<usize> {
    let of = |wanted: u8| -> Vec<usize> {
        (0..classes.len())
            .filter(|&row| classes[row] == wanted)
            .collect()
    };
    let mut rows = of(class);
    let anomalies = (rows.len() as f64 * ANOMALY_SHARE / (1.0 - ANOMALY_SHARE)).round() as usize;
    let others = usize::from(CLASSES - 1);
    let mut state = RandomState::new(u32::from(class));
    for (i, other) in (0..CLASSES).filter(|&other| other != class).enumerate() {
        let share = anomalies / others + usize::from(i < anomalies % others);
        let candidates = of(other);
        let order = state.permutation(candidates.len());
        rows.extend(order.iter().take(share).map(|&i| candidates[i]));
    }
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anomalies_are_five_percent_and_spread_evenly() {
        let classes: Vec<u8> = (0..10_000).map(|i| (i * 7 % 10) as u8).collect();
        for class in 0..CLASSES {
            let rows = rows(&classes, class);
            assert_eq!(rows.len(), 1053);
            assert!(rows.is_sorted_by(|a, b| a < b));
            for other in 0..CLASSES {
                let found = rows.iter().filter(|&&row| classes[row] == other).count();
                let position = other - u8::from(other > class);
                let expected = match other {
                    _ if other == class => 1000,
                    _ if position < 8 => 6,
                    _ => 5,
                };
                assert_eq!(found, expected, "class {class}, other {other}");
            }
        }
    }
}
