//! What is read and written, and what a damaged run does.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use crate::common::{Folder, failed, full_run, ok, small_plan, truncate};
use columns::{Column, Columns, Values};
use polars::prelude::{AnyValue, DataFrame, DataType, ParquetReader, SerReader};
use report::{ReportError, Run};
use serde_json::json;
use tables::{Format, Style};

#[test]
fn parquet_and_csv_hold_every_readable_cell_at_full_precision() {
    let folder = Folder::new(&small_plan());
    let auroc = 0.1 + 0.2; // 0.30000000000000004
    let mut cell = ok("a", "iforest", "tile", auroc, &["one, \"two\"", "three"]);
    cell["params"] = json!(12345);
    folder.cell(&cell);
    folder.cell(&failed("b", "copod", "grid", "out of\nmemory"));
    truncate(&folder.run().join("cells/c.json"));
    let written = folder.load().write(&folder.run()).unwrap();

    let parquet = fs::read(&written.parquet).unwrap();
    let frame = ParquetReader::new(Cursor::new(parquet)).finish().unwrap();
    assert_eq!(frame.height(), 2);
    // Sorted by data set: grid, then tile.
    assert_eq!(text(&frame, "dataset", 0), "grid");
    assert_eq!(text(&frame, "status", 0), "failed");
    assert_eq!(text(&frame, "error_message", 0), "out of\nmemory");
    assert_eq!(value(&frame, "error_code", 0), AnyValue::Int64(3));
    assert_eq!(value(&frame, "auroc", 0), AnyValue::Null);
    assert_eq!(text(&frame, "id", 1), "a");
    assert_eq!(value(&frame, "auroc", 1), AnyValue::Float64(auroc));
    assert_eq!(value(&frame, "pauc", 1), AnyValue::Float64(0.75));
    // From the counts: 63 anomalies of 563 rows.
    assert_eq!(text(&frame, "auroc_interval", 1), "newcombe");
    assert_eq!(value(&frame, "auroc_low", 0), AnyValue::Null);
    assert_eq!(value(&frame, "fit_seconds", 1), AnyValue::Float64(1.5));
    assert_eq!(value(&frame, "data_seed", 1), AnyValue::Int64(44));
    assert_eq!(value(&frame, "params", 1), AnyValue::Int64(12345));
    assert_eq!(value(&frame, "n_anomalies", 1), AnyValue::Int64(63));
    assert_eq!(text(&frame, "warnings", 1), "one, \"two\"; three");
    let config: serde_json::Value = serde_json::from_str(&text(&frame, "config", 1)).unwrap();
    assert_eq!(config, json!({"rows": "standard", "trees": 100}));

    let csv = fs::read_to_string(&written.csv).unwrap();
    let header = csv.lines().next().unwrap();
    let start =
        "id,dataset,protocol,method,data_seed,model_seed,status,auroc,ap,f1_at_k,fpr95,pauc,";
    assert!(header.starts_with(start), "{header}");
    assert_eq!(header.split(',').count(), frame.width());
    assert!(csv.contains("a,tile,paper,iforest,44,44,ok,0.30000000000000004,0.5,0.25,0.125,0.75,"));
    assert!(csv.contains("\"one, \"\"two\"\"; three\""), "{csv}");
}

const TEXT: [&str; 17] = [
    "id",
    "dataset",
    "protocol",
    "method",
    "status",
    "auroc_interval",
    "device",
    "residuum_version",
    "libtorch_version",
    "git_commit",
    "data_sha256",
    "config_hash",
    "disturbance",
    "config",
    "warnings",
    "error_message",
    "error_hint",
];
const WHOLE: [&str; 10] = [
    "data_seed",
    "model_seed",
    "n_train",
    "n_test",
    "n_anomalies",
    "params",
    "n_evaluations",
    "peak_rss_bytes",
    "threads",
    "error_code",
];

#[test]
fn every_column_of_the_results_has_its_type_with_and_without_rows() {
    let expected = |name: &str| match name {
        name if TEXT.contains(&name) => DataType::String,
        name if WHOLE.contains(&name) => DataType::Int64,
        _ => DataType::Float64,
    };
    let folder = Folder::new(&small_plan());
    for rows in 0..2 {
        let written = folder.load().write(&folder.run()).unwrap();
        let frame = frame(&written.parquet);
        assert_eq!((frame.height(), frame.width()), (rows, 41));
        for column in frame.columns() {
            let name = column.name().as_str();
            assert_eq!(*column.dtype(), expected(name), "{name}");
        }
        folder.cell(&ok("a", "iforest", "tile", 0.75, &[]));
    }
}

