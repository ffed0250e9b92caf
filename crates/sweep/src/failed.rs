//! The record of a cell whose process did not live to write one.

use record::{Cell, Planned};

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
    let (code, what, hint) = describe(ending.exit, timed_out, options);
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
        threads: Some(options.threads as u64),
        ..planned.failed(failure)
    };
    (cell, what)
}

fn describe(exit: Exit, timed_out: bool, options: Options) -> (u8, String, &'static str) {
    if timed_out {
        let minutes = options.timeout.as_secs_f64() / 60.0;
        let what = format!("stopped after {minutes} minutes");
        return (code::RETRY, what, "raise timeout_minutes in the profile");
    }
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
        let case = |exit, timed_out| describe(exit, timed_out, OPTIONS);
        assert_eq!(case(Exit::Signal(9), true).1, "stopped after 2 minutes");
        assert!(case(Exit::Signal(9), false).2.contains("--jobs 1"));
        let crash = case(Exit::Signal(11), false);
        assert_eq!(crash.1, "the process died of signal 11");
        assert_eq!(case(Exit::Code(70), false).0, 70);
        assert!(case(Exit::Code(0), false).1.contains("without a result"));
    }
}
