//! The recipe of CONTRIBUTING.md is a diff that applies, and touches three places.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The one diff of the page.
fn recipe() -> String {
    let page = std::fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let (_, behind) = page.split_once("```diff\n").expect("a diff");
    let (diff, _) = behind.split_once("```").expect("its end");
    diff.to_owned()
}

fn apply(diff: &str, folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git")
        .args(["apply"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin
        .take()
        .unwrap()
        .write_all(diff.as_bytes())
        .unwrap();
    assert!(git.wait().unwrap().success(), "the diff does not apply");
}

#[test]
fn a_method_is_added_in_three_places() {
    let diff = recipe();
    apply(&diff, &root(), &["--check"]);
    assert_eq!(diff.matches("diff --git ").count(), 3);
}

/// Minutes: it builds the registry and the program in a folder of its own.
#[test]
#[ignore = "builds a copy of the workspace"]
fn a_method_that_was_added_conforms_and_is_listed() {
    let copy = tempfile::tempdir().unwrap();
    let files = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .unwrap();
    for name in String::from_utf8(files.stdout)
        .unwrap()
        .split_terminator('\0')
    {
        let (from, to) = (root().join(name), copy.path().join(name));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        if from.is_file() {
            std::fs::copy(from, to).unwrap();
        }
    }
    apply(&recipe(), copy.path(), &[]);
    for arguments in [
        "test --release -p baselines -p residuum",
        "run --release -p cli --bin residuum -- run --dataset FashionMNIST_3@pixels --method centre",
    ] {
        let status = Command::new("cargo")
            .args(arguments.split(' '))
            .current_dir(copy.path())
            .env("CARGO_TARGET_DIR", copy.path().join("target"))
            .status()
            .unwrap();
        assert!(status.success(), "{arguments}");
    }
}
