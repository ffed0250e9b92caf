//! Means over many sets: kNN over MVTec-AD with and without the leak of protocol `paper`, and the
//! deterministic baselines over the groups of data/published/research_groups.csv. Needs RESIDUUM_DATA.

#![allow(clippy::print_stdout)] // figures

mod sets;

use baselines::{
    Gamma, Knn, KnnConfig, KnnScore, Lof, LofConfig, Norm, OneClassSvm, OneClassSvmConfig, Pca,
    PcaConfig, PcaScore,
};
use datasets::Protocol;
use detector::Detector;
use residuum::RowScaling;
use sets::{Rows, group, set};

const MVTEC: [&str; 15] = [
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

fn knn(score: KnnScore) -> Knn {
    let config = KnnConfig {
        score,
        ..Default::default()
    };
    Knn::new(config).unwrap()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// What resampling before the split is worth: half of the test rows have a copy among the training rows.
#[test]
fn knn_over_mvtec_with_and_without_the_leak() {
    for (protocol, largest, squares) in
        [(Protocol::Paper, 81.1, 86.9), (Protocol::Semi, 76.4, 77.1)]
    {
        let rows = MVTEC.map(|class| {
            let set = set(&format!("CV_by_ResNet18/MVTec-AD_{class}"))?;
            Some(Rows::of(&set, protocol, RowScaling::Standard))
        });
        let rows: Vec<Rows> = rows.into_iter().flatten().collect();
        if rows.len() < MVTEC.len() {
            return;
        }
        for (score, expected) in [
            (KnnScore::Largest, largest),
            (KnnScore::MeanOfSquares, squares),
        ] {
            let knn = knn(score);
            let found: Vec<f64> = rows.iter().map(|rows| rows.auroc(&knn, 0)).collect();
            let found = mean(&found);
            println!("{protocol}, {score:?}: {found:.3}");
            assert!(
                (found - expected).abs() <= 0.05,
                "{protocol}, {score:?}: {found}"
            );
        }
    }
}

/// One group, one scaling, one method and the mean that was printed; ours where a comment says that it differs.
type Printed = (&'static str, RowScaling, &'static str, f64);

const PRINTED: [Printed; 26] = [
    ("heldout-resnet18", RowScaling::Standard, "knn", 74.3),
    ("heldout-resnet18", RowScaling::Standard, "lof", 73.4),
    ("heldout-resnet18", RowScaling::Standard, "pca", 75.6),
    ("heldout-resnet18", RowScaling::Standard, "ocsvm", 72.8),
    ("heldout-resnet18", RowScaling::Standard, "norm", 71.8),
    ("heldout-resnet18", RowScaling::L2, "knn", 77.4),
    ("heldout-resnet18", RowScaling::L2, "pca", 78.9),
    ("heldout-resnet18", RowScaling::L2, "ocsvm", 74.8),
    ("heldout-vit", RowScaling::Standard, "knn", 88.0),
    ("heldout-vit", RowScaling::Standard, "lof", 85.7),
    ("heldout-vit", RowScaling::Standard, "pca", 93.0),
    ("heldout-vit", RowScaling::Standard, "ocsvm", 85.4),
    ("heldout-vit", RowScaling::Standard, "norm", 82.3),
    ("heldout-vit", RowScaling::L2, "knn", 87.4),
    ("heldout-vit", RowScaling::L2, "pca", 92.8),
    ("heldout-vit", RowScaling::L2, "ocsvm", 83.8),
    ("heldout-tables", RowScaling::Standard, "knn", 77.6),
    ("heldout-tables", RowScaling::Standard, "lof", 76.6),
    ("heldout-tables", RowScaling::Standard, "pca", 70.8),
    ("heldout-tables", RowScaling::Standard, "ocsvm", 74.7),
    ("heldout-tables", RowScaling::Standard, "norm", 73.0),
    ("heldout-large-tables", RowScaling::Standard, "knn", 85.8),
    ("heldout-large-tables", RowScaling::Standard, "lof", 76.9),
    // Printed as 76.1. Of http and smtp, three columns each, 95 % of the variance takes all three
    // components, and what these leave is rounding: ways that are one on paper give 68.1 to 76.4
    // (scripts/golden/pca_large_tables.py). Here one component stays out; without these two sets all give
    // 71.8.
    ("heldout-large-tables", RowScaling::Standard, "pca", 75.6),
    ("heldout-large-tables", RowScaling::Standard, "ocsvm", 84.4),
    ("heldout-large-tables", RowScaling::Standard, "norm", 81.4),
];

#[test]
#[ignore = "minutes"]
fn the_baselines_of_the_study_come_out() {
    let knn = knn(KnnScore::MeanOfSquares);
    let lof = Lof::new(LofConfig::default()).unwrap();
    let pca = Pca::new(PcaConfig {
        score: PcaScore::Reconstruction,
        ..Default::default()
    });
    let pca = pca.unwrap();
    let ocsvm = OneClassSvm::new(OneClassSvmConfig {
        gamma: Gamma::Auto,
        ..Default::default()
    });
    let ocsvm = ocsvm.unwrap();
    let mut all_within = true;
    for pair in PRINTED.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (name, scaling, ..) = pair[0];
        let Some(sets) = group(name) else {
            return;
        };
        let rows: Vec<Rows> = sets
            .iter()
            .map(|set| Rows::of(set, Protocol::Semi, scaling))
            .collect();
        for (_, _, method, expected) in pair {
            let detector: &dyn Detector = match *method {
                "knn" => &knn,
                "lof" => &lof,
                "pca" => &pca,
                "ocsvm" => &ocsvm,
                _ => &Norm,
            };
            let found: Vec<f64> = rows.iter().map(|rows| rows.auroc(detector, 0)).collect();
            let found = mean(&found);
            println!("{name}, {scaling}, {method}: {found:.3}, expected {expected}");
            all_within &= (found - expected).abs() <= 0.1;
        }
    }
    assert!(all_within);
}
