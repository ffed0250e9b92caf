//! SIGINT and SIGTERM, in a training, in other work and in none.
#![cfg(all(target_os = "linux", feature = "torch"))]

mod support;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{Ended, command, easy_set, ended, npy_f32, npy_i64, npz};

fn start(root: &std::path::Path, words: &[&str]) -> Child {
    let mut command = command(root);
    command.args(words).stdin(Stdio::null());
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

fn end(child: Child) -> Ended {
    ended(child.wait_with_output().unwrap())
}

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
            .filter(|f| f.path().join("training.json").exists())
            .collect();
        assert_eq!(kept.len(), 1, "what was trained is kept");
        std::fs::remove_dir_all(&models).unwrap();
    }
}

#[test]
fn work_that_does_not_ask_is_ended_within_seconds_and_a_second_signal_ends_at_once() {
    let root = tempfile::tempdir().unwrap();
    // Matrices of a thousand columns, inverted some hundred times: minutes between two looks at the signals.
    let x = npy_f32(60, 1000, |i, j| {
        ((i * 37 + j * 101 + i * i * j) % 9973) as f32
    });
    let y: Vec<i64> = (0..60).map(|i| i64::from(i >= 50)).collect();
    let set = npz(root.path(), "wide.npz", &[("X", x), ("y", npy_i64(&y))]);
    let words = ["run", "--dataset", set.to_str().unwrap(), "--method", "mcd"];
    for (signals, code, most) in [
        (&["TERM"][..], 143, 10.0),
        (&["INT"], 130, 10.0),
        (&["INT", "INT"], 130, 1.5),
    ] {
        let child = start(root.path(), &words);
        std::thread::sleep(Duration::from_millis(1500));
        let sent = Instant::now();
        for name in signals {
            signal(&child, name);
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(end(child).code, Some(code));
        let seconds = sent.elapsed().as_secs_f64();
        assert!(seconds < most, "{signals:?}: {seconds} s");
    }
}
