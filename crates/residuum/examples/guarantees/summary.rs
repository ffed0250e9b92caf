use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use numpy_random::RandomState;

use crate::Measured;
use crate::set::Set;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;

/// A set with a method: what each measure was over its splits.
pub(crate) struct Cell {
    pub(crate) set: String,
    pub(crate) method: &'static str,
    columns: usize,
    normal: usize,
    odd: usize,
    measures: BTreeMap<&'static str, Over>,
}

/// Over the splits of one set with one method, which are independent draws.
#[derive(Clone, Copy)]
pub(crate) struct Over {
    pub(crate) mean: f64,
    /// Its standard error, the sample standard deviation over the root of the splits.
    pub(crate) error: f64,
    pub(crate) median: f64,
}

impl Over {
    fn new(mut values: Vec<f64>) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let error = match values.len() {
            1 => 0.0,
            _ => (squares / (n - 1.0) / n).sqrt(),
        };
        values.sort_by(f64::total_cmp);
        Self {
            mean,
            error,
            median: values[values.len() / 2],
        }
    }
}

impl Cell {
    pub(crate) fn new(
        set: &Set,
        method: &'static str,
        splits: &[Measured],
        order: Measured,
    ) -> Self {
        let mut values: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
        for &(measure, value) in splits.iter().flatten().chain(&order) {
            values.entry(measure).or_default().push(value);
        }
        let over = |(measure, values)| (measure, Over::new(values));
        Self {
            set: set.name.clone(),
            method,
            columns: set.columns(),
            normal: set.normal.len(),
            odd: set.odd.len(),
            measures: values.into_iter().map(over).collect(),
        }
    }

    /// `None` where the set has too few rows for it.
    pub(crate) fn get(&self, measure: &str) -> Option<Over> {
        self.measures.get(measure).copied()
    }

    /// The mean of a measure that every set has.
    pub(crate) fn mean(&self, measure: &str) -> f64 {
        self.get(measure).map_or(f64::NAN, |over| over.mean)
    }
}

/// A mean over sets, each counting once, with its bootstrap standard error.
#[derive(Clone, Copy)]
pub(crate) struct OverSets {
    pub(crate) sets: usize,
    pub(crate) mean: f64,
    pub(crate) error: f64,
}

/// The mean of a measure over the sets of `cells` that have it; a set with several methods counts with their mean.
/// Its error: the standard deviation of means of sets drawn anew, with repeats.
pub(crate) fn over_sets(cells: &[&Cell], measure: &str) -> Option<OverSets> {
    let mut sets: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for cell in cells {
        if let Some(over) = cell.get(measure) {
            sets.entry(&cell.set).or_default().push(over.mean);
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let values: Vec<f64> = sets.values().map(|values| mean(values)).collect();
    let last = values.len().checked_sub(1)? as u64;
    let mut random = RandomState::new(0);
    let mut resample = || {
        let drawn: Vec<f64> = (values.iter())
            .map(|_| values[random.interval(last) as usize])
            .collect();
        mean(&drawn)
    };
    let means: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
    let middle = mean(&means);
    let squares: f64 = means.iter().map(|m| (m - middle).powi(2)).sum();
    Some(OverSets {
        sets: values.len(),
        mean: mean(&values),
        error: (squares / (RESAMPLES - 1) as f64).sqrt(),
    })
}

/// A line for each set and method: the mean of every measure and its standard error.
pub(crate) fn csv(cells: &[Cell]) -> String {
    let measures: BTreeSet<&str> = (cells.iter())
        .flat_map(|cell| cell.measures.keys().copied())
        .collect();
    let mut text = "set,method,columns,normal rows,anomalies".to_owned();
    for measure in &measures {
        let _ = write!(text, ",{measure},error of {measure}");
    }
    text.push('\n');
    for cell in cells {
        let Cell {
            set,
            method,
            columns,
            normal,
            odd,
            ..
        } = cell;
        let _ = write!(text, "{set},{method},{columns},{normal},{odd}");
        for measure in &measures {
            match cell.get(measure) {
                Some(over) => {
                    let _ = write!(text, ",{},{}", digits(over.mean), digits(over.error));
                }
                None => text.push_str(",,"),
            }
        }
        text.push('\n');
    }
    text
}

/// Five decimals at most.
fn digits(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}
