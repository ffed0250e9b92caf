//! A workspace of its own with a program that only pretends: a shell script that logs every cell
//! it starts, and computes a cell's AUROC from its id.

#![allow(dead_code)] // each test file uses its part

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub(crate) struct Sandbox {
    pub(crate) dir: tempfile::TempDir,
}

/// Four rows with data and one without; three columns, one of them with two seeds.
const PROFILE: &str = r#"
timeout_minutes = 10
[[table]]
id = "table1"
title = "T"
protocol = "paper"
published = "paper_table1"
datasets = ["A_*", "B"]
seeds = [{ data = 44, model = 44 }]
[[table.column]]
label = "COPOD"
method = "copod"
published = "copod"
[[table.column]]
label = "Norm"
method = "norm"
[[table.column]]
label = "Forest"
method = "iforest"
set = { trees = 7 }
seeds = [{ data = 44, model = 0 }, { data = 44, model = 1 }]
[[table.column]]
label = "DiT"
published = "dit"
"#;
pub(crate) const CELLS: usize = 16;

impl Sandbox {
    pub(crate) fn new() -> Self {
        let sandbox = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let root = sandbox.root();
        fs::create_dir_all(root.join("configs/reproduce")).unwrap();
        fs::create_dir_all(root.join("crash")).unwrap();
        fs::write(root.join("configs/reproduce/quick.toml"), PROFILE).unwrap();
        sandbox.script("residuum", include_str!("residuum.sh"));
        sandbox
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.root().join("runs/quick")
    }

    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.root().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// xtask, kept from everything of this machine that would change what it does.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env("RESIDUUM_WORKSPACE", self.root())
            .env("RESIDUUM_PROGRAM", self.root().join("residuum"))
            .env("RESIDUUM_CACHE", self.root().join("cache"))
            .env("FAKE", self.root())
            .env_remove("LIBTORCH")
            .env_remove("LIBTORCH_USE_PYTORCH")
            .env_remove("RESIDUUM_PIP")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn reproduce(&self, arguments: &[&str]) -> Output {
        self.xtask(&["reproduce", "--jobs", "2"])
            .args(arguments)
            .output()
            .unwrap()
    }

    pub(crate) fn spawn(&self, arguments: &[&str], cell_seconds: &str) -> Child {
        self.xtask(&["reproduce", "--jobs", "2"])
            .args(arguments)
            .env("CELL_SECONDS", cell_seconds)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The ids of the cells the program has started, in that order.
    pub(crate) fn started(&self) -> Vec<String> {
        let log = fs::read_to_string(self.root().join("starts.log")).unwrap_or_default();
        log.lines().map(String::from).collect()
    }

    pub(crate) fn forget_starts(&self) {
        let _ = fs::remove_file(self.root().join("starts.log"));
    }

    /// The ids of the cells with a file of this status.
    pub(crate) fn cells(&self, status: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.run_dir().join("cells"))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter(|e| e.path().extension().is_some_and(|x| x == "json"))
            .filter(|e| json(&e.path())["status"] == status)
            .map(|e| e.path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn cell(&self, id: &str) -> serde_json::Value {
        json(&self.run_dir().join(format!("cells/{id}.json")))
    }

    /// The cells of the plan, by line.
    pub(crate) fn plan(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.run_dir().join("plan.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|e| panic!("{path:?}: {e}"))
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The table: what the program's `report` printed, without the lines on time after it.
pub(crate) fn table(output: &Output) -> String {
    stdout(output)
        .lines()
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Polls until `condition` holds, a minute at most: a lock whose holder was killed before it gave its name is waited for
/// half a minute.
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed().as_secs() < 60, "never: {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
