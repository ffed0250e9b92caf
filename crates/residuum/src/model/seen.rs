use columns::Columns;
use detector::{Input, State, StateError};

use crate::data::distinct::{FNV_OFFSET, fnv};
use crate::data::named;
use crate::model::error::ModelError;
use crate::model::rows::each_row;

const ROWS: &str = "trained-rows";
const KEYS: &str = "trained-keys";
const FOLDS: &str = "trained-folds";

/// The rows that a model was trained on, 64 bits each: enough to know them again, and nothing to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Hashes of their numbers, sorted.
    rows: Vec<u64>,
    /// The fold of each of them, which its own detector has not seen; none where there are no folds.
    folds: Vec<u32>,
    /// Hashes of their keys, sorted; none where no column is the key.
    keys: Vec<u64>,
}

impl Seen {
    /// The rows of `input`, which are the rows at `places` of `table` where there is one.
    pub(super) fn of(
        input: Input<'_>,
        table: Option<&Columns>,
        key: Option<&str>,
        places: &[usize],
    ) -> Result<Self, ModelError> {
        let mut rows = row_hashes(input);
        rows.sort_unstable();
        let mut keys = match (table, key) {
            (Some(table), Some(key)) => {
                let column = named(table, key)?;
                let texts = places.iter().filter_map(|&row| column.text(row));
                texts.map(|text| hash(text.as_bytes())).collect()
            }
            _ => Vec::new(),
        };
        keys.sort_unstable();
        Ok(Self {
            rows,
            folds: Vec::new(),
            keys,
        })
    }

    /// The same rows, those of `input` in these folds.
    pub(super) fn in_folds(self, input: Input<'_>, fold_of: &[usize]) -> Self {
        let folds = fold_of.iter().map(|&fold| fold as u32);
        let (rows, folds) = sorted(row_hashes(input), folds.collect());
        Self {
            rows,
            folds,
            ..self
        }
    }

    /// For each row of `input` the folds that hold a row equal to it.
    pub(super) fn folds(&self, input: Input<'_>) -> Vec<&[u32]> {
        if self.folds.is_empty() {
            return Vec::new();
        }
        let places = row_hashes(input).into_iter().map(|hash| {
            let from = self.rows.partition_point(|&known| known < hash);
            let n = self.rows[from..].partition_point(|&known| known == hash);
            &self.folds[from..from + n]
        });
        places.collect()
    }

    /// How many rows of `input` equal one of them.
    pub(super) fn copies(&self, input: Input<'_>) -> usize {
        let known = |hash: &u64| self.rows.binary_search(hash).is_ok();
        row_hashes(input).iter().filter(|hash| known(hash)).count()
    }

    /// That no row of `table` has the key of one of them.
    ///
    /// # Errors
    /// [`ModelError::SeenKeys`].
    pub(super) fn check_keys(
        &self,
        table: &Columns,
        key: &str,
        places: impl Iterator<Item = usize>,
    ) -> Result<(), ModelError> {
        let Some(column) = table.get(key) else {
            return Ok(());
        };
        let known = |text: &String| self.keys.binary_search(&hash(text.as_bytes())).is_ok();
        let mut shared = places.filter_map(|row| column.text(row)).filter(known);
        match shared.next() {
            None => Ok(()),
            Some(first) => Err(ModelError::SeenKeys {
                rows: 1 + shared.count(),
                first,
            }),
        }
    }

    pub(super) fn store(&self, state: State) -> State {
        let mut state = state.with_list(ROWS, &self.rows);
        if !self.folds.is_empty() {
            state = state.with_list(FOLDS, &self.folds);
        }
        match self.keys.is_empty() {
            true => state,
            false => state.with_list(KEYS, &self.keys),
        }
    }

    /// Of a model with so many detectors. Models of earlier programs do not know their rows.
    pub(super) fn restore(state: &State, detectors: usize) -> Result<Self, StateError> {
        let has = |wanted: &str| state.array_names().any(|name| name == wanted);
        let list = |wanted: &str| match has(wanted) {
            true => state.list::<u64>(wanted),
            false => Ok(Vec::new()),
        };
        let (mut rows, mut keys) = (list(ROWS)?, list(KEYS)?);
        let mut folds = match has(FOLDS) {
            true => state.list::<u32>(FOLDS)?,
            false => Vec::new(),
        };
        if let Some(fold) = folds.iter().find(|fold| **fold as usize >= detectors) {
            return Err(state.wrong(FOLDS, fold));
        }
        if folds.is_empty() {
            rows.sort_unstable();
        } else if folds.len() == rows.len() {
            (rows, folds) = sorted(rows, folds);
        } else {
            return Err(state.wrong(FOLDS, "another number of rows"));
        }
        keys.sort_unstable();
        Ok(Self { rows, folds, keys })
    }
}

/// Rows in ascending order, each with its fold.
fn sorted(rows: Vec<u64>, folds: Vec<u32>) -> (Vec<u64>, Vec<u32>) {
    let mut pairs: Vec<(u64, u32)> = rows.into_iter().zip(folds).collect();
    pairs.sort_unstable();
    pairs.into_iter().unzip()
}

/// What it means that so many of `n` calibration rows equal a training row.
pub(super) fn repeated(copies: usize, n: usize) -> Option<String> {
    let what = format!("{copies} of {n} calibration rows equal a training row");
    match copies {
        0 => None,
        _ => Some(format!(
            "{what}: where new rows are no such copies, there will be more false alarms"
        )),
    }
}

