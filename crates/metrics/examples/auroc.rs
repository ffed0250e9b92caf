//! The metrics of a made-up detector: `cargo run --release -p metrics --example auroc`.
#![allow(clippy::print_stdout)]

use metrics::{MetricError, Metrics, roc_curve};

fn main() -> Result<(), MetricError> {
    // 95 normal rows score 0.00 to 0.94; five anomalies lie near the top, one of them is missed.
    let mut scores: Vec<f64> = (0..95).map(|row| f64::from(row) / 100.0).collect();
    scores.extend([0.99, 0.97, 0.94, 0.90, 0.20]);
    let labels: Vec<bool> = (0..scores.len()).map(|row| row >= 95).collect();

    let Metrics {
        auroc,
        ap,
        f1_at_k,
        fpr95,
        pauc,
    } = Metrics::of(&scores, &labels)?;
    println!("AUROC                  {auroc:.4}");
    println!("average precision      {ap:.4}");
    println!("F1 at k                {f1_at_k:.4}");
    println!("FPR at 95 % TPR        {fpr95:.4}");
    println!("partial AUROC to 0.1   {pauc:.4}");

    println!("\nthreshold    TPR    FPR");
    let curve = roc_curve(&scores, &labels)?;
    for point in &curve.points()[..8] {
        let (tpr, fpr) = (curve.tpr(point), curve.fpr(point));
        println!("{:9.2} {tpr:6.2} {fpr:6.3}", point.threshold);
    }
    Ok(())
}
