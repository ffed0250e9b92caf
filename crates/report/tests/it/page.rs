//! What is on the page, read back by a small reader that accepts only well-formed markup.

use std::collections::BTreeMap;
use std::fs;

use crate::common::{Folder, clean, drawn_run, failed, full_run, ok, small_plan};
use crate::lint;
use serde_json::json;

/// The page of a run, after a check that it is well-formed and keeps to the rules of `lint`.
pub(crate) fn page(folder: &Folder) -> Page {
    let written = folder.load().write(&folder.run()).unwrap();
    let page = Page::read(&fs::read_to_string(written.page).unwrap());
    lint::check(&page);
    page
}

#[test]
fn the_first_table_has_the_numbers_and_the_marks_of_its_rows() {
    let page = page(&full_run());
    let tile = page.row("tile");
    // Numbers as in `expected/table1.md`; DDPM is the only one under its protocol. Intervals: Newcombe's
    // of 63 anomalies among 563 rows, and 86 ± 4.303 · 1/√3 of the three seeds.
    assert_eq!(
        tile,
        [
            "tilec",
            "83.82 second best, rows 77.7–88.3, paper 83.82 0.00",
            "86.00 ± 1.00, seeds 83.5–88.5, paper 85.59 best +0.41",
            "50.00d, rows 42.5–57.5, paper 50.00 0.00",
            "85.27 best, rows 79.4–89.5",
            ", paper 85.27 second best"
        ]
    );
    assert_eq!(page.row("bottle")[3], "failedh, paper 50.00");
    assert!(
        page.tags("th")
            .iter()
            .all(|e| e.text != "fog" && e.text != "spatter")
    );
    assert_eq!(page.row("mean of 3 rows")[1], "81.47, paper 81.46 +0.01");
    assert_eq!(
        page.row("grid")[2],
        "66.00e\u{2009}f, rows 58.6–72.6, paper 66.93 best −0.93"
    );
    // Of ours under `paper` norm is best and IForest second; of the published numbers DDPM and DiT.
    let strong = page.within("tile", "strong");
    let second = page.within("tile", "u");
    assert_eq!(
        (strong, second),
        (
            vec!["85.59".into(), "85.27".into()],
            vec!["83.82".into(), "85.27".into()]
        )
    );
}

#[test]
fn means_have_the_spread_of_the_seeds_and_the_lead_its_p() {
    let page = page(&drawn_run(2));
    // Over A_1 and B, where something was published: 89 and 89.4; Student's interval of two values.
    let mean = &page.row("mean of 2 rows")[1];
    assert!(
        mean.starts_with("89.20 best ± 0.28, seeds 86.7–91.7"),
        "{mean}"
    );
    // Five families, all for kNN: 2/2⁵, times three pairs.
    let lead = "(p = 0.188 over 5 families, signed-rank test with Holm's adjustment)";
    assert!(page.words().contains(lead), "{}", page.words());
}

#[test]
fn hostile_names_are_text() {
    let hostile = "\"><script>alert('x')</script>&amp;`|\u{202e}\u{7}";
    let mut plan = small_plan();
    plan["profile"] = json!(hostile);
    let table = &mut plan["tables"][0];
    for (pointer, value) in [
        ("/title", json!(hostile)),
        ("/protocol", json!(hostile)),
        ("/notes", json!([hostile])),
        ("/rows/0/dataset", json!(hostile)),
        ("/rows/1/get", json!(hostile)),
        ("/columns/0/label", json!(hostile)),
        ("/columns/0/note", json!(hostile)),
        ("/columns/0/method", json!(hostile)),
    ] {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = table.pointer_mut(parent).unwrap();
        parent[key] = value;
    }
    table["columns"][0]["cells"] = json!({ hostile: ["a"] });
    let folder = Folder::new(&plan);
    let mut cell = ok("a", hostile, hostile, 0.8, &[hostile]);
    cell["protocol"] = json!(hostile);
    cell["config"] = json!({ hostile: hostile });
    cell["device"] = json!(hostile);
    cell["versions"]["git"] = json!(hostile);
    folder.cell(&cell);
    fs::write(
        folder.run().join("environment.json"),
        json!({ hostile: [hostile] }).to_string(),
    )
    .unwrap();
    let page = page(&folder);
    assert_eq!(page.tags("script").len(), 1);
    assert_eq!(page.row("\">")[1], "80.00b, rows 73.5–85.1"); // a is the note of the column
    let mut names: Vec<_> = (fs::read_dir(folder.run().join("report")).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["figures", "index.html", "index.md", "small.md"]);
}

