//! README's table of exit codes: every command into a full disk, a closed output, a place that cannot be
//! written, too little memory.
#![cfg(all(target_os = "linux", feature = "report", feature = "torch"))]

mod support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use support::{Ended, bmp, command, easy_set, ended, npy_f32, npy_i64, npz};

/// A data root with something for each command.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        easy_set(root.path(), "easy.npz", 40, 4); // four anomalies: a warning
        std::fs::create_dir_all(at("photos")).unwrap();
        for i in 0..3 {
            std::fs::write(at(&format!("photos/{i}.bmp")), bmp(28, 90 + i)).unwrap();
        }
        std::fs::create_dir_all(at("run/cells")).unwrap();
        let tables = json!({"profile": "p", "tables": []});
        std::fs::write(at("run/tables.json"), tables.to_string()).unwrap();
        let cell = json!({"index": 0, "id": "a", "dataset": "absent", "data_sha256": "", "method": "norm",
            "protocol": "semi", "seed": {"data": 0, "model": 0}, "config": {}});
        std::fs::write(at("plan.jsonl"), format!("{cell}\n")).unwrap();
        std::fs::write(at("file"), "").unwrap();
        Self { root }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The program with `words`, in which `@` stands for the folder.
    fn command(&self, words: &str) -> Command {
        let mut command = command(self.root.path());
        command.args(self.words(words)).stdin(Stdio::null());
        command
    }

    fn words(&self, words: &str) -> Vec<String> {
        let folder = self.root.path().display().to_string();
        words
            .split(' ')
            .map(|word| word.replace('@', &folder))
            .collect()
    }

    /// The same from a shell that does `first`, such as setting a limit.
    fn shell(&self, first: &str, words: &str) -> Ended {
        let program = self.command(words);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{first}; exec \"$0\" \"$@\""));
        shell
            .arg(program.get_program())
            .args(program.get_args())
            .stdin(Stdio::null());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        ended(shell.output().unwrap())
    }
}

/// Commands that print, each with the code it ends with otherwise.
const PRINTING: [(&str, i32); 19] = [
    ("--help", 0),
    ("run --help", 0),
    ("--version", 0),
    ("completions bash", 0),
    ("datasets list", 0),
    ("datasets list --json", 0),
    ("datasets show cardio", 0),
    ("methods list", 0),
    ("methods list --json", 0),
    ("methods show ddpm", 0),
    ("run --dataset @/easy.npz --method knn", 0),
    ("run --dataset @/easy.npz --method knn --out @/cell.json", 0),
    ("audit @/easy.npz", 0),
    ("audit @/easy.npz --json", 0),
    ("report @/run", 0),
    ("report @/run @/run", 0),
    ("report @/run @/run --out @/compared", 0),
    ("corrupt @/photos --kind fog -o @/foggy", 0),
    ("cells --plan @/plan.jsonl --from 0 --to 1 --out @/swept", 5),
];

fn full() -> Stdio {
    File::options()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

#[test]
fn a_full_standard_output_is_4() {
    let place = Place::new();
    for (words, _) in PRINTING {
        let told = ended(place.command(words).stdout(full()).output().unwrap());
        assert_eq!(told.code, Some(4), "{words}: {}", told.stderr);
        let why = "error: cannot write to standard output";
        assert!(told.stderr.contains(why), "{words}: {}", told.stderr);
    }
    assert!(
        place.at("cell.json").exists(),
        "--out is written all the same"
    );
    assert!(place.at("compared/compare.html").exists());
}

#[test]
fn a_standard_output_that_was_never_open_is_4() {
    let place = Place::new();
    for (words, _) in PRINTING {
        let told = place.shell("exec >&-", words);
        assert_eq!(told.code, Some(4), "{words}: {}", told.stderr);
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let place = Place::new();
    for (words, code) in PRINTING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let told = ended(place.command(words).stdout(writer).output().unwrap());
        assert_eq!(told.code, Some(code), "{words}: {}", told.stderr);
        if code == 0 {
            assert!(!told.stderr.contains("error"), "{words}: {}", told.stderr);
        }
    }
}

#[test]
fn a_warning_that_nobody_can_read_costs_nothing() {
    let place = Place::new();
    for (words, code) in PRINTING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        for stderr in [writer.into(), full()] {
            let told = ended(place.command(words).stderr(stderr).output().unwrap());
            assert_eq!(told.code, Some(code), "{words}");
            assert!(!told.stdout.is_empty(), "{words}");
        }
        assert_eq!(place.shell("exec 2>&-", words).code, Some(code), "{words}");
    }
    assert!(place.at("cell.json").exists());
    // Nor does an error.
    let told = place
        .command("run --dataset @/absent.npz --method knn")
        .stderr(full())
        .output();
    assert_eq!(told.unwrap().status.code(), Some(4));
    let told = place.command("run --nonsense").stderr(full()).output();
    assert_eq!(told.unwrap().status.code(), Some(2));
}

