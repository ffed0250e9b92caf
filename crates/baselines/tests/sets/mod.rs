//! ADBench sets, split and scaled.

#![allow(dead_code)] // each test file uses its own part

use std::path::PathBuf;

use datasets::{Data, Dataset, Label, Protocol, load_npz};
use detector::{Detector, Input, Silent};
use ndarray::Array2;
use numpy_random::RandomState;
use residuum::{RowScaler, RowScaling};

const GROUPS: &str = include_str!("../../../../data/published/research_groups.csv");

pub(crate) struct Rows {
    pub(crate) train: Array2<f32>,
    pub(crate) test: Array2<f32>,
    anomalies: Vec<bool>,
}

impl Rows {
    /// By file name under `adbench/`, protocol `semi`; `None`, said on stderr, without data.
    pub(crate) fn load(name: &str, scaling: RowScaling) -> Option<Self> {
        Some(Self::of(&set(name)?, Protocol::Semi, scaling))
    }

    /// Split with seed 44.
    pub(crate) fn of(set: &Dataset, protocol: Protocol, scaling: RowScaling) -> Self {
        Self::split(set, protocol, 44, scaling)
    }

    pub(crate) fn split(set: &Dataset, protocol: Protocol, seed: u64, scaling: RowScaling) -> Self {
        let split = protocol.split(set, seed).unwrap();
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
    pub(crate) fn auroc(&self, detector: &dyn Detector, seed: u64) -> f64 {
        let scorer = detector.fit(Input::Rows(self.train.view()), seed, &Silent);
        let scores = scorer
            .unwrap()
            .score(Input::Rows(self.test.view()), &Silent);
        100.0 * metrics::auroc(&scores.unwrap().to_vec(), &self.anomalies).unwrap()
    }
}

/// A set by file name under `adbench/`; `None`, said on stderr, without data.
pub(crate) fn set(name: &str) -> Option<Dataset> {
    let roots = std::env::var_os("RESIDUUM_DATA").unwrap_or_default();
    let file = PathBuf::from(format!("adbench/{name}.npz"));
    let mut paths = std::env::split_paths(&roots).map(|root| root.join(&file));
    let Some(path) = paths.find(|path| path.is_file()) else {
        skipped::because(format_args!(
            "no data (set RESIDUUM_DATA): {}",
            file.display()
        ));
        return None;
    };
    Some(load_npz(path).unwrap())
}

/// The sets of a group of data/published/research_groups.csv.
pub(crate) fn group(wanted: &str) -> Option<Vec<Dataset>> {
    let mut sets = Vec::new();
    for line in GROUPS.lines().skip(1) {
        // The third column may be quoted, with commas inside.
        let mut fields = line.splitn(3, ',');
        let (name, of, draw) = (fields.next()?, fields.next()?, fields.next()?);
        if of == wanted {
            let set = set(name)?;
            sets.push(if draw.starts_with("all") {
                set
            } else {
                drawn(&set)
            });
        }
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
