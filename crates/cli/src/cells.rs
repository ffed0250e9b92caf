//! Runs a range of a plan, one cell after another, each recorded before the next starts.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use datasets::{OnBadFile, Perturbation, Roots};
use detector::DetectorError;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::args;
use crate::attack::Attack;
use crate::cell::{Cell, SCHEMA, Status, Versions};
use crate::experiment::{Experiment, Machine, Outcome, Seeds, config_hash, protocol};
use crate::failure::{Failure, exit};
use crate::interrupt;
use crate::memory::peak_rss_bytes;
use crate::networks::{self, hand_over};
use crate::output;
use crate::progress::{JsonLines, emit};
use crate::sheet::Sheet;

/// One line of `plan.jsonl`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    index: usize,
    id: String,
    dataset: String,
    data_sha256: String,
    method: String,
    protocol: String,
    seed: Seeds,
    config: Map<String, Value>,
    #[serde(default)]
    perturb: Option<Perturbation>,
    #[serde(default)]
    attack: Option<Attack>,
}

impl Planned {
    /// Whether a method or the vectors of the data take a network.
    fn needs_networks(&self) -> bool {
        let name = datasets::Name::of(&self.dataset);
        let of_data = name.is_ok_and(|name| matches!(name.form, datasets::Form::Lite0(_)));
        of_data || experiment(self).is_ok_and(|experiment| experiment.needs_networks())
    }

    /// Where its cell is.
    fn file(&self, cells: &Path) -> PathBuf {
        cells.join(format!("{}.json", self.id))
    }
}

/// Runs the cells of the plan with `from <= index < to` that have no result yet.
pub(crate) fn run(args: &args::Cells, roots: &Roots, machine: &Machine) -> Result<(), Failure> {
    let mut plan = read_plan(&args.plan)?;
    plan.retain(|planned| (args.from..args.to).contains(&planned.index));
    let cells = args.out.join("cells");
    if machine.networks.is_none() && networks::is_there() {
        let wanted =
            |planned: &Planned| planned.needs_networks() && !is_done(&planned.file(&cells));
        if plan.iter().any(wanted) {
            return Err(hand_over());
        }
    }
    if args.stdin_guard {
        end_with_stdin();
    }
    let pictures = args.out.join("pictures");
    std::fs::create_dir_all(&cells).map_err(|error| {
        Failure::new(
            exit::MISSING,
            format!("cannot make {}: {error}", cells.display()),
        )
    })?;
    files::remove_abandoned(&cells);
    let mut n_failed = 0;
    for planned in plan {
        let path = planned.file(&cells);
        if is_done(&path) {
            continue;
        }
        if interrupt::asked() {
            return Err(DetectorError::Interrupted.into());
        }
        emit(&json!({"event": "start", "index": planned.index, "id": planned.id}));
        let (cell, sheet) = run_one(&planned, roots, machine);
        if let Some(failure) = cell.error.as_ref().filter(|_| interrupt::asked()) {
            // It did not fail, and is computed the next time.
            return Err(Failure {
                code: interrupt::code(),
                ..failure.clone()
            });
        }
        cell.write(&path)?;
        if let Some(sheet) = sheet {
            // The result is written; the other cells are worth more than a picture.
            if let Err(failure) = sheet.write(&pictures.join(format!("{}.png", planned.id))) {
                tracing::warn!(id = planned.id, "{}", failure.message);
            }
        }
        let error = cell.error.as_ref().map(|failure| failure.message.clone());
        n_failed += usize::from(error.is_some());
        emit(&json!({
            "event": "done", "id": planned.id, "status": cell.status,
            "auroc": cell.metrics.map(|m| m.auroc),
            "seconds": cell.seconds.map(|s| s.load + s.fit + s.score),
            "error": error,
        }));
    }
    output::check()?;
    if n_failed > 0 {
        return Err(
            Failure::new(exit::SOME_CELLS_FAILED, format!("{n_failed} cells failed")).hint(
                format!("each says why in its file under {}", cells.display()),
            ),
        );
    }
    Ok(())
}

