//! Runs a range of a plan, one cell after another, each recorded before the next starts; cells whose networks are trained
//! as one (`train.replicas`) one after another once all of them are trained.

use std::collections::VecDeque;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use datasets::{OnBadFile, Perturbation, Roots};
use detector::{DetectorError, where_ok};
use experiment::{Attack, Experiment, Fitted, Machine};
use record::{Cell, Fields, Planned};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::failure::{Failure, exit};
use crate::interrupt;
use crate::lifeline::release_freed_memory;
use crate::networks::{self, hand_over};
use crate::output;
use crate::progress::{JsonLines, emit};
use crate::protocol::protocol;
use crate::sheet::{self, Sheet};
use crate::{args, cell};

/// One line of `plan.jsonl`, its disturbances read.
struct Line {
    planned: Planned,
    perturb: Option<Perturbation>,
    attack: Option<Attack>,
}

impl Line {
    /// Whether a method or the vectors of the data take a network.
    fn needs_networks(&self) -> bool {
        let name = datasets::Name::of(&self.planned.dataset);
        let of_data = name.is_ok_and(|name| matches!(name.form, datasets::Form::Lite0(_)));
        of_data || experiment(self).is_ok_and(|experiment| experiment.needs_networks())
    }

    /// Whether it has a result already, at `path`.
    fn is_done(&self, path: &Path) -> bool {
        Cell::read(path, &self.planned.id).is_ok_and(|cell| cell.is_ok())
    }

    /// Where its cell is.
    fn file(&self, cells: &Path) -> PathBuf {
        cells.join(format!("{}.json", self.planned.id))
    }
}

