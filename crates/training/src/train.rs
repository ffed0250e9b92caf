use std::fmt;
use std::time::{Duration, Instant};

use detector::{Progress, State};
use serde_json::json;
use tch::{Device, Kind, Tensor, nn};
use tch_ext::{Autocast, LowPrecision};

use crate::adam::Adam;
use crate::batches::Batches;
use crate::early_stop::EarlyStop;
use crate::ema::Ema;
use crate::learning_rate::LearningRate;
use crate::memory::attempt;
use crate::model_folder::{Checkpoint, ModelFolder, Position};
use crate::random::Purpose;
use crate::session::Session;
use crate::tensors::{load, load_variables, variables};
use crate::{Precision, TrainConfig, TrainingError, TrainingObjective, to_numbers};

/// Fewest rows of a piece that a batch is cut into: batch statistics need two.
const SMALLEST_PIECE: i64 = 2;
/// Optimiser steps between two searches for numbers that are too small to matter.
pub(crate) const TINY_EVERY: u64 = 50;
/// The least time that counts, so that no rate is divided by 0.
const CLOCK: Duration = Duration::from_nanos(1);
/// Losses that stay on a GPU before the host waits for them.
const LOSSES_ON_DEVICE: usize = 64;
const FIRST_MOMENT: &str = "optimizer.first-moment";
const AVERAGE: &str = "average.";
const SECOND_MOMENT: &str = "optimizer.second-moment";

/// What a training runs in.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The turn with libtorch, on the device of the network.
    pub session: &'a Session,
    /// Gets each epoch; asked before each optimiser step whether to stop.
    pub progress: &'a dyn Progress,
    /// Where the training is kept; it is taken up from there, too.
    pub folder: Option<&'a ModelFolder>,
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// How a training went.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct History {
    /// The mean loss of each epoch.
    pub losses: Vec<f64>,
    /// Optimiser steps taken.
    pub steps: u64,
}

/// Walks the variables of `vs` down the gradient of `objective` over batches of `x`.
///
/// libtorch's generator is seeded anew for every batch from `seed` and the batch's number, so that a
/// run depends on nothing that was drawn before. In a folder the state is kept every 30 seconds and
/// when interrupted; a run that is taken up ends with the same bits as one that never stopped, and a
/// finished one is loaded.
///
/// # Shapes
/// `x`: `[n, ..]` on the network's device, `n ≥ 2`.
///
/// # Errors
/// [`TrainingError::Setting`] for a setting out of range, [`TrainingError::TooFewRows`] below two rows,
/// [`TrainingError::Diverged`] for a loss that is not finite, [`TrainingError::NotFinite`] for a
/// variable that is not, [`TrainingError::Interrupted`], [`TrainingError::File`],
/// [`TrainingError::State`] and [`TrainingError::Checkpoint`] for what goes wrong in the folder, [`TrainingError::Model`] and
/// [`TrainingError::Torch`] where the network or libtorch refuses.
pub fn train(
    vs: &nn::VarStore,
    objective: &mut dyn TrainingObjective,
    x: &Tensor,
    config: &TrainConfig,
    seed: u64,
    run: &Run<'_>,
) -> Result<History, TrainingError> {
    config.check()?;
    let rows = x.size().first().copied().unwrap_or(0);
    if rows < 2 {
        return Err(TrainingError::TooFewRows { rows });
    }
    let kept = run.folder.map(ModelFolder::load).transpose()?.flatten();
    if let Some((checkpoint, state)) = &kept
        && checkpoint.finished
    {
        load_variables(vs, state)?;
        objective.restore(&checkpoint.objective)?;
        return Ok(checkpoint.position.history());
    }
    let batches = Batches::new(rows, config.batch_size, config.drop_last);
    let steps_per_epoch = batches.ranges().count().div_ceil(config.accumulate);
    let most_steps = config.most_steps(steps_per_epoch);
    let mut training = Training {
        // The optimiser moves the variables into its own buffer, so it comes first.
        adam: Adam::new(vs, config.optimizer, config.weight_decay)?,
        ema: (config.ema > 0.0)
            .then(|| Ema::new(vs, config.ema, config.ema_ramp))
            .transpose()?,
        learning_rate: LearningRate::new(config, most_steps),
        n_epochs: most_steps.div_ceil(steps_per_epoch.max(1) as u64),
        position: Position::default(),
        losses: Losses::new(x.device()),
        saved: Instant::now(),
        vs,
        objective,
        config,
        seed,
        run,
    };
    if let Some((checkpoint, state)) = kept {
        training.restore(checkpoint, &state)?;
    }
    training.epochs(x, batches)?;
    if let Some(ema) = &mut training.ema {
        ema.swap()?;
    }
    check_finite(vs)?;
    training.save(true)?;
    Ok(training.position.history())
}

impl Position {
    pub(crate) fn history(&self) -> History {
        History {
            losses: self.losses.clone(),
            steps: self.steps,
        }
    }
}

