//! Values from scikit-learn 1.9, made by `scripts/golden/metrics.py`.

use approx::relative_eq;
use metrics::{Metrics, auroc, average_precision, f1_at_k, fpr_at_tpr, partial_auroc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    scores: Vec<f64>,
    labels: Vec<u8>,
    auroc: f64,
    average_precision: f64,
    f1_at_k: f64,
    fpr_at_tpr: Vec<(f64, f64)>,
    partial_auroc: Vec<(f64, f64)>,
}

#[test]
fn every_metric_equals_scikit_learn() {
    let golden: Golden = serde_json::from_str(include_str!("golden/metrics.json")).unwrap();
    assert!(golden.cases.len() >= 10);
    for case in golden.cases {
        let labels: Vec<bool> = case.labels.iter().map(|&label| label == 1).collect();
        let (scores, labels) = (&case.scores[..], &labels[..]);
        // Both sides sum at most a few hundred terms of order one in f64; the standardised partial
        // area divides the rounding by its 0.01 at the smallest `max_fpr`.
        let close = |what: &str, ours: f64, theirs: f64| {
            let equal = relative_eq!(ours, theirs, epsilon = 1e-12);
            assert!(equal, "{} {what}: {ours}, expected {theirs}", case.name);
        };
        close("auroc", auroc(scores, labels).unwrap(), case.auroc);
        let ap = average_precision(scores, labels).unwrap();
        close("average_precision", ap, case.average_precision);
        close("f1_at_k", f1_at_k(scores, labels).unwrap(), case.f1_at_k);
        for &(tpr, expected) in &case.fpr_at_tpr {
            close(
                "fpr_at_tpr",
                fpr_at_tpr(scores, labels, tpr).unwrap(),
                expected,
            );
        }
        for &(max_fpr, expected) in &case.partial_auroc {
            let ours = partial_auroc(scores, labels, max_fpr).unwrap();
            close("partial_auroc", ours, expected);
        }
        assert_eq!(Metrics::of(scores, labels).unwrap().ap, ap);
    }
}
