//! Archives whose rows are divided into a training and a test part, by the names of their arrays.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ndarray::{Array2, Axis, concatenate};
use zip::ZipArchive;

use super::archive::{Read, read_entry, rows_of, wrong_shape};
use super::arrays::Array;
use super::labels;
use crate::npy::{self, Numbers};
use crate::{Data, DatasetError, OfficialPart, Protocol};

/// What the rows of both parts are called, and their labels.
const ROWS: [[&str; 2]; 8] = [
    ["X_train", "X_test"],
    ["x_train", "x_test"],
    ["train_X", "test_X"],
    ["train_x", "test_x"],
    ["train_data", "test_data"],
    ["train_features", "test_features"],
    ["train_images", "test_images"],
    ["images_train", "images_test"],
];
const LABELS: [[&str; 2]; 7] = [
    ["y_train", "y_test"],
    ["Y_train", "Y_test"],
    ["train_y", "test_y"],
    ["train_labels", "test_labels"],
    ["train_label", "test_label"],
    ["labels_train", "labels_test"],
    ["train_targets", "test_targets"],
];

/// The arrays that are taken.
pub(super) struct Divided {
    rows: [&'static str; 2],
    test_labels: &'static str,
    /// Without them all training rows are normal.
    train_labels: Option<&'static str>,
    /// In a sentence, where something is left or not called as it usually is.
    note: Option<String>,
}

/// The division of an archive of these arrays; `None` where it has none, or is one of `X` and `y`.
pub(super) fn of(arrays: &[Array]) -> Option<Divided> {
    let has = |name: &str| arrays.iter().any(|array| array.name == name);
    if has("X") {
        return None;
    }
    let rows = *ROWS
        .iter()
        .find(|names| names.iter().all(|name| has(name)))?;
    let [train_labels, test_labels] = *LABELS.iter().find(|[_, test]| has(test))?;
    let train_labels = has(train_labels).then_some(train_labels);
    let taken = [rows[0], rows[1], test_labels];
    let left: Vec<&str> = arrays
        .iter()
        .map(|array| &*array.name)
        .filter(|name| !taken.contains(name) && Some(*name) != train_labels)
        .collect();
    let note = (!left.is_empty() || rows != ROWS[0]).then(|| {
        let labels = train_labels.map_or(String::new(), |name| format!(", {name}"));
        let left = match left.is_empty() {
            true => String::new(),
            false => format!("; not taken: {}", left.join(", ")),
        };
        let [train, test] = rows;
        format!("the file's arrays {train}{labels}, {test}, {test_labels} were taken{left}")
    });
    Some(Divided {
        rows,
        test_labels,
        train_labels,
        note,
    })
}

impl Divided {
    /// The rows of both parts, those of training first.
    pub(super) fn read(
        self,
        path: &Path,
        archive: &mut ZipArchive<BufReader<File>>,
        file_bytes: u64,
    ) -> Result<Read, DatasetError> {
        let mut rounded = 0;
        let mut part = |name: &'static str| -> Result<Data, DatasetError> {
            let numbers = read_entry(path, archive, name, file_bytes, |entry, size| {
                npy::read_numbers(entry, size)
            })?;
            Ok(match numbers {
                Numbers::F32(x) => Data::Rows(rows_of(path, name, flat(x))?),
                Numbers::F64 { array, rounded: n } => {
                    rounded += n;
                    Data::Rows64(rows_of(path, name, flat(array))?)
                }
            })
        };
        let [train, test] = [part(self.rows[0])?, part(self.rows[1])?];
        let sizes = [train.len(), test.len()];
        let mut of = |name: &'static str, rows: usize| {
            let y = read_entry(path, archive, name, file_bytes, |entry, size| {
                npy::read(entry, size, |v| v)
            })?;
            let labels = labels::of(path, name, y)?;
            match labels.len() == rows {
                true => Ok(labels),
                false => Err(DatasetError::LengthMismatch {
                    origin: format!("{}: array `{name}`", path.display()),
                    rows,
                    labels: labels.len(),
                }),
            }
        };
        let mut labels = match self.train_labels {
            Some(name) => of(name, sizes[0])?,
            None => vec![crate::Label::Normal; sizes[0]],
        };
        labels.extend(of(self.test_labels, sizes[1])?);
        let parts = [OfficialPart::Train, OfficialPart::Test].into_iter();
        let parts = parts.zip(sizes).flat_map(|(part, n)| vec![part; n]);
        Ok(Read {
            data: joined(path, self.rows[1], train, test)?,
            rounded,
            labels,
            official: Some((Protocol::Official, parts.collect())),
            note: self.note,
        })
    }
}

/// Every sample as one row: pictures become rows of their pixels.
fn flat<T>(mut x: npy::Npy<T>) -> npy::Npy<T> {
    if let [n, rest @ ..] = &x.shape[..]
        && rest.len() > 1
        && !x.fortran
    {
        x.shape = vec![*n, rest.iter().product()];
    }
    x
}

fn joined(path: &Path, array: &'static str, train: Data, test: Data) -> Result<Data, DatasetError> {
    let widths = [train.width(), test.width()];
    if widths[0] != widths[1] {
        let shape = [test.len(), widths[1]];
        let expected = format!("{} columns, as in training", widths[0]);
        return Err(wrong_shape(path, array, &shape, &expected));
    }
    let one = |a: Array2<f64>, b: Array2<f64>| concatenate(Axis(0), &[a.view(), b.view()]);
    let wide = |data: Data| match data {
        Data::Rows(x) => x.mapv(f64::from),
        Data::Rows64(x) => x,
        Data::Images(_) => Array2::zeros((0, 0)),
    };
    let joined = match (train, test) {
        (Data::Rows(a), Data::Rows(b)) => {
            concatenate(Axis(0), &[a.view(), b.view()]).map(Data::Rows)
        }
        (a, b) => one(wide(a), wide(b)).map(Data::Rows64),
    };
    joined.map_err(|error| wrong_shape(path, array, &[], &error.to_string()))
}
