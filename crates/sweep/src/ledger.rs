//! The run folder: the ledger of a sweep. A cell's file is there or it is not.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use files::Lock;
use record::{Cell, Planned};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, code};
use crate::plan::{Job, Plan};

/// An opened run folder. Held by one sweep at a time, of whatever machine; the lock goes with the process.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    lock: Lock,
}

/// What a cell's file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It finished.
    Ok,
    /// It failed.
    Failed,
}

/// `limits.json`.
#[derive(Serialize, Deserialize)]
struct Limits {
    timeout_minutes: f64,
}

impl Ledger {
    /// Makes the folder where needed and locks it.
    ///
    /// # Errors
    /// [`code::RETRY`] where another process holds it, [`code::MISSING`] where it cannot be made.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        for part in ["cells", "logs"] {
            let dir = path.join(part);
            fs::create_dir_all(&dir)
                .map_err(|e| Failure::refused(format!("cannot make {dir:?}"), &e))?;
        }
        let path = path
            .canonicalize()
            .map_err(|e| Failure::refused(format!("cannot open {path:?}"), &e))?;
        let lock = Lock::take(&path.join(".lock"))
            .map_err(|e| Failure::refused(format!("cannot write in {path:?}"), &e))?;
        let lock = lock.map_err(|holder| {
            let message = format!("another sweep works in {path:?}: {holder}");
            let failure = Failure::new(code::RETRY, message);
            failure.hint("wait for it, or choose another run folder")
        })?;
        files::remove_abandoned(&path);
        Ok(Self { path, lock })
    }

    /// Whether this process still holds it: one that did not run for half a minute may have lost it.
    ///
    /// # Errors
    /// [`code::RETRY`] where another process has taken it.
    pub fn still_held(&self) -> Result<(), Failure> {
        match self.lock.is_lost() {
            false => Ok(()),
            true => {
                let message = format!("another sweep has taken {:?} over", self.path);
                Err(Failure::new(code::RETRY, message)
                    .hint("this process did not run for half a minute; nothing is lost"))
            }
        }
    }

    /// Where it lies, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the workers keep trained networks while the sweep goes on: cells that differ in how they
    /// score share one training, and one that was interrupted goes on.
    pub fn models(&self) -> PathBuf {
        self.path.join("models")
    }

    /// The sweep is complete: nobody needs its networks any more.
    ///
    /// # Errors
    /// Where they cannot be removed.
    pub fn remove_models(&self) -> Result<(), Failure> {
        let models = self.models();
        unless_absent(fs::remove_dir_all(&models), &models)
    }

    /// The jobs of the plan that is there.
    ///
    /// # Errors
    /// [`code::MISSING`] where there is none, [`code::BAD_DATA`] where it is not a plan.
    pub fn jobs(&self) -> Result<Vec<Job>, Failure> {
        let path = self.path.join("plan.jsonl");
        let text = fs::read_to_string(&path).map_err(|e| {
            let message = format!("cannot read the plan {path:?}: {e}");
            Failure::new(code::MISSING, message).hint(format!(
                "residuum sweep plan {} --profile FILE.toml makes one",
                self.path.display()
            ))
        })?;
        let job = |(index, line): (usize, &str)| {
            let planned: Planned = serde_json::from_str(line).map_err(|e| {
                let message = format!("{path:?} line {}: {e}", index + 1);
                Failure::new(code::BAD_DATA, message).hint("plan again")
            })?;
            Ok(Job::of(Planned { index, ..planned }))
        };
        text.lines().enumerate().map(job).collect()
    }

    /// The wall time after which a cell of the plan is stopped; two hours where the run folder does not say.
    pub fn timeout(&self) -> Duration {
        let text = fs::read(self.path.join("limits.json")).unwrap_or_default();
        let limits = serde_json::from_slice::<Limits>(&text);
        Duration::from_secs_f64(limits.map_or(120.0, |limits| limits.timeout_minutes) * 60.0)
    }

    /// Writes `plan.jsonl`, `limits.json` and `tables.json`, where they differ from what is there. Finished cells
    /// stay valid under a new plan: they are found by their ids.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn write_plan(&self, plan: &Plan) -> Result<(), Failure> {
        let mut lines = String::new();
        for job in &plan.jobs {
            lines.push_str(&serde_json::to_string(&job.planned).map_err(Failure::internal)?);
            lines.push('\n');
        }
        self.write_if_new("plan.jsonl", &lines)?;
        let limits = Limits {
            timeout_minutes: plan.timeout_minutes,
        };
        let limits = serde_json::to_string(&limits).map_err(Failure::internal)? + "\n";
        self.write_if_new("limits.json", &limits)?;
        let tables = serde_json::to_string_pretty(&plan.tables).map_err(Failure::internal)? + "\n";
        self.write_if_new("tables.json", &tables)
    }

    fn write_if_new(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(old) if old == text => Ok(()),
            _ => files::write(&path, text.as_bytes()).map_err(|e| cannot_write(&path, &e)),
        }
    }

    /// The state of a cell; `None` where there is no file of this schema and id.
    pub fn status(&self, id: &str) -> Option<Status> {
        self.outcome(id).map(|outcome| match outcome {
            Ok(()) => Status::Ok,
            Err(_) => Status::Failed,
        })
    }

    /// A cell, where its file is whole, of this schema and id.
    pub(crate) fn cell(&self, id: &str) -> Option<Cell> {
        Cell::read(&self.cell_path(id), id).ok()
    }

    /// The ids of the cells that have a file.
    pub(crate) fn ids(&self) -> Result<Vec<String>, Failure> {
        let folder = self.path.join("cells");
        let refused = |e| Failure::refused(format!("cannot list {folder:?}"), &e);
        let mut ids = Vec::new();
        for entry in fs::read_dir(&folder).map_err(refused)? {
            let name = entry.map_err(refused)?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
            ids.extend(id.map(str::to_owned));
        }
        Ok(ids)
    }

    /// Like `status`, with the first line of a failed cell's message.
    pub(crate) fn outcome(&self, id: &str) -> Option<Result<(), String>> {
        let cell = self.cell(id)?;
        Some(match cell.failure() {
            None => Ok(()),
            Some(failure) => Err(failure
                .message
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned()),
        })
    }

    /// Writes a cell's file.
    pub(crate) fn write(&self, id: &str, cell: &Cell) -> Result<(), Failure> {
        let path = self.cell_path(id);
        cell.write(&path).map_err(|e| cannot_write(&path, &e))
    }

    /// Forgets a cell, so that it is computed again.
    ///
    /// # Errors
    /// Where its file cannot be removed.
    pub fn forget(&self, id: &str) -> Result<(), Failure> {
        let path = self.cell_path(id);
        unless_absent(fs::remove_file(&path), &path)
    }

    fn cell_path(&self, id: &str) -> PathBuf {
        self.path.join("cells").join(format!("{id}.json"))
    }
}

