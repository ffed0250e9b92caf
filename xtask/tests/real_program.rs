//! The sweep with the real program: killed again and again, it ends in the table of an undisturbed
//! run.
#![allow(clippy::print_stderr)] // the line that says it was skipped

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// `residuum` beside this build of xtask; a build of xtask alone does not have it.
fn program() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name("residuum");
    path.is_file().then_some(path)
}

/// A workspace that has the profile `smoke` of this one and nothing else.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("configs/reproduce");
    std::fs::create_dir_all(&profiles).unwrap();
    std::fs::write(
        profiles.join("smoke.toml"),
        include_str!("../../configs/reproduce/smoke.toml"),
    )
    .unwrap();
    folder
}

fn reproduce(program: &Path, workspace: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .args(["reproduce", "--profile", "smoke", "--jobs", "2"])
        .current_dir(workspace)
        .env("RESIDUUM_WORKSPACE", workspace)
        .env("RESIDUUM_PROGRAM", program)
        .env("RESIDUUM_CACHE", workspace.join("cache"))
        .env(
            "RESIDUUM_DATA",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../data"),
        )
        .stdin(Stdio::null());
    command
}

/// Every file of the cells folder with its bytes.
fn cells(workspace: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(workspace.join("runs/smoke/cells"));
    entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "json"))
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn a_sweep_killed_again_and_again_ends_in_the_undisturbed_table() {
    let Some(program) = program() else {
        skipped::because("no residuum beside xtask (build the whole workspace)");
        return;
    };
    let calm = workspace();
    let output = reproduce(&program, calm.path()).output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
    let undisturbed = cells(calm.path());
    assert_eq!(undisturbed.len(), 10, "two data sets by five columns");

    let killed = workspace();
    let mut n_interrupted = 0;
    for round in 0..12 {
        let before = cells(killed.path());
        let mut child = reproduce(&program, killed.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(100 + 80 * round));
        let ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        let _ = child.wait();
        let after = cells(killed.path());
        for (name, bytes) in &before {
            assert_eq!(after.get(name), Some(bytes), "{name} was lost or run again");
        }
        if ended {
            break;
        }
        n_interrupted += 1;
    }
    assert!(n_interrupted > 0, "no kill fell into the sweep");
    let resumed = reproduce(&program, killed.path()).output().unwrap();
    assert!(resumed.status.success(), "{}", common::stderr(&resumed));

    let table = |root: &Path| std::fs::read_to_string(root.join("runs/smoke/report/smoke.md"));
    assert_eq!(table(calm.path()).unwrap(), table(killed.path()).unwrap());
    let names = |root: &Path| cells(root).into_keys().collect::<Vec<_>>();
    assert_eq!(names(calm.path()), names(killed.path()));
}

/// Every shipped profile asks for methods and settings that the program has.
#[test]
fn every_shipped_profile_can_be_planned() {
    let Some(program) = program() else {
        skipped::because("no residuum beside xtask (build the whole workspace)");
        return;
    };
    let empty = workspace();
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    let mut n_profiles = 0;
    for folder in ["reproduce", "experiments"] {
        for entry in std::fs::read_dir(configs.join(folder)).unwrap() {
            let profile = entry.unwrap().path();
            if profile
                .extension()
                .is_none_or(|extension| extension != "toml")
            {
                continue;
            }
            let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
                .args(["reproduce", "--dry-run", "--profile"])
                .arg(&profile)
                .current_dir(empty.path())
                .env("RESIDUUM_WORKSPACE", empty.path())
                .env("RESIDUUM_PROGRAM", &program)
                .env("RESIDUUM_CACHE", empty.path().join("cache"))
                .env("RESIDUUM_DATA", empty.path())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{profile:?}: {}",
                common::stderr(&output)
            );
            n_profiles += 1;
        }
    }
    assert!(n_profiles >= 6);
}
