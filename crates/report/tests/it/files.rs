//! What is read and written, and what a damaged run does.

use std::fs;
use std::io::Cursor;

use crate::common::{Folder, failed, full_run, ok, small_plan, truncate};
use polars::prelude::{AnyValue, DataFrame, ParquetReader, SerReader};
use report::{ReportError, Run};
use serde_json::json;

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
    assert_eq!(value(&frame, "data_seed", 1), AnyValue::UInt64(44));
    assert_eq!(value(&frame, "params", 1), AnyValue::UInt64(12345));
    assert_eq!(value(&frame, "n_anomalies", 1), AnyValue::UInt64(63));
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

fn value<'a>(frame: &'a DataFrame, column: &str, row: usize) -> AnyValue<'a> {
    frame.column(column).unwrap().get(row).unwrap()
}

fn text(frame: &DataFrame, column: &str, row: usize) -> String {
    value(frame, column, row).get_str().unwrap().to_owned()
}
