//! The training of replicas as one network, whose variables are theirs stacked along a new first dimension.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use detector::Progress;
use serde_json::{Value, json};
use tch::{Kind, Tensor, nn};

use crate::adam::Adam;
use crate::batches::Batches;
use crate::early_stop::EarlyStop;
use crate::ema::Ema;
use crate::learning_rate::LearningRate;
use crate::model_folder::{Checkpoint, ModelFolder, Position};
use crate::tensors::variables;
use crate::train::{TINY_EVERY, check_finite};
use crate::{History, Purpose, Session, StackedObjective, TrainConfig, TrainingError, to_numbers};

/// One of the networks, which holds its first weights and gets its last ones.
pub(crate) struct Replica<'a> {
    vs: &'a nn::VarStore,
    x: &'a Tensor,
    seed: u64,
    folder: Option<&'a ModelFolder>,
    /// What the objective keeps beside the variables; that of a stack learns nothing.
    objective: Value,
    /// The mean loss of each epoch.
    losses: Vec<f64>,
    outcome: Option<Result<History, TrainingError>>,
}

impl<'a> Replica<'a> {
    pub(crate) fn new(
        vs: &'a nn::VarStore,
        x: &'a Tensor,
        seed: u64,
        folder: Option<&'a ModelFolder>,
        objective: Value,
    ) -> Self {
        Self {
            vs,
            x,
            seed,
            folder,
            objective,
            losses: Vec::new(),
            outcome: None,
        }
    }

    /// How its training went.
    pub(crate) fn history(self) -> Result<History, TrainingError> {
        self.outcome.unwrap_or(Err(TrainingError::Interrupted))
    }

    fn is_going(&self) -> bool {
        self.outcome.is_none()
    }
}

/// Gives each variable of `vs` those of the same name in `parts`, stacked.
pub(crate) fn stack<'a>(
    vs: &nn::VarStore,
    parts: impl Iterator<Item = &'a nn::VarStore>,
) -> Result<(), TrainingError> {
    let _no_grad = tch::no_grad_guard();
    let parts: Vec<HashMap<String, Tensor>> = parts.map(nn::VarStore::variables).collect();
    for (name, mut variable) in variables(vs) {
        let of_name: Vec<&Tensor> = parts.iter().filter_map(|part| part.get(&name)).collect();
        variable.f_set_data(&Tensor::f_stack(&of_name, 0)?)?;
    }
    Ok(())
}

/// [`train`](crate::train) for all `replicas` at once, whose variables are [stacked](stack) in `vs`; their sets have one
/// shape.
///
/// # Errors
/// What befalls all of them: [`TrainingError::Interrupted`], [`TrainingError::Torch`] and what the objective returns.
pub(crate) fn train_stack(
    vs: &nn::VarStore,
    objective: &dyn StackedObjective,
    replicas: &mut [Replica<'_>],
    config: &TrainConfig,
    session: &Session,
    progress: &dyn Progress,
) -> Result<(), TrainingError> {
    let rows = replicas.first().map_or(0, |replica| replica.x.size()[0]);
    if rows < 2 {
        return Err(TrainingError::TooFewRows { rows });
    }
    for folder in replicas.iter().filter_map(|replica| replica.folder) {
        folder.keep_log(0)?;
    }
    let batches = Batches::new(rows, config.batch_size, config.drop_last);
    let steps_per_epoch = batches.ranges().count().div_ceil(config.accumulate);
    let most_steps = config.most_steps(steps_per_epoch);
    let training = Training {
        // The optimiser moves the variables into its own buffer, so it comes first.
        adam: Adam::of_replicas(vs, config.optimizer, config.weight_decay, replicas.len())?,
        ema: (config.ema > 0.0)
            .then(|| Ema::new(vs, config.ema, config.ema_ramp))
            .transpose()?,
        learning_rate: LearningRate::new(config, most_steps),
        n_epochs: most_steps.div_ceil(steps_per_epoch.max(1) as u64),
        batches,
        seen: 0,
        steps: 0,
        vs,
        objective,
        replicas,
        config,
        session,
        progress,
    };
    training.run()
}

/// A training under way.
struct Training<'a, 'r> {
    vs: &'a nn::VarStore,
    objective: &'a dyn StackedObjective,
    replicas: &'a mut [Replica<'r>],
    config: &'a TrainConfig,
    session: &'a Session,
    progress: &'a dyn Progress,
    adam: Adam,
    ema: Option<Ema>,
    learning_rate: LearningRate,
    n_epochs: u64,
    batches: Batches,
    /// Batches done in all.
    seen: u64,
    /// Optimiser steps done in all.
    steps: u64,
}

impl Training<'_, '_> {
    fn run(mut self) -> Result<(), TrainingError> {
        let stop = EarlyStop {
            after: self.config.early_stop_after,
            lag: self.config.early_stop_lag,
        };
        for epoch in 0..self.config.epochs {
            if self.is_out_of_steps() || !self.replicas.iter().any(Replica::is_going) {
                break;
            }
            let start = Instant::now();
            let losses = self.epoch(epoch)?;
            let seconds = start.elapsed().max(Duration::from_nanos(1)).as_secs_f64();
            self.end_epoch(epoch, &losses, seconds)?;
            for r in 0..self.replicas.len() {
                if self.replicas[r].is_going() && stop.stops(&self.replicas[r].losses) {
                    self.finish(r)?;
                }
            }
        }
        for r in 0..self.replicas.len() {
            if self.replicas[r].is_going() {
                self.finish(r)?;
            }
        }
        Ok(())
    }

    fn is_out_of_steps(&self) -> bool {
        self.config.steps > 0 && self.steps >= self.config.steps as u64
    }

