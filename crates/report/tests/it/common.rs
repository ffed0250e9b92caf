//! A run folder made for a test.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A run folder and a folder of published tables, gone when dropped.
pub(crate) struct Folder {
    root: TempDir,
}

impl Folder {
    pub(crate) fn new(tables: &Value) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("run/cells")).unwrap();
        fs::create_dir_all(root.path().join("published")).unwrap();
        let folder = Self { root };
        fs::write(folder.run().join("tables.json"), tables.to_string()).unwrap();
        folder
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.root.path().join("run")
    }

    pub(crate) fn published(&self) -> PathBuf {
        self.root.path().join("published")
    }

    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(crate) fn cell(&self, cell: &Value) {
        let id = cell["id"].as_str().unwrap();
        let path = self.run().join(format!("cells/{id}.json"));
        fs::write(path, cell.to_string()).unwrap();
    }

    pub(crate) fn load(&self) -> report::Run {
        report::Run::load(&self.run(), &self.published()).unwrap()
    }
}

/// A finished cell with this AUROC.
pub(crate) fn ok(id: &str, method: &str, dataset: &str, auroc: f64, warnings: &[&str]) -> Value {
    json!({
        "schema": 1, "id": id, "status": "ok", "dataset": dataset, "protocol": "paper",
        "method": method, "seed": {"data": 44, "model": 44},
        "config": {"trees": 100, "rows": "standard"}, "config_hash": "c0ffee",
        "data_sha256": "ab".repeat(32), "n_train": 500, "n_test": 563, "n_anomalies": 63,
        "metrics": {"auroc": auroc, "ap": 0.5, "f1_at_k": 0.25, "fpr95": 0.125, "pauc": 0.75},
        "seconds": {"load": 0.5, "fit": 1.5, "score": 0.25}, "peak_rss_bytes": 1024,
        "params": null, "device": "cpu", "threads": 2,
        "versions": {"residuum": "0.1.0", "libtorch": null, "git": null},
        "warnings": warnings, "error": null,
    })
}

/// The cell under the protocol `semi`.
pub(crate) fn clean(mut cell: Value) -> Value {
    cell["protocol"] = json!("semi");
    cell
}

/// A cell that failed.
pub(crate) fn failed(id: &str, method: &str, dataset: &str, message: &str) -> Value {
    let mut cell = ok(id, method, dataset, 0.5, &[]);
    cell["status"] = json!("failed");
    for field in ["metrics", "seconds", "n_train", "n_test", "n_anomalies"] {
        cell[field] = Value::Null;
    }
    cell["error"] = json!({"code": 3, "message": message, "hint": "look at the file"});
    cell
}

/// One table with one column `iforest` over the rows `tile` (present) and `fog` (absent).
pub(crate) fn small_plan() -> Value {
    json!({"profile": "test", "tables": [{
        "id": "small", "title": "Small", "protocol": "paper", "published": null,
        "rows": [
            {"dataset": "tile", "present": true, "get": "residuum datasets fetch tile"},
            {"dataset": "fog", "present": false, "get": "residuum datasets fetch fog"},
        ],
        "columns": [{"label": "IForest", "method": "iforest",
            "seeds": [{"data": 44, "model": 44}], "cells": {"tile": ["a"]}}],
    }]})
}

