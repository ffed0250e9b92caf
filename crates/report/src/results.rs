//! The cells as one flat table.

use columns::{Column, Columns, ColumnsError, Values};
use record::{Cell, Metrics, Pixels, Seconds};

use crate::cell::Cells;
use crate::cell::auroc_interval;
use crate::error::ReportError;
use crate::footnotes::one_line;
use crate::interval::Interval;

/// The table of `results.parquet` and `results.csv`: one row for each readable cell, sorted by data set,
/// protocol, method, seeds and id, fractions at full precision.
pub(crate) fn columns(cells: &Cells) -> Result<Columns, ReportError> {
    table(cells).map_err(|source| ReportError::Encode {
        source: Box::new(source),
    })
}

fn table(cells: &Cells) -> Result<Columns, ColumnsError> {
    let mut cells: Vec<&Cell> = cells.values().flatten().collect();
    cells.sort_by_key(|cell| {
        let place = (&cell.dataset, &cell.protocol, &cell.method);
        (place, cell.seed.data, cell.seed.model, cell.id())
    });
    let owned = |name, of: fn(&Cell) -> String| {
        let texts = cells.iter().map(|cell| Some(of(cell)));
        column(name, texts, Values::Text)
    };
    let text = |name, of: fn(&Cell) -> Option<&str>| {
        let texts = cells.iter().map(|cell| of(cell).map(str::to_owned));
        column(name, texts, Values::Text)
    };
    let count = |name, of: fn(&Cell) -> Option<u64>| {
        let counts: Vec<Option<u64>> = cells.iter().map(|cell| of(cell)).collect();
        whole(name, &counts)
    };
    let number = |name, of: &dyn Fn(&Cell) -> Option<f64>| {
        let numbers = cells.iter().map(|cell| of(cell));
        column(name, numbers, Values::Float64)
    };
    let metric =
        |name, of: fn(&Metrics) -> Option<f64>| number(name, &|cell| of(&cell.measured()?.metrics));
    let interval = |name, of: fn(&Interval) -> f64| {
        number(name, &|cell| auroc_interval(cell).as_ref().map(of))
    };
    let pixels = |name, of: fn(&Pixels) -> f64| {
        number(name, &|cell| cell.measured()?.pixels.as_ref().map(of))
    };
    let seconds = |name, of: fn(&Seconds) -> Option<f64>| {
        number(name, &|cell| cell.measured()?.seconds.as_ref().and_then(of))
    };
    let codes = cells
        .iter()
        .map(|cell| cell.failure().and_then(|error| error.code).map(i64::from));
    Columns::new(vec![
        text("id", |cell| Some(cell.id()))?,
        text("dataset", |cell| Some(&cell.dataset))?,
        text("protocol", |cell| Some(&cell.protocol))?,
        text("method", |cell| Some(&cell.method))?,
        count("data_seed", |cell| Some(cell.seed.data))?,
        count("model_seed", |cell| Some(cell.seed.model))?,
        text("status", |cell| Some(cell.status()))?,
        metric("auroc", |metrics| Some(metrics.auroc))?,
        metric("ap", |metrics| metrics.ap)?,
        metric("f1_at_k", |metrics| metrics.f1_at_k)?,
        metric("fpr95", |metrics| metrics.fpr95)?,
        metric("pauc", |metrics| metrics.pauc)?,
        interval("auroc_low", |found| found.low)?,
        interval("auroc_high", |found| found.high)?,
        text("auroc_interval", |cell| {
            Some(auroc_interval(cell)?.by.word())
        })?,
        pixels("pixel_auroc", |pixels| pixels.auroc)?,
        pixels("pixel_ap", |pixels| pixels.ap)?,
        pixels("aupro", |pixels| pixels.aupro)?,
        seconds("load_seconds", |seconds| seconds.load)?,
        seconds("fit_seconds", |seconds| seconds.fit)?,
        seconds("score_seconds", |seconds| seconds.score)?,
        count("n_train", |cell| cell.measured()?.n_train)?,
        count("n_test", |cell| cell.measured()?.n_test)?,
        count("n_anomalies", |cell| cell.measured()?.n_anomalies)?,
        count("params", |cell| cell.measured()?.params)?,
        count("n_evaluations", |cell| cell.measured()?.n_evaluations)?,
        number("norm_spearman", &|cell| cell.measured()?.norm_spearman)?,
        count("peak_rss_bytes", |cell| cell.peak_rss_bytes)?,
        text("device", |cell| cell.device.as_deref())?,
        count("threads", |cell| cell.threads)?,
        text("residuum_version", |cell| cell.versions.residuum.as_deref())?,
        text("libtorch_version", |cell| cell.versions.libtorch.as_deref())?,
        text("git_commit", |cell| cell.versions.git.as_deref())?,
        text("data_sha256", |cell| cell.data_sha256.as_deref())?,
        text("config_hash", |cell| cell.config_hash.as_deref())?,
        owned("disturbance", |cell| cell.disturbance().unwrap_or_default())?,
        owned("config", |cell| {
            serde_json::Value::Object(cell.config.clone()).to_string()
        })?,
        owned("warnings", |cell| {
            let lines: Vec<String> = cell.warnings.iter().map(|text| one_line(text)).collect();
            lines.join("; ")
        })?,
        column("error_code", codes, Values::Integer)?,
        text("error_message", |cell| {
            cell.failure().map(|error| error.message.as_str())
        })?,
        text("error_hint", |cell| {
            cell.failure().and_then(|error| error.hint.as_deref())
        })?,
    ])
}

/// Whole numbers to the last digit: as text where one is too large for an integer of the table.
fn whole(name: &str, values: &[Option<u64>]) -> Result<Column, ColumnsError> {
    let integers: Result<Vec<Option<i64>>, _> = values
        .iter()
        .map(|value| value.map(i64::try_from).transpose())
        .collect();
    match integers {
        Ok(integers) => column(name, integers.into_iter(), Values::Integer),
        Err(_) => {
            let texts = values.iter().map(|value| value.map(|v| v.to_string()));
            column(name, texts, Values::Text)
        }
    }
}

fn column<T: Default>(
    name: &str,
    values: impl Iterator<Item = Option<T>>,
    of: fn(Vec<T>) -> Values,
) -> Result<Column, ColumnsError> {
    let (missing, values) = values
        .map(|value| (value.is_none(), value.unwrap_or_default()))
        .unzip();
    Column::new(name, of(values)).with_missing(missing)
}