fn hash(bytes: &[u8]) -> u64 {
    fnv(bytes, FNV_OFFSET)
}

/// A hash of each row, by words of eight bytes: rows are long.
fn row_hashes(input: Input<'_>) -> Vec<u64> {
    let mut hashes = Vec::with_capacity(input.len());
    each_row(input, |bytes| {
        let words = bytes.chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        });
        hashes.push(words.fold(FNV_OFFSET, |hash, word| {
            (hash ^ word)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(31)
        }));
    });
    hashes
}

#[cfg(test)]
mod tests {
    use columns::{Column, Values};
    use detector::Silent;

    use super::*;
    use crate::data::{Data, Roles};
    use crate::model::calibrated::Model;
    use crate::model::options::{Calibrating, FitOptions, Target};

    /// Rows `from..to`, each with a key of its own.
    fn table(from: i64, to: i64) -> Columns {
        let wave = |i: i64, k: f64| (i as f64 * k).sin();
        let numbers = |k: f64| Values::Float64((from..to).map(|i| wave(i, k)).collect());
        Columns::new(vec![
            Column::new("id", Values::Integer((from..to).collect())),
            Column::new("a", numbers(0.7)),
            Column::new("b", numbers(1.3)),
        ])
        .unwrap()
    }

    fn model(key: Option<&str>, time: Option<&str>, table: &Columns) -> Result<Model, ModelError> {
        let options = FitOptions {
            roles: Roles {
                key: key.map(str::to_owned),
                time: time.map(str::to_owned),
                drop: vec!["id".to_owned()],
                ..Roles::default()
            },
            calibration: Some(Calibrating::Share(0.2)),
            ..FitOptions::new(crate::methods())
        };
        Model::fit(Data::Columns(table), &options, &Silent).map(|fitted| fitted.model)
    }

    #[test]
    fn rows_of_the_training_are_known_again_after_a_file() {
        let target = Target::OnAverage { rate: 0.1 };
        let calibrate = |model: Model, rows: &Columns| {
            let bytes = model.state().unwrap().to_bytes().unwrap();
            let stored = crate::model::store::Stored::from_bytes(&bytes).unwrap();
            let runtime = crate::Runtime::cpu();
            let model = stored.restore(crate::methods(), &runtime).unwrap();
            model.calibrate(Data::Columns(rows), target, &Silent)
        };
        let train = table(0, 200);
        let keyed = || model(Some("id"), None, &train).unwrap();
        let fresh = calibrate(keyed(), &table(200, 300)).unwrap();
        assert_eq!(fresh.manifest().warnings, Vec::<String>::new());
        // The rows that were held out may come again, those that trained may not.
        let shared = calibrate(keyed(), &table(150, 300)).unwrap_err();
        assert!(
            matches!(shared, ModelError::SeenKeys { rows: 30..=50, .. }),
            "{shared}"
        );
        // Without keys equal rows are counted: new rows can be copies too.
        let counted = calibrate(model(None, None, &train).unwrap(), &table(150, 300)).unwrap();
        let warnings = counted.manifest().warnings.join(" ");
        assert!(
            warnings.contains("of 150 calibration rows equal a training row"),
            "{warnings}"
        );
    }

    #[test]
    fn rows_of_folds_have_the_scores_that_calibrate() {
        let train = table(0, 60);
        let options = FitOptions {
            calibration: Some(Calibrating::Folds(3)),
            ..FitOptions::new(crate::methods())
        };
        let fitted = Model::fit(Data::Columns(&train), &options, &Silent).unwrap();
        let bytes = fitted.model.state().unwrap().to_bytes().unwrap();
        let stored = crate::model::store::Stored::from_bytes(&bytes).unwrap();
        let read = stored
            .restore(crate::methods(), &crate::Runtime::cpu())
            .unwrap();
        let all = table(0, 80);
        let data = Data::Columns(&all);
        for model in [&fitted.model, &read] {
            let held_out = model.held_out_scores(data, &Silent).unwrap();
            let held_out: Vec<f64> = held_out.into_iter().flatten().collect();
            let mut of_folds = held_out[..60].to_vec();
            of_folds.sort_by(f64::total_cmp);
            assert_eq!(of_folds, model.calibration().unwrap().scores());
            // Other rows have the scores of all detectors.
            let scores = model.scores(data, &Silent).unwrap();
            let scores: Vec<f64> = scores.into_iter().flatten().collect();
            assert_eq!(held_out[60..], scores[60..]);
            assert_ne!(held_out[..60], scores[..60]);
        }
        let state = fitted.model.state().unwrap();
        for wrong in [vec![0u32; 59], vec![3; 60]] {
            let state = state.clone().with_list(FOLDS, &wrong);
            assert!(Seen::restore(&state, 3).is_err());
        }
    }

    #[test]
    fn a_key_on_both_sides_of_a_moment_is_refused() {
        let ids = Values::Integer((0..100).map(|i| i % 90).collect());
        let table = table(0, 100);
        let columns = table.iter().skip(1).cloned();
        let hour = Column::new("hour", Values::Integer((0..100).collect()));
        let columns = columns.chain([Column::new("id", ids), hour]);
        let table = Columns::new(columns.collect()).unwrap();
        let refused = model(Some("id"), Some("hour"), &table).unwrap_err();
        assert!(
            matches!(refused, ModelError::SeenKeys { rows: 10, .. }),
            "{refused}"
        );
    }
}
