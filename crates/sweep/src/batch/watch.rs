//! A look at a run from outside: what is done, what runs, what its tasks said. Nothing is locked or changed.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use record::Entry;
use serde::Deserialize;

use super::journal::Journal;
use super::judge::last_lines;
use super::scheduler::{Scheduler, State};
use super::submission::{Submission, folder_of, numbers};
use crate::failure::{Failure, code};

/// Enough of a cell's file for its status.
const HEAD: usize = 512;

/// The state of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Cells of the plan.
    pub total: usize,
    /// Of these, finished, by the heads of their files.
    pub finished: usize,
    /// Failed.
    pub failed: usize,
    /// Times a cell was lost and given out again or given up, in all sweeps of the run.
    pub lost: usize,
    /// Seconds of one core that the others take, roughly.
    pub seconds_left: f64,
    /// Jobs that have not ended by the journal.
    pub jobs: Vec<String>,
    /// Tasks of theirs that run, and that wait; `None` where the scheduler does not answer.
    pub tasks: Option<(usize, usize)>,
    /// What it said instead.
    pub silent: Option<String>,
}

/// Looks at the run folder `run`, and asks `scheduler` about its jobs.
///
/// # Errors
/// Where there is no plan.
pub fn condition(run: &Path, scheduler: &mut dyn Scheduler) -> Result<Condition, Failure> {
    let planned = planned(run)?;
    let statuses = statuses(run, &planned)?;
    let count = |wanted| statuses.iter().filter(|&&status| status == wanted).count();
    let (finished, failed) = (count(Found::Finished), count(Found::Failed));
    let left = statuses.iter().zip(&planned);
    let left = left.filter(|(status, _)| **status != Found::Finished);
    let seconds_left = left.map(|(_, line)| line.cost.seconds).sum();
    let journal = Journal::read(run)?;
    let entries = Entry::read_all(run).unwrap_or_default();
    let lost = entries.iter().filter(|e| matches!(e, Entry::Lost { .. }));
    let jobs: Vec<String> = journal.open.values().cloned().collect();
    let mut found = Condition {
        total: planned.len(),
        finished,
        failed,
        lost: lost.count(),
        seconds_left,
        jobs,
        tasks: None,
        silent: None,
    };
    if !found.jobs.is_empty() {
        let jobs: Vec<&str> = found.jobs.iter().map(String::as_str).collect();
        match scheduler.tasks(&jobs) {
            Err(failure) => found.silent = Some(failure.message),
            Ok(tasks) => {
                let count = |wanted| tasks.iter().filter(|task| task.2 == wanted).count();
                found.tasks = Some((count(State::Runs), count(State::Waits)));
            }
        }
    }
    Ok(found)
}

/// Ends the jobs of a run; what is finished stays. The jobs that were asked to end.
///
/// # Errors
/// Where the scheduler does not answer.
pub fn cancel(run: &Path, scheduler: &mut dyn Scheduler) -> Result<Vec<String>, Failure> {
    let jobs: Vec<String> = Journal::read(run)?.open.into_values().collect();
    let names: Vec<&str> = jobs.iter().map(String::as_str).collect();
    scheduler.cancel(&names)?;
    Ok(jobs)
}

/// The last lines of logs: of the tasks that had the cell whose id begins with `cell`, or, without one, of every log
/// that says something. Each with its path.
///
/// # Errors
/// Usage, for a cell that no task had; where the logs cannot be listed.
pub fn logs(run: &Path, cell: Option<&str>) -> Result<Vec<(PathBuf, String)>, Failure> {
    let paths = match cell {
        Some(cell) => logs_of(run, cell)?,
        None => {
            let folder = run.join("logs");
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                other => {
                    other.map_err(|e| Failure::refused(format!("cannot list {folder:?}"), &e))?
                }
            };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.retain(|path| path.extension().is_some_and(|ending| ending == "log"));
            paths.sort();
            paths
        }
    };
    let mut found: Vec<(PathBuf, String)> = (paths.into_iter())
        .map(|path| {
            let text = last_lines(&path);
            (path, text)
        })
        .collect();
    found.retain(|(_, text)| cell.is_some() || !text.trim().is_empty());
    Ok(found)
}

