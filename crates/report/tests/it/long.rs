//! A table of more data sets than anybody reads row by row.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Folder, ok};

/// 64 sets; `first` has 90 on all, `second` 80 on 48 of them, 95 on eight and 90 on eight.
fn run() -> Folder {
    let sets: Vec<String> = (0..64).map(|i| format!("OddBench_{i}")).collect();
    let column = |method: &str| {
        let cells = sets
            .iter()
            .map(|set| (set.clone(), json!([format!("{method}-{set}")])));
        let cells: serde_json::Map<String, Value> = cells.collect();
        json!({"label": method, "method": method, "seeds": [{"data": 44, "model": 44}], "cells": cells})
    };
    let rows: Vec<Value> = sets
        .iter()
        .map(|set| json!({"dataset": set, "present": true, "get": null}))
        .collect();
    let folder = Folder::new(&json!({"profile": "long", "tables": [{
        "id": "long", "title": "Long", "protocol": "paper", "published": null, "rows": rows,
        "columns": [column("second"), column("first")],
    }]}));
    for (i, set) in sets.iter().enumerate() {
        let second = match i {
            0..48 => 0.8,
            48..56 => 0.95,
            _ => 0.9,
        };
        folder.cell(&ok(&format!("second-{set}"), "second", set, second, &[]));
        folder.cell(&ok(&format!("first-{set}"), "first", set, 0.9, &[]));
    }
    folder
}

#[test]
fn a_long_table_has_a_line_for_each_method() {
    let folder = run();
    let written = folder.load().write(&folder.run()).unwrap();
    let text = fs::read_to_string(&written.tables[0]).unwrap();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    // Below the header and its rule. 90 on average against (48·80 + 8·95 + 8·90)/64. Best on 48 + 8, and 8 + 8; ranks 1, 2 and 1½.
    assert_eq!(
        lines[2..],
        [
            [
                "first",
                "90.00",
                "90.00",
                "56",
                "1.19",
                "1.0 / 1.0 / 1.1",
                ""
            ],
            [
                "second",
                "83.12",
                "80.00",
                "16",
                "1.81",
                "1.9 / 2.0 / 2.0",
                "8 : 48"
            ],
        ]
    );
    let terminal = folder.load().terminal(None, false);
    assert!(
        terminal.contains("over the 64 of 64 data sets"),
        "{terminal}"
    );
    assert!(!terminal.contains("OddBench_17"), "{terminal}");
    let page = fs::read_to_string(&written.page).unwrap();
    assert!(page.contains("won : lost against the first"));
    // Every number is in the table as CSV.
    assert!(page.contains("OddBench_17%2Csecond") || page.contains("OddBench_17,second"));
    let figures: Vec<String> = written
        .figures
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(
        figures.contains(&"long-strips.svg".to_owned()),
        "{figures:?}"
    );
    assert!(figures.len() < 20, "{figures:?}");
}
