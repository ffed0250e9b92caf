//! The run folder: the ledger of a sweep. A cell's file is there or it is not.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use record::Cell;

use crate::failure::{Failure, code};
use crate::plan::Plan;

/// An opened run folder. Held by one sweep at a time; the lock goes with the process.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    _lock: File,
}

/// What a cell's file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It finished.
    Ok,
    /// It failed.
    Failed,
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
        let lock = File::create(path.join(".lock"))
            .map_err(|e| Failure::refused(format!("cannot write in {path:?}"), &e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let message = format!("another `cargo xtask reproduce` works in {path:?}");
                let failure = Failure::new(code::RETRY, message);
                Err(failure.hint("wait for it, or choose another --out"))
            }
            Err(TryLockError::Error(e)) => {
                Err(Failure::refused(format!("cannot lock {path:?}"), &e))
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

    /// Writes `plan.jsonl` and `tables.json`, where they differ from what is there. Finished cells
    /// stay valid under a new plan: they are found by their ids.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn write_plan(&self, plan: &Plan) -> Result<(), Failure> {
        let internal = |e: serde_json::Error| Failure::new(code::INTERNAL, e.to_string());
        let mut lines = String::new();
        for job in &plan.jobs {
            lines.push_str(&serde_json::to_string(&job.planned).map_err(internal)?);
            lines.push('\n');
        }
        self.write_if_new("plan.jsonl", &lines)?;
        let tables = serde_json::to_string_pretty(&plan.tables).map_err(internal)? + "\n";
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

    /// Like `status`, with the first line of a failed cell's message.
    pub(crate) fn outcome(&self, id: &str) -> Option<Result<(), String>> {
        let cell = Cell::read(&self.cell_path(id), id).ok()?;
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
