//! `residuum cells` in a training.

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use support::{command, easy_set};

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
