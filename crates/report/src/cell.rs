use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ReportError;
use crate::interval::{By, Interval, LEVEL};
use crate::plan::{Metric, Seed};

/// The layout of a cell's file that this crate reads.
const SCHEMA: u64 = 1;

/// One finished or failed experiment.
#[derive(Debug, Deserialize)]
pub(crate) struct Cell {
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) dataset: String,
    pub(crate) protocol: String,
    pub(crate) method: String,
    pub(crate) seed: Seed,
    pub(crate) config: Map<String, Value>,
    pub(crate) config_hash: Option<String>,
    /// What was done to the rows before the method saw them.
    #[serde(default)]
    perturb: Option<Value>,
    /// How the test rows were moved against the score.
    #[serde(default)]
    attack: Option<Value>,
    pub(crate) data_sha256: Option<String>,
    pub(crate) n_train: Option<u64>,
    pub(crate) n_test: Option<u64>,
    pub(crate) n_anomalies: Option<u64>,
    pub(crate) metrics: Option<Metrics>,
    auroc_interval: Option<AurocInterval>,
    /// Of the maps, where there are maps and masks.
    pub(crate) pixels: Option<Pixels>,
    pub(crate) seconds: Option<Seconds>,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) params: Option<u64>,
    pub(crate) n_evaluations: Option<u64>,
    pub(crate) norm_spearman: Option<f64>,
    pub(crate) audit: Option<Audit>,
    pub(crate) curve: Option<Curve>,
    pub(crate) histogram: Option<Histogram>,
    pub(crate) training: Option<Training>,
    pub(crate) device: Option<String>,
    pub(crate) threads: Option<u64>,
    #[serde(default)]
    pub(crate) versions: Versions,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
    pub(crate) error: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ok,
    Failed,
}

/// Fractions in [0, 1].
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Metrics {
    pub(crate) auroc: f64,
    pub(crate) ap: Option<f64>,
    pub(crate) f1_at_k: Option<f64>,
    pub(crate) fpr95: Option<f64>,
    pub(crate) pauc: Option<f64>,
}

/// Over the test rows, fractions in [0, 1].
#[derive(Debug, Clone, Copy, Deserialize)]
struct AurocInterval {
    level: f64,
    low: f64,
    high: f64,
    by: By,
}

/// Fractions in [0, 1].
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Pixels {
    pub(crate) auroc: f64,
    pub(crate) ap: f64,
    pub(crate) aupro: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Seconds {
    pub(crate) load: Option<f64>,
    pub(crate) fit: Option<f64>,
    pub(crate) score: Option<f64>,
}

/// What was found in the rows of the split.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Audit {
    /// The training rows.
    pub(crate) fitted: Part,
    pub(crate) test: Option<Part>,
    pub(crate) across: Option<Across>,
    pub(crate) anomalies_tied_with_normals: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Part {
    pub(crate) d: u64,
    pub(crate) constant_columns: u64,
    pub(crate) tied_columns: u64,
    pub(crate) duplicates: u64,
}

/// Test rows that repeat training rows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Across {
    pub(crate) normals_in_train: u64,
    pub(crate) share_of_normals: f64,
    pub(crate) anomalies_in_train: u64,
}

/// Points of the ROC curve by their counts, from no row to all rows.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Curve {
    pub(crate) true_positives: Vec<u64>,
    pub(crate) false_positives: Vec<u64>,
}

/// Rows of each class within equal bins between `low` and `high`; the outermost bins are open.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Histogram {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) normals: Vec<u64>,
    pub(crate) anomalies: Vec<u64>,
}

/// The mean loss of some epochs, counted from 1.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Training {
    pub(crate) epochs: Vec<u64>,
    pub(crate) losses: Vec<f64>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Versions {
    pub(crate) residuum: Option<String>,
    pub(crate) libtorch: Option<String>,
    pub(crate) git: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Failure {
    pub(crate) code: Option<i64>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Cell {
    /// What was done to the rows, as JSON; `None` where they are as they are.
    pub(crate) fn disturbance(&self) -> Option<String> {
        let done = [("perturb", &self.perturb), ("attack", &self.attack)];
        let done: Vec<String> = (done.into_iter())
            .filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)))
            .collect();
        (!done.is_empty()).then(|| done.join(", "))
    }

    /// What a table of `metric` shows, in percent.
    pub(crate) fn percent(&self, metric: Metric) -> Option<f64> {
        let fraction = match metric {
            Metric::Auroc => self.metrics?.auroc,
            Metric::PixelAuroc => self.pixels?.auroc,
            Metric::PixelAp => self.pixels?.ap,
            Metric::Aupro => self.pixels?.aupro,
        };
        Some(100.0 * fraction)
    }

    /// How far the AUROC may be off because the test rows are a sample: as the cell says, else from its
    /// counts, which older cells have too. Fractions.
    pub(crate) fn auroc_interval(&self) -> Option<Interval> {
        let auroc = self.metrics?.auroc;
        if let Some(AurocInterval { low, high, by, .. }) = self.auroc_interval {
            return Some(Interval { low, high, by });
        }
        let (test, anomalies) = (self.n_test?, self.n_anomalies?);
        Interval::of_counts(auroc, anomalies, test.checked_sub(anomalies)?)
    }

    /// Seconds to fit and to score, where both were measured.
    pub(crate) fn fit_and_score_seconds(&self) -> Option<f64> {
        let seconds = self.seconds?;
        Some(seconds.fit? + seconds.score?)
    }
}