fn unless_absent(removed: std::io::Result<()>, path: &Path) -> Result<(), Failure> {
    match removed {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            Err(Failure::refused(format!("cannot remove {path:?}"), &e))
        }
        _ => Ok(()),
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::refused(format!("cannot write {path:?}"), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::planned;

    #[test]
    fn a_second_opening_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = Ledger::open(dir.path()).unwrap();
        let error = Ledger::open(dir.path()).unwrap_err();
        assert_eq!(error.code, code::RETRY);
        drop(first);
        assert!(Ledger::open(dir.path()).is_ok());
    }

    #[test]
    fn only_whole_files_of_this_schema_count() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let id = "classical0000001";
        assert_eq!(ledger.status(id), None);
        let text = include_str!("../../record/tests/cells/classical.json");
        let put = |id: &str, text: &str| fs::write(ledger.cell_path(id), text).unwrap();
        put(id, text);
        assert_eq!(ledger.status(id), Some(Status::Ok));
        put("b", text);
        assert_eq!(ledger.status("b"), None, "the id is another");
        put(id, &text.replace("\"schema\": 1", "\"schema\": 0"));
        assert_eq!(ledger.status(id), None, "an older schema");
        put(id, &text[..500]);
        assert_eq!(ledger.status(id), None, "torn");
        let line = &planned().jobs[0].planned;
        let failure = record::Failure {
            code: None,
            message: "no\nmore".to_owned(),
            hint: None,
        };
        ledger.write(&line.id, &line.failed(failure)).unwrap();
        assert_eq!(ledger.outcome(&line.id), Some(Err("no".into())));
        ledger.forget(&line.id).unwrap();
        ledger.forget(&line.id).unwrap();
        assert_eq!(ledger.status(&line.id), None);
    }

    #[test]
    fn an_equal_plan_is_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let plan = planned();
        ledger.write_plan(&plan).unwrap();
        let path = dir.path().join("plan.jsonl");
        let time = || fs::metadata(&path).unwrap().modified().unwrap();
        let before = time();
        std::thread::sleep(std::time::Duration::from_millis(30));
        ledger.write_plan(&plan).unwrap();
        assert_eq!(before, time());
        let lines = fs::read_to_string(&path).unwrap();
        let first: record::Planned = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(first, plan.jobs[0].planned);
    }
}
