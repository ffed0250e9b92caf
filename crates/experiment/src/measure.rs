//! Where labels meet scores.

use datasets::{Label, Split};
use detector::{Progress, Scorer};
use metrics::{Metrics, PixelMetrics};
use record::{Measured, Pixels};

use crate::{ExperimentError, curves, interval, recorded};

/// Metrics, curves and counts of the scores of the test rows. What does not come of labels and the fitted
/// detector is absent.
///
/// # Errors
/// [`ExperimentError::Metric`] where the metrics are undefined, and what the detector answers.
pub(crate) fn measure(
    split: &Split,
    scores: &[f64],
    scorer: &dyn Scorer,
    progress: &dyn Progress,
    warnings: &mut Vec<String>,
) -> Result<Measured, ExperimentError> {
    let labels: Vec<bool> = (split.test_labels.iter())
        .map(|&label| label == Label::Anomaly)
        .collect();
    let metrics = Metrics::of(scores, &labels)?;
    Ok(Measured {
        n_train: Some(split.train_rows.len() as u64),
        n_test: Some(labels.len() as u64),
        n_anomalies: Some(split.n_anomalies() as u64),
        metrics: recorded::metrics(&metrics),
        auroc_interval: interval::of(scores, &labels),
        pixels: pixels(split, scorer, progress, warnings)?,
        seconds: None,
        params: scorer.n_params(),
        n_evaluations: scorer.n_evaluations(),
        norm_spearman: None,
        audit: None,
        curve: Some(curves::curve(scores, &labels)?),
        histogram: curves::histogram(scores, &labels),
        training: curves::training(scorer.losses()),
    })
}

/// How well maps find the anomalous pixels, where the data have masks and the method has maps. What is measured
/// by now is not lost over masks in which nothing is anomalous.
fn pixels(
    split: &Split,
    scorer: &dyn Scorer,
    progress: &dyn Progress,
    warnings: &mut Vec<String>,
) -> Result<Option<Pixels>, ExperimentError> {
    let Some(masks) = &split.test_masks else {
        return Ok(None);
    };
    let Some(maps) = scorer.maps(split.test.input(), progress)? else {
        return Ok(None);
    };
    match PixelMetrics::of(maps.view(), masks.view()) {
        Ok(found) => Ok(Some(recorded::pixels(&found))),
        Err(error) => {
            warnings.push(format!("no pixel metrics: {error}"));
            Ok(None)
        }
    }
}
