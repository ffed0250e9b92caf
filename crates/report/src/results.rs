//! The cells as one flat table. Only this file and `scores` know polars.

use polars::prelude::{Column, CsvWriter, DataFrame, ParquetWriter, PolarsError, SerWriter};
use record::{Cell, Metrics, Pixels, Seconds};

use crate::cell::Cells;
use crate::cell::auroc_interval;
use crate::error::ReportError;
use crate::footnotes::one_line;
use crate::interval::Interval;

/// `results.parquet` and `results.csv` as bytes: one row for each readable cell, sorted by data set,
/// protocol, method, seeds and id, fractions at full precision.
pub(crate) fn encode(cells: &Cells) -> Result<(Vec<u8>, Vec<u8>), ReportError> {
    let error = |file| {
        move |source: PolarsError| ReportError::Encode {
            file,
            source: Box::new(source),
        }
    };
    let mut frame = frame(cells).map_err(error("the table of results"))?;
    let mut parquet = Vec::new();
    (ParquetWriter::new(&mut parquet).finish(&mut frame)).map_err(error("results.parquet"))?;
    let mut csv = Vec::new();
    (CsvWriter::new(&mut csv).finish(&mut frame)).map_err(error("results.csv"))?;
    Ok((parquet, csv))
}

fn frame(cells: &Cells) -> Result<DataFrame, PolarsError> {
    let mut cells: Vec<&Cell> = cells.values().flatten().collect();
    cells.sort_by_key(|cell| {
        let place = (&cell.dataset, &cell.protocol, &cell.method);
        (place, cell.seed.data, cell.seed.model, cell.id())
    });
    let text = |name: &str, of: fn(&Cell) -> &str| Column::new(name.into(), values(&cells, of));
    let maybe_text =
        |name: &str, of: fn(&Cell) -> Option<&str>| Column::new(name.into(), values(&cells, of));
    let owned = |name: &str, of: fn(&Cell) -> String| Column::new(name.into(), values(&cells, of));
    let count =
        |name: &str, of: fn(&Cell) -> Option<u64>| Column::new(name.into(), values(&cells, of));
    let metric = |name: &str, of: fn(&Metrics) -> Option<f64>| {
        let of = |cell: &Cell| of(&cell.measured()?.metrics);
        Column::new(
            name.into(),
            cells.iter().map(|cell| of(cell)).collect::<Vec<_>>(),
        )
    };
    let interval = |name: &str, of: fn(&Interval) -> f64| {
        let of = |cell: &&Cell| auroc_interval(cell).as_ref().map(of);
        Column::new(name.into(), cells.iter().map(of).collect::<Vec<_>>())
    };
    let pixels = |name: &str, of: fn(&Pixels) -> f64| {
        let of = |cell: &Cell| cell.measured()?.pixels.as_ref().map(of);
        Column::new(
            name.into(),
            cells.iter().map(|cell| of(cell)).collect::<Vec<_>>(),
        )
    };
    let seconds = |name: &str, of: fn(&Seconds) -> Option<f64>| {
        let of = |cell: &Cell| cell.measured()?.seconds.as_ref().and_then(of);
        Column::new(
            name.into(),
            cells.iter().map(|cell| of(cell)).collect::<Vec<_>>(),
        )
    };
    DataFrame::new(
        cells.len(),
        vec![
            text("id", |cell| cell.id()),
            text("dataset", |cell| &cell.dataset),
            text("protocol", |cell| &cell.protocol),
            text("method", |cell| &cell.method),
            count("data_seed", |cell| Some(cell.seed.data)),
            count("model_seed", |cell| Some(cell.seed.model)),
            text("status", |cell| cell.status()),
            metric("auroc", |metrics| Some(metrics.auroc)),
            metric("ap", |metrics| metrics.ap),
            metric("f1_at_k", |metrics| metrics.f1_at_k),
            metric("fpr95", |metrics| metrics.fpr95),
            metric("pauc", |metrics| metrics.pauc),
            interval("auroc_low", |found| found.low),
            interval("auroc_high", |found| found.high),
            maybe_text("auroc_interval", |cell| {
                Some(auroc_interval(cell)?.by.word())
            }),
            pixels("pixel_auroc", |pixels| pixels.auroc),
            pixels("pixel_ap", |pixels| pixels.ap),
            pixels("aupro", |pixels| pixels.aupro),
            seconds("load_seconds", |seconds| seconds.load),
            seconds("fit_seconds", |seconds| seconds.fit),
            seconds("score_seconds", |seconds| seconds.score),
            count("n_train", |cell| cell.measured()?.n_train),
            count("n_test", |cell| cell.measured()?.n_test),
            count("n_anomalies", |cell| cell.measured()?.n_anomalies),
            count("params", |cell| cell.measured()?.params),
            count("n_evaluations", |cell| cell.measured()?.n_evaluations),
            Column::new(
                "norm_spearman".into(),
                values(&cells, |cell| cell.measured()?.norm_spearman),
            ),
            count("peak_rss_bytes", |cell| cell.peak_rss_bytes),
            maybe_text("device", |cell| cell.device.as_deref()),
            count("threads", |cell| cell.threads),
            maybe_text("residuum_version", |cell| cell.versions.residuum.as_deref()),
            maybe_text("libtorch_version", |cell| cell.versions.libtorch.as_deref()),
            maybe_text("git_commit", |cell| cell.versions.git.as_deref()),
            maybe_text("data_sha256", |cell| cell.data_sha256.as_deref()),
            maybe_text("config_hash", |cell| cell.config_hash.as_deref()),
            owned("disturbance", |cell| cell.disturbance().unwrap_or_default()),
            owned("config", |cell| {
                serde_json::Value::Object(cell.config.clone()).to_string()
            }),
            owned("warnings", |cell| {
                let lines: Vec<String> = cell.warnings.iter().map(|text| one_line(text)).collect();
                lines.join("; ")
            }),
            Column::new(
                "error_code".into(),
                values(&cells, |cell| {
                    cell.failure().and_then(|error| error.code).map(i64::from)
                }),
            ),
            maybe_text("error_message", |cell| {
                cell.failure().map(|error| error.message.as_str())
            }),
            maybe_text("error_hint", |cell| {
                cell.failure().and_then(|error| error.hint.as_deref())
            }),
        ],
    )
}

fn values<'a, T>(cells: &[&'a Cell], of: impl Fn(&'a Cell) -> T) -> Vec<T> {
    cells.iter().map(|cell| of(cell)).collect()
}
