//! The page of a run: one HTML file that needs nothing else.

mod agreement;
pub(crate) mod audit;
mod cells;
mod environment;
mod figures;
mod overview;
pub(crate) mod parts;
mod pictures;
mod repeated;
mod tables;

use self::parts::{head, script, section_id};
use crate::content::Content;
use crate::footnotes::one_line;
use crate::html::Html;

/// The page must open at once: where it would be longer than this, in bytes, the figures of single data
/// sets are left out. Their files hold them.
const MOST: usize = 4_800_000;

pub(crate) fn render(content: &Content<'_>) -> String {
    let without = page(content, 0).len();
    page(content, MOST.saturating_sub(without))
}

/// With as many figures of single data sets as find `room` in bytes.
fn page(content: &Content<'_>, mut room: usize) -> String {
    let mut html = Html::default();
    let title = format!("Report of the run {}", one_line(content.profile));
    head(&mut html, &title);
    html.raw("<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n");
    html.element("h1", &[], &title);
    html.raw("\n</header>\n<main id=\"main\">\n");
    overview::section(&mut html, content);
    contents(&mut html, content);
    for (table, figures) in content.tables.iter().zip(content.figures) {
        tables::section(&mut html, table, figures, &mut room);
    }
    pictures::section(&mut html, content);
    audit::section(&mut html, content.cells);
    environment::section(&mut html, content);
    repeated::section(&mut html, content);
    cells::section(&mut html, content.cells);
    html.raw(
        "</main>\n<footer><p>Made by <code>residuum report</code> from the cells of the run: the ",
    );
    html.raw("same cells give the same page. The same numbers are beside it in <code>results.csv</code> ");
    html.raw(
        "and <code>results.parquet</code>, every figure as SVG and PNG, with its numbers as CSV, in <code>figures</code>.",
    );
    html.raw("</p></footer>\n");
    script(&mut html);
    html.raw("</body>\n</html>\n");
    html.into_string()
}

/// Links to the sections.
fn contents(html: &mut Html, content: &Content<'_>) {
    html.raw("<nav aria-label=\"Sections\"><ul>");
    for table in content.tables {
        let title = one_line(&table.plan.title).replace('`', "");
        // What follows a colon says what the numbers are.
        let name = title
            .split_once(": ")
            .map_or(title.as_str(), |(name, _)| name);
        link(html, &format!("#{}", section_id(&table.plan.id)), name);
    }
    link(html, "#audit", "Audit of the data");
    link(html, "#environment", "Environment and configurations");
    link(html, "#cells", "Cells");
    html.raw("</ul></nav>\n");
}

fn link(html: &mut Html, address: &str, text: &str) {
    html.raw("<li>");
    html.element("a", &[("href", address)], text);
    html.raw("</li>");
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cell::Cells;
    use crate::figure::{self, TableFigures};
    use crate::pictures::Pictures;
    use crate::table::Table;
    use record::Tables;

    const METHODS: usize = 18;
    const DATASETS: usize = 57;
    const SEEDS: usize = 3;

    fn id(method: usize, dataset: usize, seed: usize) -> String {
        format!("{method}-{dataset}-{seed}")
    }

    /// Numbers without a pattern, so that no curve is drawn by a few points.
    fn counts(n: usize, seed: usize) -> Vec<u64> {
        let scramble = |i: usize| ((i + 1000 * seed) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (0..n).map(|i| scramble(i) >> 57).collect()
    }

    fn growing(n: usize, seed: usize) -> Vec<u64> {
        let steps = counts(n - 1, seed).into_iter().scan(0, |sum, step| {
            *sum += step + 1;
            Some(*sum)
        });
        std::iter::once(0).chain(steps).collect()
    }

    fn plan(table: &str) -> Value {
        let columns: Vec<Value> = (0..METHODS)
            .map(|m| {
                let ids = |d| (0..SEEDS).map(|s| id(m, d, s)).collect::<Vec<_>>();
                let cells: serde_json::Map<String, Value> = (0..DATASETS)
                    .map(|d| (format!("set{d}"), json!(ids(d))))
                    .collect();
                let seeds: Vec<Value> =
                    (0..SEEDS).map(|s| json!({"data": s, "model": s})).collect();
                json!({"label": format!("method {m}"), "method": format!("m{m}"), "seeds": seeds,
                    "cells": cells})
            })
            .collect();
        let rows: Vec<Value> = (0..DATASETS)
            .map(|d| json!({"dataset": format!("set{d}"), "present": true}))
            .collect();
        json!({"id": table, "title": table, "protocol": "semi", "rows": rows, "columns": columns})
    }

    fn cell(m: usize, d: usize, s: usize) -> Value {
        let seed = (m * DATASETS + d) * SEEDS + s;
        let auroc = 0.5 + (seed % 449) as f64 / 1000.0;
        json!({"schema": 1, "id": id(m, d, s), "status": "ok", "dataset": format!("set{d}"), "protocol": "semi",
            "method": format!("m{m}"), "seed": {"data": s, "model": s},
            "config": {"trees": 100, "rows": "standard", "contamination": 0.1},
            "config_hash": "0123456789abcdef", "data_sha256": "ab".repeat(32),
            "n_train": 5000, "n_test": 6000, "n_anomalies": 700,
            "metrics": {"auroc": auroc, "ap": 0.5, "f1_at_k": 0.25, "fpr95": 0.125, "pauc": 0.75},
            "seconds": {"load": 0.5, "fit": 1.5 + m as f64, "score": 0.25},
            "curve": {"true_positives": growing(97, seed), "false_positives": growing(97, seed + 1)},
            "histogram": {"low": 0.0, "high": 1.0, "normals": counts(32, seed),
                "anomalies": counts(32, seed + 1)},
            "training": {"epochs": growing(64, seed)[1..], "losses": counts(63, seed)},
            "warnings": [format!("{seed} of 512 columns are constant in training")]})
    }

    #[test]
    fn the_page_of_a_run_larger_than_any_profile_is_below_five_megabytes() {
        let plan: Tables =
            serde_json::from_value(json!({"profile": "big", "tables": [plan("one"), plan("two")]}))
                .unwrap();
        let mut cells = Cells::new();
        for m in 0..METHODS {
            for d in 0..DATASETS {
                for s in 0..SEEDS {
                    let cell = serde_json::from_value(cell(m, d, s)).unwrap();
                    cells.insert(id(m, d, s), Ok(cell));
                }
            }
        }
        let (none, no_families) = Default::default();
        let build = |table| Table::build(table, &cells, &none, &no_families);
        let tables: Vec<Table<'_>> = plan.tables.iter().map(build).collect();
        let figures: Vec<TableFigures> =
            tables.iter().map(|t| figure::of_table(t, &cells)).collect();
        // As many bytes of pictures as are ever shown.
        let pictures = Pictures {
            shown: vec![(id(0, 0, 0), vec![7; 1_000_000])],
            ..Pictures::default()
        };
        let page = render(&Content {
            profile: &plan.profile,
            tables: &tables,
            figures: &figures,
            cells: &cells,
            pictures: &pictures,
            environment: &Value::Null,
            journal: &[],
        });
        assert!(
            (4_000_000..5_000_000).contains(&page.len()),
            "{}",
            page.len()
        );
        assert!(page.contains("further data sets would make this page heavy"));
    }
}