#[test]
fn what_a_cell_lacks_is_null_in_parquet_and_empty_in_csv() {
    let folder = Folder::new(&small_plan());
    folder.cell(&ok("a", "iforest", "tile", 1.0, &[]));
    folder.cell(&failed("b", "copod", "grid", "no"));
    let written = folder.load().write(&folder.run()).unwrap();
    let frame = frame(&written.parquet);
    let nulls = |row: usize| -> Vec<&str> {
        let columns = frame.columns().iter();
        let nulls = columns.filter(|column| column.get(row).unwrap() == AnyValue::Null);
        nulls.map(|column| column.name().as_str()).collect()
    };
    let both = [
        "pixel_auroc",
        "pixel_ap",
        "aupro",
        "params",
        "n_evaluations",
        "norm_spearman",
        "libtorch_version",
        "git_commit",
    ];
    let of_ok = ["error_code", "error_message", "error_hint"];
    let of_failed = [
        "auroc",
        "ap",
        "f1_at_k",
        "fpr95",
        "pauc",
        "auroc_low",
        "auroc_high",
        "auroc_interval",
        "load_seconds",
        "fit_seconds",
        "score_seconds",
        "n_train",
        "n_test",
        "n_anomalies",
    ];
    let sorted = |mut names: Vec<&'static str>| {
        names.sort_unstable();
        names
    };
    let found = |row| {
        let mut names = nulls(row);
        names.sort_unstable();
        names
    };
    assert_eq!(found(0), sorted([&both[..], &of_failed].concat()));
    assert_eq!(found(1), sorted([&both[..], &of_ok].concat()));
    assert_eq!(text(&frame, "warnings", 1), "");

    let csv = fs::read_to_string(&written.csv).unwrap();
    let failed = csv.lines().nth(1).unwrap();
    assert!(
        failed
            .starts_with("b,grid,paper,copod,44,44,failed,,,,,,,,,,,,,,,,,,,,,1024,cpu,2,0.1.0,,,"),
        "{failed}"
    );
    assert!(failed.ends_with(",3,no,look at the file"), "{failed}");
    assert_eq!(csv.lines().count(), 3);
}

#[test]
fn a_seed_beyond_the_integers_makes_its_column_text() {
    let folder = Folder::new(&small_plan());
    for (id, seed) in [("a", u64::MAX), ("b", i64::MAX as u64), ("c", 7)] {
        let mut cell = ok(id, "iforest", "tile", 0.75, &[]);
        cell["seed"] = json!({"data": seed, "model": seed.min(i64::MAX as u64)});
        folder.cell(&cell);
    }
    let written = folder.load().write(&folder.run()).unwrap();
    let frame = frame(&written.parquet);
    let order = [("c", 7), ("b", i64::MAX as u64), ("a", u64::MAX)];
    for (row, (id, seed)) in order.into_iter().enumerate() {
        assert_eq!(text(&frame, "id", row), id);
        assert_eq!(text(&frame, "data_seed", row), seed.to_string());
        let model = seed.min(i64::MAX as u64) as i64;
        assert_eq!(value(&frame, "model_seed", row), AnyValue::Int64(model));
    }
    let csv = fs::read_to_string(&written.csv).unwrap();
    assert!(csv.contains("\na,tile,paper,iforest,18446744073709551615,9223372036854775807,"));
}

/// What the program writes with `tables`, an independent reader reads.
#[test]
fn every_kind_of_column_comes_back_with_its_bits_and_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kinds.parquet");
    let gaps = vec![false, true, false];
    let gap = |column: Column| column.with_missing(gaps.clone()).unwrap();
    let single = [0.1_f32, f32::MIN_POSITIVE / 2.0, f32::INFINITY];
    let double = [0.1 + 0.2, -0.0, 5e-324];
    let whole = [i64::MIN, i64::MAX, -1];
    let words = ["", "a,\"\n", "\u{e4}"];
    let columns = Columns::new(vec![
        Column::new("single", Values::Float32(single.to_vec())),
        Column::new("double", Values::Float64(double.to_vec())),
        gap(Column::new("whole", Values::Integer(whole.to_vec()))),
        gap(Column::new(
            "flag",
            Values::Boolean(vec![true, true, false]),
        )),
        Column::new("text", Values::Text(words.map(str::to_owned).to_vec())),
    ]);
    tables::write(&path, Format::Parquet, Style::default(), &columns.unwrap()).unwrap();
    let frame = frame(&path);
    assert_eq!(frame.height(), 3);
    let found = frame.column("single").unwrap().f32().unwrap();
    let found = found.into_no_null_iter().map(f32::to_bits);
    assert!(found.eq(single.map(f32::to_bits)));
    let found = frame.column("double").unwrap().f64().unwrap();
    let found = found.into_no_null_iter().map(f64::to_bits);
    assert!(found.eq(double.map(f64::to_bits)));
    for row in 0..3 {
        let (whole, flag) = match gaps[row] {
            true => (AnyValue::Null, AnyValue::Null),
            false => (AnyValue::Int64(whole[row]), AnyValue::Boolean(row == 0)),
        };
        assert_eq!(value(&frame, "whole", row), whole);
        assert_eq!(value(&frame, "flag", row), flag);
        assert_eq!(text(&frame, "text", row), words[row]);
    }
}

