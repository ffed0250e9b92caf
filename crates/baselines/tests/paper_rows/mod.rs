//! The rows behind the paper's table 1, under protocol `paper`.

#![allow(dead_code)] // each test file uses its own part

use std::path::PathBuf;

use datasets::{Data, Label, Protocol, load_npz};
use detector::{Detector, Input, Silent};
use ndarray::Array2;
use residuum::{RowScaler, RowScaling};

pub(crate) struct PaperRows {
    pub(crate) train: Array2<f32>,
    pub(crate) test: Array2<f32>,
    anomalies: Vec<bool>,
}

impl PaperRows {
    /// Split with seed 44 and scaled; `None`, reported on stderr, where the file is missing.
    pub(crate) fn load(name: &str) -> Option<Self> {
        let roots = std::env::var_os("RESIDUUM_DATA").unwrap_or_default();
        let file = PathBuf::from(format!("adbench/CV_by_ResNet18/{name}.npz"));
        let paths = std::env::split_paths(&roots).map(|root| root.join(&file));
        let Some(path) = paths.into_iter().find(|path| path.is_file()) else {
            skipped::because(format_args!(
                "no data (set RESIDUUM_DATA): {}",
                file.display()
            ));
            return None;
        };
        let set = load_npz(path).unwrap();
        let split = Protocol::Paper.split(&set, 44).unwrap();
        let (Data::Rows(train), Data::Rows(test)) = (split.train, split.test) else {
            panic!("{name} holds images");
        };
        let scaler = RowScaler::fit(RowScaling::Standard, train.view()).unwrap();
        let anomaly = |label: &Label| *label == Label::Anomaly;
        Some(Self {
            train: scaler.transform(train.view()).unwrap(),
            test: scaler.transform(test.view()).unwrap(),
            anomalies: split.test_labels.iter().map(anomaly).collect(),
        })
    }

    /// In points, as the table prints it.
    pub(crate) fn auroc(&self, detector: &dyn Detector, seed: u64) -> f64 {
        let scorer = detector.fit(Input::Rows(self.train.view()), seed, &Silent);
        let scores = scorer
            .unwrap()
            .score(Input::Rows(self.test.view()), &Silent);
        let scores = scores.unwrap().to_vec();
        100.0 * metrics::auroc(&scores, &self.anomalies).unwrap()
    }
}
