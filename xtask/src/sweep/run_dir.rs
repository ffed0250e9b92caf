//! The run folder: the ledger of a sweep. A cell's file is there or it is not.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

use super::worker::Worker;
use crate::failure::{Failure, code};
use crate::plan::{Plan, SCHEMA};
use crate::workspace::write_atomic;

/// An opened run folder. Held by one `reproduce` at a time; the lock goes with the process.
#[derive(Debug)]
pub(crate) struct RunDir {
    pub(crate) path: PathBuf,
    _lock: File,
}

/// What a cell's file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    Failed,
}

impl RunDir {
    /// Makes the folder where needed and locks it.
    ///
    /// # Errors
    /// Where another process holds it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        for part in ["cells", "logs"] {
            let dir = path.join(part);
            std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {dir:?}"))?;
        }
        let path = path
            .canonicalize()
            .with_context(|| format!("cannot open {path:?}"))?;
        let lock = File::create(path.join(".lock"))
            .with_context(|| format!("cannot write in {path:?}"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                let message = format!("another `cargo xtask reproduce` works in {path:?}");
                Err(Failure::new(code::RETRY, message)
                    .hint("wait for it, or choose another --out")
                    .into())
            }
            Err(TryLockError::Error(e)) => Err(e).with_context(|| format!("cannot lock {path:?}")),
        }
    }

    /// Where the workers keep trained networks while the sweep goes on: cells that differ in how they
    /// score share one training, and one that was interrupted goes on.
    pub(crate) fn models(&self) -> PathBuf {
        self.path.join("models")
    }

    /// The sweep is complete: nobody needs its networks any more.
    pub(crate) fn remove_models(&self) -> anyhow::Result<()> {
        let models = self.models();
        match std::fs::remove_dir_all(&models) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {models:?}"))
            }
            _ => Ok(()),
        }
    }

    /// Writes `plan.jsonl` and `tables.json`, where they differ from what is there. Finished cells
    /// stay valid under a new plan: they are found by their ids.
    pub(crate) fn write_plan(&self, plan: &Plan) -> anyhow::Result<()> {
        let mut lines = String::new();
        for cell in &plan.cells {
            lines.push_str(&serde_json::to_string(cell)?);
            lines.push('\n');
        }
        self.write_if_new("plan.jsonl", &lines)?;
        let tables = serde_json::to_string_pretty(&plan.tables)? + "\n";
        self.write_if_new("tables.json", &tables)
    }

    fn write_if_new(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.path.join(name);
        match std::fs::read_to_string(&path) {
            Ok(old) if old == text => Ok(()),
            _ => write_atomic(&path, text.as_bytes()),
        }
    }

    /// The state of a cell; `None` where there is no file, or none of this schema and id.
    pub(crate) fn status(&self, id: &str) -> Option<Status> {
        self.outcome(id).map(|outcome| {
            if outcome.is_ok() {
                Status::Ok
            } else {
                Status::Failed
            }
        })
    }

    /// Like `status`, with the error's message of a failed cell.
    pub(super) fn outcome(&self, id: &str) -> Option<Result<(), String>> {
        let bytes = std::fs::read(self.cell_path(id)).ok()?;
        let cell: Value = serde_json::from_slice(&bytes).ok()?;
        if cell["schema"] != SCHEMA || cell["id"] != id {
            return None;
        }
        match cell["status"].as_str()? {
            "ok" => Some(Ok(())),
            "failed" => {
                let message = cell["error"]["message"]
                    .as_str()
                    .unwrap_or("no reason given");
                Some(Err(message.lines().next().unwrap_or_default().to_owned()))
            }
            _ => None,
        }
    }

    /// Whether a cell's file was written while this child lived.
    pub(super) fn finished_since(&self, id: &str, worker: &Worker) -> bool {
        let written = std::fs::metadata(self.cell_path(id)).and_then(|m| m.modified());
        // File systems keep time in coarser steps than the clock.
        let slack = std::time::Duration::from_millis(20);
        written.is_ok_and(|time| time + slack >= worker.started)
    }

    /// Writes a cell's file.
    pub(super) fn write_cell(&self, id: &str, cell: &Value) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(cell)? + "\n";
        write_atomic(&self.cell_path(id), text.as_bytes())
    }

    /// Forgets a cell, so that it is computed again.
    pub(crate) fn forget(&self, id: &str) -> anyhow::Result<()> {
        let path = self.cell_path(id);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(e).with_context(|| format!("cannot remove {path:?}"))
            }
            _ => Ok(()),
        }
    }

    fn cell_path(&self, id: &str) -> PathBuf {
        self.path.join("cells").join(format!("{id}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_second_opening_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = RunDir::open(dir.path()).unwrap();
        let error = RunDir::open(dir.path()).unwrap_err();
        assert_eq!(error.downcast::<Failure>().unwrap().code, code::RETRY);
        drop(first);
        assert!(RunDir::open(dir.path()).is_ok());
    }

    #[test]
    fn only_whole_files_of_this_schema_count() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::open(dir.path()).unwrap();
        assert_eq!(run.status("a"), None);
        run.write_cell("a", &json!({"schema": 1, "id": "a", "status": "ok"}))
            .unwrap();
        assert_eq!(run.status("a"), Some(Status::Ok));
        run.write_cell("b", &json!({"schema": 1, "id": "a", "status": "ok"}))
            .unwrap();
        assert_eq!(run.status("b"), None, "the id is another");
        run.write_cell("c", &json!({"schema": 0, "id": "c", "status": "ok"}))
            .unwrap();
        assert_eq!(run.status("c"), None, "an older schema");
        std::fs::write(run.cell_path("d"), "{\"schema\": 1, \"id\": \"d\", \"sta").unwrap();
        assert_eq!(run.status("d"), None, "torn");
        let failed =
            json!({"schema": 1, "id": "e", "status": "failed", "error": {"message": "no\nmore"}});
        run.write_cell("e", &failed).unwrap();
        assert_eq!(run.outcome("e"), Some(Err("no".into())));
        run.forget("e").unwrap();
        run.forget("e").unwrap();
        assert_eq!(run.status("e"), None);
    }

    #[test]
    fn an_equal_plan_is_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::open(dir.path()).unwrap();
        let plan = crate::plan::tests::planned();
        run.write_plan(&plan).unwrap();
        let time = || {
            std::fs::metadata(dir.path().join("plan.jsonl"))
                .unwrap()
                .modified()
                .unwrap()
        };
        let before = time();
        std::thread::sleep(std::time::Duration::from_millis(30));
        run.write_plan(&plan).unwrap();
        assert_eq!(before, time());
        let lines = std::fs::read_to_string(dir.path().join("plan.jsonl")).unwrap();
        let first: crate::plan::Cell = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(first.id, plan.cells[0].id);
    }
}