#[test]
fn a_run_without_cells_says_so() {
    let page = page(&Folder::new(&small_plan()));
    assert!(page.text.contains("has 1 cell: 0 finished, 1 pending."));
    assert!(page.text.contains("There is no result yet."));
    assert_eq!(page.row("tile")[1], "pending");
}

#[test]
fn a_run_without_tables_is_a_page_too() {
    let page = page(&Folder::new(&json!({"profile": "none", "tables": []})));
    assert!(page.text.contains("has no cells."));
}

#[test]
fn a_failed_cell_shows_its_reason() {
    let folder = Folder::new(&small_plan());
    folder.cell(&failed("a", "iforest", "tile", "no anomaly among 5 rows"));
    let page = page(&folder);
    assert_eq!(page.row("tile")[1], "faileda");
    assert!(page.text.contains("failed: no anomaly among 5 rows"));
    assert!(page.text.contains("has 1 cell: 0 finished, 1 failed."));
}

#[test]
fn where_cells_ran_and_which_were_repeated_is_on_the_page() {
    let folder = Folder::new(&small_plan());
    let mut cell = ok("a", "iforest", "tile", 0.9, &[]);
    cell["host"] = "node7".into();
    folder.cell(&cell);
    assert!(!page(&folder).words().contains("Repeated cells"));
    let lost = |why: &str, host: &str| json!({"event": "lost", "submission": 1, "task": 0, "cell": "a", "why": why, "host": host});
    let journal = format!(
        "{}\n{}\n{{\"ev",
        lost("node", "node3"),
        lost("time", "node<4>")
    );
    std::fs::write(folder.run().join("journal.jsonl"), journal).unwrap();
    let page = page(&folder);
    let words = page.words();
    assert!(words.contains("machine, of the cellsnode7"), "{words}");
    assert!(words.contains("Repeated cells"), "{words}");
    let attempts = "with its machine (node3), by its limit of time (node<4>)";
    assert!(
        words.contains(&format!("atileiforest{attempts}node7")),
        "{words}"
    );
}

#[test]
fn a_result_under_another_protocol_is_nowhere_in_the_column() {
    let mut plan = small_plan();
    let table = &mut plan["tables"][0];
    table["protocol"] = json!("semi");
    table["rows"] =
        json!([{"dataset": "F_a", "present": true}, {"dataset": "F_b", "present": true}]);
    table["families"] = json!([{"name": "F", "members": 2}]);
    table["columns"][0]["cells"] = json!({"F_a": ["a"], "F_b": ["b"]});
    let folder = Folder::new(&plan);
    folder.cell(&ok("a", "iforest", "F_a", 0.8382, &[])); // of protocol `paper`
    folder.cell(&clean(ok("b", "iforest", "F_b", 0.75, &[])));
    let shown = page(&folder);
    assert_eq!(shown.row("F_a")[1], "unreadablea");
    assert_eq!(shown.row("F_b")[1], "75.00, rows 68.0–80.7");
    let reason = "cells/a.json: protocol paper, expected semi";
    assert!(shown.words().contains(reason), "{}", shown.words());
    // Neither in a mean, nor in one of a family, nor in a figure, nor in the table as CSV.
    assert_eq!(shown.row("mean of 1 row")[1], "75.00");
    assert_eq!(shown.row("mean of F")[1], "pending");
    let of_table: Vec<&Element> = (shown.tags("section").into_iter())
        .filter(|e| e.attributes.get("class").is_some_and(|c| c == "table"))
        .collect();
    assert!(!of_table[0].text.contains("83.8"), "{}", of_table[0].text);
    let csv = shown
        .attributes("href")
        .into_iter()
        .find(|a| a.starts_with("data:text/csv"));
    assert!(!csv.unwrap().contains("83.8"), "{csv:?}");
}