/// A run in which everything that can be in a table is.
pub(crate) fn full_run() -> Folder {
    let seed = |data: u64, model: u64| json!({"data": data, "model": model});
    let row = |dataset: &str, present: bool| {
        json!({"dataset": dataset, "present": present,
            "get": format!("residuum datasets fetch {dataset}")})
    };
    let column = |label: &str, method: &str, published: Value| {
        let cells: serde_json::Map<String, Value> = ["tile", "grid", "bottle"]
            .iter()
            .map(|name| ((*name).to_owned(), json!([format!("{method}_{name}")])))
            .collect();
        json!({"label": label, "method": method, "protocol": "paper", "published": published,
            "note": null, "seeds": [seed(44, 44)], "cells": cells})
    };
    let mut ddpm = column("DDPM", "ddpm", json!("ddpm"));
    ddpm["protocol"] = json!("semi");
    ddpm["note"] = json!("mean-only walk of 250 steps");
    ddpm["seeds"] = json!([seed(44, 0), seed(44, 1), seed(44, 2)]);
    for name in ["tile", "grid", "bottle"] {
        let ids: Vec<String> = (0..3).map(|i| format!("ddpm_{name}_{i}")).collect();
        ddpm["cells"][name] = json!(ids);
    }
    let dit = json!({"label": "DiT", "method": null, "protocol": "paper", "published": "dit",
        "note": null, "seeds": [seed(44, 44)], "cells": {}});
    let folder = Folder::new(&json!({"profile": "test", "tables": [{
        "id": "table1", "title": "Table 1 of a paper: AUROC in percent", "protocol": "paper",
        "published": "paper", "notes": ["¹ The published COPOD column is a NaN bug."],
        "rows": [row("tile", true), row("fog", false), row("grid", true),
            row("bottle", true), row("spatter", false)],
        "columns": [column("IForest", "iforest", json!("iforest")), ddpm,
            column("COPOD", "copod", json!("copod")), column("norm", "norm", Value::Null), dit],
    }]}));
    fs::write(
        folder.published().join("paper.csv"),
        "dataset,iforest,ddpm,copod,dit\n\
         tile,83.82,85.59,50.00,85.27\n\
         grid,63.67,66.93,50.00,64.80\n\
         bottle,96.88,96.83,50.00,96.68\n\
         fog,86.51,92.60,50.00,90.78\n",
    )
    .unwrap();

    let tile = "61 of 120 normal test rows are copies of train rows";
    let grid = "74 of 100 normal test rows are copies of train rows";
    let equal = "all scores are equal: the AUROC of 0.5 says nothing";
    folder.cell(&ok("iforest_tile", "iforest", "tile", 0.8382, &[tile]));
    folder.cell(&ok("iforest_grid", "iforest", "grid", 0.6371, &[grid]));
    folder.cell(&ok("iforest_bottle", "iforest", "bottle", 0.9688, &[]));
    for (i, auroc) in [0.85, 0.86, 0.87].into_iter().enumerate() {
        let id = format!("ddpm_tile_{i}");
        folder.cell(&clean(ok(&id, "ddpm", "tile", auroc, &[tile])));
    }
    folder.cell(&clean(ok("ddpm_grid_0", "ddpm", "grid", 0.66, &[grid])));
    let failure = failed("ddpm_grid_1", "ddpm", "grid", "out of memory");
    folder.cell(&clean(failure));
    truncate(&folder.run().join("cells/ddpm_bottle_1.json"));
    folder.cell(&ok("copod_tile", "copod", "tile", 0.5, &[tile, equal]));
    folder.cell(&ok("copod_grid", "copod", "grid", 0.5, &[grid, equal]));
    folder.cell(&failed(
        "copod_bottle",
        "copod",
        "bottle",
        "column 3 | is\nconstant",
    ));
    folder.cell(&ok("norm_tile", "norm", "tile", 0.8527, &[tile]));
    folder.cell(&ok("norm_grid", "norm", "grid", 0.648, &[grid]));
    folder.cell(&ok("norm_bottle", "norm", "bottle", 0.9668, &[]));
    folder
}

/// A run of three methods on six data sets whose cells keep curves, histograms and losses.
pub(crate) fn drawn_run(n_seeds: u64) -> Folder {
    let methods = ["kNN", "DDPM", "norm"];
    let datasets = ["A_1", "A_2", "B", "C", "D", "E"];
    let seeds: Vec<Value> = (0..n_seeds)
        .map(|s| json!({"data": 44, "model": s}))
        .collect();
    let id = |m: usize, d: usize, seed: u64| format!("{m}-{d}-{seed}");
    let columns = methods.iter().enumerate().map(|(m, name)| {
        let cells = datasets.iter().enumerate().map(|(d, dataset)| {
            let ids: Vec<String> = (0..n_seeds).map(|seed| id(m, d, seed)).collect();
            ((*dataset).to_owned(), json!(ids))
        });
        let cells: serde_json::Map<String, Value> = cells.collect();
        json!({"label": name, "method": name, "seeds": seeds, "cells": cells, "published": "knn"})
    });
    let columns: Vec<Value> = columns.collect();
    let rows: Vec<Value> = (datasets.iter())
        .map(|name| json!({"dataset": name, "present": true, "get": null}))
        .collect();
    let folder = Folder::new(&json!({"profile": "drawn", "tables": [{
        "id": "drawn", "title": "Drawn", "protocol": "paper", "published": "paper", "rows": rows,
        "columns": columns,
    }]}));
    let published = "dataset,knn\nA_1,81.00\nB,79.50\n";
    fs::write(folder.published().join("paper.csv"), published).unwrap();
    for (m, method) in methods.iter().enumerate() {
        for (d, dataset) in datasets.iter().enumerate() {
            for seed in 0..n_seeds {
                let auroc = 0.9 - 0.1 * m as f64 - 0.01 * d as f64 + 0.004 * seed as f64;
                let mut cell = ok(&id(m, d, seed), method, dataset, auroc, &[]);
                let first = 8 + seed;
                cell["curve"] = json!({"true_positives": [0, first, 20],
                    "false_positives": [0, 3 + m, 50]});
                cell["histogram"] = json!({"low": -1.5, "high": 2.5, "normals": [30, 15, 5],
                    "anomalies": [2, 8, 10]});
                if *method == "DDPM" {
                    cell["n_evaluations"] = json!(250);
                    cell["training"] = json!({"epochs": [1, 5, 9], "losses": [0.8, 0.4, 0.2]});
                }
                folder.cell(&cell);
            }
        }
    }
    folder
}

/// A cell's file as a full disk leaves it.
pub(crate) fn truncate(path: &Path) {
    fs::write(path, "{\"schema\": 1, \"id\": ").unwrap();
}
