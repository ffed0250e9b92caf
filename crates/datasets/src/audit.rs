use std::collections::HashSet;

use detector::Number;
use ndarray::{Array2, Array4, ArrayView2};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::count;
use crate::{Data, Dataset, Label, Split};

/// What in a data set makes its numbers misleading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// All rows of a data set, or the training rows of a split.
    pub fitted: Part,
    /// The test rows of a split.
    pub test: Option<Part>,
    /// Test rows that repeat training rows.
    pub across: Option<Across>,
    /// Normal rows, of the test set where there is one.
    pub normals: usize,
    /// Anomalies, of the test set where there is one.
    pub anomalies: usize,
    /// Anomalies that are exact copies of a normal row among the same rows: their scores are tied,
    /// whatever the method.
    pub anomalies_tied_with_normals: usize,
}

/// A block of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Rows.
    pub n: usize,
    /// Columns, or the values of an image.
    pub d: usize,
    /// Columns with one value only.
    pub constant_columns: usize,
    /// Columns, not constant, with one value in more than half of the rows: their ranks are mostly ties.
    pub tied_columns: usize,
    /// Columns of 64-bit floats that vary by so little beside their size that 32-bit floats would lose it: seconds
    /// since 1970 within a minute, for one.
    #[serde(default)]
    pub fine_columns: usize,
    /// Values that are NaN or infinite.
    pub not_finite: usize,
    /// Rows that are exact copies of an earlier one.
    pub duplicates: usize,
}

/// Copies across the border of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Across {
    /// Normal test rows that are exact copies of a training row.
    pub normals_in_train: usize,
    /// The same as a share of the normal test rows.
    pub share_of_normals: f64,
    /// Anomalous test rows that are exact copies of a training row.
    pub anomalies_in_train: usize,
}

/// Audits a whole data set.
///
/// # Example
/// ```
/// use datasets::{Data, Dataset, Label};
/// let x = ndarray::array![[1.0, 7.0], [1.0, 7.0], [2.0, 7.0]];
/// let labels = vec![Label::Normal, Label::Normal, Label::Anomaly];
/// let audit = datasets::audit(&Dataset::new("three", Data::Rows(x), labels)?);
/// assert_eq!((audit.fitted.constant_columns, audit.fitted.duplicates), (1, 1));
/// assert_eq!(audit.findings()[0], "1 of 2 columns are constant");
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn audit(set: &Dataset) -> Audit {
    let keys = keys(set.data());
    Audit {
        fitted: part(set.data(), &keys),
        test: None,
        across: None,
        normals: count(set.labels(), Label::Normal),
        anomalies: count(set.labels(), Label::Anomaly),
        anomalies_tied_with_normals: tied(&keys, set.labels()),
    }
}

/// Audits what a method would be given: constant columns in training and copies across the border.
pub fn audit_split(split: &Split) -> Audit {
    let (train, test) = (keys(&split.train), keys(&split.test));
    let seen: HashSet<&Key> = train.iter().collect();
    let in_train = |label| {
        let rows = test.iter().zip(&split.test_labels);
        rows.filter(|&(key, &l)| l == label && seen.contains(key))
            .count()
    };
    let normals = count(&split.test_labels, Label::Normal);
    let normals_in_train = in_train(Label::Normal);
    Audit {
        fitted: part(&split.train, &train),
        test: Some(part(&split.test, &test)),
        across: Some(Across {
            normals_in_train,
            share_of_normals: normals_in_train as f64 / normals.max(1) as f64,
            anomalies_in_train: in_train(Label::Anomaly),
        }),
        normals,
        anomalies: count(&split.test_labels, Label::Anomaly),
        anomalies_tied_with_normals: tied(&test, &split.test_labels),
    }
}

/// Columns that vary by fewer steps of a 32-bit float are named.
const FINE_STEPS: u32 = 1024;
/// Fewer anomalies than this leave every ranking metric to chance.
const FEW_ANOMALIES: usize = 20;

