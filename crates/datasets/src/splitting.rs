//! Which rows train and which test under each protocol.

use std::str::FromStr;

use numpy_random::RandomState;

use crate::{Dataset, DatasetError, Label, OfficialPart, Protocol, Split, stratified};

/// DTE and ADBench resample smaller sets up to this size.
const SMALL: usize = 1000;
/// DTE draws this many rows of larger sets.
const DTE_CAP: usize = 50_000;
/// ADBench draws this many rows of larger sets.
const ADBENCH_CAP: usize = 10_000;

impl Protocol {
    /// Splits a data set. The same seed gives the same rows.
    ///
    /// # Errors
    /// [`DatasetError::Seed`] above 2³² − 1, which NumPy refuses too,
    /// [`DatasetError::NoDivision`] where the protocol follows an official division and the set has
    /// none or was loaded for another protocol, and [`DatasetError::OneClass`] where nothing is left to train on or only one class to test,
    /// so that no ranking metric would be defined.
    ///
    /// # Example
    /// ```
    /// use datasets::{Data, Dataset, Label, Protocol};
    /// let x = ndarray::Array2::from_shape_fn((5, 1), |(i, _)| i as f32);
    /// let labels = [0, 1, 0, 0, 0].map(|y| if y == 0 { Label::Normal } else { Label::Anomaly });
    /// let set = Dataset::new("five", Data::Rows(x), labels.to_vec())?;
    /// let split = Protocol::Semi.split(&set, 0)?;
    /// assert_eq!(split.train_rows, [0, 2]);
    /// assert_eq!(split.test_rows, [3, 4, 1]);
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn split(self, set: &Dataset, seed: u64) -> Result<Split, DatasetError> {
        let (train, test) = self.rows(set, seed)?;
        Split::new(self, set, train, test)
    }

    /// The normals of the official training part, and the official test part, in file order.
    fn official_rows(self, set: &Dataset) -> Result<(Vec<usize>, Vec<usize>), DatasetError> {
        let parts = match set.official() {
            Some((protocol, parts)) if protocol == self.division() => parts,
            _ => {
                return Err(DatasetError::NoDivision {
                    name: set.name().to_owned(),
                    protocol: self,
                });
            }
        };
        let rows = |wanted| (0..parts.len()).filter(move |&row| parts[row] == wanted);
        let normal = |&row: &usize| set.labels()[row] == Label::Normal;
        Ok((
            rows(OfficialPart::Train).filter(normal).collect(),
            rows(OfficialPart::Test).collect(),
        ))
    }

    /// Four fifths of the training normals, and the other fifth with the anomalies of the test part.
    fn held_out_rows(self, set: &Dataset) -> Result<(Vec<usize>, Vec<usize>), DatasetError> {
        let (normals, test) = self.official_rows(set)?;
        let (train, held): (Vec<_>, Vec<_>) = normals
            .into_iter()
            .enumerate()
            .partition(|(i, _)| i % 5 != 0);
        let anomalies = test
            .into_iter()
            .filter(|&row| set.labels()[row] == Label::Anomaly);
        let held = held.into_iter().map(|(_, row)| row);
        Ok((
            train.into_iter().map(|(_, row)| row).collect(),
            held.chain(anomalies).collect(),
        ))
    }

    /// The rows to train and to test, by their place in the file.
    fn rows(self, set: &Dataset, seed: u64) -> Result<(Vec<usize>, Vec<usize>), DatasetError> {
        let labels = set.labels();
        let seed = u32::try_from(seed).map_err(|_| DatasetError::Seed { seed })?;
        let small = if matches!(self, Self::Semi | Self::SemiRandom) {
            0
        } else {
            SMALL
        };
        let cap = if self == Self::Adbench {
            ADBENCH_CAP
        } else {
            DTE_CAP
        };
        let mut state = RandomState::new(seed);
        let n = labels.len();
        let rows = if n < small {
            state.choice_with_replacement(n, small)?
        } else if n > cap {
            state.choice_without_replacement(n, cap)?
        } else {
            (0..n).collect()
        };
        let (normals, anomalies): (Vec<usize>, Vec<usize>) =
            rows.iter().partition(|&&row| labels[row] == Label::Normal);
        match self {
            Self::Paper | Self::Semi => Ok(half(normals, anomalies)),
            Self::SemiRandom => {
                let order = state.permutation(normals.len());
                let train_size = half_to_even(normals.len());
                // Both halves keep the file's order: only the choice is random.
                let mut trains = vec![false; normals.len()];
                for &i in &order[..train_size] {
                    trains[i] = true;
                }
                let pick = |wanted| {
                    let chosen = normals
                        .iter()
                        .zip(&trains)
                        .filter(move |(_, t)| **t == wanted);
                    chosen.map(|(&row, _)| row)
                };
                Ok((pick(true).collect(), pick(false).chain(anomalies).collect()))
            }
            Self::Unsup => {
                // DTE draws zero labelled anomalies first, for which NumPy permutes all of them.
                state.choice_without_replacement(anomalies.len(), 0)?;
                let bootstrap = state.choice_with_replacement(rows.len(), rows.len())?;
                Ok((bootstrap.into_iter().map(|i| rows[i]).collect(), rows))
            }
            Self::Adbench => {
                let sampled: Vec<Label> = rows.iter().map(|&row| labels[row]).collect();
                let (train, test) = stratified::split(&sampled, &mut state)?;
                let pick = |places: Vec<usize>| places.into_iter().map(|i| rows[i]).collect();
                Ok((pick(train), pick(test)))
            }
            Self::Official | Self::OneClass | Self::LeaveOut | Self::Mvtec => {
                self.official_rows(set)
            }
            Self::MvtecHeldout => self.held_out_rows(set),
        }
    }
}

/// The first half of the normals, and the rest followed by the anomalies.
fn half(mut normals: Vec<usize>, anomalies: Vec<usize>) -> (Vec<usize>, Vec<usize>) {
    let mut test = normals.split_off(half_to_even(normals.len()));
    test.extend(anomalies);
    (normals, test)
}

/// Python's `round(0.5 * n)`: a half goes to the even neighbour.
fn half_to_even(n: usize) -> usize {
    let down = n / 2;
    if n % 2 == 1 && down % 2 == 1 {
        down + 1
    } else {
        down
    }
}

impl FromStr for Protocol {
    type Err = DatasetError;

    fn from_str(word: &str) -> Result<Self, DatasetError> {
        Self::all()
            .into_iter()
            .find(|protocol| protocol.as_str() == word)
            .ok_or_else(|| DatasetError::UnknownWord {
                what: "protocol",
                found: word.to_owned(),
                expected: Self::all().map(Self::as_str).join(", "),
            })
    }
}
