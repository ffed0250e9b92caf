//! Set-up as a user meets it. Downloads are a shell script in place of pip; its wheels do not have
//! the pinned hashes, so the way from wheels to the folder is a unit test of `unpack`.

mod common;

use std::fs;
use std::process::{Command, Output};

use common::{Sandbox, stderr, stdout};

/// Answers `--version`, logs every download, and brings a file named as the torch wheel.
const PIP: &str = r#"#!/bin/sh
[ "$1" = --version ] && { echo "pip 25.1 from nowhere"; exit 0; }
echo "$@" >>"$FAKE/pip.log"
env | grep -E '^(PIP_|PYTHON)' | sort >"$FAKE/pip.env"
[ -e "$FAKE/refuses" ] && { echo "ERROR: Could not find an activated virtualenv (required)." >&2; exit 3; }
[ -e "$FAKE/offline" ] && { echo "WARNING: Retrying (Retry(total=0)) after connection broken" >&2; }
[ -e "$FAKE/offline" ] && { echo "ERROR: No matching distribution found for torch==2.11.0" >&2; exit 1; }
while [ $# -gt 0 ]; do [ "$1" = -d ] && dir=$2; shift; done
echo broken >"$dir/torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl"
"#;

fn setup(sandbox: &Sandbox) -> Command {
    let mut command = sandbox.xtask(&["setup"]);
    command.env("RESIDUUM_PIP", sandbox.script("pip.sh", PIP));
    command
}

fn fails_with(output: &Output, code: i32, message: &str, hint: &str) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    let line = |start: &str| {
        text.lines()
            .find(|l| l.starts_with(start))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(line("error: ").contains(message), "{text}");
    assert!(line("hint: ").contains(hint), "{text}");
}

/// A folder that passes for libtorch.
fn libtorch(sandbox: &Sandbox, name: &str, version: &str) -> std::path::PathBuf {
    let dir = sandbox.root().join(name);
    fs::create_dir_all(dir.join("lib")).unwrap();
    fs::create_dir_all(dir.join("include/torch")).unwrap();
    fs::write(dir.join("build-version"), version).unwrap();
    for library in ["libtorch_cpu.so", "libc10.so"] {
        fs::write(dir.join("lib").join(library), "").unwrap();
    }
    dir
}

#[test]
fn a_wheel_with_another_hash_is_removed() {
    let sandbox = Sandbox::new();
    let output = setup(&sandbox).output().unwrap();
    fails_with(
        &output,
        3,
        "expected 0f68f4ac",
        "run `cargo xtask setup` again",
    );
    let left = fs::read_dir(sandbox.root().join("cache/downloads"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "neither the wheel nor a partial file");
    assert!(!sandbox.root().join(".libtorch").exists());
    let log = fs::read_to_string(sandbox.root().join("pip.log")).unwrap();
    assert!(
        log.contains("--no-deps --resume-retries 5 torch==2.11.0 -d"),
        "{log}"
    );
}

#[test]
fn offline_it_tries_three_times_and_says_what_to_do() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.root().join("offline"), "").unwrap();
    let output = setup(&sandbox).output().unwrap();
    fails_with(
        &output,
        4,
        "cannot download torch==2.11.0",
        "set LIBTORCH to a libtorch 2.11.0",
    );
    assert!(
        stderr(&output).contains("No matching distribution"),
        "pip's own words"
    );
    assert_eq!(
        fs::read_to_string(sandbox.root().join("pip.log"))
            .unwrap()
            .lines()
            .count(),
        3
    );
}

#[test]
fn a_pip_that_refuses_is_asked_once_and_doctor_knows() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.root().join("refuses"), "").unwrap();
    let output = setup(&sandbox).output().unwrap();
    fails_with(
        &output,
        4,
        "Could not find an activated virtualenv (required).",
        "see to what pip says",
    );
    let calls = fs::read_to_string(sandbox.root().join("pip.log")).unwrap();
    assert_eq!(calls.lines().count(), 1, "{calls}");
    let doctor = || {
        let mut command = sandbox.xtask(&["doctor"]);
        command.env("RESIDUUM_PIP", sandbox.root().join("pip.sh"));
        command.output().unwrap()
    };
    let output = doctor();
    assert_eq!(output.status.code(), Some(4));
    let told = stdout(&output);
    assert!(told.contains("MISS  pip"), "{told}");
    assert!(told.contains("activated virtualenv"), "{told}");
    fs::remove_file(sandbox.root().join("refuses")).unwrap();
    let told = stdout(&doctor());
    assert!(told.contains("ok    pip"), "{told}");
}