impl Audit {
    /// Everything found, one plain sentence each; empty where there is nothing to say.
    pub fn findings(&self) -> Vec<String> {
        let mut findings = self.warnings();
        let mut say = |wrong: bool, sentence: String| findings.extend(wrong.then_some(sentence));
        let (fitted, split) = (&self.fitted, self.test.is_some());
        say(
            fitted.tied_columns > 0,
            format!(
                "{} of {} columns hold one value in more than half of the rows{}: ranks there are mostly ties",
                fitted.tied_columns,
                fitted.d,
                if split { " in training" } else { "" }
            ),
        );
        let fitted_rows = if split { "training rows" } else { "rows" };
        let test = self.test.as_ref().map(|test| (test, "test rows"));
        for (part, rows) in [(fitted, fitted_rows)].into_iter().chain(test) {
            say(
                part.duplicates > 0,
                format!(
                    "{} of {} {rows} are exact copies of an earlier one",
                    part.duplicates, part.n
                ),
            );
            say(
                part.not_finite > 0,
                format!(
                    "{} values of the {rows} are NaN or infinite",
                    part.not_finite
                ),
            );
        }
        say(
            self.anomalies > self.normals,
            format!(
                "more anomalies ({}) than normal rows ({})",
                self.anomalies, self.normals
            ),
        );
        findings
    }

    /// The findings without which a number on these rows misleads: they go into every cell.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut say = |wrong: bool, sentence: String| warnings.extend(wrong.then_some(sentence));
        let split = self.test.is_some();
        say(
            self.fitted.constant_columns > 0,
            format!(
                "{} of {} columns are constant{}",
                self.fitted.constant_columns,
                self.fitted.d,
                if split { " in training" } else { "" }
            ),
        );
        say(
            self.fitted.fine_columns > 0,
            format!(
                "{} of {} columns vary by less than {FINE_STEPS} steps of a 32-bit float at their size{}: their digits are in 64 bits only, and a copy of the file in 32 bits would lose them",
                self.fitted.fine_columns,
                self.fitted.d,
                if split { " in training" } else { "" }
            ),
        );
        if let Some(across) = &self.across {
            say(
                across.normals_in_train > 0,
                format!(
                    "{} of {} normal test rows ({:.0} %) are exact copies of a training row: a method that memorises profits",
                    across.normals_in_train,
                    self.normals,
                    100.0 * across.share_of_normals
                ),
            );
            say(
                across.anomalies_in_train > 0,
                format!(
                    "{} of {} anomalous test rows are exact copies of a training row",
                    across.anomalies_in_train, self.anomalies
                ),
            );
        }
        say(
            self.anomalies_tied_with_normals > 0,
            format!(
                "{} of {} anomalies are exact copies of a normal row: no score can tell them apart",
                self.anomalies_tied_with_normals, self.anomalies
            ),
        );
        say(
            self.anomalies < FEW_ANOMALIES,
            format!(
                "only {} anomalies: every metric is uncertain",
                self.anomalies
            ),
        );
        warnings
    }
}

/// A row's value: equal rows have equal keys, and different ones different keys but for a chance of
/// 2⁻¹²⁸.
type Key = [u8; 16];

fn keys(data: &Data) -> Vec<Key> {
    let key = |bytes: &mut dyn Iterator<Item = u8>| {
        let bytes: Vec<u8> = bytes.collect();
        let mut key = Key::default();
        key.copy_from_slice(&Sha256::digest(bytes)[..16]);
        key
    };
    match data {
        // Adding zero makes one of the two zeros.
        Data::Rows(x) => x
            .rows()
            .into_iter()
            .map(|row| key(&mut row.iter().flat_map(|v| (v + 0.0).to_le_bytes())))
            .collect(),
        Data::Rows64(x) => x
            .rows()
            .into_iter()
            .map(|row| key(&mut row.iter().flat_map(|v| (v + 0.0).to_le_bytes())))
            .collect(),
        Data::Images(x) => x
            .outer_iter()
            .map(|image| key(&mut image.iter().copied()))
            .collect(),
    }
}