/// Runs the cells of the plan with `from <= index < to` that have no result yet.
pub(crate) fn run(args: &args::Cells, roots: &Roots, machine: &Machine) -> Result<(), Failure> {
    let mut plan = read_plan(&args.plan)?;
    plan.retain(|line| (args.from..args.to).contains(&line.planned.index));
    let cells = args.out.join("cells");
    if machine.networks.is_none() && networks::can_start() {
        let wanted = |line: &Line| line.needs_networks() && !line.is_done(&line.file(&cells));
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
    let mut left: VecDeque<Line> = plan.into();
    while let Some(line) = left.pop_front() {
        if line.is_done(&line.file(&cells)) {
            continue;
        }
        if interrupt::asked() {
            return Err(DetectorError::Interrupted.into());
        }
        start(&line.planned);
        let group = group(line, &mut left, &cells);
        let fitted = fit_together(&group, roots, machine);
        for (i, (line, fitted)) in group.iter().zip(fitted).enumerate() {
            let planned = &line.planned;
            if i > 0 {
                start(planned);
            }
            let (cell, sheet) = match run_one(line, fitted, roots, machine) {
                Ok(done) => done,
                // It did not fail, and is computed the next time.
                Err(failure) if interrupt::asked() => {
                    return Err(Failure {
                        code: interrupt::code(),
                        ..failure
                    });
                }
                Err(failure) => (machine.failed(planned, failure.into()), None),
            };
            // A result that another process wrote meanwhile stays.
            let first = cell::write_first(&cell, &line.file(&cells))?;
            if let Some(sheet) = sheet.filter(|_| first) {
                // The result is written; the other cells are worth more than a picture.
                if let Err(failure) = sheet.write(&pictures.join(format!("{}.png", planned.id))) {
                    tracing::warn!(id = planned.id, "{}", failure.message);
                }
            }
            n_failed += usize::from(first && !cell.is_ok());
            let measured = cell.measured();
            emit(&json!({
                "event": "done", "id": planned.id, "status": cell.status(),
                "auroc": measured.map(|m| m.metrics.auroc),
                "seconds": measured.and_then(|m| m.seconds?.total()),
                "error": cell.failure().map(|failure| &failure.message),
            }));
        }
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

fn start(planned: &Planned) {
    emit(&json!({"event": "start", "index": planned.index, "id": planned.id}));
}

/// `first` and, out of `left`, the lines whose networks are trained as one with its own: those of its configuration that
/// have no result yet.
fn group(first: Line, left: &mut VecDeque<Line>, cells: &Path) -> Vec<Line> {
    let most = first.planned.replicas();
    let mut group = vec![first];
    let mut others = VecDeque::with_capacity(left.len());
    while let Some(line) = left.pop_front() {
        let joins = group.len() < most
            && group[0].planned.trains_with(&line.planned)
            && !line.is_done(&line.file(cells));
        match joins {
            true => group.push(line),
            false => others.push_back(line),
        }
    }
    *left = others;
    group
}

/// The fitted experiments of a group of several; nothing for a line alone, and where all failed at once by a panic:
/// each is then computed by itself.
fn fit_together(
    group: &[Line],
    roots: &Roots,
    machine: &Machine,
) -> Vec<Option<Result<Fitted, Failure>>> {
    let alone = || group.iter().map(|_| None).collect();
    let [first, _, ..] = group else {
        return alone();
    };
    let progress = JsonLines::new(&first.planned.id);
    let fitted = catch_unwind(AssertUnwindSafe(|| {
        release_freed_memory();
        where_ok(group.iter().map(experiment).collect(), |experiments| {
            let fitted = experiment::fit_together(&experiments, roots, machine, &progress);
            let fitted = fitted.into_iter();
            fitted.map(|fitted| fitted.map_err(Failure::from)).collect()
        })
    }));
    match fitted {
        Ok(fitted) => fitted.into_iter().map(Some).collect(),
        Err(panic) => {
            let message = Failure::from_panic(panic.as_ref()).message;
            tracing::warn!(message, "networks are trained one after another");
            alone()
        }
    }
}

/// The cell of one line of the plan, whose method may be fitted already. A panic is a failure too.
fn run_one(
    line: &Line,
    fitted: Option<Result<Fitted, Failure>>,
    roots: &Roots,
    machine: &Machine,
) -> Result<(Cell, Option<Sheet>), Failure> {
    let planned = &line.planned;
    let progress = JsonLines::new(&planned.id);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let id = Some(&*planned.id);
        let mut outcome = match fitted {
            Some(fitted) => fitted?.measured(id, machine, &progress)?,
            None => {
                let experiment = experiment(line)?;
                // The cell's peak of memory is not to stand on what the one before it freed.
                release_freed_memory();
                experiment.run(id, roots, machine, &progress)?
            }
        };
        let found = outcome.cell.data_sha256.as_deref().unwrap_or_default();
        if found == planned.data_sha256 {
            let sheet = sheet::draw(&mut outcome, &progress);
            return Ok((outcome.cell, sheet));
        }
        let message = format!(
            "{} changed after it was planned: sha256 {found} found, {} expected",
            planned.dataset, planned.data_sha256
        );
        Err(Failure::new(exit::BAD_DATA, message).hint("plan again: `cargo xtask reproduce` does"))
    }))
    .unwrap_or_else(|payload| Err(Failure::from_panic(payload.as_ref())));
    result.inspect_err(|failure| {
        tracing::warn!(
            id = planned.id,
            dataset = planned.dataset,
            "{}",
            failure.message
        );
    })
}

fn experiment(line: &Line) -> Result<Experiment, Failure> {
    let planned = &line.planned;
    let mut config = residuum::find(&planned.method)?.config();
    config.set_all(&planned.config)?;
    Ok(Experiment {
        dataset: planned.dataset.clone(),
        protocol: protocol(&planned.protocol)?,
        seed: planned.seed,
        config,
        perturb: line.perturb.clone(),
        attack: line.attack.clone(),
        on_bad_file: OnBadFile::Fail,
    })
}

fn read_plan(path: &Path) -> Result<Vec<Line>, Failure> {
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
            let not = |error: serde_json::Error| wrong(error.to_string());
            Ok(Line {
                perturb: disturbance(planned.perturb.as_ref()).map_err(not)?,
                attack: disturbance(planned.attack.as_ref()).map_err(not)?,
                planned,
            })
        })
        .collect()
}

fn disturbance<T: DeserializeOwned>(fields: Option<&Fields>) -> serde_json::Result<Option<T>> {
    let value = fields.map(|fields| serde_json::from_value(fields.to_value()));
    value.transpose()
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