#[test]
fn what_the_user_set_for_installing_does_not_reach_pip() {
    let sandbox = Sandbox::new();
    let user = [
        ("PIP_REQUIRE_VIRTUALENV", "1"),
        ("PIP_REQUIRE_HASHES", "1"),
        ("PIP_TARGET", "/nowhere"),
        ("pip_user", "1"),
        ("PYTHONPATH", "/nowhere"),
        ("PIP_INDEX_URL", "http://index.invalid/simple"),
        ("PIP_CERT", "/own.pem"),
    ];
    setup(&sandbox).envs(user).output().unwrap();
    let passed = fs::read_to_string(sandbox.root().join("pip.env")).unwrap();
    for kept in [
        "PIP_INDEX_URL=http://index.invalid/simple",
        "PIP_CERT=/own.pem",
    ] {
        assert!(passed.lines().any(|line| line == kept), "{passed}");
    }
    for gone in ["PIP_TARGET", "PYTHONPATH", "VIRTUALENV=1", "HASHES=1"] {
        assert!(!passed.contains(gone), "{passed}");
    }
}

#[test]
fn without_pip_it_says_so() {
    let sandbox = Sandbox::new();
    let output = setup(&sandbox)
        .env("RESIDUUM_PIP", "/nowhere/pip")
        .output()
        .unwrap();
    fails_with(
        &output,
        4,
        "which downloads libtorch",
        "apt-get install python3-pip",
    );
}

#[test]
fn other_platforms_are_refused_before_any_download() {
    let sandbox = Sandbox::new();
    let output = setup(&sandbox)
        .env("RESIDUUM_PLATFORM", "aarch64-macos")
        .output()
        .unwrap();
    fails_with(&output, 4, "aarch64-macos", "LIBTORCH_USE_PYTORCH=1");
    assert!(!sandbox.root().join("pip.log").exists());
}

#[test]
fn libtorch_from_the_environment_is_linked_or_refused() {
    let sandbox = Sandbox::new();
    let good = libtorch(&sandbox, "good", "2.11.0+cpu");
    let old = libtorch(&sandbox, "old", "2.9.1");
    let output = setup(&sandbox).env("LIBTORCH", &good).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("named by LIBTORCH"));
    assert_eq!(
        fs::read_link(sandbox.root().join(".libtorch")).unwrap(),
        good
    );
    let output = setup(&sandbox).env("LIBTORCH", &old).output().unwrap();
    fails_with(&output, 4, "its version is 2.9.1", "unset LIBTORCH");
}

#[test]
fn a_link_in_order_is_left_alone_and_what_cargo_sets_is_not_the_users() {
    let sandbox = Sandbox::new();
    let good = libtorch(&sandbox, "good", "2.11.0");
    let link = sandbox.root().join(".libtorch");
    std::os::unix::fs::symlink(&good, &link).unwrap();
    let output = setup(&sandbox).env("LIBTORCH", &link).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("linked as .libtorch"),
        "{}",
        stdout(&output)
    );
    // A link to nowhere: `.cargo/config.toml` still sets LIBTORCH to it.
    fs::remove_dir_all(&good).unwrap();
    fs::write(sandbox.root().join("offline"), "").unwrap();
    let output = setup(&sandbox).env("LIBTORCH", &link).output().unwrap();
    fails_with(&output, 4, "cannot download", "");
}

#[test]
fn the_cache_is_linked_at_once_when_it_is_filled() {
    let sandbox = Sandbox::new();
    let folder = libtorch(&sandbox, "cache/libtorch/2.11.0-cpu", "2.11.0+cpu");
    let output = setup(&sandbox)
        .env("RESIDUUM_PIP", "/nowhere/pip")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        fs::read_link(sandbox.root().join(".libtorch")).unwrap(),
        folder
    );
}

#[test]
fn pytorch_of_another_version_is_refused() {
    let sandbox = Sandbox::new();
    let bin = sandbox.root().join("bin");
    fs::create_dir(&bin).unwrap();
    sandbox.script("bin/python3", "#!/bin/sh\necho 2.9.1 /nowhere\n");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = setup(&sandbox)
        .env("PATH", &path)
        .env("LIBTORCH_USE_PYTORCH", "1")
        .output()
        .unwrap();
    fails_with(&output, 4, "has torch 2.9.1", "pip install torch==2.11.0");
    let good = libtorch(&sandbox, "torch", "2.11.0");
    sandbox.script(
        "bin/python3",
        &format!("#!/bin/sh\necho 2.11.0+cu130 {}\n", good.display()),
    );
    let output = setup(&sandbox)
        .env("PATH", &path)
        .env("LIBTORCH_USE_PYTORCH", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        fs::read_link(sandbox.root().join(".libtorch")).unwrap(),
        good
    );
}

#[test]
fn doctor_ends_with_4_where_something_is_missing() {
    let sandbox = Sandbox::new();
    let output = sandbox
        .xtask(&["doctor"])
        .env("RESIDUUM_PIP", "/nowhere/pip")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stdout(&output).contains("-> apt-get install python3-pip"),
        "{}",
        stdout(&output)
    );
    libtorch(&sandbox, "cache/libtorch/2.11.0-cpu", "2.11.0+cpu");
    let output = sandbox.xtask(&["doctor"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("4 of 5 present"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn every_command_has_help_with_examples() {
    let sandbox = Sandbox::new();
    for command in ["setup", "doctor", "reproduce", "test", "ci", "bench"] {
        let output = sandbox.xtask(&[command, "--help"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(
            stdout(&output).contains(&format!("  cargo xtask {command}")),
            "{command}"
        );
    }
}
