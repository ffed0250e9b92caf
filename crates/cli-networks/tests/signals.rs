//! SIGINT and SIGTERM in a training.
#![cfg(target_os = "linux")]

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::{easy_set, end, signal, start};

#[test]
fn a_training_keeps_where_it_is_and_ends_with_the_signals_code() {
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 40, 4);
    let models = root.path().join("models");
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let words = [
            "run",
            "--dataset",
            set.to_str().unwrap(),
            "--method",
            "ddpm",
            "--set",
            "train.epochs=100000",
            "--set",
            "train.early-stop-after=100000",
            "--models",
            models.to_str().unwrap(),
        ];
        let child = start(root.path(), &words);
        // Training has begun once its log has a line.
        let began = Instant::now();
        let has_begun = || {
            let folders = std::fs::read_dir(&models).into_iter().flatten().flatten();
            let mut logs = folders.map(|folder| folder.path().join("train.jsonl"));
            logs.any(|log| std::fs::metadata(log).is_ok_and(|log| log.len() > 0))
        };
        while !has_begun() {
            assert!(began.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(20));
        }
        signal(&child, name);
        let told = end(child);
        told.fails(code, &["interrupted"]);
        let folders = std::fs::read_dir(&models).unwrap().flatten();
        let kept: Vec<_> = folders
            .filter(|f| f.path().join("training.safetensors").exists())
            .collect();
        assert_eq!(kept.len(), 1, "what was trained is kept");
        std::fs::remove_dir_all(&models).unwrap();
    }
}
