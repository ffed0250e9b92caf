//! A run of two cells made up on the spot: `cargo run --release -p report --example tables`.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;

const TABLES: &str = r#"{"profile": "example", "tables": [{
    "id": "table1", "title": "Table 1: AUROC in percent", "protocol": "paper",
    "published": "paper", "notes": [],
    "rows": [
        {"dataset": "MVTec-AD_tile", "present": true, "get": "residuum datasets fetch MVTec-AD_tile"},
        {"dataset": "SVHN_5", "present": false, "get": "residuum datasets fetch SVHN_5"}],
    "columns": [
        {"label": "OCSVM", "method": "ocsvm", "published": "ocsvm",
         "seeds": [{"data": 44, "model": 44}, {"data": 45, "model": 45}],
         "cells": {"MVTec-AD_tile": ["first", "second"]}},
        {"label": "DiT", "published": "dit"}]}]}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let dir = folder.path();
    fs::create_dir(dir.join("cells"))?;
    fs::write(dir.join("tables.json"), TABLES)?;
    let published = "dataset,ocsvm,dit\nMVTec-AD_tile,84.75,85.27\nSVHN_5,63.09,63.75\n";
    fs::write(dir.join("paper.csv"), published)?;
    for (id, seed, auroc) in [("first", 44, 0.8475), ("second", 45, 0.8391)] {
        let cell = format!(
            r#"{{"schema": 1, "id": "{id}", "status": "ok", "dataset": "MVTec-AD_tile",
                "protocol": "paper", "method": "ocsvm", "seed": {{"data": {seed}, "model": {seed}}},
                "config": {{}}, "metrics": {{"auroc": {auroc}}},
                "warnings": ["61 % of the normal test rows are copies of train rows"]}}"#
        );
        fs::write(dir.join("cells").join(format!("{id}.json")), cell)?;
    }

    let run = report::Run::load(dir, dir)?;
    let written = run.write(dir)?;
    println!("{}", run.terminal(None, false));
    println!(
        "--- as Markdown\n\n{}",
        fs::read_to_string(&written.tables[0])?
    );
    Ok(())
}
