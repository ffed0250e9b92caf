//! `scripts/gpu-check.sh` without a GPU: what it says, and that a failed test fails it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// `gpu-check.sh ARGS` with programs of our own before those of the system.
fn check(bin: &Path, arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/gpu-check.sh");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.arg(script).args(arguments).env("PATH", path);
    command.output().unwrap()
}

fn program(path: &Path, text: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A packed folder whose parity tests end with `status`, and a Python that has PyTorch's answers.
fn packed(folder: &Path, status: u8) {
    for part in ["bin", "pack/tests"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
    }
    let python = "case \"$1\" in -c) echo /torch/lib ;; *) echo 'PyTorch eager: 1 steps/s' ;; esac";
    program(&folder.join("bin/python3"), python);
    for package in ["dit", "unet"] {
        program(
            &folder.join(format!("pack/throughput-{package}")),
            "echo \"ours: 2 steps/s, $*\"",
        );
    }
    let replicas = "echo \"dte-c: 3 times as fast, $*\"";
    program(&folder.join("pack/replicas"), replicas);
    program(
        &folder.join("pack/tests/dit-parity"),
        &format!("exit {status}"),
    );
}

#[test]
fn it_says_how_to_use_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("gpu-check.sh pack"));
}

#[test]
fn without_pytorch_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    program(
        &folder.path().join("python3"),
        "echo 'No module named torch' >&2; exit 1",
    );
    let output = check(
        folder.path(),
        &["run", folder.path().to_str().unwrap(), "--cpu"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("PyTorch 2.11 is needed"));
}

#[test]
fn it_reports_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    packed(folder.path(), 0);
    let pack = folder.path().join("pack");
    let output = check(
        &folder.path().join("bin"),
        &["run", pack.to_str().unwrap(), "--cpu"],
    );
    assert!(output.status.success(), "{output:?}");
    let report = std::fs::read_to_string(pack.join("gpu.md")).unwrap();
    for words in [
        "CPU, ",
        "dit-parity: passed",
        "networks: replicas 2 64 8 3",
        "dte-c: 3 times as fast, 2 64 8 3",
        "ours: 2 steps/s, s 8 32",
        "unet: throughput small 32 8 3 bf16 nhwc",
        "ours: 2 steps/s, small 32 8 3 bf16 nhwc",
        "PyTorch eager",
    ] {
        assert!(report.contains(words), "no {words} in {report}");
    }
}

#[test]
fn a_failed_parity_test_fails_it() {
    let folder = tempfile::tempdir().unwrap();
    packed(folder.path(), 1);
    let pack = folder.path().join("pack");
    let output = check(
        &folder.path().join("bin"),
        &["run", pack.to_str().unwrap(), "--cpu"],
    );
    assert_eq!(output.status.code(), Some(1));
    let report = std::fs::read_to_string(pack.join("gpu.md")).unwrap();
    assert!(report.contains("dit-parity: FAILED"), "{report}");
    assert!(!report.contains("steps/s"), "{report}");
    assert!(!report.contains("times as fast"), "{report}");
}