/// The cell `id` and its metrics, if it is finished and was run under `protocol`.
pub(crate) fn finished<'a>(
    cells: &'a Cells,
    id: &str,
    protocol: &str,
) -> Option<(&'a Cell, Metrics)> {
    let cell = cells.get(id)?.as_ref().ok()?;
    let counts = cell.status == Status::Ok && cell.protocol == protocol;
    counts.then_some((cell, cell.metrics?))
}

/// The cells folder: by id the cell, or why its file cannot be read.
pub(crate) type Cells = BTreeMap<String, Result<Cell, String>>;

/// Reads every `*.json` of `folder`. A file that cannot be read stays in the map with its reason; a
/// folder that does not exist holds nothing yet.
pub(crate) fn load_all(folder: &Path) -> Result<Cells, ReportError> {
    let unreadable = |source| ReportError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Cells::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut cells = Cells::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && let Some(stem) = path.file_stem()
        {
            let id = stem.to_string_lossy().into_owned();
            let cell = read(&path, &id);
            cells.insert(id, cell);
        }
    }
    Ok(cells)
}

fn read(path: &Path, id: &str) -> Result<Cell, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    // The schema first: a file of another one should say so, whatever else changed with it.
    let value: Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("cut off or not JSON: {error}"))?;
    match value.get("schema").map(Value::as_u64) {
        Some(Some(SCHEMA)) => {}
        Some(Some(other)) => return Err(format!("schema {other}, expected {SCHEMA}")),
        _ => return Err(format!("no schema, expected {SCHEMA}")),
    }
    let cell: Cell = serde_json::from_value(value).map_err(|error| error.to_string())?;
    check(&cell, id)?;
    Ok(cell)
}

fn check(cell: &Cell, id: &str) -> Result<(), String> {
    if cell.id != id {
        return Err(format!("holds the cell {}", cell.id));
    }
    match (cell.status, cell.metrics) {
        (Status::Failed, _) => Ok(()),
        (Status::Ok, None) => Err("status ok, but no metrics".to_owned()),
        (Status::Ok, Some(Metrics { auroc, .. })) if !(0.0..=1.0).contains(&auroc) => {
            Err(format!("AUROC {auroc}, expected a fraction in [0, 1]"))
        }
        (Status::Ok, Some(Metrics { auroc, .. })) => {
            (cell.auroc_interval.as_ref()).map_or(Ok(()), |interval| interval.check(auroc))?;
            (cell.curve.as_ref()).map_or(Ok(()), Curve::check)?;
            (cell.histogram.as_ref()).map_or(Ok(()), Histogram::check)?;
            (cell.training.as_ref()).map_or(Ok(()), Training::check)
        }
    }
}

impl AurocInterval {
    fn check(&self, auroc: f64) -> Result<(), String> {
        let &Self {
            level, low, high, ..
        } = self;
        if level != LEVEL {
            return Err(format!("interval of level {level}, expected {LEVEL}"));
        }
        if 0.0 <= low && low <= auroc && auroc <= high && high <= 1.0 {
            return Ok(());
        }
        Err(format!(
            "interval from {low} to {high}, expected around the AUROC {auroc}"
        ))
    }
}

impl Curve {
    fn check(&self) -> Result<(), String> {
        let (tp, fp) = (&self.true_positives, &self.false_positives);
        let ends = |counts: &[u64]| counts.first() == Some(&0) && counts.last() > Some(&0);
        if tp.len() == fp.len() && tp.is_sorted() && fp.is_sorted() && ends(tp) && ends(fp) {
            return Ok(());
        }
        Err("curve: expected two lists of counts that grow from 0, of one length".to_owned())
    }
}

impl Histogram {
    fn check(&self) -> Result<(), String> {
        let bins = self.normals.len();
        let rows: u64 = self.normals.iter().chain(&self.anomalies).sum();
        if bins == self.anomalies.len() && rows > 0 && self.low <= self.high {
            return Ok(());
        }
        Err("histogram: expected as many bins for both classes, and rows in them".to_owned())
    }
}

impl Training {
    fn check(&self) -> Result<(), String> {
        let found = (self.epochs.len(), self.losses.len());
        if found.0 == found.1 && found.0 > 0 && self.epochs.is_sorted() {
            return Ok(());
        }
        Err("training: expected one loss for each epoch, in their order".to_owned())
    }
}