#[test]
fn columns_of_both_protocols_are_told_apart() {
    let page = page(&full_run());
    let headers = page.tags("th").into_iter();
    let classes: Vec<&str> = headers
        .filter_map(|e| e.attributes.get("class").map(String::as_str))
        .collect();
    assert_eq!(classes, ["leaky", "clean", "leaky", "leaky", "leaky"]);
}

#[test]
fn pages_with_figures_keep_to_the_rules() {
    for n_seeds in [1, 3] {
        page(&drawn_run(n_seeds));
    }
}

#[test]
fn the_summary_compares_the_leaky_with_the_clean_protocol() {
    let mut plan = small_plan();
    let mut clean = plan["tables"][0].clone();
    clean["id"] = json!("semi");
    clean["protocol"] = json!("semi");
    clean["columns"][0]["cells"]["tile"] = json!(["b"]);
    plan["tables"].as_array_mut().unwrap().push(clean);
    let folder = Folder::new(&plan);
    let mut leaky = ok("a", "iforest", "tile", 0.9, &[]);
    leaky["audit"] = audit(61, 0.5);
    folder.cell(&leaky);
    let mut cell = ok("b", "iforest", "tile", 0.8, &[]);
    cell["protocol"] = json!("semi");
    cell["audit"] = audit(0, 0.0);
    folder.cell(&cell);
    let page = page(&folder);
    let words = page.words();
    assert!(
        words.contains("goes: iforest 90.00 to 80.00 (−10.00)."),
        "{words}"
    );
    let copies = "Under protocol paper 1 of 1 data set have normal test rows";
    assert!(words.contains(copies), "{words}");
    assert!(!words.contains("Under protocol semi 1 of"), "{words}");
    assert!(words.contains("61 (50 %)"), "{words}");
}

#[test]
fn pictures_of_the_run_are_part_of_the_page() {
    let folder = Folder::new(&small_plan());
    folder.cell(&ok("a", "iforest", "tile", 0.8, &[]));
    let pictures = folder.run().join("pictures");
    fs::create_dir(&pictures).unwrap();
    fs::write(pictures.join("a.png"), b"\x89PNG\r\n\x1a\nrest").unwrap();
    fs::write(pictures.join("b.png"), b"\x89PNG\r\n\x1a\nof no cell").unwrap();
    let shown = page(&folder);
    assert_eq!(
        shown.attributes("src"),
        ["data:image/png;base64,iVBORw0KGgpyZXN0"]
    );
    assert!(shown.attributes("alt")[0].contains("iforest on tile, protocol paper"));
    fs::write(pictures.join("a.png"), "<script>").unwrap();
    assert!(page(&folder).tags("img").is_empty());
}

fn audit(copies: u64, share: f64) -> serde_json::Value {
    let part = json!({"n": 122, "d": 5, "constant_columns": 1, "tied_columns": 0, "not_finite": 0,
        "duplicates": 3});
    json!({"fitted": part, "test": part, "normals": 122, "anomalies": 5,
        "anomalies_tied_with_normals": 0, "across": {"normals_in_train": copies,
        "share_of_normals": share, "anomalies_in_train": 0}})
}

/// A page as its tags, attributes and text.
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) elements: Vec<Element>,
}

pub(crate) struct Element {
    pub(crate) tag: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// What is inside, without markup.
    pub(crate) text: String,
    /// Indices of the elements it is in.
    pub(crate) ancestors: Vec<usize>,
}

/// Elements that HTML never closes.
const VOID: [&str; 6] = ["meta", "br", "wbr", "img", "hr", "input"];

