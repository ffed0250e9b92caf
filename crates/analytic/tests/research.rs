//! The means over the groups of data/published/research_groups.csv in the study that these methods come
//! from, protocol `semi`. Needs RESIDUUM_DATA, and a minute or two:
//! `cargo xtask soak -p analytic`

#![allow(clippy::print_stdout)] // figures

mod research_groups;

use analytic::{LinearDenoiser, LinearDenoiserConfig, Wiener, WienerConfig};
use detector::Detector;
use research_groups::{Rows, compare, sets};
use residuum::RowScaling;

/// Group, scaling of the rows, and the printed means of the local and the linear denoiser.
const PRINTED: [(&str, RowScaling, f64, f64); 4] = [
    ("heldout-resnet18", RowScaling::L2, 80.9, 79.9),
    ("heldout-vit", RowScaling::L2, 92.9, 92.8),
    ("heldout-tables", RowScaling::Standard, 78.9, 75.7),
    ("heldout-large-tables", RowScaling::Standard, 85.9, 84.2),
];

#[test]
#[ignore = "minutes"]
fn the_means_of_the_study_come_out() {
    let wiener = Wiener::new(WienerConfig::default()).unwrap();
    let linear = LinearDenoiser::new(LinearDenoiserConfig::default()).unwrap();
    let mut all_within = true;
    for (group, scaling, local, gaussian) in PRINTED {
        let Some(sets) = sets(group) else {
            return;
        };
        let rows: Vec<Rows> = sets.iter().map(|set| Rows::of(set, scaling)).collect();
        let methods: [(&str, &dyn Detector, f64, f64); 2] = [
            ("wiener", &wiener, local, 0.05),
            ("linear-denoiser", &linear, gaussian, 0.1),
        ];
        for (name, method, expected, tolerance) in methods {
            let found: Vec<f64> = rows.iter().map(|rows| rows.auroc(method)).collect();
            all_within &= compare(&format!("{group}, {name}"), &found, expected, tolerance);
        }
    }
    assert!(all_within);
}