/// A training under way.
struct Training<'a> {
    vs: &'a nn::VarStore,
    objective: &'a mut dyn TrainingObjective,
    config: &'a TrainConfig,
    seed: u64,
    run: &'a Run<'a>,
    adam: Adam,
    ema: Option<Ema>,
    learning_rate: LearningRate,
    n_epochs: u64,
    position: Position,
    losses: Losses,
    saved: Instant,
}

impl Training<'_> {
    fn epochs(&mut self, x: &Tensor, batches: Batches) -> Result<(), TrainingError> {
        let stop = EarlyStop {
            after: self.config.early_stop_after,
            lag: self.config.early_stop_lag,
        };
        if let Some(folder) = self.run.folder {
            folder.keep_log(self.position.epoch)?;
        }
        while self.position.epoch < self.config.epochs
            && !self.is_out_of_steps()
            && !stop.stops(&self.position.losses)
        {
            let start = (Instant::now(), self.position.batch);
            let n_batches = self.epoch(x, batches)?;
            let seconds = start.0.elapsed().max(CLOCK).as_secs_f64();
            let rows = batches.rows_of(start.1..n_batches);
            self.end_epoch(n_batches, rows as f64 / seconds)?;
        }
        Ok(())
    }

    /// The rest of the epoch under way; returns how many batches of it were seen, which is all of them
    /// unless the steps run out.
    fn epoch(&mut self, x: &Tensor, batches: Batches) -> Result<usize, TrainingError> {
        let order = batches.order(self.seed, self.position.epoch);
        let order = Tensor::f_from_slice(&order)?.f_to_device(x.device())?;
        let ranges: Vec<(i64, i64)> = batches.ranges().collect();
        for group in ranges[self.position.batch..].chunks(self.config.accumulate) {
            if self.is_out_of_steps() {
                break;
            }
            self.pause()?;
            for loss in self.gradient(x, &order, group)? {
                self.losses.push(loss, &mut self.position)?;
                self.position.batches += 1;
            }
            let rate = self.learning_rate.at(self.position.steps);
            self.adam.step(rate, self.config.clip)?;
            if let Some(ema) = &mut self.ema {
                ema.update(self.position.steps)?;
            }
            self.position.steps += 1;
            self.position.batch += group.len();
            if self.position.steps.is_multiple_of(TINY_EVERY) {
                self.adam.drop_tiny()?;
            }
        }
        self.losses.drain(&mut self.position)?;
        Ok(self.position.batch)
    }

    /// Adds up the gradients of a group of batches, `(first, number)` of `order` each, and returns their
    /// losses. Where memory does not suffice, this and every later batch is cut into twice as many
    /// pieces, whose weighted mean gradient is the batch's.
    fn gradient(
        &mut self,
        x: &Tensor,
        order: &Tensor,
        group: &[(i64, i64)],
    ) -> Result<Vec<Tensor>, TrainingError> {
        loop {
            if let Some(losses) = attempt(|| self.try_gradient(x, order, group))? {
                return Ok(losses);
            }
            self.adam.discard();
            let largest = group.iter().map(|(_, len)| *len).max().unwrap_or(0);
            let tried = largest >> self.position.halvings;
            let rows = tried / 2;
            if rows < SMALLEST_PIECE {
                return Err(TrainingError::Memory {
                    samples: tried as usize,
                });
            }
            self.position.halvings += 1;
            tracing::warn!(
                rows,
                "not enough memory for a batch, cutting batches into pieces"
            );
        }
    }

    fn try_gradient(
        &mut self,
        x: &Tensor,
        order: &Tensor,
        group: &[(i64, i64)],
    ) -> Result<Vec<Tensor>, TrainingError> {
        let mut losses = Vec::with_capacity(group.len());
        for (batch, &(from, len)) in (self.position.batches..).zip(group) {
            self.run.session.seed(self.seed, Purpose::Step, batch);
            let x = x.f_index_select(0, &order.f_narrow(0, from, len)?)?; // [b, ..]
            let mut mean: Option<Tensor> = None;
            for piece in x.f_tensor_split(1 << self.position.halvings, 0)? {
                let share = piece.size()[0] as f64 / len as f64;
                let loss = self.loss(&to_numbers(&piece)?)?;
                self.adam.backward_share(&loss, share)?;
                let loss = loss.detach();
                mean = Some(match mean {
                    None if share == 1.0 => loss,
                    None => loss.f_mul_scalar(share)?,
                    Some(mean) => mean.f_add(&loss.f_mul_scalar(share)?)?,
                });
            }
            losses.extend(mean);
        }
        Ok(losses)
    }

    fn is_out_of_steps(&self) -> bool {
        self.config.steps > 0 && self.position.steps >= self.config.steps as u64
    }

    /// The loss of one batch, in the precision that is asked for.
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, TrainingError> {
        let _autocast = match self.config.precision {
            Precision::F32 => None,
            Precision::Bf16 => Some(Autocast::begin(x.device(), LowPrecision::BFloat16)?),
        };
        Ok(self.objective.loss(x)?)
    }

    fn end_epoch(&mut self, n_batches: usize, rows_per_second: f64) -> Result<(), TrainingError> {
        let position = &mut self.position;
        let mean = position.loss_sum / n_batches as f64;
        let rate = self.learning_rate.at(position.steps.saturating_sub(1));
        if let Some(folder) = self.run.folder {
            folder.log(&json!({
                "epoch": position.epoch,
                "step": position.steps,
                "loss": mean,
                "learning-rate": rate,
                "rows-per-second": rows_per_second.round(),
            }))?;
        }
        position.losses.push(mean);
        position.epoch += 1;
        position.batch = 0;
        position.loss_sum = 0.0;
        let note = format!("loss {mean:.4}, rate {rate:.1e}, {rows_per_second:.0} rows/s");
        let (done, total) = (position.epoch as u64, self.n_epochs);
        self.run.progress.update("epochs", done, total, &note);
        Ok(())
    }

    /// Between two optimiser steps: keeps the state when its time has come, stops when asked to.
    fn pause(&mut self) -> Result<(), TrainingError> {
        let interrupted = self.run.progress.interrupted();
        let due = |folder: &ModelFolder| folder.is_due(self.saved.elapsed());
        if interrupted || self.run.folder.is_some_and(due) {
            self.save(false)?;
        }
        match interrupted {
            true => Err(TrainingError::Interrupted),
            false => Ok(()),
        }
    }

    fn save(&mut self, finished: bool) -> Result<(), TrainingError> {
        self.losses.drain(&mut self.position)?;
        let Some(folder) = self.run.folder else {
            return Ok(());
        };
        let mut tensors = variables(self.vs);
        if !finished {
            let [m, v] = self.adam.moments();
            tensors.push((FIRST_MOMENT.to_owned(), m.shallow_clone()));
            tensors.push((SECOND_MOMENT.to_owned(), v.shallow_clone()));
            if let Some(ema) = &self.ema {
                let averages = ema.tensors()?.into_iter();
                tensors
                    .extend(averages.map(|(name, average)| (format!("{AVERAGE}{name}"), average)));
            }
        }
        let checkpoint = Checkpoint {
            finished,
            position: self.position.clone(),
            objective: self.objective.state(),
        };
        folder.save(&checkpoint, &tensors)?;
        self.saved = Instant::now();
        Ok(())
    }

    fn restore(&mut self, checkpoint: Checkpoint, state: &State) -> Result<(), TrainingError> {
        load_variables(self.vs, state)?;
        let [m, v] = self.adam.moments();
        load(state, FIRST_MOMENT, &mut m.shallow_clone())?;
        load(state, SECOND_MOMENT, &mut v.shallow_clone())?;
        if let Some(ema) = &self.ema {
            for (name, mut average) in ema.tensors()? {
                load(state, &format!("{AVERAGE}{name}"), &mut average)?;
            }
        }
        self.adam.set_steps(checkpoint.position.steps);
        self.objective.restore(&checkpoint.objective)?;
        self.position = checkpoint.position;
        Ok(())
    }
}

