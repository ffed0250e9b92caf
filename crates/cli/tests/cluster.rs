//! Sweeps on a real Slurm of two nodes on loopback, and by lines.

#![cfg(target_os = "linux")]

#[path = "support/slurm.rs"]
mod slurm;
mod support;
#[path = "support/sweeps.rs"]
mod sweeps;

use std::process::{Command, Stdio};

use slurm::{Slurm, processes, unpacked};
use support::{end, ended, signal};
use sweeps::{Column, Sweeps, lines, wait_until};

/// Eleven cells that come out, one of which takes seconds, and one that cannot.
const COLUMNS: [Column<'_>; 4] = [
    Column {
        label: "Norm",
        method: "norm",
        set: "",
    },
    Column {
        label: "COPOD",
        method: "copod",
        set: "",
    },
    Column {
        label: "Slow",
        method: "iforest",
        set: "set = { trees = 30000 }",
    },
    // More than all rows outside.
    Column {
        label: "No",
        method: "ocsvm",
        set: "set = { nu = 2.0 }",
    },
];

#[test]
fn a_sweep_on_slurm_is_the_local_one_with_a_failure_and_a_retry() {
    let slurm = match Slurm::start(2) {
        Ok(slurm) => slurm,
        Err(why) => return skipped::because(format!("no Slurm: {why}")),
    };
    let sweeps = Sweeps::new(3, 1, &COLUMNS);
    assert_eq!(sweeps.plan("local").len(), 12);
    let plan = sweeps.plan("run");
    let local = sweeps.sweep(&["local", "--threads", "1"], None);
    assert_eq!(local.code, Some(5), "{}", local.stderr);

    let words = [
        "run",
        "--executor",
        "slurm",
        "--poll",
        "0.3",
        "--task-minutes",
        "0.001",
    ];
    let driver = sweeps.command(&words, Some(&slurm));
    let driver = spawn(driver);
    // The worker in the slow cell is killed once.
    let slow = plan
        .iter()
        .find(|line| line["method"] == "iforest")
        .unwrap();
    let slow = slow["id"].as_str().unwrap();
    wait_until("the slow cell is begun", || {
        sweeps.begun("run").contains_key(slow)
    });
    let plan_of_task = sweeps.at("run/submissions").display().to_string();
    let worker = processes(&plan_of_task)
        .into_iter()
        .find(|process| is_in(*process, &sweeps, slow))
        .expect("the worker of the slow cell");
    kill(worker);
    let done = end(driver);
    assert_eq!(done.code, Some(5), "{}\n{}", done.stderr, slurm.logs());
    assert!(
        done.stdout.contains("1 repeated, 3 failed"),
        "{}",
        done.stdout
    );
    assert_eq!(sweeps.cells("run"), sweeps.cells("local"));
    let begun = sweeps.begun("run");
    let twice: Vec<&String> = begun
        .iter()
        .filter(|(_, n)| **n == 2)
        .map(|(id, _)| id)
        .collect();
    assert_eq!((twice, begun.len()), (vec![&slow.to_owned()], 12));
    let journal = lines(&sweeps.at("run/journal.jsonl"));
    let lost = journal.iter().find(|line| line["event"] == "lost").unwrap();
    assert_eq!(
        (&lost["cell"], &lost["why"]),
        (&slow.into(), &"memory".into())
    );

    // Nothing is left to do but what failed, and nothing is left behind.
    let status = sweeps
        .sweep(&["status", "run", "--json"], Some(&slurm))
        .json();
    assert_eq!(
        (&status["finished"], &status["failed"]),
        (&9.into(), &3.into())
    );
    assert_eq!(status["lost"], 1);
    wait_until("its processes are gone", || {
        processes(&plan_of_task).is_empty()
    });
}

#[test]
fn a_run_folder_is_as_open_to_others_as_the_umask_says() {
    use std::os::unix::fs::PermissionsExt;
    let sweeps = Sweeps::new(1, 1, &COLUMNS[..2]);
    let program = support::PROGRAM;
    let script = format!(
        "umask 002; {program} sweep plan run --profile profile.toml && {program} sweep run &&
         {program} sweep plan run --profile profile.toml --seeds 1 && {program} sweep export run --format lines"
    );
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", &script]).current_dir(sweeps.dir.path());
    let done = ended(
        shell
            .env("RESIDUUM_DATA", sweeps.dir.path())
            .output()
            .unwrap(),
    );
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let mut open = vec![sweeps.at("run")];
    let mut n = 0;
    while let Some(path) = open.pop() {
        let metadata = std::fs::metadata(&path).unwrap();
        let expected = if metadata.is_dir() { 0o775 } else { 0o664 };
        assert_eq!(metadata.permissions().mode() & 0o777, expected, "{path:?}");
        n += 1;
        if metadata.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap();
            open.extend(entries.map(|entry| entry.unwrap().path()));
        }
    }
    assert!(n > 20, "{n}");
}