impl Page {
    /// Panics where a tag is not closed in order, an attribute is not quoted, or a character stands bare.
    pub(crate) fn read(text: &str) -> Self {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        let start = ["<!DOCTYPE html>", xml]
            .into_iter()
            .find_map(|s| text.strip_prefix(s));
        let mut rest = start.unwrap();
        let mut elements: Vec<Element> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        while let Some(start) = rest.find('<') {
            let piece = &rest[..start];
            let inside = open.last().map(|&index| elements[index].tag.clone());
            let inside = inside.unwrap_or_default();
            let is_code = matches!(inside.as_str(), "script" | "style");
            if !is_code {
                assert!(!piece.contains('>'), "a bare > in {piece:?}");
            }
            for &index in &open {
                elements[index].text += &unescaped(piece);
            }
            rest = &rest[start..];
            if is_code && !rest.starts_with(&format!("</{inside}>")) {
                rest = &rest[1..];
                continue;
            }
            let end = tag_end(rest);
            let tag = &rest[1..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                let index = open
                    .pop()
                    .unwrap_or_else(|| panic!("</{name}> closes nothing"));
                assert_eq!(elements[index].tag, name);
                continue;
            }
            let (name, attributes) = attributes(tag.trim_end_matches('/'));
            let ancestors = open.clone();
            elements.push(Element {
                tag: name.clone(),
                attributes,
                text: String::new(),
                ancestors,
            });
            if !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
                open.push(elements.len() - 1);
            }
        }
        assert!(
            open.is_empty(),
            "<{}> is never closed",
            elements[open[0]].tag
        );
        Self {
            text: text.to_owned(),
            elements,
        }
    }

    pub(crate) fn tags(&self, tag: &str) -> Vec<&Element> {
        self.elements.iter().filter(|e| e.tag == tag).collect()
    }

    pub(crate) fn attributes(&self, name: &str) -> Vec<&str> {
        let values = self.elements.iter().filter_map(|e| e.attributes.get(name));
        values.map(String::as_str).collect()
    }

    /// The index of the first row whose name starts so.
    fn row_index(&self, name: &str) -> usize {
        let named = |e: &Element| {
            e.attributes.get("scope").is_some_and(|s| s == "row") && e.text.starts_with(name)
        };
        let header = self.elements.iter().find(|e| named(e));
        let header = header.unwrap_or_else(|| panic!("no row {name}"));
        *header.ancestors.last().unwrap()
    }

    /// The texts of the row's cells, its name first.
    fn row(&self, name: &str) -> Vec<String> {
        let row = self.row_index(name);
        let cells = self
            .elements
            .iter()
            .filter(|e| e.ancestors.last() == Some(&row));
        cells.map(|e| e.text.clone()).collect()
    }

    fn within(&self, row: &str, tag: &str) -> Vec<String> {
        let row = self.row_index(row);
        let inside = |e: &&Element| e.tag == tag && e.ancestors.contains(&row);
        self.elements
            .iter()
            .filter(inside)
            .map(|e| e.text.clone())
            .collect()
    }

    /// All text of the page.
    pub(crate) fn words(&self) -> &str {
        &self.tags("main")[0].text
    }
}

/// Where the tag that starts here ends: `>` inside quotes is text.
fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    let end = text.find(|c: char| {
        quoted ^= c == '"';
        c == '>' && !quoted
    });
    end.expect("a tag that never ends")
}

fn attributes(tag: &str) -> (String, BTreeMap<String, String>) {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "<{name}>");
    let mut found = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").expect("an attribute without quotes");
        let (value, after) = after.split_once('"').unwrap();
        assert!(!value.contains('<'), "{value}");
        let twice = found.insert(name.trim().to_owned(), unescaped(value));
        assert!(twice.is_none(), "{name} twice");
        rest = after;
    }
    (name.to_owned(), found)
}

fn unescaped(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    entities
        .iter()
        .fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}