/// Commands that write to the place `%`.
const WRITING: [&str; 12] = [
    "run --dataset @/easy.npz --method knn --out %/cell.json",
    "run --dataset @/easy.npz --method knn --scores %/scores.csv",
    "run --dataset @/easy.npz --method knn --scores %/scores.parquet",
    "run --dataset @/easy.npz --method ddpm --set train.epochs=1 --models %/models",
    "report @/run --out %/report",
    "report @/run @/run --out %/report",
    "corrupt @/photos --kind fog -o %/foggy",
    "corrupt @/photos --kind all -o %/spoilt",
    "embed @/photos -o %/vectors.npz",
    "embed @/photos -o %/vectors.parquet",
    "cells --plan @/plan.jsonl --from 0 --to 1 --out %/swept",
    "datasets fetch SVHN_2",
];

#[test]
fn a_place_that_cannot_be_written_is_4() {
    let place = Place::new();
    // Below a file nothing can be made, nor in /proc, not even by root.
    for folder in [
        place.at("file").display().to_string(),
        "/proc/self/task".to_owned(),
    ] {
        for words in WRITING {
            let mut command = place.command(&words.replace('%', &folder));
            command.env("RESIDUUM_CACHE", &folder);
            let told = ended(command.output().unwrap());
            let error = told
                .stderr
                .lines()
                .filter(|line| line.starts_with("error: "));
            assert_eq!(told.code, Some(4), "{words} {folder}: {}", told.stderr);
            assert_eq!(error.count(), 1, "{words}: {}", told.stderr);
        }
    }
}

#[test]
fn a_file_that_may_not_grow_is_4() {
    let place = Place::new();
    let out = place.at("grown");
    std::fs::create_dir(&out).unwrap();
    for words in &WRITING[..8] {
        let told = place.shell("ulimit -f 0", &words.replace('%', out.to_str().unwrap()));
        assert_eq!(told.code, Some(4), "{words}: {}", told.stderr);
    }
    let left: Vec<_> = walk(&out)
        .into_iter()
        .filter(|path| path.is_file())
        .collect();
    let left: Vec<_> = left
        .iter()
        .filter(|path| !path.ends_with("lock") && !path.ends_with("train.jsonl"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let below = entries.flat_map(|entry| {
        let mut paths = walk(&entry.path());
        paths.push(entry.path());
        paths
    });
    below.collect()
}

#[test]
fn weights_that_cannot_be_had_are_4() {
    let place = Place::new();
    for kind in ["train/good", "test/good", "test/bent"] {
        std::fs::create_dir_all(place.at(&format!("set/{kind}"))).unwrap();
        for i in 0..3 {
            std::fs::write(place.at(&format!("set/{kind}/{i}.bmp")), bmp(40, 60 + i)).unwrap();
        }
    }
    for words in [
        "embed @/photos -o @/vectors.npz",
        "run --dataset @/set --protocol mvtec --method padim",
        "audit @/set[lite0]",
    ] {
        let words = place.words(words).join(" ").replace("[lite0]", "@lite0");
        let mut command = command(place.root.path());
        command
            .args(words.split(' '))
            .env("RESIDUUM_PIP", "/no/such/pip");
        ended(command.output().unwrap()).fails(4, &["no pip answers"]);
    }
}

#[test]
fn memory_that_cannot_be_had_is_75() {
    let place = Place::new();
    let n = 24_000;
    let x = npy_f32(n, 2, |i, j| ((i * 37 + j * 101) % 9973) as f32);
    let y: Vec<i64> = (0..n).map(|i| i64::from(i >= n - 100)).collect();
    npz(place.root.path(), "x.npz", &[("X", x), ("y", npy_i64(&y))]);
    let told = place.shell(
        "ulimit -v 1500000",
        "run --dataset @/x.npz --method wiener --set neighbours=[9000] --threads 1",
    );
    told.fails(
        75,
        &[
            "memory",
            "9000 neighbours of 11950 rows; fewer of either need less",
        ],
    );
    // Neighbours that no list holds at once do fit.
    let told = place.shell(
        "ulimit -v 1500000",
        "run --dataset @/x.npz --method knn --set neighbours=4000 --threads 1",
    );
    assert_eq!(told.code, Some(0), "{}", told.stderr);
}
