//! Sweeps as a user runs them, with a program that only pretends.

mod common;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{CELLS, Sandbox, stderr, stdout, table, wait_until};

#[test]
fn first_run_computes_second_run_does_nothing_and_prints_the_table_again() {
    let sandbox = Sandbox::new();
    let first = sandbox.reproduce(&[]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    assert_eq!(sandbox.started().len(), CELLS);
    assert_eq!(sandbox.cells("ok").len(), CELLS);
    assert_eq!(table(&first).lines().count(), CELLS);
    assert!(
        stdout(&first).contains("report/table1.md\n"),
        "{}",
        stdout(&first)
    );
    assert!(
        stdout(&first).ends_with("report/index.html\n"),
        "{}",
        stdout(&first)
    );
    assert!(
        stderr(&first).contains("1 data sets are missing"),
        "{}",
        stderr(&first)
    );

    let second = sandbox.reproduce(&[]);
    assert_eq!(second.status.code(), Some(0));
    assert!(
        stderr(&second).contains("nothing to do"),
        "{}",
        stderr(&second)
    );
    assert_eq!(sandbox.started().len(), CELLS, "nothing ran");
    assert_eq!(table(&first), table(&second));

    let tables = common::json(&sandbox.run_dir().join("tables.json"));
    assert_eq!(tables["profile"], "quick");
    assert_eq!(tables["tables"][0]["rows"][4]["present"], false);
    assert_eq!(
        tables["tables"][0]["columns"][2]["cells"]["A_1001"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let environment = common::json(&sandbox.run_dir().join("environment.json"));
    assert!(environment["cores"].as_u64().unwrap() > 0);
    let cell = &sandbox.plan()[0];
    assert_eq!(
        cell["config"],
        serde_json::json!({"rows": "standard", "trees": 7}),
        "defaults and overrides"
    );
}

#[test]
fn killed_at_any_moment_it_goes_on_and_ends_in_the_same_table() {
    let undisturbed = table(&Sandbox::new().reproduce(&[]));
    let sandbox = Sandbox::new();
    let mut finished = std::collections::BTreeSet::new();
    // At once, in the first cell, and later ones; a little after a start, so also around its end.
    for (starts, milliseconds) in [(0, 20), (1, 0), (3, 100), (4, 140)] {
        // Long enough that a busy machine does not get through all of them before it is killed.
        let mut child = sandbox.spawn(&[], "0.4");
        let starts = starts.min(CELLS - sandbox.cells("ok").len());
        wait_until("cells are started", || sandbox.started().len() >= starts);
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let before = sandbox.cells("ok");
        assert!(before.is_superset(&finished), "finished cells stay");
        // A cell that was finished before this run was not started in it.
        assert!(sandbox.started().iter().all(|id| !finished.contains(id)));
        finished = before;
        sandbox.forget_starts();
    }
    assert!(
        !finished.is_empty() && finished.len() < CELLS,
        "the kills fell into the sweep: {}",
        finished.len()
    );
    std::thread::sleep(Duration::from_millis(300)); // the last orphans may write one cell more
    let finished = sandbox.cells("ok");
    sandbox.forget_starts();
    let last = sandbox.reproduce(&[]);
    assert_eq!(last.status.code(), Some(0), "{}", stderr(&last));
    assert!(sandbox.started().iter().all(|id| !finished.contains(id)));
    assert_eq!(sandbox.started().len(), CELLS - finished.len());
    assert_eq!(table(&last), undisturbed);
}

#[test]
fn children_do_not_outlive_a_killed_sweep() {
    let sandbox = Sandbox::new();
    let mut child = sandbox.spawn(&[], "30");
    wait_until("two cells in work", || sandbox.started().len() == 2);
    child.kill().unwrap();
    child.wait().unwrap();
    let alive = || {
        let pattern = sandbox.run_dir().join("plan.jsonl");
        Command::new("pgrep")
            .arg("-f")
            .arg(pattern)
            .output()
            .is_ok_and(|o| o.status.success())
    };
    wait_until("the children are gone", || !alive());
}

#[test]
fn ctrl_c_stops_the_children_keeps_what_is_finished_and_says_how_to_go_on() {
    let sandbox = Sandbox::new();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        sandbox.forget_starts();
        let child = sandbox.spawn(&[], "0.2");
        wait_until("some cells are started", || sandbox.started().len() >= 3);
        let kill = Command::new("sh")
            .args(["-c", &format!("kill -s {signal} {}", child.id())])
            .status();
        assert!(kill.unwrap().success());
        let start = Instant::now();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(start.elapsed() < Duration::from_secs(5), "TERM was enough");
        assert!(
            stderr(&output).contains("the same command goes on"),
            "{}",
            stderr(&output)
        );
        assert!(
            sandbox.cells("failed").is_empty(),
            "an interrupted cell has not failed"
        );
    }
    let finished = sandbox.cells("ok");
    assert!(!finished.is_empty() && finished.len() < CELLS);
    sandbox.forget_starts();
    assert_eq!(sandbox.reproduce(&[]).status.code(), Some(0));
    assert_eq!(sandbox.started().len(), CELLS - finished.len());
}

#[test]
fn a_failed_cell_costs_only_itself_and_is_run_again() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.root().join("crash/norm"), "fail").unwrap();
    let output = sandbox.reproduce(&[]);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("norm paper seed 44: a NaN in row 7"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("hint: the same command runs them again"));
    assert_eq!(
        (sandbox.cells("ok").len(), sandbox.cells("failed").len()),
        (12, 4)
    );
    assert!(
        stdout(&output).contains("failed"),
        "the table is printed all the same"
    );

    fs::remove_file(sandbox.root().join("crash/norm")).unwrap();
    sandbox.forget_starts();
    let output = sandbox.reproduce(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(sandbox.started().len(), 4, "only the failed ones");
}

#[test]
fn a_crash_is_recorded_with_its_signal_log_and_last_lines_and_the_rest_goes_on() {
    let sandbox = Sandbox::new();
    for (how, expected, code) in [
        ("segv", "died of signal 11", 70),
        ("exit", "ended with exit code 70", 70),
    ] {
        fs::write(sandbox.root().join("crash/copod"), how).unwrap();
        let output = sandbox.reproduce(&["--force"]);
        assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
        let failed = sandbox.cells("failed");
        assert_eq!((sandbox.cells("ok").len(), failed.len()), (12, 4));
        for id in failed {
            let cell = sandbox.cell(&id);
            assert_eq!(cell["method"], "copod");
            assert_eq!(cell["metrics"], serde_json::Value::Null);
            assert_eq!(cell["error"]["code"], code);
            let message = cell["error"]["message"].as_str().unwrap();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("a"), "the tail of its stderr: {message}");
            assert!(
                cell["error"]["hint"]
                    .as_str()
                    .unwrap()
                    .contains("logs/worker-")
            );
        }
    }
    let log = fs::read_to_string(sandbox.run_dir().join("logs/worker-1.log")).unwrap();
    assert!(log.contains("about to crash") || log.contains("an exit"));
}