fn part(data: &Data, keys: &[Key]) -> Part {
    let distinct = keys.iter().collect::<HashSet<_>>().len();
    let (constant_columns, tied_columns) = match data {
        Data::Rows(x) => columns(x.view()),
        Data::Rows64(x) => columns(x.view()),
        Data::Images(x) => columns(flat(x).view()),
    };
    Part {
        n: data.len(),
        d: data.width(),
        constant_columns,
        tied_columns,
        fine_columns: match data {
            Data::Rows64(x) => fine_columns(x),
            Data::Rows(_) | Data::Images(_) => 0,
        },
        not_finite: match data {
            Data::Rows(x) => not_finite(x),
            Data::Rows64(x) => not_finite(x),
            Data::Images(_) => 0,
        },
        duplicates: keys.len() - distinct,
    }
}

/// Columns that are not constant and whose range is less than [`FINE_STEPS`] steps of 32 bits.
fn fine_columns(x: &Array2<f64>) -> usize {
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); x.ncols()];
    for row in x.rows() {
        for ((low, high), v) in ranges.iter_mut().zip(row) {
            (*low, *high) = (low.min(*v), high.max(*v));
        }
    }
    let fine = |(low, high): &&(f64, f64)| {
        let step = f64::from(f32::EPSILON) * low.abs().max(high.abs());
        low < high && high - low < f64::from(FINE_STEPS) * step
    };
    ranges.iter().filter(fine).count()
}

fn not_finite<T: Number>(x: &Array2<T>) -> usize {
    x.iter().filter(|v| !v.is_finite()).count()
}

/// `[n, c, h, w]` → `[n, c·h·w]`, bytes as they are.
fn flat(images: &Array4<u8>) -> Array2<u8> {
    let (n, c, h, w) = images.dim();
    let mut values = images.iter().copied();
    Array2::from_shape_simple_fn((n, c * h * w), || values.next().unwrap_or_default())
}

/// How many columns are constant, and how many others have a value in more than half of the rows.
///
/// The value is found by the majority vote of Boyer and Moore: one pass, one counter a column.
fn columns<T: Copy + PartialEq>(x: ArrayView2<'_, T>) -> (usize, usize) {
    let Some(first) = x.rows().into_iter().next() else {
        return (0, 0);
    };
    let mut votes: Vec<(T, usize)> = first.iter().map(|&v| (v, 0)).collect();
    for row in x.rows() {
        for ((candidate, lead), &v) in votes.iter_mut().zip(row) {
            if *candidate == v {
                *lead += 1;
            } else if *lead == 0 {
                (*candidate, *lead) = (v, 1);
            } else {
                *lead -= 1;
            }
        }
    }
    let mut counts = vec![0; votes.len()];
    for row in x.rows() {
        for ((count, (candidate, _)), v) in counts.iter_mut().zip(&votes).zip(row) {
            *count += usize::from(candidate == v);
        }
    }
    let n = x.nrows();
    let constant = counts.iter().filter(|&&count| count == n).count();
    let tied = counts
        .iter()
        .filter(|&&count| count < n && 2 * count > n)
        .count();
    (constant, tied)
}

