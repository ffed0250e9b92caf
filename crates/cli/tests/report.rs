//! `residuum report` as a user starts it.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use support::residuum;

/// A run folder with one result.
fn run_folder(root: &Path, name: &str, auroc: f64) -> PathBuf {
    let run = root.join(name);
    fs::create_dir_all(run.join("cells")).unwrap();
    let tables = json!({"profile": name, "tables": [{
        "id": "one", "title": "One", "protocol": "semi", "published": null,
        "rows": [{"dataset": "easy", "present": true, "get": null}],
        "columns": [{"label": "norm", "method": "norm", "seeds": [{"data": 0, "model": 0}],
            "cells": {"easy": ["a"]}}],
    }]});
    fs::write(run.join("tables.json"), tables.to_string()).unwrap();
    let cell = json!({"schema": 1, "id": "a", "status": "ok", "dataset": "easy", "protocol": "semi",
        "method": "norm", "seed": {"data": 0, "model": 0}, "config": {},
        "metrics": {"auroc": auroc}});
    fs::write(run.join("cells/a.json"), cell.to_string()).unwrap();
    run
}

#[test]
fn the_last_line_is_the_page() {
    let root = tempfile::tempdir().unwrap();
    let run = run_folder(root.path(), "before", 0.75);
    let ended = residuum(root.path(), &["report", run.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let page = run.join("report/index.html");
    assert_eq!(ended.stdout.lines().last(), page.to_str());
    assert!(fs::read_to_string(page).unwrap().contains("75.00"));
    let elsewhere = root.path().join("elsewhere");
    let args = [
        "report",
        run.to_str().unwrap(),
        "--out",
        elsewhere.to_str().unwrap(),
    ];
    assert_eq!(residuum(root.path(), &args).code, Some(0));
    assert!(elsewhere.join("report/index.html").exists());
}

#[test]
fn averages_that_nothing_is_published_for_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let run = run_folder(root.path(), "before", 0.75);
    let path = root.path().join("kept.csv");
    let args = [
        "report",
        run.to_str().unwrap(),
        "--averages",
        path.to_str().unwrap(),
    ];
    residuum(root.path(), &args).fails(3, &["kept.csv", "published_families"]);
    assert!(!path.exists());
}

#[test]
fn two_runs_are_compared() {
    let root = tempfile::tempdir().unwrap();
    let before = run_folder(root.path(), "before", 0.75);
    let after = run_folder(root.path(), "after", 0.8);
    let runs = [before.to_str().unwrap(), after.to_str().unwrap()];
    let ended = residuum(root.path(), &["report", runs[0], runs[1]]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("| 75.00 | 80.00 | +5.00 |"),
        "{}",
        ended.stdout
    );
    assert!(!before.join("compare.html").exists());

    let out = root.path().join("out");
    let out_text = out.to_str().unwrap();
    let ended = residuum(
        root.path(),
        &["report", runs[0], runs[1], "--out", out_text],
    );
    assert_eq!(
        ended.stdout.lines().last(),
        out.join("compare.html").to_str()
    );
    assert!(out.join("compare.md").exists());
    residuum(root.path(), &["report", runs[0], runs[1], "--open"]).fails(2, &["--out"]);
}
