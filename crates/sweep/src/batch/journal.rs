//! What a sweep on a scheduler has done so far: one file of lines that is only ever added to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use record::{Entry, JOURNAL, Why};

use crate::failure::{Failure, code};

/// The journal of a run, and what follows from it.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    path: PathBuf,
    /// Job by submission, of those that are not closed.
    pub(crate) open: BTreeMap<u64, String>,
    /// Submissions whose tasks are nothing to wait for.
    pub(crate) settled: BTreeSet<u64>,
    /// Tasks judged, of open submissions.
    pub(crate) judged: BTreeSet<(u64, usize)>,
    /// Losses by cell since the last sweep was concluded.
    pub(crate) lost: HashMap<String, Vec<Why>>,
    /// Whether a sweep began and is not concluded.
    pub(crate) under_way: bool,
}

impl Journal {
    /// Reads the journal of a run; there need be none.
    ///
    /// # Errors
    /// Where it is there and cannot be read.
    pub(crate) fn read(run: &Path) -> Result<Self, Failure> {
        let path = run.join(JOURNAL);
        let entries = Entry::read_all(run)
            .map_err(|e| Failure::refused(format!("cannot read {path:?}"), &e))?;
        let mut journal = Self {
            path,
            ..Self::default()
        };
        for entry in entries {
            journal.take(entry);
        }
        Ok(journal)
    }

    /// Why a cell was lost since the last sweep was concluded.
    pub(crate) fn losses(&self, id: &str) -> &[Why] {
        self.lost.get(id).map_or(&[], Vec::as_slice)
    }

    /// Where jobs may be at work: they and others would compute the same cells.
    ///
    /// # Errors
    /// [`code::RETRY`], with the jobs.
    pub(crate) fn refuse_open(&self) -> Result<(), Failure> {
        if self.open.is_empty() {
            return Ok(());
        }
        let jobs: Vec<&str> = self.open.values().map(String::as_str).collect();
        let run = self.path.parent().unwrap_or(&self.path).display();
        let message = format!(
            "jobs of a scheduler may be at work in {run}: {}",
            jobs.join(", ")
        );
        Err(Failure::new(code::RETRY, message).hint(format!(
            "go on with --executor slurm, or end them: residuum sweep cancel {run}"
        )))
    }

    /// Adds lines, all or none of them but for a power cut.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub(crate) fn add(&mut self, entries: Vec<Entry>) -> Result<(), Failure> {
        let mut lines = String::new();
        for entry in &entries {
            lines.push_str(&serde_json::to_string(entry).map_err(Failure::internal)?);
            lines.push('\n');
        }
        append(&self.path, &lines).map_err(|e| {
            let path = &self.path;
            Failure::refused(format!("cannot write {path:?}"), &e)
        })?;
        for entry in entries {
            self.take(entry);
        }
        Ok(())
    }

    fn take(&mut self, entry: Entry) {
        self.under_way = entry != Entry::Concluded;
        match entry {
            Entry::Submitted {
                submission, job, ..
            } => drop(self.open.insert(submission, job)),
            Entry::Exported { submission, .. } => {
                self.settled.insert(submission);
                self.under_way = false;
            }
            Entry::Lost { cell, why, .. } => self.lost.entry(cell).or_default().push(why),
            Entry::Judged { submission, task } => {
                self.judged.insert((submission, task));
            }
            Entry::Closed { submission } => {
                self.open.remove(&submission);
                self.settled.insert(submission);
                self.judged.retain(|(of, _)| *of != submission);
            }
            Entry::Concluded => self.lost.clear(),
        }
    }
}

fn append(path: &Path, lines: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let before = file.metadata()?.len();
    let whole = match before {
        0 => true,
        _ => last_byte(path)? == b'\n',
    };
    let text = match whole {
        true => lines.to_owned(),
        false => format!("\n{lines}"),
    };
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_data());
    if written.is_err() {
        // Half of it would count as all of it.
        let _ = file.set_len(before);
    }
    written
}

fn last_byte(path: &Path) -> std::io::Result<u8> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(cell: &str, why: Why) -> Entry {
        Entry::Lost {
            submission: 1,
            task: 3,
            cell: cell.to_owned(),
            why,
            host: None,
        }
    }

    #[test]
    fn what_was_added_is_read_back_and_a_torn_line_costs_itself_only() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::read(dir.path()).unwrap();
        assert!(!journal.under_way);
        let job = "77".to_owned();
        let executor = "slurm".to_owned();
        let submitted = |submission| Entry::Submitted {
            submission,
            executor: executor.clone(),
            job: job.clone(),
        };
        journal.add(vec![submitted(1), submitted(2)]).unwrap();
        let judged = Entry::Judged {
            submission: 1,
            task: 3,
        };
        journal.add(vec![lost("a", Why::Time), judged]).unwrap();
        let mut file = OpenOptions::new()
            .append(true)
            .open(dir.path().join(JOURNAL))
            .unwrap();
        file.write_all(b"{\"event\":\"lo").unwrap();
        journal
            .add(vec![lost("a", Why::Node), Entry::Closed { submission: 2 }])
            .unwrap();
        let again = Journal::read(dir.path()).unwrap();
        assert_eq!(again.open, BTreeMap::from([(1, job)]));
        assert_eq!(again.lost["a"], [Why::Time, Why::Node]);
        assert!(again.judged.contains(&(1, 3)) && again.settled.contains(&2) && again.under_way);
        journal.add(vec![Entry::Concluded]).unwrap();
        let again = Journal::read(dir.path()).unwrap();
        assert!(again.lost.is_empty() && !again.under_way && again.open.len() == 1);
    }
}
