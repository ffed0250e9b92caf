//! What was found, as the record holds it.

use datasets::Audit;
use metrics::{Metrics, PixelMetrics};
use record::{Fields, Pixels, Versions};
use serde::Serialize;

use crate::ExperimentError;

/// What cells are computed with.
pub(crate) fn versions() -> Versions {
    Versions {
        residuum: Some(env!("CARGO_PKG_VERSION").to_owned()),
        libtorch: Some(residuum::LIBTORCH_VERSION.to_owned()),
        git: std::env::var("RESIDUUM_GIT").ok(),
    }
}

/// A disturbance as it is recorded.
pub(crate) fn fields(done: Option<&impl Serialize>) -> Result<Option<Fields>, ExperimentError> {
    let fields = done.map(Fields::of).transpose();
    fields.map_err(ExperimentError::Record)
}

/// The metrics as they are recorded.
pub(crate) fn metrics(found: &Metrics) -> record::Metrics {
    record::Metrics {
        auroc: found.auroc,
        ap: Some(found.ap),
        f1_at_k: Some(found.f1_at_k),
        fpr95: Some(found.fpr95),
        pauc: Some(found.pauc),
    }
}

/// The metrics of maps as they are recorded.
pub(crate) fn pixels(found: &PixelMetrics) -> Pixels {
    Pixels {
        auroc: found.auroc,
        ap: found.ap,
        aupro: found.aupro,
    }
}

/// The audit as it is recorded.
pub(crate) fn audit(found: &Audit) -> record::Audit {
    let part = |part: &datasets::Part| record::Part {
        n: part.n as u64,
        d: part.d as u64,
        constant_columns: part.constant_columns as u64,
        tied_columns: part.tied_columns as u64,
        fine_columns: part.fine_columns as u64,
        not_finite: part.not_finite as u64,
        duplicates: part.duplicates as u64,
    };
    let across = |across: &datasets::Across| record::Across {
        normals_in_train: across.normals_in_train as u64,
        share_of_normals: across.share_of_normals,
        anomalies_in_train: across.anomalies_in_train as u64,
    };
    record::Audit {
        fitted: part(&found.fitted),
        test: found.test.as_ref().map(part),
        across: found.across.as_ref().map(across),
        normals: found.normals as u64,
        anomalies: found.anomalies as u64,
        anomalies_tied_with_normals: found.anomalies_tied_with_normals as u64,
    }
}
