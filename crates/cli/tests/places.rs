//! What outputs, names and the environment of the user may not do.
#![cfg(target_os = "linux")]

mod support;

use std::path::Path;

use serde_json::json;
use support::{bmp, command, easy_set, ended, residuum};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn no_output_is_another_output_or_an_input() {
    let root = tempfile::tempdir().unwrap();
    let set = easy_set(root.path(), "easy.npz", 40, 4);
    let before = std::fs::read(&set).unwrap();
    let at = |name: &str| root.path().join(name).display().to_string();
    std::fs::create_dir(at("sub")).unwrap();
    std::os::unix::fs::symlink(&set, at("link.csv")).unwrap();
    std::fs::write(at("config.toml"), "neighbours = 3\n").unwrap();
    let run = |more: &[&str]| {
        let args = [&["run", "--dataset", text(&set), "--method", "knn"], more].concat();
        residuum(root.path(), &args)
    };
    let (csv, other) = (at("a.csv"), at("sub/../a.csv"));
    run(&["--out", &csv, "--scores", &other]).fails(2, &["--out and --scores are the same file"]);
    run(&["--scores", &csv, "--pictures", &csv]).fails(2, &["--scores and --pictures"]);
    run(&["--out", text(&set)]).fails(2, &["--out would overwrite the data set"]);
    run(&["--scores", &at("link.csv")]).fails(2, &["--scores would overwrite the data set"]);
    let config = at("config.toml");
    run(&["--config", &config, "--out", &config]).fails(2, &["--config"]);
    assert!(std::fs::read(&set).unwrap() == before);
    assert!(!Path::new(&csv).exists());
    // A device may take both, and stays a device.
    let told = run(&["--out", "/dev/null"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    run(&["--out", "/dev/full"]);
    assert_eq!(run(&["--out", "/dev/full"]).code, Some(4));
}

#[test]
fn ids_of_a_plan_name_files_in_its_folder() {
    let root = tempfile::tempdir().unwrap();
    for id in ["../out", "a/b", "/tmp/x", "", ".", "a\u{1b}[31m", "a\nb"] {
        let line = json!({"index": 0, "id": id, "dataset": "x", "data_sha256": "", "method": "norm",
            "protocol": "semi", "seed": {"data": 0, "model": 0}, "config": {}});
        let plan = root.path().join("plan.jsonl");
        std::fs::write(&plan, format!("{line}\n")).unwrap();
        let out = root.path().join("run");
        let args = [
            "cells",
            "--plan",
            text(&plan),
            "--from",
            "0",
            "--to",
            "1",
            "--out",
            text(&out),
        ];
        residuum(root.path(), &args).fails(2, &["plan.jsonl line 1", "the id"]);
        assert!(!out.exists(), "{id:?}");
    }
}

#[test]
fn what_a_killed_process_left_is_removed_by_the_next() {
    let root = tempfile::tempdir().unwrap();
    let cells = root.path().join("run/cells");
    std::fs::create_dir_all(&cells).unwrap();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let host = host
        .trim()
        .replace(|c: char| !(c.is_ascii_alphanumeric() || c == '-'), "_");
    let left = cells.join(format!(".residuum-{host}-4294967294-aB3xYz"));
    let mine = cells.join("notes.txt");
    for path in [&left, &mine] {
        std::fs::write(path, "{").unwrap();
    }
    let plan = root.path().join("plan.jsonl");
    std::fs::write(&plan, "").unwrap();
    let out = root.path().join("run");
    let args = [
        "cells",
        "--plan",
        text(&plan),
        "--from",
        "0",
        "--to",
        "1",
        "--out",
        text(&out),
    ];
    let told = residuum(root.path(), &args);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(!left.exists() && mine.exists());
}

#[test]
fn names_do_not_act_on_the_terminal() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a\u{1b}[2Jb", "a\nb", "a\rb", "a\u{202e}b", "a\u{9b}2Jb"] {
        let folder = root.path().join(name);
        for kind in ["train/good", "test/bent"] {
            std::fs::create_dir_all(folder.join(kind)).unwrap();
            std::fs::write(folder.join(kind).join("0.bmp"), bmp(8, 9)).unwrap();
        }
        std::fs::write(folder.join("set.npz"), "no archive").unwrap();
        std::fs::write(folder.join("list.txt"), "absent.png\n").unwrap();
        for words in [
            vec!["run", "--method", "knn", "--dataset", "set.npz"],
            vec!["run", "--method", "knn", "--dataset", "absent.npz"],
            vec!["run", "--method", "knn", "--dataset", "list.txt"],
            vec!["audit", "test"],
            vec!["corrupt", "set.npz", "--kind", "fog", "-o", "set.npz"],
            vec!["report", "absent"],
        ] {
            let at = |word: &&str| match folder.join(word).exists() || word.contains("absent") {
                true => folder.join(word).display().to_string(),
                false => (*word).to_owned(),
            };
            let words: Vec<String> = words.iter().map(at).collect();
            let told = ended(command(root.path()).args(&words).output().unwrap());
            let said = format!("{}{}", told.stdout, told.stderr);
            let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!said.contains(acts), "{words:?}: {said:?}");
            assert!(told.stderr.lines().count() <= 3, "{words:?}: {said:?}");
            assert!(matches!(told.code, Some(2..=4)), "{words:?}: {said:?}");
        }
    }
    let told = ended(command(root.path()).arg("ru\u{1b}[31mn").output().unwrap());
    assert_eq!(told.code, Some(2));
    assert!(!told.stderr.contains('\u{1b}'), "{}", told.stderr);
}