/// Anomalies that equal a normal row.
fn tied(keys: &[Key], labels: &[Label]) -> usize {
    let rows = || keys.iter().zip(labels);
    let normal: HashSet<&Key> = rows()
        .filter(|&(_, &label)| label == Label::Normal)
        .map(|(key, _)| key)
        .collect();
    rows()
        .filter(|&(key, &label)| label == Label::Anomaly && normal.contains(key))
        .count()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    const N: Label = Label::Normal;
    const A: Label = Label::Anomaly;

    #[test]
    fn a_set_is_described() {
        let x = array![
            [0.0, 5.0, 1.0],
            [-0.0, 5.0, 2.0],
            [0.0, 5.0, 1.0],
            [0.0, 6.0, 4.0],
            [0.0, 5.0, 1.0],
        ];
        let set = Dataset::new("s", Data::Rows(x), vec![N, N, N, A, A]).unwrap();
        let audit = audit(&set);
        let expected = Part {
            n: 5,
            d: 3,
            constant_columns: 1,
            tied_columns: 2,
            fine_columns: 0,
            not_finite: 0,
            duplicates: 2,
        };
        assert_eq!(audit.fitted, expected);
        assert_eq!((audit.normals, audit.anomalies), (3, 2));
        assert_eq!(audit.anomalies_tied_with_normals, 1);
        assert_eq!(
            audit.findings(),
            [
                "1 of 3 columns are constant",
                "1 of 2 anomalies are exact copies of a normal row: no score can tell them apart",
                "only 2 anomalies: every metric is uncertain",
                "2 of 3 columns hold one value in more than half of the rows: ranks there are mostly ties",
                "2 of 5 rows are exact copies of an earlier one",
            ]
        );
        let json = serde_json::to_value(&audit).unwrap();
        assert_eq!(json["fitted"]["duplicates"], 2);
    }

    #[test]
    fn copies_across_a_split_and_values_that_are_not_finite_are_counted() {
        let split = Split {
            train: Data::Rows(array![[1.0, 0.0], [2.0, 0.0], [2.0, f32::NAN]]),
            test: Data::Rows(array![[1.0, 0.0], [1.0, 0.0], [3.0, 0.0], [2.0, 0.0]]),
            test_labels: vec![N, N, N, A],
            test_masks: None,
            train_rows: vec![0, 1, 2],
            test_rows: vec![3, 4, 5, 6],
        };
        let audit = audit_split(&split);
        let across = audit.across.as_ref().unwrap();
        assert_eq!((across.normals_in_train, across.anomalies_in_train), (2, 1));
        assert_eq!(audit.fitted.not_finite, 1);
        assert!(audit.findings().contains(
            &"2 of 3 normal test rows (67 %) are exact copies of a training row: a method that memorises profits"
                .to_owned()
        ));
        assert!(
            audit
                .findings()
                .contains(&"1 values of the training rows are NaN or infinite".to_owned())
        );
    }

    #[test]
    fn images_are_compared_pixel_by_pixel() {
        let images = Array4::from_shape_fn((3, 2, 1, 3), |(n, c, _, w)| (n / 2 * 9 + c + w) as u8);
        let set = Dataset::new("i", Data::Images(images), vec![N, N, A]).unwrap();
        let audit = audit(&set);
        assert_eq!((audit.fitted.d, audit.fitted.duplicates), (6, 1));
        assert_eq!(
            (audit.fitted.constant_columns, audit.fitted.tied_columns),
            (0, 6)
        );
    }

    #[test]
    fn the_file_is_what_is_spoken_of() {
        // Seconds of 2023 and ids: different in the file, equal in 32 bits.
        let x = Array2::from_shape_fn((300, 2), |(i, j)| match j {
            0 => 1_700_000_000.0 + i as f64 / 150.0,
            _ => 17_777_216.0 + i as f64,
        });
        let labels = (0..300).map(|i| if i < 270 { N } else { A }).collect();
        let set = Dataset::new("times", Data::Rows64(x), labels).unwrap();
        let audit = audit(&set);
        assert_eq!(
            (audit.fitted.constant_columns, audit.fitted.duplicates),
            (0, 0)
        );
        assert_eq!(
            audit.findings(),
            [
                "2 of 2 columns vary by less than 1024 steps of a 32-bit float at their size: their digits are in 64 bits only, and a copy of the file in 32 bits would lose them"
            ]
        );
    }
}