    /// One epoch; returns the step and the losses of each batch, `[n_batches][r]`.
    ///
    /// A replica that has stopped is carried along: what becomes of it touches no other.
    fn epoch(&mut self, epoch: usize) -> Result<Vec<(u64, Vec<f64>)>, TrainingError> {
        let order = |replica: &Replica<'_>| {
            let order = Tensor::f_from_slice(&self.batches.order(replica.seed, epoch))?;
            order.f_to_device(replica.x.device())
        };
        let orders: Vec<Tensor> = self.replicas.iter().map(order).collect::<Result<_, _>>()?;
        let ranges: Vec<(i64, i64)> = self.batches.ranges().collect();
        let (mut steps, mut losses) = (Vec::new(), Vec::new());
        for group in ranges.chunks(self.config.accumulate) {
            if self.is_out_of_steps() {
                break;
            }
            if self.progress.interrupted() {
                return Err(TrainingError::Interrupted);
            }
            for &range in group {
                let of_batch = self.losses(&orders, range)?; // [r]
                // Each replica's gradient is that of its own loss: no other depends on its variables.
                self.adam.backward(&of_batch.f_sum(Kind::Float)?)?;
                losses.push(of_batch.f_detach()?);
                steps.push(self.steps);
                self.seen += 1;
            }
            self.adam.step(self.learning_rate.at(self.steps), 0.0)?;
            if let Some(ema) = &mut self.ema {
                ema.update(self.steps)?;
            }
            self.steps += 1;
            if self.steps.is_multiple_of(TINY_EVERY) {
                self.adam.drop_tiny()?;
            }
        }
        if losses.is_empty() {
            return Ok(Vec::new());
        }
        // Read together: reading one waits for the device.
        let losses = Tensor::f_stack(&losses, 0)?.f_to_kind(Kind::Double)?;
        let losses = Vec::<Vec<f64>>::try_from(losses)?;
        Ok(steps.into_iter().zip(losses).collect())
    }

    /// The loss of each replica on its batch of this epoch, the first row and number of rows given: `[r]`.
    fn losses(&self, orders: &[Tensor], (from, len): (i64, i64)) -> Result<Tensor, TrainingError> {
        let (mut xs, mut drawn) = (Vec::new(), Vec::new());
        for (replica, order) in self.replicas.iter().zip(orders) {
            self.session.seed(replica.seed, Purpose::Step, self.seen);
            let x = replica
                .x
                .f_index_select(0, &order.f_narrow(0, from, len)?)?;
            let x = to_numbers(&x)?; // [b, ..]
            drawn.push(self.objective.draw(&x)?.into_iter());
            xs.push(x);
        }
        let mut stacked = Vec::new();
        loop {
            let next: Vec<Tensor> = drawn.iter_mut().filter_map(Iterator::next).collect();
            if next.is_empty() {
                break;
            }
            stacked.push(Tensor::f_stack(&next, 0)?);
        }
        Ok(self.objective.losses(&Tensor::f_stack(&xs, 0)?, &stacked)?)
    }

    fn end_epoch(
        &mut self,
        epoch: usize,
        losses: &[(u64, Vec<f64>)],
        seconds: f64,
    ) -> Result<(), TrainingError> {
        let rows = self.batches.rows_of(0..losses.len()) as f64 / seconds;
        let rate = self.learning_rate.at(self.steps.saturating_sub(1));
        let (mut sum, mut going) = (0.0, 0);
        for (r, replica) in self.replicas.iter_mut().enumerate() {
            if !replica.is_going() {
                continue;
            }
            let of_replica = losses.iter().map(|(step, losses)| (*step, losses[r]));
            if let Some((step, loss)) = of_replica.clone().find(|(_, loss)| !loss.is_finite()) {
                replica.outcome = Some(Err(TrainingError::Diverged { step, epoch, loss }));
                continue;
            }
            let mean = of_replica.map(|(_, loss)| loss).sum::<f64>() / losses.len() as f64;
            if let Some(folder) = replica.folder {
                folder.log(&json!({
                    "epoch": epoch,
                    "step": self.steps,
                    "loss": mean,
                    "learning-rate": rate,
                    "rows-per-second": rows.round(),
                }))?;
            }
            replica.losses.push(mean);
            sum += mean;
            going += 1;
        }
        let rows = rows * going as f64;
        let mean = sum / f64::from(going.max(1));
        let note = format!("{going} networks, loss {mean:.4}, rate {rate:.1e}, {rows:.0} rows/s");
        self.progress
            .update("epochs", epoch as u64 + 1, self.n_epochs, &note);
        Ok(())
    }

    /// The replica number `r` takes its weights, or their averages, out of the stack, and is kept.
    fn finish(&mut self, r: usize) -> Result<(), TrainingError> {
        let _no_grad = tch::no_grad_guard();
        let mut stacked = self.vs.variables();
        if let Some(ema) = &self.ema {
            stacked.extend(ema.tensors()?);
        }
        let replica = &mut self.replicas[r];
        let own = variables(replica.vs);
        for (name, variable) in &own {
            if let Some(stacked) = stacked.get(name) {
                let mut variable = variable.shallow_clone();
                variable.f_copy_(&stacked.f_get(r as i64)?)?;
            }
        }
        let position = Position {
            epoch: replica.losses.len(),
            batches: self.seen,
            steps: self.steps,
            losses: replica.losses.clone(),
            ..Position::default()
        };
        let history = position.history();
        if let Err(error) = check_finite(replica.vs) {
            replica.outcome = Some(Err(error));
            return Ok(());
        }
        if let Some(folder) = replica.folder {
            let checkpoint = Checkpoint {
                finished: true,
                position,
                objective: replica.objective.clone(),
            };
            folder.save(&checkpoint, &own)?;
        }
        replica.outcome = Some(Ok(history));
        Ok(())
    }
}
