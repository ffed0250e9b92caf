//! The sets that `data/published/research_groups.csv` lists, split by protocol `semi`.

use std::path::PathBuf;

use datasets::{Data, Dataset, Label, Protocol, load_npz};
use detector::{Detector, Input, Silent};
use ndarray::Array2;
use numpy_random::RandomState;
use residuum::{RowScaler, RowScaling};

const GROUPS: &str = include_str!("../../../../data/published/research_groups.csv");

/// Rows of a set, split and scaled.
pub(crate) struct Rows {
    train: Array2<f32>,
    test: Array2<f32>,
    anomalies: Vec<bool>,
}

/// The sets of a group by name; `None`, said on stderr, without data.
pub(crate) fn sets(group: &str) -> Option<Vec<Dataset>> {
    let Some(roots) = std::env::var_os("RESIDUUM_DATA") else {
        skipped::because("no data (set RESIDUUM_DATA)");
        return None;
    };
    let mut sets = Vec::new();
    for line in GROUPS.lines().skip(1) {
        // The third column may be quoted, with commas inside.
        let mut fields = line.splitn(3, ',');
        let (name, of, draw) = (fields.next()?, fields.next()?, fields.next()?);
        if of != group {
            continue;
        }
        let file = PathBuf::from(format!("adbench/{name}.npz"));
        let paths = std::env::split_paths(&roots).map(|root| root.join(&file));
        let Some(path) = paths.into_iter().find(|path| path.is_file()) else {
            skipped::because(format_args!("no data: {}", file.display()));
            return None;
        };
        let set = load_npz(path).unwrap();
        sets.push(if draw.starts_with("all") {
            set
        } else {
            drawn(&set)
        });
    }
    Some(sets)
}

/// `RandomState(44).choice(n, 12000, replace=False)`, in file order.
fn drawn(set: &Dataset) -> Dataset {
    let mut state = RandomState::new(44);
    let mut rows = state
        .choice_without_replacement(set.labels().len(), 12_000)
        .unwrap();
    rows.sort_unstable();
    let labels: Vec<Label> = rows.iter().map(|row| set.labels()[*row]).collect();
    Dataset::new(set.name(), set.data().select(&rows), labels).unwrap()
}

impl Rows {
    pub(crate) fn of(set: &Dataset, scaling: RowScaling) -> Self {
        let split = Protocol::Semi.split(set, 44).unwrap();
        // The printed numbers are of rows in 32 bits.
        let parts = (split.train.in_32_bits(), split.test.in_32_bits());
        let (Data::Rows(train), Data::Rows(test)) = parts else {
            panic!("{} holds images", set.name());
        };
        let scaler = RowScaler::fit(scaling, train.view()).unwrap();
        let anomaly = |label: &Label| *label == Label::Anomaly;
        Self {
            train: scaler.transform(train.view()).unwrap(),
            test: scaler.transform(test.view()).unwrap(),
            anomalies: split.test_labels.iter().map(anomaly).collect(),
        }
    }

    /// In points.
    pub(crate) fn auroc(&self, detector: &dyn Detector) -> f64 {
        let scorer = detector
            .fit(Input::Rows(self.train.view()), 44, &Silent)
            .unwrap();
        let scores = scorer
            .score(Input::Rows(self.test.view()), &Silent)
            .unwrap();
        100.0 * metrics::auroc(scores.as_slice().unwrap(), &self.anomalies).unwrap()
    }
}

/// Prints what was found beside what was expected and returns whether they are within `tolerance`.
pub(crate) fn compare(what: &str, found: &[f64], expected: f64, tolerance: f64) -> bool {
    let mean = found.iter().sum::<f64>() / found.len() as f64;
    println!(
        "{what}: {mean:.3}, expected {expected} (n = {})",
        found.len()
    );
    (mean - expected).abs() <= tolerance
}