#[test]
fn a_cell_that_hangs_is_stopped_after_the_profiles_time() {
    let sandbox = Sandbox::new();
    let path = sandbox.root().join("configs/reproduce/quick.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        path,
        text.replace("timeout_minutes = 10", "timeout_minutes = 0.01"),
    )
    .unwrap();
    fs::write(sandbox.root().join("crash/norm"), "hang").unwrap();
    let output = sandbox.reproduce(&["--only", "norm", "--only", "A_1001", "--only", "A_1002"]);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    let failed = sandbox.cells("failed");
    assert_eq!(failed.len(), 2);
    for id in failed {
        let error = &sandbox.cell(&id)["error"];
        assert_eq!(error["code"], 75);
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("stopped after 0.01 minutes")
        );
    }
}

#[test]
fn a_program_that_cannot_start_stops_the_sweep_with_its_own_words() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.root().join("crash/start"), "").unwrap();
    let output = sandbox.reproduce(&[]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stderr(&output).contains("before its first cell"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("cannot load libtorch"));
    assert!(sandbox.cells("failed").is_empty());
}

#[test]
fn a_run_folder_in_use_is_refused() {
    let sandbox = Sandbox::new();
    let mut first = sandbox.spawn(&[], "5");
    wait_until("the first works", || !sandbox.started().is_empty());
    let second = sandbox.reproduce(&[]);
    assert_eq!(second.status.code(), Some(75));
    assert!(
        stderr(&second).contains("another sweep works in"),
        "{}",
        stderr(&second)
    );
    let elsewhere = sandbox.root().join("elsewhere");
    let third = sandbox.reproduce(&["--out", elsewhere.to_str().unwrap()]);
    assert_eq!(third.status.code(), Some(0), "{}", stderr(&third));
    assert!(elsewhere.join("cells").is_dir());
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn only_narrows_and_force_repeats() {
    let sandbox = Sandbox::new();
    let output = sandbox.reproduce(&["--only", "Forest", "--only", "A_100[12]"]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "no such glob: {}",
        stderr(&output)
    );
    let output = sandbox.reproduce(&["--only", "Forest", "--only", "A_1001"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(sandbox.started().len(), 2);
    sandbox.reproduce(&[]);
    assert_eq!(sandbox.started().len(), CELLS, "the two were kept");
    sandbox.reproduce(&["--only", "Norm", "--force"]);
    assert_eq!(sandbox.started().len(), CELLS + 4);
}

#[test]
fn seeds_replace_the_profiles() {
    let sandbox = Sandbox::new();
    let output = sandbox.reproduce(&["--seeds", "0,3", "--only", "Norm"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let plan = sandbox.plan();
    assert_eq!(plan.len(), 8);
    assert!(
        plan.iter()
            .any(|c| c["seed"] == serde_json::json!({"data": 3, "model": 3}))
    );
}

#[test]
fn fetch_gets_what_is_absent() {
    let sandbox = Sandbox::new();
    let output = sandbox.reproduce(&["--fetch", "--only", "copod"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(sandbox.plan().iter().any(|c| c["dataset"] == "B"));
    assert!(!stderr(&output).contains("data sets are missing"));
}

#[test]
fn wrong_arguments_and_profiles_end_with_2() {
    let sandbox = Sandbox::new();
    let output = sandbox.reproduce(&["--profile", "quik"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("hint: profiles here: quick"),
        "{}",
        stderr(&output)
    );
    assert_eq!(sandbox.reproduce(&["--jobs", "0"]).status.code(), Some(2));
    let path = sandbox.root().join("configs/reproduce/quick.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("trees", "tree")).unwrap();
    let output = sandbox.reproduce(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("hint: its keys: rows, trees"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains("panicked"));
}

#[test]
fn a_place_that_cannot_be_written_ends_with_4() {
    let sandbox = Sandbox::new();
    let file = sandbox.root().join("file");
    fs::write(&file, "").unwrap();
    let out = file.join("run");
    let output = sandbox.reproduce(&["--out", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(stderr(&output).contains("\nhint: "), "{}", stderr(&output));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_is_an_error_and_a_closed_one_is_not() {
    let sandbox = Sandbox::new();
    let into = |out: Stdio| {
        let mut command = sandbox.xtask(&["doctor"]);
        command
            .env("RESIDUUM_PIP", "/nowhere/pip")
            .stdout(out)
            .output()
            .unwrap()
    };
    let full = into(
        fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
            .into(),
    );
    assert_eq!(full.status.code(), Some(4));
    assert!(
        stderr(&full).contains("cannot write to standard output"),
        "{}",
        stderr(&full)
    );
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(stderr(&into(writer.into())), "");
}
