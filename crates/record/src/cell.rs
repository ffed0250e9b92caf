use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layout::Layout;
use crate::{Failure, Fields, Measured, Metric, Seeds, lines};

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

    /// Writes the cell to `path`: there is the whole file or what was there before.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        files::write(path, format!("{}\n", self.to_json()?).as_bytes())
    }
}
