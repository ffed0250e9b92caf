//! The table of exit codes in docs/using.md: every command into a full disk, a closed output, a place that cannot be
//! written, too little memory.
#![cfg(target_os = "linux")]

mod support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use support::place::Place;
use support::{ended, npy_f32, npy_i64, npz};

/// Commands that print, each with the code it ends with otherwise.
const PRINTING: [(&str, i32); 26] = [
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
    ("fit @/good.npy -o @/made.residuum", 0),
    ("score @/parts.residuum @/easy.npz", 0),
    ("evaluate @/parts.residuum @/easy.npz", 0),
    ("evaluate @/parts.residuum @/easy.npz --json", 0),
    ("show @/parts.residuum", 0),
    ("explain @/parts.residuum @/easy.npz", 0),
    (
        "calibrate @/parts.residuum @/fresh.npy -o @/again.residuum",
        0,
    ),
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
    assert!(place.at("made.residuum").exists() && place.at("again.residuum").exists());
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
const WRITING: [&str; 15] = [
    "run --dataset @/easy.npz --method knn --out %/cell.json",
    "run --dataset @/easy.npz --method knn --scores %/scores.csv",
    "run --dataset @/easy.npz --method knn --scores %/scores.parquet",
    "report @/run --out %/report",
    "report @/run @/run --out %/report",
    "corrupt @/photos --kind fog -o %/foggy",
    "corrupt @/photos --kind all -o %/spoilt",
    "cells --plan @/plan.jsonl --from 0 --to 1 --out %/swept",
    "fit @/good.npy -o %/parts.residuum",
    "calibrate @/parts.residuum @/fresh.npy -o %/parts.residuum",
    "score @/parts.residuum @/easy.npz -o %/scored.csv",
    "score @/parts.residuum @/easy.npz -o %/scored.parquet",
    "score @/parts.residuum @/easy.npz -o %/scored.jsonl",
    "evaluate @/parts.residuum @/easy.npz --report %/page",
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
    let [writing @ .., _fetch] = WRITING;
    for words in writing {
        let told = place.shell("ulimit -f 0", &words.replace('%', out.to_str().unwrap()));
        assert_eq!(told.code, Some(4), "{words}: {}", told.stderr);
    }
    let left: Vec<_> = walk(&out)
        .into_iter()
        .filter(|path| path.is_file())
        .collect();
    let left: Vec<_> = left.iter().collect();
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
fn memory_that_cannot_be_had_is_75() {
    let place = Place::new();
    let n = 24_000;
    let x = npy_f32(n, 2, |i, j| ((i * 37 + j * 101) % 9973) as f32);
    let y: Vec<i64> = (0..n).map(|i| i64::from(i >= n - 100)).collect();
    npz(place.root.path(), "x.npz", &[("X", x), ("y", npy_i64(&y))]);
    let told = place.shell(
        "ulimit -v 1100000",
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
        "ulimit -v 1100000",
        "run --dataset @/x.npz --method knn --set neighbours=4000 --threads 1",
    );
    assert_eq!(told.code, Some(0), "{}", told.stderr);
}