#[test]
fn ctrl_c_leaves_the_jobs_running_and_cancel_ends_them() {
    let slurm = match Slurm::start(1) {
        Ok(slurm) => slurm,
        Err(why) => return skipped::because(format!("no Slurm: {why}")),
    };
    // Two run at once on one node; the others wait.
    let sweeps = Sweeps::new(4, 1, &COLUMNS[2..3]);
    sweeps.plan("run");
    let words = [
        "run",
        "--executor",
        "slurm",
        "--poll",
        "0.3",
        "--task-minutes",
        "0.001",
    ];
    let driver = spawn(sweeps.command(&words, Some(&slurm)));
    wait_until("a cell is begun", || {
        sweeps.at("run/logs").exists() && !sweeps.begun("run").is_empty()
    });
    signal(&driver, "INT");
    let stopped = end(driver);
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
    for words in [
        "the jobs go on: ",
        "residuum sweep status ",
        "residuum sweep cancel ",
    ] {
        assert!(stopped.stderr.contains(words), "{}", stopped.stderr);
    }
    let tasks = || {
        let status = sweeps
            .sweep(&["status", "run", "--json"], Some(&slurm))
            .json();
        let tasks = ["tasks_running", "tasks_waiting"].map(|key| status[key].as_u64().unwrap());
        tasks[0] + tasks[1]
    };
    assert!(tasks() > 0, "they go on");
    let local = sweeps.sweep(&["run"], Some(&slurm));
    assert_eq!(local.code, Some(75), "{}", local.stderr);
    let cancelled = sweeps.sweep(&["cancel", "run"], Some(&slurm));
    assert_eq!(cancelled.code, Some(0), "{}", cancelled.stderr);
    wait_until("the tasks are gone", || tasks() == 0);
    let before = sweeps.cells("run").len();
    assert!(before < 4, "some were cancelled");
    let again = sweeps.sweep(&words, Some(&slurm));
    assert_eq!(again.code, Some(5), "{}", again.stderr);
    assert!(
        again.stderr.contains("cells were cancelled"),
        "{}",
        again.stderr
    );
    let again = sweeps.sweep(&words, Some(&slurm));
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(sweeps.cells("run").len(), 4);
}

/// The lines of `residuum sweep WORD --help` that are examples.
fn examples(sweeps: &Sweeps, word: &str) -> Vec<String> {
    let words: Vec<&str> = [word, "--help"]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    let help = sweeps.sweep(&words, None).stdout;
    let lines = help
        .lines()
        .skip_while(|line| !line.starts_with("Example"))
        .skip(1);
    let examples = lines.take_while(|line| line.starts_with("  "));
    // What stands behind says what it is.
    let command = |line: &str| {
        let line = line.trim();
        line.split_once("   ")
            .map_or(line, |(command, _)| command)
            .to_owned()
    };
    examples.map(command).collect()
}

#[test]
fn the_examples_of_help_run() {
    let slurm = match Slurm::start(1) {
        Ok(slurm) => slurm,
        Err(why) => return skipped::because(format!("no Slurm: {why}")),
    };
    let parallel = match unpacked("parallel", &["parallel", "sysstat"]) {
        Ok(root) => root.join("usr/bin"),
        Err(why) => return skipped::because(format!("no GNU parallel: {why}")),
    };
    let sweeps = Sweeps::new(1, 1, &COLUMNS[..2]);
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let profile = std::fs::read_to_string(sweeps.at("profile.toml")).unwrap();
    let sets = profile.find("datasets = [").unwrap() + "datasets = [".len();
    let profile = format!(
        "{}\"FashionMNIST_3@pixels\", {}",
        &profile[..sets],
        &profile[sets..]
    );
    std::fs::create_dir_all(sweeps.at("configs/reproduce")).unwrap();
    std::fs::write(sweeps.at("configs/reproduce/quick.toml"), profile).unwrap();
    let mut path = std::path::Path::new(support::PROGRAM)
        .parent()
        .unwrap()
        .as_os_str()
        .to_owned();
    for more in [parallel.into_os_string(), slurm.path()] {
        path.push(":");
        path.push(more);
    }
    // Planned first, then in an order in which each finds what it needs.
    for word in ["plan", "export", "", "status", "logs", "cancel"] {
        let lines = examples(&sweeps, word);
        assert!(!lines.is_empty(), "{word}");
        for line in lines {
            // A cell of this run; its tasks are those of an export or of Slurm.
            let ids = std::fs::read_dir(sweeps.at("runs/quick/cells"))
                .into_iter()
                .flatten();
            let id = ids
                .flatten()
                .next()
                .map(|entry| entry.file_name().into_string().unwrap());
            let line = line.replace("3fa9", &id.unwrap_or_default().replace(".json", ""));
            let mut shell = Command::new("bash");
            shell
                .args(["-o", "pipefail", "-c", &line])
                .current_dir(sweeps.dir.path())
                .env("PATH", &path)
                .env("RESIDUUM_DATA", &data)
                .env("RESIDUUM_CACHE", sweeps.at("cache"))
                .env("PARALLEL_HOME", sweeps.at("parallel"))
                .stdin(Stdio::null());
            let done = ended(shell.output().unwrap());
            assert_eq!(done.code, Some(0), "{line}: {}", done.stderr);
        }
    }
    let manifest = std::fs::read_to_string(sweeps.at("job.json")).unwrap();
    assert!(manifest.contains("\"kind\": \"List\""));
}

/// Whether a process is the program at work on the task that has a cell.
fn is_in(process: u32, sweeps: &Sweeps, id: &str) -> bool {
    let arguments = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let arguments = String::from_utf8_lossy(&arguments).into_owned();
    let words: Vec<&str> = arguments.split('\0').collect();
    let after = |name: &str| {
        let place = words.iter().position(|word| *word == name)?;
        words.get(place + 1).copied()
    };
    let (Some(plan), Some(from), Some(to)) = (after("--plan"), after("--from"), after("--to"))
    else {
        return false;
    };
    let range = from.parse().unwrap()..to.parse().unwrap();
    words[0].ends_with("residuum")
        && lines(&sweeps.at(plan))
            .get::<std::ops::Range<usize>>(range)
            .is_some_and(|lines| lines.iter().any(|line| line["id"] == id))
}

fn kill(process: u32) {
    let sent = Command::new("kill")
        .args(["-s", "KILL", &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

fn spawn(mut command: Command) -> std::process::Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