/// The program writes the cells that fail, and the sweep those whose process did not live to. Each file is
/// as its writer made it; a test in `xtask` holds the sweep to its own.
#[test]
fn failed_cells_of_both_writers_read_alike() {
    let read = |text: &str| {
        let folder = Folder::new(&small_plan());
        folder.cell(&serde_json::from_str(text).unwrap());
        let written = folder.load().write(&folder.run()).unwrap();
        let parquet = fs::read(&written.parquet).unwrap();
        let frame = ParquetReader::new(Cursor::new(parquet)).finish().unwrap();
        let own = [
            "error_code",
            "error_message",
            "error_hint",
            "device",
            "threads",
            "peak_rss_bytes",
        ];
        let own = own
            .into_iter()
            .chain(["residuum_version", "libtorch_version"]);
        frame.drop_many(own)
    };
    let program = read(include_str!(
        "../../../record/tests/cells/failed_by_the_program.json"
    ));
    let sweep = read(include_str!(
        "../../../record/tests/cells/failed_by_the_sweep.json"
    ));
    assert!(program.equals_missing(&sweep), "{program}\n{sweep}");
    let done = text(&sweep, "disturbance", 0);
    assert!(
        done.contains("feature-noise") && done.contains("epsilon"),
        "{done}"
    );
}

#[test]
fn a_disturbance_stands_beside_the_method() {
    let folder = Folder::new(&small_plan());
    let mut cell = ok("a", "iforest", "tile", 0.75, &[]);
    cell["perturb"] = json!({"kind": "feature-noise"});
    cell["attack"] = json!({"epsilon": 0.1});
    folder.cell(&cell);
    let written = folder.load().write(&folder.run()).unwrap();
    let parquet = fs::read(&written.parquet).unwrap();
    let frame = ParquetReader::new(Cursor::new(parquet)).finish().unwrap();
    let done = "perturb {\"kind\":\"feature-noise\"}, attack {\"epsilon\":0.1}";
    assert_eq!(text(&frame, "disturbance", 0), done);
    let page = fs::read_to_string(&written.page).unwrap();
    assert!(page.contains("iforest (perturb {&quot;kind"), "{page}");
}

#[test]
fn a_cell_with_an_interval_keeps_it() {
    let folder = Folder::new(&small_plan());
    let mut cell = ok("a", "iforest", "tile", 0.75, &[]);
    cell["auroc_interval"] = json!({"level": 0.95, "low": 0.5, "high": 0.875, "by": "delong"});
    folder.cell(&cell);
    let written = folder.load().write(&folder.run()).unwrap();
    let csv = fs::read_to_string(&written.csv).unwrap();
    assert!(
        csv.contains(",0.75,0.5,0.25,0.125,0.75,0.5,0.875,delong,"),
        "{csv}"
    );
    let page = fs::read_to_string(&written.page).unwrap();
    assert!(
        page.contains("rows 50.0–87.5") && page.contains("(DeLong&#39;s)"),
        "{page}"
    );

    cell["auroc_interval"]["high"] = json!(0.7);
    folder.cell(&cell);
    let reason = "cells/a.json: interval from 0.5 to 0.7, expected around the AUROC 0.75";
    assert_eq!(folder.load().unreadable(), [reason]);
    cell["auroc_interval"]["level"] = json!(0.9);
    folder.cell(&cell);
    let reason = "cells/a.json: interval of level 0.9, expected 0.95";
    assert_eq!(folder.load().unreadable(), [reason]);
}

#[test]
fn a_run_without_cells_still_has_its_columns() {
    let folder = Folder::new(&small_plan());
    let written = folder.load().write(&folder.run()).unwrap();
    let csv = fs::read_to_string(&written.csv).unwrap();
    assert_eq!(csv.lines().count(), 1);
    let parquet = fs::read(&written.parquet).unwrap();
    let frame = ParquetReader::new(Cursor::new(parquet)).finish().unwrap();
    assert_eq!((frame.height(), frame.width()), (0, 41));
}

#[test]
fn writing_twice_gives_the_same_bytes_and_leaves_nothing_else() {
    let folder = full_run();
    let bytes = |dir: &str| {
        let written = folder.load().write(&folder.file(dir)).unwrap();
        let files = written.paths().map(|path| fs::read(path).unwrap());
        files.collect::<Vec<_>>()
    };
    let first = bytes("out");
    assert_eq!(first.len(), 18); // the results, the tables and the page, five figures twice, and the numbers of three
    assert_eq!(bytes("out"), first);
    assert_eq!(bytes("elsewhere"), first);
    let mut names: Vec<_> = (fs::read_dir(folder.file("out")).unwrap())
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["report", "results.csv", "results.parquet"]);
}