/// The losses that are not yet in the epoch's sum. Reading one waits for the device, so that on a GPU
/// many are read together.
#[derive(Debug)]
struct Losses {
    pending: Vec<(u64, Tensor)>,
    most: usize,
}

impl Losses {
    fn new(device: Device) -> Self {
        Self {
            pending: Vec::new(),
            most: if device == Device::Cpu {
                1
            } else {
                LOSSES_ON_DEVICE
            },
        }
    }

    fn push(&mut self, loss: Tensor, position: &mut Position) -> Result<(), TrainingError> {
        self.pending.push((position.steps, loss));
        if self.pending.len() < self.most {
            return Ok(());
        }
        self.drain(position)
    }

    fn drain(&mut self, position: &mut Position) -> Result<(), TrainingError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let losses: Vec<&Tensor> = self.pending.iter().map(|(_, loss)| loss).collect();
        let values = Vec::<f64>::try_from(Tensor::f_stack(&losses, 0)?.f_to_kind(Kind::Double)?)?;
        for ((step, _), loss) in self.pending.drain(..).zip(values) {
            if !loss.is_finite() {
                return Err(TrainingError::Diverged {
                    step,
                    epoch: position.epoch,
                    loss,
                });
            }
            position.loss_sum += loss;
        }
        Ok(())
    }
}

/// Batch statistics can overflow while the normalised loss stays finite.
pub(crate) fn check_finite(vs: &nn::VarStore) -> Result<(), TrainingError> {
    for (name, variable) in variables(vs) {
        if variable.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
            return Err(TrainingError::NotFinite { name });
        }
    }
    Ok(())
}
