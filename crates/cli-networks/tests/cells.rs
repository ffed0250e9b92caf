//! `residuum cells` in a training.

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{command, easy_set, residuum};

#[test]
fn a_worker_ends_with_the_process_that_started_it() {
    let folder = tempfile::tempdir().unwrap();
    let set = easy_set(folder.path(), "easy.npz", 400, 20);
    let set = set.to_str().unwrap();
    let long = json!({"train": {"epochs": 1_000_000}});
    let line = json!({"index": 0, "id": "a", "dataset": set, "data_sha256": "", "method": "ddpm",
        "protocol": "semi", "seed": {"data": 0, "model": 1}, "config": long});
    let plan = folder.path().join("plan.jsonl");
    std::fs::write(&plan, format!("{line}\n")).unwrap();
    let plan = plan.to_str().unwrap();
    let out = folder.path().join("run");
    let mut child = command(folder.path())
        .args(["cells", "--plan", plan, "--from", "0", "--to", "1"])
        .args(["--out", out.to_str().unwrap(), "--stdin-guard"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "it trains for hours");
    drop(child.stdin.take());
    let start = Instant::now();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(143));
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// What the plan of a file has to say of it.
fn sha256(root: &Path, file: &Path) -> Value {
    let file = file.to_str().unwrap();
    let list = residuum(root, &["datasets", "list", "--json", file]).json();
    list[0]["sha256"].clone()
}

/// Computes four cells of `method`, two seeds on each of two sets; returns them and what the program said.
fn four_seeds(root: &Path, name: &str, method: &str, replicas: u64) -> (Vec<Value>, Vec<Value>) {
    let out = root.join(name);
    let mut lines = String::new();
    for (index, (set, seed)) in [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
        .into_iter()
        .enumerate()
    {
        let set = root.join(format!("{set}.npz"));
        let mut train = json!({"epochs": 30});
        if replicas > 1 {
            train["replicas"] = replicas.into();
        }
        let line = json!({"index": index, "id": format!("{index:016x}"), "dataset": set,
            "data_sha256": sha256(root, &set), "method": method, "protocol": "semi",
            "seed": {"data": 0, "model": seed}, "config": {"train": train}});
        lines += &format!("{line}\n");
    }
    let plan = root.join(format!("{name}.jsonl"));
    std::fs::write(&plan, lines).unwrap();
    let (plan, out_text) = (plan.to_str().unwrap(), out.to_str().unwrap());
    let models = root.join(format!("{name}-models"));
    let ended = residuum(
        root,
        &[
            "cells",
            "--plan",
            plan,
            "--from",
            "0",
            "--to",
            "4",
            "--out",
            out_text,
            "--models",
            models.to_str().unwrap(),
        ],
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let kept = models.read_dir().unwrap().count();
    assert_eq!(kept, 4);
    let cell = |index: usize| {
        let path = out.join(format!("cells/{index:016x}.json"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let events = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    ((0..4).map(cell).collect(), events.collect())
}

#[test]
fn cells_trained_as_one_are_those_of_networks_trained_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    // Of two shapes: two groups.
    easy_set(root, "a.npz", 240, 20);
    easy_set(root, "b.npz", 260, 20);
    for method in ["dte-c", "ddpm"] {
        let (alone, _) = four_seeds(root, &format!("{method}-alone"), method, 1);
        let (as_one, events) = four_seeds(root, &format!("{method}-as-one"), method, 4);
        for (alone, as_one) in alone.iter().zip(&as_one) {
            assert_eq!(as_one["status"], "ok");
            assert_eq!(as_one["config"]["train"]["replicas"], 4);
            assert!(alone["config"]["train"].get("replicas").is_none());
            assert_ne!(alone["config_hash"], as_one["config_hash"]);
            let of = |cell: &Value, name: &str| cell.pointer(name).and_then(Value::as_f64).unwrap();
            // The second is a rank correlation over all scores.
            for name in ["/metrics/auroc", "/norm_spearman"] {
                assert!(
                    (of(alone, name) - of(as_one, name)).abs() < 1e-4,
                    "{alone}\n{as_one}"
                );
            }
        }
        let seconds = |cell: &Value| cell["seconds"]["fit"].as_f64().unwrap();
        // Each has its share of the time of those that were trained with it.
        assert_eq!(seconds(&as_one[0]), seconds(&as_one[1]));
        // One cell at a time, as a sweep expects it.
        let told: Vec<(&str, &str)> = events
            .iter()
            .map(|event| {
                (
                    event["event"].as_str().unwrap(),
                    event["id"].as_str().unwrap(),
                )
            })
            .filter(|(event, _)| *event != "progress")
            .collect();
        let ids: Vec<String> = (0..4).map(|index| format!("{index:016x}")).collect();
        let expected: Vec<(&str, &str)> = ids
            .iter()
            .flat_map(|id| [("start", &**id), ("done", &**id)])
            .collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn a_set_that_is_not_there_fails_its_own_cell_only() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    easy_set(root, "a.npz", 240, 20);
    let lines: String = [("a", 1), ("gone", 1), ("a", 2)]
        .into_iter()
        .enumerate()
        .map(|(index, (set, seed))| {
            let set = root.join(format!("{set}.npz"));
            let config = json!({"train": {"epochs": 3, "replicas": 4}});
            let sha256 = if set.is_file() {
                sha256(root, &set)
            } else {
                json!("")
            };
            let line = json!({"index": index, "id": format!("{index}"), "dataset": set,
                "data_sha256": sha256, "method": "dte-c", "protocol": "semi",
                "seed": {"data": 0, "model": seed}, "config": config});
            format!("{line}\n")
        })
        .collect();
    let (plan, out) = (root.join("plan.jsonl"), root.join("run"));
    std::fs::write(&plan, lines).unwrap();
    let (plan, out_text) = (plan.to_str().unwrap(), out.to_str().unwrap());
    let args = [
        "cells", "--plan", plan, "--from", "0", "--to", "3", "--out", out_text,
    ];
    assert_eq!(residuum(root, &args).code, Some(5));
    let status = |id: usize| -> Value {
        let text = std::fs::read(out.join(format!("cells/{id}.json"))).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["status"].clone()
    };
    assert_eq!([status(0), status(1), status(2)], ["ok", "failed", "ok"]);
}
