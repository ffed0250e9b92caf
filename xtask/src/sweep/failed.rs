//! The record of a cell whose process did not live to write one.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde_json::{Value, json};

use super::Options;
use super::worker::Worker;
use crate::failure::code;
use crate::plan::{Cell, SCHEMA, hash};

/// The cell's file, and its error as one line.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) json: Value,
    pub(super) message: String,
}

/// Describes how the child ended; the log's path and tail go along.
pub(super) fn record(cell: &Cell, worker: &Worker, status: ExitStatus, options: Options) -> Record {
    let (code, what, hint) = describe(status, worker.timed_out, options);
    let message = match worker.log_tail() {
        tail if tail.is_empty() => what.clone(),
        tail => format!("{what}\n{tail}"),
    };
    let hint = format!("{hint}; log: {}", worker.log_path.display());
    let error = json!({ "code": code, "message": message, "hint": hint });
    let json = json(cell, &error, options.threads);
    Record {
        json,
        message: what,
    }
}

/// As the program writes a cell that failed, with nothing measured.
fn json(cell: &Cell, error: &Value, threads: usize) -> Value {
    let mut json = json!({
        "schema": SCHEMA, "id": cell.id, "status": "failed",
        "dataset": cell.dataset, "protocol": cell.protocol, "method": cell.method, "seed": cell.seed,
        "config": cell.config, "config_hash": hash(&cell.config)[..16], "data_sha256": cell.data_sha256,
        "n_train": null, "n_test": null, "n_anomalies": null, "metrics": null, "seconds": null,
        "peak_rss_bytes": null, "params": null, "device": null, "threads": threads,
        "versions": {}, "warnings": [], "error": error,
    });
    for (key, value) in cell.disturbance.parts() {
        json[key] = value.clone();
    }
    json
}

fn describe(status: ExitStatus, timed_out: bool, options: Options) -> (u8, String, String) {
    if timed_out {
        let minutes = options.timeout.as_secs_f64() / 60.0;
        let message = format!("stopped after {minutes} minutes");
        return (
            code::RETRY,
            message,
            "raise timeout_minutes in the profile".into(),
        );
    }
    match (status.signal(), status.code()) {
        (Some(9), _) => {
            let hint = "killed from outside, most often for want of memory: try --jobs 1";
            (
                code::RETRY,
                "the process was killed by signal 9".into(),
                hint.into(),
            )
        }
        (Some(signal), _) => {
            let hint = "a fault in native code: the log says where";
            (
                code::INTERNAL,
                format!("the process died of signal {signal}"),
                hint.into(),
            )
        }
        (None, Some(0 | 5)) => {
            let message = "the process ended without a result for this cell".into();
            (code::INTERNAL, message, "the log may say why".into())
        }
        (None, other) => {
            let exit = other
                .and_then(|c| u8::try_from(c).ok())
                .unwrap_or(code::INTERNAL);
            (
                exit,
                format!("the process ended with exit code {exit}"),
                "the log says why".into(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Crate `report` has the test that reads the same file, beside one that the program wrote.
    #[test]
    fn a_disturbed_cell_keeps_what_was_done_to_its_rows() {
        let plan = r#"{"index": 3, "id": "5ca1ab1e0ddba115", "dataset": "synthetic", "data_sha256": "ab",
            "method": "norm", "protocol": "semi", "seed": {"data": 1, "model": 2},
            "config": {"rows": "standard"},
            "perturb": {"kind": "feature-noise", "sd": 0.5, "rows": "test"},
            "attack": {"epsilon": 0.1, "steps": 1}}"#;
        let cell: Cell = serde_json::from_str(plan).unwrap();
        let error =
            json!({"code": 75, "message": "the process was killed by signal 9", "hint": "h"});
        let expected = include_str!("../../../crates/record/tests/cells/failed_by_the_sweep.json");
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(json(&cell, &error, 1), expected);
    }

    #[test]
    fn tells_time_outs_kills_crashes_and_exits_apart() {
        let options = Options {
            jobs: 1,
            threads: 1,
            timeout: Duration::from_secs(120),
        };
        let case =
            |raw: i32, timed_out: bool| describe(ExitStatus::from_raw(raw), timed_out, options);
        assert_eq!(case(9, true).1, "stopped after 2 minutes");
        assert!(case(9, false).2.contains("--jobs 1"));
        assert_eq!(case(11, false).1, "the process died of signal 11");
        assert_eq!(case(70 << 8, false).0, 70);
        assert!(case(0, false).1.contains("without a result"));
    }
}
