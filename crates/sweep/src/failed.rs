//! The record of a cell whose process did not live to write one.

use record::{Cell, Planned, Why};

use crate::executor::{Ending, Exit};
use crate::failure::code;
use crate::options::Options;

/// The cell, and its error as one line: how its process ended, and the path and the end of its log.
pub(crate) fn record(
    planned: &Planned,
    ending: &Ending,
    timed_out: bool,
    options: Options,
) -> (Cell, String) {
    if !timed_out {
        return ended(planned, ending, options.threads);
    }
    let minutes = options.timeout.as_secs_f64() / 60.0;
    let what = format!("stopped after {minutes} minutes");
    let hint = "raise timeout_minutes in the profile";
    cell(planned, ending, options.threads, (code::RETRY, what, hint))
}

/// As [`record`], of a process that was not stopped.
pub(crate) fn ended(planned: &Planned, ending: &Ending, threads: usize) -> (Cell, String) {
    cell(planned, ending, threads, describe(ending.exit))
}

/// As [`record`], of a cell that a scheduler's tasks did not bring, for these reasons.
pub(crate) fn lost(
    planned: &Planned,
    reasons: &[Why],
    ending: &Ending,
    threads: usize,
) -> (Cell, String) {
    let words: Vec<&str> = reasons.iter().map(|why| why.words()).collect();
    let what = format!("lost {} times: {}", reasons.len(), words.join(", "));
    let hint = "the same command tries again; --minutes and --slurm mem=… ask for more";
    cell(planned, ending, threads, (code::RETRY, what, hint))
}

fn cell(
    planned: &Planned,
    ending: &Ending,
    threads: usize,
    (code, what, hint): (u8, String, &str),
) -> (Cell, String) {
    let message = match ending.log_tail.as_str() {
        "" => what.clone(),
        tail => format!("{what}\n{tail}"),
    };
    let failure = record::Failure {
        code: Some(code),
        message,
        hint: Some(format!("{hint}; log: {}", ending.log.display())),
    };
    let cell = Cell {
        threads: Some(threads as u64),
        ..planned.failed(failure)
    };
    (cell, what)
}

fn describe(exit: Exit) -> (u8, String, &'static str) {
    match exit {
        Exit::Signal(9) => (
            code::RETRY,
            "the process was killed by signal 9".into(),
            "killed from outside, most often for want of memory: try --jobs 1",
        ),
        Exit::Signal(signal) => (
            code::INTERNAL,
            format!("the process died of signal {signal}"),
            "a fault in native code: the log says where",
        ),
        Exit::Code(0 | 5) => (
            code::INTERNAL,
            "the process ended without a result for this cell".into(),
            "the log may say why",
        ),
        Exit::Code(other) => {
            let exit = u8::try_from(other).unwrap_or(code::INTERNAL);
            let what = format!("the process ended with exit code {exit}");
            (exit, what, "the log says why")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const OPTIONS: Options = Options {
        jobs: 1,
        threads: 1,
        timeout: Duration::from_secs(120),
    };

    #[test]
    fn a_disturbed_cell_keeps_what_was_done_to_its_rows() {
        let line = r#"{"index": 3, "id": "5ca1ab1e0ddba115", "dataset": "synthetic", "data_sha256": "ab",
            "method": "norm", "protocol": "semi", "seed": {"data": 1, "model": 2},
            "config": {"rows": "standard"},
            "perturb": {"kind": "feature-noise", "sd": 0.5, "rows": "test"},
            "attack": {"epsilon": 0.1, "steps": 1}}"#;
        let planned: Planned = serde_json::from_str(line).unwrap();
        let ending = Ending {
            exit: Exit::Signal(9),
            log_tail: String::new(),
            log: "w.log".into(),
        };
        let (mut cell, what) = record(&planned, &ending, false, OPTIONS);
        assert_eq!(what, "the process was killed by signal 9");
        // As an earlier sweep wrote it.
        let earlier = include_bytes!("../../record/tests/cells/failed_by_the_sweep.json");
        let earlier = Cell::parse(earlier, "5ca1ab1e0ddba115").unwrap();
        assert_eq!(
            cell.failure().unwrap().code,
            earlier.failure().unwrap().code
        );
        cell.outcome = earlier.outcome.clone();
        assert_eq!(cell, earlier);
    }

    #[test]
    fn tells_time_outs_kills_crashes_and_exits_apart() {
        let line = include_str!("../../record/tests/cells/failed_by_the_sweep.json");
        let failed = Cell::parse(line.as_bytes(), "5ca1ab1e0ddba115").unwrap();
        let planned = Planned {
            index: 0,
            id: failed.id().to_owned(),
            dataset: failed.dataset,
            data_sha256: "ab".to_owned(),
            method: failed.method,
            protocol: failed.protocol,
            seed: failed.seed,
            config: failed.config,
            cost: None,
            perturb: None,
            attack: None,
        };
        let ending = Ending {
            exit: Exit::Signal(9),
            log_tail: String::new(),
            log: "w.log".into(),
        };
        let case = |timed_out| record(&planned, &ending, timed_out, OPTIONS);
        assert_eq!(case(true).1, "stopped after 2 minutes");
        let killed = case(false).0;
        assert!(
            killed
                .failure()
                .unwrap()
                .hint
                .as_ref()
                .unwrap()
                .contains("--jobs 1")
        );
        assert_eq!(
            describe(Exit::Signal(11)).1,
            "the process died of signal 11"
        );
        assert_eq!(describe(Exit::Code(70)).0, 70);
        assert!(describe(Exit::Code(0)).1.contains("without a result"));
        let reasons = [Why::Time, Why::Memory, Why::Node];
        let (cell, why) = lost(&planned, &reasons, &ending, 1);
        let words = "lost 3 times: by its limit of time, for want of memory, with its machine";
        assert_eq!(
            (why.as_str(), cell.failure().unwrap().code),
            (words, Some(75))
        );
    }
}
