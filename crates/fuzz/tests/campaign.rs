//! The program as `cargo xtask soak --fuzz` runs it, in a few seconds.

use std::process::{Command, Output};

fn fuzz(arguments: &[&str]) -> (Output, tempfile::TempDir) {
    let found = tempfile::tempdir().unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_fuzz"))
        .args(arguments)
        .arg("--found")
        .arg(found.path())
        .output()
        .unwrap();
    (out, found)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Name, inputs and accepted share of each target: what does not depend on the machine.
fn counts(summary: &str) -> Vec<(String, String, String)> {
    let rows = summary.lines().filter(|line| line.contains(" MiB "));
    rows.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (
            words[0].to_owned(),
            words[1].to_owned(),
            words[3].to_owned(),
        )
    })
    .collect()
}

#[test]
fn kept_inputs_are_accepted_and_refused_as_their_folders_say() {
    let (out, _found) = fuzz(&["--corpus"]);
    assert!(out.status.success(), "{}", text(&out.stdout));
}

#[test]
fn a_few_thousand_inputs_of_every_target_have_no_fault() {
    let (out, _found) = fuzz(&["--inputs", "40000", "--seed", "1"]);
    let summary = text(&out.stdout);
    assert!(out.status.success(), "{}{summary}", text(&out.stderr));
    let targets = text(&fuzz(&["--list"]).0.stdout);
    let counts = counts(&summary);
    assert_eq!(counts.len(), targets.lines().count(), "{summary}");
    for (target, _, accepted) in counts {
        let share: f64 = accepted.parse().unwrap();
        assert!(share > 2.0, "{target}: {share} % accepted");
    }
}

#[test]
fn the_same_seed_gives_the_same_inputs_by_any_number_of_processes() {
    let run = |jobs, seed| {
        let arguments = ["--inputs", "3000", "--target", "idx", "--target", "word"];
        let (out, _found) = fuzz(&[&arguments[..], &["--jobs", jobs, "--seed", seed]].concat());
        counts(&text(&out.stdout))
    };
    assert_eq!(run("1", "5"), run("3", "5"));
    assert_ne!(run("1", "5"), run("1", "6"));
}

#[test]
fn every_kind_of_fault_is_found_and_kept() {
    let (out, found) = fuzz(&["--target", "planted", "--inputs", "12", "--seed", "0"]);
    assert_eq!(out.status.code(), Some(1));
    let said = text(&out.stderr);
    for (kind, input) in [
        ("panic at", "00"),
        ("the process ended: signal 6", "01"),
        ("ms, at most 2000 ms", "02"),
        ("bytes allocated, at most 67108864", "03"),
        ("the process ended: signal 6", "04"),
    ] {
        let shown = format!("\n  1 bytes, {input}\n");
        assert!(
            said.contains(kind) && said.contains(&shown),
            "{kind}: {said}"
        );
    }
    assert!(
        text(&out.stdout).contains("FAULTS of 4 causes"),
        "{}",
        text(&out.stdout)
    );
    let kept = std::fs::read_dir(found.path().join("planted"))
        .unwrap()
        .count();
    assert_eq!(kept, 5);

    let (out, _found) = fuzz(&["--target", "planted", "--inputs", "1", "--seed", "0"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
}
