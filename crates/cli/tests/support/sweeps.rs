//! A sweep with tables of its own, and what it leaves.
#![allow(dead_code)] // each test file uses its own part

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::slurm::Slurm;
use crate::support::{Ended, command, easy_set, ended};

/// A folder with data, a profile and run folders.
pub(crate) struct Sweeps {
    pub(crate) dir: tempfile::TempDir,
}

/// A column of the profile.
pub(crate) struct Column<'a> {
    pub(crate) label: &'a str,
    pub(crate) method: &'a str,
    /// As TOML has it: `set = { trees = 7 }`.
    pub(crate) set: &'a str,
}

impl Sweeps {
    /// `n_sets` small tables, `n_seeds` seeds and these columns.
    pub(crate) fn new(n_sets: usize, n_seeds: usize, columns: &[Column<'_>]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sets: Vec<String> = (0..n_sets)
            .map(|n| easy_set(dir.path(), &format!("set{n}.npz"), 60 + n, 20))
            .map(|path| format!("{:?}", path.display().to_string()))
            .collect();
        let seeds: Vec<String> = (0..n_seeds)
            .map(|seed| format!("{{ data = {seed}, model = {seed} }}"))
            .collect();
        let mut profile = format!(
            "[[table]]\nid = \"t\"\ntitle = \"T\"\nprotocol = \"semi-random\"\ndatasets = [{}]\nseeds = [{}]\n",
            sets.join(", "),
            seeds.join(", ")
        );
        for Column { label, method, set } in columns {
            profile.push_str(&format!(
                "[[table.column]]\nlabel = \"{label}\"\nmethod = \"{method}\"\n{set}\n"
            ));
        }
        fs::write(dir.path().join("profile.toml"), profile).unwrap();
        Self { dir }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `residuum sweep WORDS`, in this folder, on this Slurm.
    pub(crate) fn command(&self, words: &[&str], slurm: Option<&Slurm>) -> Command {
        let mut command = command(self.dir.path());
        command
            .arg("sweep")
            .args(words)
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        if let Some(slurm) = slurm {
            command.env("PATH", slurm.path());
        }
        command
    }

    pub(crate) fn sweep(&self, words: &[&str], slurm: Option<&Slurm>) -> Ended {
        ended(self.command(words, slurm).output().unwrap())
    }

    pub(crate) fn plan(&self, run: &str) -> Vec<Value> {
        let planned = self.sweep(&["plan", run, "--profile", "profile.toml"], None);
        assert_eq!(planned.code, Some(0), "{}", planned.stderr);
        lines(&self.at(run).join("plan.jsonl"))
    }

    /// The cells of a run, without what may differ: times, memory, hosts.
    pub(crate) fn cells(&self, run: &str) -> BTreeMap<String, Value> {
        let mut cells = BTreeMap::new();
        for entry in fs::read_dir(self.at(run).join("cells")).unwrap() {
            let path = entry.unwrap().path();
            let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let mut cell: Value = serde_json::from_slice(&fs::read(&path).unwrap())
                .unwrap_or_else(|error| panic!("{path:?}: {error}"));
            for key in ["seconds", "peak_rss_bytes", "host"] {
                cell.as_object_mut().unwrap().remove(key);
            }
            cells.insert(id, cell);
        }
        cells
    }

    /// How often each cell was begun by a task of a scheduler, by the events.
    pub(crate) fn begun(&self, run: &str) -> BTreeMap<String, usize> {
        self.events(run, "start")
    }

    /// How often each was computed to its end.
    pub(crate) fn computed(&self, run: &str) -> BTreeMap<String, usize> {
        self.events(run, "done")
    }

    fn events(&self, run: &str, kind: &str) -> BTreeMap<String, usize> {
        let mut begun = BTreeMap::new();
        for entry in fs::read_dir(self.at(run).join("logs")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "out") {
                continue;
            }
            for line in fs::read_to_string(&path).unwrap().lines() {
                let event: Value = serde_json::from_str(line).unwrap_or_default();
                if event["event"] == kind {
                    let id = event["id"].as_str().unwrap().to_owned();
                    *begun.entry(id).or_default() += 1;
                }
            }
        }
        begun
    }
}

/// The lines of a file of JSON.
pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Polls until `condition` holds, a minute at most.
#[track_caller]
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed().as_secs() < 60, "never: {what}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
