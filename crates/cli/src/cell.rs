use std::io::Write;
use std::path::Path;

use metrics::Metrics;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::experiment::Seeds;
use crate::failure::{Failure, exit};

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
    pub(crate) data_sha256: String,
    pub(crate) n_train: Option<usize>,
    pub(crate) n_test: Option<usize>,
    pub(crate) n_anomalies: Option<usize>,
    pub(crate) metrics: Option<CellMetrics>,
    pub(crate) seconds: Option<Seconds>,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) params: Option<u64>,
    /// Network evaluations per scored row.
    pub(crate) n_evaluations: Option<u64>,
    /// Spearman's correlation of the scores with the squared length of the row.
    pub(crate) norm_spearman: Option<f64>,
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
            libtorch: residuum::LIBTORCH_VERSION.map(str::to_owned),
            git: std::env::var("RESIDUUM_GIT").ok(),
        }
    }
}

impl Cell {
    /// Writes the cell to `path`: there is the whole file or none, whatever happens meanwhile.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
        write_atomically(path, format!("{text}\n").as_bytes())
    }
}

/// Writes to a temporary file beside `path`, syncs it and renames it.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let write = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        // Temporary files are private by default; a result is as open as any other new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| {
        Failure::new(
            exit::MISSING,
            format!("cannot write {}: {error}", path.display()),
        )
        .hint("give another place or make room; nothing that was finished is lost")
    })
}
