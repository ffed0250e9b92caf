//! Cells of an earlier program are read, and written again as they were. The files are its own.

use record::{By, Cell, Fields, Planned};
use serde_json::{Value, json};

fn cell(text: &str, id: &str) -> Cell {
    Cell::parse(text.as_bytes(), id).unwrap()
}

const CLASSICAL: &str = include_str!("cells/classical.json");
const NETWORK: &str = include_str!("cells/network.json");
const PIXELS: &str = include_str!("cells/pixels.json");
const FAILED: &str = include_str!("cells/failed_by_the_program.json");
const KILLED: &str = include_str!("cells/failed_by_the_sweep.json");
const FAILED_ID: &str = "5ca1ab1e0ddba115";

#[test]
fn every_kind_of_cell_keeps_its_bytes() {
    for (text, id) in [
        (CLASSICAL, "classical0000001"),
        (NETWORK, "network000000001"),
        (PIXELS, "pixels0000000000"),
        (FAILED, FAILED_ID),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cell.json");
        cell(text, id).write(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{id}");
        assert_eq!(Cell::read(&path, id).unwrap(), cell(text, id));
    }
}

#[test]
fn what_was_measured_is_there() {
    let found = cell(CLASSICAL, "classical0000001");
    let measured = found.measured().unwrap();
    assert_eq!(measured.metrics.auroc, 0.7540453074433657);
    assert_eq!(measured.auroc_interval.unwrap().by, By::Delong);
    assert_eq!(
        (found.disturbance(), measured.training.as_ref()),
        (None, None)
    );
    let found = cell(NETWORK, "network000000001");
    assert_eq!(
        found
            .measured()
            .unwrap()
            .training
            .as_ref()
            .unwrap()
            .epochs
            .len(),
        5
    );
    assert_eq!(
        found.disturbance().unwrap(),
        r#"perturb {"kind":"feature-noise","rows":"test","sd":0.5}, attack {"epsilon":0.1,"steps":1}"#
    );
    assert!(
        cell(PIXELS, "pixels0000000000")
            .measured()
            .unwrap()
            .pixels
            .is_some()
    );
}

#[test]
fn failed_cells_of_both_writers_differ_in_what_only_the_process_knows() {
    let (program, mut sweep) = (cell(FAILED, FAILED_ID), cell(KILLED, FAILED_ID));
    assert_eq!(program.failure().unwrap().code, Some(2));
    assert_eq!(sweep.failure().unwrap().code, Some(75));
    sweep.outcome = program.outcome.clone();
    sweep.peak_rss_bytes = program.peak_rss_bytes;
    (sweep.device, sweep.threads) = (program.device.clone(), program.threads);
    sweep.versions = program.versions.clone();
    assert_eq!(program, sweep);
}

#[test]
fn what_is_no_cell_says_why() {
    let with = |key: &str, value: Value| {
        let mut cell: Value = serde_json::from_str(CLASSICAL).unwrap();
        cell[key] = value;
        cell.to_string()
    };
    for (text, why) in [
        (CLASSICAL[..300].to_owned(), "cut off or not JSON: "),
        (with("schema", json!(2)), "schema 2, expected 1"),
        (with("schema", json!(null)), "no schema, expected 1"),
        (with("id", json!("b")), "holds the cell b"),
        (with("id", json!(null)), "holds a cell without an id"),
        (with("metrics", json!(null)), "status ok, but no metrics"),
        (
            with("metrics", json!({"auroc": 2.0})),
            "AUROC 2, expected a fraction in [0, 1]",
        ),
        (with("seed", json!(1)), "invalid type: integer `1`"),
        (
            with(
                "curve",
                json!({"true_positives": [1], "false_positives": [0]}),
            ),
            "curve: ",
        ),
    ] {
        let error = Cell::parse(text.as_bytes(), "classical0000001").unwrap_err();
        assert!(error.to_string().starts_with(why), "{error}");
    }
}

#[test]
fn a_line_of_a_plan_keeps_its_id_and_every_part_moves_it() {
    let text = r#"{"index":3,"id":"","dataset":"A","data_sha256":"x","method":"m","protocol":"p","seed":{"data":1,"model":2},"config":{"a":1}}"#;
    let line: Planned = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&line).unwrap(), text);
    let id = |change: &dyn Fn(&mut Planned)| {
        let mut line = line.clone();
        change(&mut line);
        line.with_id().id
    };
    let own = id(&|_| ());
    assert_eq!(id(&|l| l.index = 4), own, "where it stands does not matter");
    let fields = |value: Value| Some(Fields::of(&value).unwrap());
    let changes: [&dyn Fn(&mut Planned); 9] = [
        &|l| l.dataset.push('b'),
        &|l| l.data_sha256.push('b'),
        &|l| l.method.push('b'),
        &|l| l.protocol.push('b'),
        &|l| l.seed.data += 1,
        &|l| l.seed.model += 1,
        &|l| drop(l.config.insert("a".to_owned(), json!(2))),
        &|l| l.perturb = fields(json!({"kind": "k"})),
        &|l| l.attack = fields(json!({"kind": "k"})),
    ];
    let mut ids: Vec<String> = changes.into_iter().map(id).collect();
    ids.push(own);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 10);
    let unknown = text.replace("\"method\"", "\"more\":1,\"method\"");
    assert!(serde_json::from_str::<Planned>(&unknown).is_err());
}
