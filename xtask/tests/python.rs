//! The tests of the Python package where it cannot be tested: without Python, and without the package index.

#![cfg(unix)]
#![allow(clippy::print_stdout)] // a long test tells its figures

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use common::{Sandbox, stderr, stdout};

/// Makes a virtual environment whose pip reaches no index.
const PYTHON: &str = r#"#!/bin/sh
[ "$1 $2 $3" = "-m venv --clear" ] || exit 9
mkdir -p "$4/bin"
printf '#!/bin/sh\necho "ERROR: No matching distribution found" >&2\nexit 1\n' >"$4/bin/python"
chmod +x "$4/bin/python"
"#;

/// `cargo xtask COMMAND -p residuum-python` with no program but those of `bin`.
fn run(sandbox: &Sandbox, command: &str, bin: &str) -> Output {
    for tests in ["tests", "soak"] {
        let folder = sandbox.root().join("crates/python").join(tests);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("requirements.txt"), "numpy==2.4.6\n").unwrap();
    }
    let mut xtask = sandbox.xtask(&[command, "-p", "residuum-python"]);
    xtask.env("PATH", bin).output().unwrap()
}

fn is_skipped(output: &Output, why: &str) {
    let (out, err) = (stdout(output), stderr(output));
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(err.contains("skipped: ") && err.contains(why), "{err}");
    let counted = "Python: passed; 1 passed without what they need";
    assert!(out.contains(counted), "{out}");
}

#[test]
fn without_python_they_are_skipped_and_counted() {
    for command in ["test", "soak"] {
        let sandbox = Sandbox::new();
        let output = run(&sandbox, command, "/nowhere");
        is_skipped(&output, "cannot make a virtual environment for Python");
    }
}

#[test]
fn without_the_index_they_are_skipped_and_counted() {
    for command in ["test", "soak"] {
        let sandbox = Sandbox::new();
        sandbox.script("python3", PYTHON);
        let bin = format!("{}:/usr/bin:/bin", sandbox.root().display());
        let output = run(&sandbox, command, &bin);
        is_skipped(&output, "cannot install maturin==1.16.0");
        // What is half there is made anew.
        assert!(
            !sandbox
                .root()
                .join("cache/python-maturin/packages.txt")
                .exists()
        );
    }
}

/// From nothing but a warm cargo cache: what a clone's first `cargo xtask wheel` takes.
#[test]
#[ignore = "builds the package in a folder of its own"]
fn the_wheel_is_built_in_less_than_four_minutes_and_is_small() {
    let copy = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut git = Command::new("git");
    let files = git.args(["ls-files", "-z"]).current_dir(&root);
    let files = String::from_utf8(files.output().unwrap().stdout).unwrap();
    for name in files.split_terminator('\0') {
        let (from, to) = (root.join(name), copy.path().join(name));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        if from.is_file() {
            fs::copy(from, to).unwrap();
        }
    }
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["wheel", "--out"])
        .arg(copy.path().join("wheels"))
        .env("RESIDUUM_WORKSPACE", copy.path())
        .output()
        .unwrap();
    let seconds = start.elapsed().as_secs();
    let err = stderr(&output);
    if err.contains("cannot make a virtual environment") || err.contains("cannot install") {
        return skipped::because(err);
    }
    assert!(output.status.success(), "{err}");
    println!("{seconds} s: {}", stdout(&output));
    assert!(seconds < 240, "{seconds} s");
    let wheel = fs::read_dir(copy.path().join("wheels")).unwrap();
    let wheel = wheel.map(|entry| entry.unwrap().metadata().unwrap().len());
    assert!(wheel.sum::<u64>() <= 6_000_000);
}
