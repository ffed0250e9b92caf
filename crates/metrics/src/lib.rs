#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod ranks;
mod roc;

mod auroc;
mod average_precision;
mod f1_at_k;
mod fpr_at_tpr;
mod partial_auroc;
mod spearman;

mod summary;

mod pixels;

pub mod statistics;

#[cfg(test)]
mod test_rows;

pub use auroc::auroc;
pub use average_precision::average_precision;
pub use error::MetricError;
pub use f1_at_k::f1_at_k;
pub use fpr_at_tpr::fpr_at_tpr;
pub use partial_auroc::partial_auroc;
pub use pixels::{PixelMetrics, aupro, pixel_auroc, pixel_average_precision};
pub use roc::{RocCurve, RocPoint, roc_curve};
pub use spearman::spearman;
pub use summary::Metrics;