/// The cell of one line of the plan; a failure and even a panic become a cell too.
fn run_one(planned: &Planned, roots: &Roots, machine: &Machine) -> (Cell, Option<Sheet>) {
    let progress = JsonLines::new(&planned.id);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let Outcome { cell, sheet, .. } =
            experiment(planned)?.run(Some(&planned.id), roots, machine, true, &progress)?;
        if cell.data_sha256 == planned.data_sha256 {
            return Ok((cell, sheet));
        }
        let message = format!(
            "{} changed after it was planned: sha256 {} found, {} expected",
            planned.dataset, cell.data_sha256, planned.data_sha256
        );
        Err(Failure::new(exit::BAD_DATA, message).hint("plan again: `cargo xtask reproduce` does"))
    }))
    .unwrap_or_else(|payload| Err(Failure::from_panic(payload.as_ref())));
    result.unwrap_or_else(|failure| {
        tracing::warn!(
            id = planned.id,
            dataset = planned.dataset,
            "{}",
            failure.message
        );
        (failed(planned, machine, failure), None)
    })
}

fn experiment(planned: &Planned) -> Result<Experiment, Failure> {
    let mut config = residuum::find(&planned.method)?.config();
    config.set_all(&planned.config)?;
    Ok(Experiment {
        dataset: planned.dataset.clone(),
        protocol: protocol(&planned.protocol)?,
        seed: planned.seed,
        config,
        perturb: planned.perturb.clone(),
        attack: planned.attack.clone(),
        on_bad_file: OnBadFile::Fail,
    })
}

/// The record of a line that gave no result, in the words of the plan.
fn failed(planned: &Planned, machine: &Machine, failure: Failure) -> Cell {
    Cell {
        schema: SCHEMA,
        id: Some(planned.id.clone()),
        status: Status::Failed,
        dataset: planned.dataset.clone(),
        protocol: planned.protocol.clone(),
        method: planned.method.clone(),
        seed: planned.seed,
        config: planned.config.clone(),
        config_hash: config_hash(&planned.config),
        perturb: planned.perturb.clone(),
        attack: planned.attack.clone(),
        data_sha256: planned.data_sha256.clone(),
        n_train: None,
        n_test: None,
        n_anomalies: None,
        metrics: None,
        auroc_interval: None,
        pixels: None,
        seconds: None,
        peak_rss_bytes: peak_rss_bytes(),
        params: None,
        n_evaluations: None,
        norm_spearman: None,
        audit: None,
        curve: None,
        histogram: None,
        training: None,
        device: machine.runtime.device.to_string(),
        threads: machine.threads,
        versions: Versions::current(),
        warnings: Vec::new(),
        error: Some(failure),
    }
}

fn is_done(path: &Path) -> bool {
    std::fs::read(path)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Cell>(&bytes).ok())
        .is_some_and(|cell| cell.status == Status::Ok && cell.schema == SCHEMA)
}

fn read_plan(path: &Path) -> Result<Vec<Planned>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            exit::MISSING,
            format!("cannot read the plan {}: {error}", path.display()),
        )
        .hint("`cargo xtask reproduce` writes one into its run folder")
    })?;
    text.lines()
        .enumerate()
        .map(|(n, line)| {
            let wrong = |what: String| {
                let message = format!("{} line {}: {what}", path.display(), n + 1);
                Failure::new(exit::USAGE, message)
            };
            let planned: Planned =
                serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            if !is_plain(&planned.id) {
                let what = format!("the id `{}` cannot name a file", planned.id);
                return Err(wrong(what).hint("ids have letters, digits, `-` and `_`, 100 at most"));
            }
            Ok(planned)
        })
        .collect()
}

/// Whether a cell's file can have this name: in its folder, on every system.
fn is_plain(id: &str) -> bool {
    let taken = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=100).contains(&id.len()) && id.chars().all(taken)
}

/// Ends this process when standard input does: whoever started it holds the other end, and a
/// killed starter cannot tell us any other way.
fn end_with_stdin() {
    std::thread::spawn(|| {
        let mut buffer = [0u8; 64];
        let mut stdin = std::io::stdin().lock();
        while matches!(stdin.read(&mut buffer), Ok(n) if n > 0) {}
        // Not `std::process::exit`: it runs libtorch's clean-up under the feet of the working thread.
        signal_hook::low_level::exit(143);
    });
}
