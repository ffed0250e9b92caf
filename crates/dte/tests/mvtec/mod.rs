//! ADBench's embeddings of MVTec-AD, split and scaled as the published tables did.

use std::path::PathBuf;

use datasets::{Data, Label, Protocol, load_npz};
use detector::{Detector, Input, Silent};
use ndarray::Array2;
use residuum::{RowScaler, RowScaling};

pub(crate) const CLASSES: [&str; 15] = [
    "bottle",
    "cable",
    "capsule",
    "carpet",
    "grid",
    "hazelnut",
    "leather",
    "metal_nut",
    "pill",
    "screw",
    "tile",
    "toothbrush",
    "transistor",
    "wood",
    "zipper",
];

pub(crate) struct Rows {
    train: Array2<f32>,
    test: Array2<f32>,
    anomalies: Vec<bool>,
}

impl Rows {
    /// `None`, said on stderr, where the file is not at hand.
    pub(crate) fn load(class: &str, protocol: Protocol, seed: u64) -> Option<Self> {
        let roots = std::env::var_os("RESIDUUM_DATA").unwrap_or_default();
        let file = PathBuf::from(format!("adbench/CV_by_ResNet18/MVTec-AD_{class}.npz"));
        let paths = std::env::split_paths(&roots).map(|root| root.join(&file));
        let Some(path) = paths.into_iter().find(|path| path.is_file()) else {
            eprintln!("skipped: no data (set RESIDUUM_DATA): {}", file.display());
            return None;
        };
        let split = protocol.split(&load_npz(path).unwrap(), seed).unwrap();
        let (Data::Rows(train), Data::Rows(test)) = (split.train, split.test) else {
            panic!("{class} holds images");
        };
        let scaler = RowScaler::fit(RowScaling::Standard, train.view()).unwrap();
        let anomaly = |label: &Label| *label == Label::Anomaly;
        Some(Self {
            train: scaler.transform(train.view()).unwrap(),
            test: scaler.transform(test.view()).unwrap(),
            anomalies: split.test_labels.iter().map(anomaly).collect(),
        })
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
