//! The fields of a cell's file, in their order.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Audit, AurocInterval, Cell, Curve, Failure, Fields, Histogram, Measured, Metrics, Pixels,
    Seconds, Seeds, Training, Versions,
};

/// A cell as its file has it: of `metrics` and `error` one is null.
#[derive(Serialize, Deserialize)]
pub(crate) struct Layout {
    schema: u32,
    id: Option<String>,
    status: Status,
    dataset: String,
    protocol: String,
    method: String,
    seed: Seeds,
    config: Map<String, Value>,
    config_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    perturb: Option<Fields>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attack: Option<Fields>,
    data_sha256: Option<String>,
    n_train: Option<u64>,
    n_test: Option<u64>,
    n_anomalies: Option<u64>,
    metrics: Option<Metrics>,
    auroc_interval: Option<AurocInterval>,
    pixels: Option<Pixels>,
    seconds: Option<Seconds>,
    peak_rss_bytes: Option<u64>,
    params: Option<u64>,
    n_evaluations: Option<u64>,
    norm_spearman: Option<f64>,
    audit: Option<Audit>,
    curve: Option<Curve>,
    histogram: Option<Histogram>,
    training: Option<Training>,
    device: Option<String>,
    threads: Option<u64>,
    #[serde(default)]
    versions: Versions,
    #[serde(default)]
    warnings: Vec<String>,
    error: Option<Failure>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Failed,
}

impl From<Cell> for Layout {
    fn from(cell: Cell) -> Self {
        let (measured, error) = match cell.outcome {
            Ok(measured) => (Some(measured), None),
            Err(failure) => (None, Some(failure)),
        };
        let status = match error {
            None => Status::Ok,
            Some(_) => Status::Failed,
        };
        let metrics = measured.as_ref().map(|m| m.metrics);
        macro_rules! of {
            ($field:ident) => {
                measured.as_ref().and_then(|m| m.$field.clone())
            };
        }
        Self {
            schema: cell.schema,
            id: cell.id,
            status,
            dataset: cell.dataset,
            protocol: cell.protocol,
            method: cell.method,
            seed: cell.seed,
            config: cell.config,
            config_hash: cell.config_hash,
            perturb: cell.perturb,
            attack: cell.attack,
            data_sha256: cell.data_sha256,
            n_train: of!(n_train),
            n_test: of!(n_test),
            n_anomalies: of!(n_anomalies),
            metrics,
            auroc_interval: of!(auroc_interval),
            pixels: of!(pixels),
            seconds: of!(seconds),
            peak_rss_bytes: cell.peak_rss_bytes,
            params: of!(params),
            n_evaluations: of!(n_evaluations),
            norm_spearman: of!(norm_spearman),
            audit: of!(audit),
            curve: of!(curve),
            histogram: of!(histogram),
            training: of!(training),
            device: cell.device,
            threads: cell.threads,
            versions: cell.versions,
            warnings: cell.warnings,
            error,
        }
    }
}

impl TryFrom<Layout> for Cell {
    type Error = &'static str;

    fn try_from(layout: Layout) -> Result<Self, Self::Error> {
        let outcome = match (layout.status, layout.metrics, layout.error) {
            (Status::Ok, None, _) => return Err("status ok, but no metrics"),
            (Status::Ok, Some(metrics), _) => Ok(Measured {
                n_train: layout.n_train,
                n_test: layout.n_test,
                n_anomalies: layout.n_anomalies,
                metrics,
                auroc_interval: layout.auroc_interval,
                pixels: layout.pixels,
                seconds: layout.seconds,
                params: layout.params,
                n_evaluations: layout.n_evaluations,
                norm_spearman: layout.norm_spearman,
                audit: layout.audit,
                curve: layout.curve,
                histogram: layout.histogram,
                training: layout.training,
            }),
            (Status::Failed, _, Some(failure)) => Err(failure),
            (Status::Failed, _, None) => Err(Failure {
                code: None,
                message: "no reason recorded".to_owned(),
                hint: None,
            }),
        };
        Ok(Self {
            schema: layout.schema,
            id: layout.id,
            dataset: layout.dataset,
            protocol: layout.protocol,
            method: layout.method,
            seed: layout.seed,
            config: layout.config,
            config_hash: layout.config_hash,
            perturb: layout.perturb,
            attack: layout.attack,
            data_sha256: layout.data_sha256,
            outcome,
            peak_rss_bytes: layout.peak_rss_bytes,
            device: layout.device,
            threads: layout.threads,
            versions: layout.versions,
            warnings: layout.warnings,
        })
    }
}
