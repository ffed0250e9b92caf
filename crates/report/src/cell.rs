use std::collections::BTreeMap;
use std::path::Path;

use record::{Cell, Measured, Metrics};

use crate::ReportError;
use crate::interval::Interval;

/// How far the AUROC may be off because the test rows are a sample: as the cell says, else from its
/// counts, which older cells have too. Fractions.
pub(crate) fn auroc_interval(cell: &Cell) -> Option<Interval> {
    let measured = cell.measured()?;
    if let Some(record::AurocInterval { low, high, by, .. }) = measured.auroc_interval {
        let by = by.into();
        return Some(Interval { low, high, by });
    }
    let (test, anomalies) = (measured.n_test?, measured.n_anomalies?);
    let auroc = measured.metrics.auroc;
    Interval::of_counts(auroc, anomalies, test.checked_sub(anomalies)?)
}

/// Seconds to fit and to score, where both were measured.
pub(crate) fn fit_and_score_seconds(measured: &Measured) -> Option<f64> {
    let seconds = measured.seconds?;
    Some(seconds.fit? + seconds.score?)
}

/// The cell `id` and its metrics, if it is finished and was run under `protocol`.
pub(crate) fn finished<'a>(
    cells: &'a Cells,
    id: &str,
    protocol: &str,
) -> Option<(&'a Cell, Metrics)> {
    let cell = cells.get(id)?.as_ref().ok()?;
    let metrics = cell.measured()?.metrics;
    (cell.protocol == protocol).then_some((cell, metrics))
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
            let cell = Cell::read(&path, &id).map_err(|error| error.to_string());
            cells.insert(id, cell);
        }
    }
    Ok(cells)
}
