use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Audit, AurocInterval, Curve, Failure, Fields, Histogram, Measured, Metric, Metrics, Pixels,
    Seconds, Seeds, Training, lines,
};

/// One experiment, finished or failed: one JSON file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Layout", try_from = "Layout")]
pub struct Cell {
    /// [`SCHEMA`](crate::SCHEMA), of a cell that is written.
    pub schema: u32,
    /// Absent where no plan asked for it.
    pub id: Option<String>,
    /// The name of the data set.
    pub dataset: String,
    /// The name of the protocol.
    pub protocol: String,
    /// The name of the method.
    pub method: String,
    /// Of the split and of the model.
    pub seed: Seeds,
    /// Every setting of the method.
    pub config: Map<String, Value>,
    /// [`config_hash`](crate::config_hash) of it.
    pub config_hash: Option<String>,
    /// What was done to the rows of the split; the crate that did it knows the settings.
    pub perturb: Option<Fields>,
    /// How the test rows were moved against the score, likewise.
    pub attack: Option<Fields>,
    /// Of the files of the data set.
    pub data_sha256: Option<String>,
    /// What was measured, or why nothing was.
    pub outcome: Result<Measured, Failure>,
    /// The most memory the process held.
    pub peak_rss_bytes: Option<u64>,
    /// What it ran on; absent where the process did not live to say.
    pub device: Option<String>,
    /// The name of the machine.
    pub host: Option<String>,
    /// How many threads it could use.
    pub threads: Option<u64>,
    /// What it was computed with.
    pub versions: Versions,
    /// What to know beside the numbers.
    pub warnings: Vec<String>,
}

/// What a cell was computed with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Versions {
    /// Of the program.
    pub residuum: Option<String>,
    /// Of libtorch, where the program has it.
    pub libtorch: Option<String>,
    /// The commit the sweep was started from, where the starter says it.
    pub git: Option<String>,
}

impl Cell {
    /// What was measured, of a finished cell.
    pub fn measured(&self) -> Option<&Measured> {
        self.outcome.as_ref().ok()
    }

    /// Why a failed cell failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.outcome.as_ref().err()
    }

    /// Whether it finished.
    pub fn is_ok(&self) -> bool {
        self.outcome.is_ok()
    }

    /// `ok` or `failed`.
    pub fn status(&self) -> &'static str {
        if self.is_ok() { "ok" } else { "failed" }
    }

    /// The id, empty where there is none.
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// What was done to the rows, as text; `None` where they are as they are.
    pub fn disturbance(&self) -> Option<String> {
        let parts = [("perturb", &self.perturb), ("attack", &self.attack)];
        let parts: Vec<String> = (parts.into_iter())
            .filter_map(|(key, fields)| Some(format!("{key} {}", fields.as_ref()?)))
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// What a table of `metric` shows, in percent.
    pub fn percent(&self, metric: Metric) -> Option<f64> {
        let measured = self.measured()?;
        let fraction = match metric {
            Metric::Auroc => measured.metrics.auroc,
            Metric::PixelAuroc => measured.pixels?.auroc,
            Metric::PixelAp => measured.pixels?.ap,
            Metric::Aupro => measured.pixels?.aupro,
        };
        Some(100.0 * fraction)
    }

    /// As JSON for readers too: a field in each line, a list of numbers in one.
    ///
    /// # Errors
    /// Where serde_json refuses.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        lines::to_json(self)
    }

    /// As [`write`](Self::write), unless a finished cell of its id is there: it stays. Whether this one is there
    /// now.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn write_first(&self, path: &Path) -> io::Result<bool> {
        let text = format!("{}\n", self.to_json()?);
        if files::write_new(path, text.as_bytes())? {
            return Ok(true);
        }
        if Self::read(path, self.id()).is_ok_and(|cell| cell.is_ok()) {
            return Ok(false);
        }
        files::write(path, text.as_bytes())?;
        Ok(true)
    }

    /// Writes the cell to `path`: there is the whole file or what was there before.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        files::write(path, format!("{}\n", self.to_json()?).as_bytes())
    }
}

/// A cell as its file has it: of `metrics` and `error` one is null.
#[derive(Serialize, Deserialize)]
struct Layout {
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
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
            host: cell.host,
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
            host: layout.host,
            threads: layout.threads,
            versions: layout.versions,
            warnings: layout.warnings,
        })
    }
}