fn logs_of(run: &Path, cell: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for number in numbers(run)? {
        // Most submissions do not have it: their text says so faster than their cells.
        let text = fs::read_to_string(folder_of(run, number).join("plan.jsonl"));
        if !text.is_ok_and(|text| text.contains(cell)) {
            continue;
        }
        let Some(submission) = Submission::read(run, number)? else {
            continue;
        };
        for (task, cells) in submission.tasks.iter().enumerate() {
            if cells.iter().any(|id| id.starts_with(cell)) {
                paths.push(submission.log(task));
            }
        }
    }
    if paths.is_empty() {
        let message = format!("no task of {} had a cell {cell:?}", run.display());
        return Err(Failure::new(code::USAGE, message).hint(
            "cells are named by the files in its folder cells; without a cell every log is shown",
        ));
    }
    Ok(paths)
}

/// All that is asked of a line of the plan.
#[derive(Debug, Deserialize)]
struct Line {
    id: String,
    #[serde(default)]
    cost: Cost,
}

#[derive(Debug, Deserialize)]
struct Cost {
    seconds: f64,
}

impl Default for Cost {
    fn default() -> Self {
        Self { seconds: 80.0 }
    }
}

fn planned(run: &Path) -> Result<Vec<Line>, Failure> {
    let path = run.join("plan.jsonl");
    let text = fs::read_to_string(&path).map_err(|e| {
        let message = format!("cannot read the plan {path:?}: {e}");
        Failure::new(code::MISSING, message).hint("a run folder has a plan.jsonl; is this one?")
    })?;
    let lines: Vec<&str> = text.lines().collect();
    in_threads(&lines, |(index, line)| {
        serde_json::from_str(line).map_err(|e| {
            let message = format!("{path:?} line {}: {e}", index + 1);
            Failure::new(code::BAD_DATA, message).hint("plan again")
        })
    })
    .into_iter()
    .collect()
}

/// What a cell's file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Finished,
    Failed,
    Nothing,
}

fn statuses(run: &Path, planned: &[Line]) -> Result<Vec<Found>, Failure> {
    let folder = run.join("cells");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        other => Some(other.map_err(|e| Failure::refused(format!("cannot list {folder:?}"), &e))?),
    };
    // Listing once is cheaper than asking for each of the files that are not there yet.
    let mut there: HashMap<String, ()> = HashMap::new();
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        if let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".json")) {
            there.insert(id.to_owned(), ());
        }
    }
    Ok(in_threads(planned, |(_, line)| {
        match there.contains_key(&line.id) {
            true => status(&folder.join(format!("{}.json", line.id))),
            false => Found::Nothing,
        }
    }))
}

/// By the head of the file: a cell is written whole or not at all, and its status stands in front.
fn status(path: &Path) -> Found {
    let mut head = [0; HEAD];
    let read = File::open(path).and_then(|mut file| file.read(&mut head));
    let text = String::from_utf8_lossy(&head[..read.unwrap_or(0)]).into_owned();
    let status = text.split_once("\"status\"").map(|(_, rest)| rest);
    let status = status.and_then(|rest| rest.split('"').nth(1));
    match status {
        Some("ok") => Found::Finished,
        Some("failed") => Found::Failed,
        _ => Found::Nothing,
    }
}

/// `work` on every item, some at a time: most of it is waiting for the file system.
fn in_threads<T: Sync, R: Send>(items: &[T], work: impl Fn((usize, &T)) -> R + Sync) -> Vec<R> {
    const THREADS: usize = 8;
    let size = items.len().div_ceil(THREADS).max(1);
    std::thread::scope(|scope| {
        let work = &work;
        let parts: Vec<_> = (items.chunks(size).enumerate())
            .map(|(n, part)| {
                let part = part.iter().enumerate();
                let part = part.map(move |(i, item)| (n * size + i, item));
                scope.spawn(move || part.map(work).collect::<Vec<R>>())
            })
            .collect();
        let join = |part: std::thread::ScopedJoinHandle<'_, Vec<R>>| match part.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        parts.into_iter().flat_map(join).collect()
    })
}
