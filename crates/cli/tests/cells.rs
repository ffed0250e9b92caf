//! `residuum cells`, the half of a sweep that runs in child processes.

mod support;

use serde_json::{Value, json};
use support::{command, ended, residuum};

const PIXELS: &str = "FashionMNIST_3@pixels";

fn plan(folder: &std::path::Path, lines: &[Value]) -> String {
    let path = folder.join("plan.jsonl");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn line(index: usize, dataset: &str, sha256: &str, method: &str, config: Value) -> Value {
    json!({"index": index, "id": format!("{index:016x}"), "dataset": dataset,
        "data_sha256": sha256, "method": method, "protocol": "semi",
        "seed": {"data": 0, "model": 1}, "config": config})
}

fn sha256_of(folder: &std::path::Path, dataset: &str) -> String {
    let list = residuum(folder, &["datasets", "list", "--json"]).json();
    let entry = list
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["name"] == dataset)
        .unwrap()
        .clone();
    entry["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn finished_cells_stay_and_failures_are_recorded_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let sha256 = sha256_of(root, PIXELS);
    let plan = plan(
        root,
        &[
            line(0, PIXELS, &sha256, "norm", json!({"rows": "raw"})),
            line(1, "SVHN_2", &sha256, "norm", json!({})),
            line(2, PIXELS, &sha256, "copod", json!({"rows": "standard"})),
            line(3, PIXELS, &sha256, "copod", json!({"rows": "sideways"})),
            line(4, PIXELS, &"0".repeat(64), "norm", json!({})),
            line(5, PIXELS, &sha256, "norm", json!({})),
        ],
    );
    let out = root.join("run");
    let args = [
        "cells", "--plan", &plan, "--from", "0", "--to", "5", "--out",
    ];
    let args = [&args[..], &[out.to_str().unwrap()]].concat();
    let first = residuum(root, &args);
    assert_eq!(first.code, Some(5), "{}", first.stderr);

    let cell = |index: usize| -> Value {
        let path = out.join(format!("cells/{index:016x}.json"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    assert_eq!(cell(0)["status"], "ok");
    assert_eq!(cell(0)["seed"], json!({"data": 0, "model": 1}));
    assert_eq!(cell(1)["status"], "failed");
    assert_eq!(cell(1)["error"]["code"], 4);
    assert_eq!(cell(2)["status"], "ok");
    assert_eq!(cell(3)["error"]["code"], 2);
    assert_eq!(cell(4)["error"]["code"], 3);
    assert!(!out.join("cells/0000000000000005.json").exists());

    let started = |text: &str| -> Vec<u64> {
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|event| event["event"] == "start")
            .map(|event| event["index"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(started(&first.stdout), [0, 1, 2, 3, 4]);
    let before = std::fs::read(out.join("cells/0000000000000000.json")).unwrap();
    let second = residuum(root, &args);
    assert_eq!(
        started(&second.stdout),
        [1, 3, 4],
        "only what failed runs again"
    );
    assert_eq!(
        before,
        std::fs::read(out.join("cells/0000000000000000.json")).unwrap()
    );
}

#[test]
fn a_plan_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &[json!({"index": 0})]);
    let run = |plan: &str| {
        ended(
            command(folder.path())
                .args(["cells", "--plan", plan, "--from", "0", "--to", "1"])
                .args(["--out", folder.path().to_str().unwrap()])
                .output()
                .unwrap(),
        )
    };
    run(&plan).fails(2, &["plan.jsonl", "line 1"]);
    run("/nowhere/plan.jsonl").fails(4, &["/nowhere/plan.jsonl"]);
}
