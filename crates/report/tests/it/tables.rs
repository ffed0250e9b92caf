//! What the tables look like. The numbers of the expected files are worked out by hand from those in
//! `common`.

use std::fs;

use crate::common::{Folder, failed, full_run, ok, small_plan};
use serde_json::json;

/// `tests/expected/table1.md`, number by number: tile 83.82 − 83.82 = 0; grid 63.71 − 63.67 = 0.04;
/// the mean of 83.82, 63.71, 96.88 is 81.47 and of the published 81.457. DDPM tile: 85, 86, 87 have
/// mean 86 and deviation √(2/2) = 1; its mean leaves bottle out: (86 + 66)/2 = 76, published
/// (85.59 + 66.93)/2 = 76.26. norm: (85.27 + 64.8 + 96.68)/3 = 82.25.
#[test]
fn the_markdown_is_the_expected_text() {
    let folder = full_run();
    let written = folder.load().write(&folder.run()).unwrap();
    assert_eq!(written.tables, [folder.run().join("report/table1.md")]);
    let text = fs::read_to_string(&written.tables[0]).unwrap();
    assert_same(&text, include_str!("expected/table1.md"));
}

#[test]
fn the_terminal_shows_the_expected_text_within_100_columns() {
    let folder = full_run();
    let text = folder.load().terminal(None, false);
    // Below the summary.
    let tables = text.find("Table 1 of a paper").unwrap();
    assert_same(&text[tables..], include_str!("expected/terminal.txt"));
    assert!(text.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn colours_come_only_when_asked_for() {
    let run = full_run().load();
    let plain = run.terminal(Some(120), false);
    assert!(!plain.contains('\u{1b}'));
    let colored = run.terminal(Some(120), true);
    assert!(colored.contains('\u{1b}'));
    let words = |text: &str| -> Vec<String> {
        without_escapes(text)
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(words(&colored), words(&plain));
}

#[test]
fn a_wider_terminal_gets_one_block() {
    let run = full_run().load();
    let blocks = |width| {
        let text = run.terminal(Some(width), false);
        text.lines()
            .filter(|line| line.starts_with("data set "))
            .count()
    };
    assert_eq!(blocks(160), 1);
    assert_eq!(blocks(60), 3);
    assert_eq!(blocks(0), blocks(40)); // a terminal without a width still gets a table
}

#[test]
fn a_run_without_cells_is_pending() {
    let folder = Folder::new(&small_plan());
    fs::remove_dir(folder.run().join("cells")).unwrap();
    let text = folder.load().terminal(None, false);
    assert!(has_line(&text, "tile pending"), "{text}");
    assert!(!text.contains("no data "), "{text}");
    assert!(text.contains("0 of 1 cells done, 1 pending"), "{text}");
    assert!(text.contains("  residuum datasets fetch fog\n"), "{text}");
    assert!(!text.contains("mean"), "{text}");
}

#[test]
fn without_published_numbers_ours_stand_alone() {
    let folder = Folder::new(&small_plan());
    folder.cell(&ok("a", "iforest", "tile", 0.8382, &[]));
    let text = folder.load().terminal(None, false);
    assert!(text.contains("AUROC in percent.\n"), "{text}");
    assert!(has_line(&text, "tile 83.82"), "{text}");
    assert!(has_line(&text, "mean of 1 row 83.82"), "{text}");
}

#[test]
fn a_missing_published_table_is_named_and_stops_nothing() {
    let mut plan = small_plan();
    plan["tables"][0]["published"] = json!("gone");
    let folder = Folder::new(&plan);
    folder.cell(&ok("a", "iforest", "tile", 0.8382, &[]));
    let text = folder.load().terminal(None, false);
    assert!(
        text.contains("published numbers missing: cannot read gone.csv"),
        "{text}"
    );
    assert!(text.contains("83.82"), "{text}");

    plan["tables"][0]["columns"][0]["published"] = json!("svm");
    let folder = Folder::new(&plan);
    fs::write(
        folder.published().join("gone.csv"),
        "dataset,iforest\ntile,1.00\n",
    )
    .unwrap();
    let text = folder.load().terminal(None, false);
    assert!(text.contains("gone.csv has no column `svm`"), "{text}");
}

#[test]
fn a_table_without_data_is_what_gets_them_on_a_terminal() {
    let mut plan = small_plan();
    let rows = plan["tables"][0]["rows"].as_array_mut().unwrap();
    for row in rows {
        row["present"] = json!(false);
    }
    let text = Folder::new(&plan).load().terminal(None, false);
    assert!(!text.contains("data set "), "{text}");
    let lines =
        "Small\n2 of 2 rows have no data; to get them:\n  residuum datasets fetch tile fog\n";
    assert!(text.contains(lines), "{text}");
}

/// Two tables of which the second ran, with rows that ran after one that is pending and one without data.
#[test]
fn what_ran_comes_first() {
    let mut plan = small_plan();
    let mut second = plan["tables"][0].clone();
    second["id"] = json!("second");
    second["title"] = json!("Second");
    let row = |name: &str, present: bool| json!({"dataset": name, "present": present});
    second["rows"] = json!([row("later", true), row("gone", false), row("tile", true)]);
    second["columns"][0]["cells"] = json!({"later": ["b"], "tile": ["c"]});
    plan["tables"].as_array_mut().unwrap().push(second);
    let folder = Folder::new(&plan);
    folder.cell(&ok("c", "iforest", "tile", 0.8382, &[]));
    let written = folder.load().write(&folder.run()).unwrap();
    let text = fs::read_to_string(written.text).unwrap();
    let page = fs::read_to_string(written.page).unwrap();
    let terminal = folder.load().terminal(Some(200), false);
    for text in [&text, &page, &terminal] {
        let place = |what: &str| {
            text.find(what)
                .unwrap_or_else(|| panic!("{what} in {text}"))
        };
        // Behind the summary, which names the data sets that ran.
        let body = place("Second");
        let order = ["tile", "later", "1 of 3 rows have no data (gone)."];
        let places = order.map(|what| body + text[body..].find(what).unwrap());
        assert!(places.is_sorted(), "{places:?} in {text}");
        assert!(text[body..].contains("Small"), "{text}");
    }
    let summary = "1 of 2 tables has results (`second`), on 1 data set (`tile`).";
    assert!(terminal.starts_with("The run `test` has 3 cells: 1 finished, 2 pending. "));
    assert!(terminal.contains(summary), "{terminal}");
    // Loaded in 0.5 s, fitted in 1.5 s, scored in 0.25 s.
    assert!(
        terminal.contains("took 2.2 s, added over the cells."),
        "{terminal}"
    );
}

#[test]
fn data_removed_after_the_run_does_not_hide_its_result() {
    let mut plan = small_plan();
    plan["tables"][0]["rows"][0]["present"] = json!(false);
    let folder = Folder::new(&plan);
    folder.cell(&ok("a", "iforest", "tile", 0.8382, &[]));
    let text = folder.load().terminal(None, false);
    assert!(text.contains("83.82"), "{text}");
    assert!(text.contains("1 of 2 rows have no data"), "{text}");
}

#[test]
fn a_failure_shows_its_reason() {
    let folder = Folder::new(&small_plan());
    folder.cell(&failed("a", "iforest", "tile", "no anomaly among 5 rows"));
    let text = folder.load().terminal(None, false);
    assert!(has_line(&text, "tile failedᵃ"), "{text}");
    assert!(
        text.contains("ᵃ failed: no anomaly among 5 rows\n"),
        "{text}"
    );
}

/// Compares line by line, so that a failure shows the line.
#[test]
fn families_have_a_mean_over_seeds_beside_the_published_one() {
    let mut plan = small_plan();
    let table = &mut plan["tables"][0];
    table["published_families"] = json!("families");
    table["families"] = json!([{"name": "F", "members": 3}]);
    table["costs"] = json!(true);
    table["rows"] = json!([
        {"dataset": "F_a", "present": true}, {"dataset": "F_b", "present": true},
        {"dataset": "G_a", "present": true},
    ]);
    let seeds = json!([{"data": 0, "model": 0}, {"data": 1, "model": 1}]);
    table["columns"] = json!([{
        "label": "DTE", "method": "dte-c", "family": "dte-c", "seeds": seeds,
        "cells": {"F_a": ["a0", "a1"], "F_b": ["b0", "b1"], "G_a": ["g0", "g1"]},
    }]);
    let folder = Folder::new(&plan);
    let families = "dataset,method,mean,std\nF,dte-c,75.00,1.50\n";
    fs::write(folder.published().join("families.csv"), families).unwrap();
    // Means of the family: 75 for the first seed, 85 for the second.
    let values = [
        ("a0", "F_a", 0.7),
        ("b0", "F_b", 0.8),
        ("a1", "F_a", 0.9),
        ("b1", "F_b", 0.8),
        ("g0", "G_a", 0.1),
        ("g1", "G_a", 0.2),
    ];
    for (id, dataset, auroc) in values {
        let mut cell = ok(id, "dte-c", dataset, auroc, &[]);
        cell["n_evaluations"] = json!(4);
        folder.cell(&cell);
    }
    let text = folder.load().terminal(Some(200), false);
    assert!(
        has_line(
            &text,
            "mean of F (2 of 3) ᵃ 80.00 ± 7.07 (75.00 ± 1.50) +5.00"
        ),
        "{text}"
    );
    assert!(
        text.contains("ours over the 2 sets that were found, published over all 3"),
        "{text}"
    );
    assert!(has_line(&text, "network evaluations per row 4"), "{text}");
}

fn assert_same(found: &str, expected: &str) {
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", number + 1);
    }
    assert_eq!(found, expected, "number of lines");
}

/// Whether a line consists of these words, however they are spaced.
fn has_line(text: &str, words: &str) -> bool {
    text.lines()
        .any(|line| line.split_whitespace().eq(words.split(' ')))
}

fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut escaped = false;
    for c in text.chars() {
        match (escaped, c) {
            (false, '\u{1b}') => escaped = true,
            (false, c) => plain.push(c),
            (true, c) => escaped = !c.is_ascii_alphabetic(),
        }
    }
    plain
}
