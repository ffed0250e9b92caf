use std::io::{Result as IoResult, Write};
use std::path::Path;

use datasets::{Audit, Perturbation};
use metrics::{Metrics, PixelMetrics};
use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Map, Value};

use crate::attack::Attack;
use crate::curves::{Curve, Histogram, Training};
use crate::experiment::Seeds;
use crate::failure::{Failure, exit};
use crate::interval::AurocInterval;
use crate::place::write_atomically;

/// The version of the result's layout; part of every cell's id.
pub(crate) const SCHEMA: u32 = 1;

/// The result of one experiment, one JSON file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) schema: u32,
    pub(crate) id: Option<String>,
    pub(crate) status: Status,
    pub(crate) dataset: String,
    pub(crate) protocol: String,
    pub(crate) method: String,
    pub(crate) seed: Seeds,
    pub(crate) config: Map<String, Value>,
    pub(crate) config_hash: String,
    /// What was done to the rows before the method saw them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) perturb: Option<Perturbation>,
    /// How the test rows were moved before they were scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attack: Option<Attack>,
    pub(crate) data_sha256: String,
    pub(crate) n_train: Option<usize>,
    pub(crate) n_test: Option<usize>,
    pub(crate) n_anomalies: Option<usize>,
    pub(crate) metrics: Option<CellMetrics>,
    pub(crate) auroc_interval: Option<AurocInterval>,
    /// How well the maps find anomalous pixels.
    pub(crate) pixels: Option<CellPixels>,
    pub(crate) seconds: Option<Seconds>,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) params: Option<u64>,
    /// Network evaluations per scored row.
    pub(crate) n_evaluations: Option<u64>,
    /// Spearman's correlation of the scores with the squared length of the row.
    pub(crate) norm_spearman: Option<f64>,
    /// What the audit of the split found.
    pub(crate) audit: Option<Audit>,
    pub(crate) curve: Option<Curve>,
    pub(crate) histogram: Option<Histogram>,
    /// The losses of the training, where it went in epochs.
    pub(crate) training: Option<Training>,
    pub(crate) device: String,
    pub(crate) threads: usize,
    pub(crate) versions: Versions,
    pub(crate) warnings: Vec<String>,
    pub(crate) error: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ok,
    Failed,
}

/// Fractions in [0, 1] at full precision.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct CellMetrics {
    pub(crate) auroc: f64,
    pub(crate) ap: f64,
    pub(crate) f1_at_k: f64,
    pub(crate) fpr95: f64,
    pub(crate) pauc: f64,
}

/// Fractions in [0, 1] at full precision.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct CellPixels {
    pub(crate) auroc: f64,
    pub(crate) ap: f64,
    pub(crate) aupro: f64,
}

impl From<PixelMetrics> for CellPixels {
    fn from(m: PixelMetrics) -> Self {
        Self {
            auroc: m.auroc,
            ap: m.ap,
            aupro: m.aupro,
        }
    }
}

impl From<Metrics> for CellMetrics {
    fn from(m: Metrics) -> Self {
        Self {
            auroc: m.auroc,
            ap: m.ap,
            f1_at_k: m.f1_at_k,
            fpr95: m.fpr95,
            pauc: m.pauc,
        }
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Seconds {
    pub(crate) load: f64,
    pub(crate) fit: f64,
    pub(crate) score: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Versions {
    pub(crate) residuum: String,
    pub(crate) libtorch: Option<String>,
    /// The commit the sweep was started from, where the starter says it.
    pub(crate) git: Option<String>,
}

impl Versions {
    pub(crate) fn current() -> Self {
        Self {
            residuum: env!("CARGO_PKG_VERSION").to_owned(),
            libtorch: Some(residuum::LIBTORCH_VERSION.to_owned()),
            git: std::env::var("RESIDUUM_GIT").ok(),
        }
    }
}

impl Cell {
    /// Writes the cell to `path`: there is the whole file or none, whatever happens meanwhile.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        write_atomically(path, format!("{}\n", self.to_json()?).as_bytes())
    }

    /// As JSON for readers too: a field in each line, a list of numbers in one.
    pub(crate) fn to_json(&self) -> Result<String, Failure> {
        let internal = |error: String| Failure::new(exit::INTERNAL, error);
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Lines::default());
        self.serialize(&mut serializer)
            .map_err(|error| internal(error.to_string()))?;
        String::from_utf8(bytes).map_err(|error| internal(error.to_string()))
    }
}

/// [`PrettyFormatter`] but for arrays, which stay in their line: a curve has a hundred numbers.
#[derive(Default)]
struct Lines(PrettyFormatter<'static>);

impl Formatter for Lines {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> IoResult<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> IoResult<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> IoResult<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> IoResult<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> IoResult<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> IoResult<()> {
        self.0.end_object_value(out)
    }
}