#[test]
fn every_kind_of_unreadable_cell_is_named_and_the_others_are_shown() {
    let mut plan = small_plan();
    let kinds = [
        "cut", "schema", "none", "other", "folder", "empty", "half", "high", "kind",
    ];
    let ids: Vec<&str> = ["a"].into_iter().chain(kinds).collect();
    plan["tables"][0]["columns"][0]["cells"]["tile"] = json!(ids);
    let folder = Folder::new(&plan);
    let path = |id: &str| folder.run().join(format!("cells/{id}.json"));
    let good = ok("a", "iforest", "tile", 0.8382, &[]);
    folder.cell(&good);
    let changed = |id: &str, field: &str, value: serde_json::Value| {
        let mut cell = good.clone();
        cell["id"] = json!(id);
        cell[field] = value;
        fs::write(path(id), cell.to_string()).unwrap();
    };
    truncate(&path("cut"));
    changed("schema", "schema", json!(2));
    fs::write(path("none"), "[]").unwrap();
    changed("other", "id", json!("a"));
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("empty"), "").unwrap();
    changed("half", "metrics", json!(null));
    changed("high", "metrics", json!({"auroc": 83.82}));
    changed("kind", "status", json!("maybe"));
    fs::write(folder.run().join("cells/.tmp123"), "not a cell").unwrap();

    let run = folder.load();
    let unreadable = run.unreadable();
    let reason = |id: &str| {
        let start = format!("cells/{id}.json: ");
        let line = unreadable.iter().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("{id} is not named"))
            .to_owned()
    };
    assert_eq!(unreadable.len(), kinds.len());
    assert!(reason("cut").starts_with("cut off or not JSON: EOF"));
    assert_eq!(reason("schema"), "schema 2, expected 1");
    assert_eq!(reason("none"), "no schema, expected 1");
    assert_eq!(reason("other"), "holds the cell a");
    assert!(reason("empty").starts_with("cut off or not JSON"));
    assert_eq!(reason("half"), "status ok, but no metrics");
    assert_eq!(reason("high"), "AUROC 83.82, expected a fraction in [0, 1]");
    assert!(reason("kind").contains("maybe"));

    let text = run.terminal(None, false);
    assert!(text.contains("83.82"), "{text}");
    assert!(text.contains("over 1 of 10 seeds"), "{text}");
    assert!(text.contains("cells/folder.json"), "{text}");
    run.write(&folder.file("out")).unwrap();
}

#[test]
fn a_damaged_list_of_tables_is_an_error_that_names_it() {
    let folder = Folder::new(&small_plan());
    let tables = folder.run().join("tables.json");
    let error = || Run::load(&folder.run(), &folder.published()).unwrap_err();

    truncate(&tables);
    assert!(matches!(error(), ReportError::Tables { path, .. } if path == tables));
    fs::remove_file(&tables).unwrap();
    let missing = error();
    assert!(matches!(&missing, ReportError::Read { path, .. } if *path == tables));
    assert!(missing.to_string().starts_with("cannot read "));
}

#[test]
fn a_table_cannot_name_a_file_elsewhere() {
    let mut plan = small_plan();
    for id in ["../table", "", "a/b", "a.b"] {
        plan["tables"][0]["id"] = json!(id);
        let folder = Folder::new(&plan);
        let error = Run::load(&folder.run(), &folder.published()).unwrap_err();
        assert!(matches!(error, ReportError::TableId { id: found, .. } if found == id));
    }
    let mut twice = small_plan();
    let table = twice["tables"][0].clone();
    twice["tables"].as_array_mut().unwrap().push(table);
    let folder = Folder::new(&twice);
    let error = Run::load(&folder.run(), &folder.published()).unwrap_err();
    assert!(error.to_string().ends_with("two tables have it"), "{error}");
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_that_names_it() {
    let folder = Folder::new(&small_plan());
    let occupied = folder.file("occupied");
    fs::write(&occupied, "a file").unwrap();
    let error = folder.load().write(&occupied).unwrap_err();
    let expected = occupied.join("results.parquet");
    assert!(matches!(error, ReportError::Write { path, .. } if path == expected));
}

fn frame(parquet: &Path) -> DataFrame {
    let file = fs::File::open(parquet).unwrap();
    ParquetReader::new(file).finish().unwrap()
}

fn value<'a>(frame: &'a DataFrame, column: &str, row: usize) -> AnyValue<'a> {
    frame.column(column).unwrap().get(row).unwrap()
}

fn text(frame: &DataFrame, column: &str, row: usize) -> String {
    value(frame, column, row).get_str().unwrap().to_owned()
}
