//! What became of the cells of a task that has ended without all of them.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use super::scheduler::End;
use crate::executor::Exit;
use crate::failure::code;
use record::Why;

/// More of a task's events is not read: progress would have to fill it within one cell.
const MOST_BYTES: u64 = 16 << 20;

/// What is known of an ended task.
#[derive(Debug)]
pub(crate) struct Remains<'a> {
    /// What the scheduler says.
    pub(crate) end: End,
    /// The exit code of its program, as its shell has it.
    pub(crate) exit: Option<i32>,
    /// The cells it began and did not finish, by its events.
    pub(crate) begun: Option<String>,
    /// Whether it began a cell at all.
    pub(crate) began: bool,
    /// Its cells without a result, in their order.
    pub(crate) missing: &'a [&'a str],
    /// Whether a cell of it has one.
    pub(crate) got_somewhere: bool,
}

/// What follows for the cells without a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// These are lost and may be tried again; the others were not reached.
    Lost(Vec<String>, Why),
    /// This one ended its process; the others were not reached.
    Fault(String, Exit),
    /// Somebody wanted the task to end.
    Cancelled,
    /// The program did not start, and would not elsewhere.
    NeverBegan(i32),
}

/// Judges a task with missing cells.
pub(crate) fn judge(remains: &Remains<'_>) -> Verdict {
    let missing = remains.missing;
    let in_work = remains.begun.as_deref().filter(|id| missing.contains(id));
    // Where nothing tells which cell was in work, all that is missing shares the blame unless others were done
    // before it: each round gets somewhere, or ends.
    let lost = |why| match in_work {
        Some(id) => Verdict::Lost(vec![id.to_owned()], why),
        None if remains.got_somewhere => Verdict::Lost(Vec::new(), why),
        None => Verdict::Lost(missing.iter().map(|&id| id.to_owned()).collect(), why),
    };
    match (remains.end, remains.exit) {
        (End::Cancelled, _) => Verdict::Cancelled,
        (End::Time, _) => lost(Why::Time),
        (End::Memory, _) => lost(Why::Memory),
        (End::Node, _) => lost(Why::Node),
        (End::Unknown, Some(137)) => lost(Why::Memory),
        // Asked to end, and nobody says by whom: the warning before its time is up.
        (End::Unknown, Some(130 | 143)) => lost(Why::Time),
        (End::Unknown, None | Some(75)) => lost(Why::Node),
        // What it needs is missing though it had begun: its disk is full or gone.
        (End::Unknown, Some(4)) if remains.began => lost(Why::Node),
        (End::Unknown, Some(code)) if !remains.began && !matches!(code, 0 | 5) => {
            Verdict::NeverBegan(code)
        }
        (End::Unknown, Some(code)) => {
            let exit = match code {
                129.. => Exit::Signal(code - 128),
                code => Exit::Code(code),
            };
            // Between two cells: the next one is to blame, so that each round gets somewhere.
            let cell = in_work.or(missing.first().copied()).unwrap_or_default();
            Verdict::Fault(cell.to_owned(), exit)
        }
    }
}

/// The cell that the last events leave in work, and whether one was begun at all.
pub(crate) fn begun(events: &Path) -> (Option<String>, bool) {
    #[derive(Deserialize)]
    struct Event {
        event: String,
        id: String,
    }
    let mut last = None;
    let mut began = false;
    for line in tail(events, MOST_BYTES).lines() {
        let Ok(Event { event, id }) = serde_json::from_str(line) else {
            continue;
        };
        match event.as_str() {
            "start" => (last, began) = (Some(id), true),
            "done" => last = None,
            _ => {}
        }
    }
    (last, began)
}

/// The last bytes of a file; empty where it cannot be read.
pub(crate) fn tail(path: &Path, most: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// The last lines of a log.
pub(crate) fn last_lines(log: &Path) -> String {
    let text = tail(log, 2000);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

/// Whether the failure in a cell's file is worth another try with more memory.
pub(crate) fn is_worth_a_retry(failure: &record::Failure) -> bool {
    failure.code == Some(code::RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remains<'a>(end: End, exit: Option<i32>, begun: Option<&str>) -> Remains<'a> {
        Remains {
            end,
            exit,
            begun: begun.map(str::to_owned),
            began: begun.is_some(),
            missing: &["b", "c"],
            got_somewhere: true,
        }
    }

    fn lost(ids: &[&str], why: Why) -> Verdict {
        Verdict::Lost(ids.iter().map(|&id| id.to_owned()).collect(), why)
    }

    #[test]
    fn the_cell_in_work_is_lost_and_the_rest_was_not_reached() {
        for (end, exit, why) in [
            (End::Time, Some(143), Why::Time),
            (End::Memory, None, Why::Memory),
            (End::Node, None, Why::Node),
            (End::Unknown, Some(137), Why::Memory),
            (End::Unknown, Some(143), Why::Time),
            (End::Unknown, None, Why::Node),
        ] {
            let found = judge(&remains(end, exit, Some("b")));
            assert_eq!(found, lost(&["b"], why));
        }
        // It finished one and had not begun the next.
        assert_eq!(judge(&remains(End::Node, None, None)), lost(&[], Why::Node));
        let nowhere = Remains {
            got_somewhere: false,
            ..remains(End::Node, None, None)
        };
        assert_eq!(judge(&nowhere), lost(&["b", "c"], Why::Node));
    }

    #[test]
    fn its_own_reason_is_no_reason_to_try_again() {
        let crash = judge(&remains(End::Unknown, Some(139), Some("c")));
        assert_eq!(crash, Verdict::Fault("c".to_owned(), Exit::Signal(11)));
        let silent = judge(&remains(End::Unknown, Some(0), None));
        assert_eq!(silent, Verdict::Fault("b".to_owned(), Exit::Code(0)));
        let never = judge(&remains(End::Unknown, Some(4), None));
        assert_eq!(never, Verdict::NeverBegan(4));
        let cancelled = judge(&remains(End::Cancelled, Some(143), Some("b")));
        assert_eq!(cancelled, Verdict::Cancelled);
    }

    #[test]
    fn events_say_what_was_in_work() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events");
        let mut text = String::from("a library says hello\n");
        assert_eq!(begun(&path), (None, false));
        for (event, id, expected) in [
            ("start", "a", Some("a")),
            ("progress", "a", Some("a")),
            ("done", "a", None),
            ("start", "b", Some("b")),
        ] {
            text.push_str(&format!("{{\"event\":\"{event}\",\"id\":\"{id}\"}}\n"));
            fs::write(&path, format!("{text}{{\"event\":\"do")).unwrap();
            assert_eq!(begun(&path), (expected.map(str::to_owned), true));
        }
    }
}
