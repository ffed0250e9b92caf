use std::fmt;

use detector::Progress;
use diffusion_core::{Denoiser, Process};
use tch::{Kind, Tensor, nn};

use crate::adam::Adam;
use crate::batches::Batches;
use crate::early_stop::EarlyStop;
use crate::random::Purpose;
use crate::session::Session;
use crate::{DdpmConfig, TrainingError};

/// A network together with its variables.
pub struct Network {
    /// The variables; they lie on the device of the store.
    pub vs: nn::VarStore,
    /// The network over them.
    pub denoiser: Box<dyn Denoiser>,
}

impl Network {
    /// The number of trainable numbers.
    pub fn n_params(&self) -> u64 {
        let variables = self.vs.trainable_variables();
        variables.iter().map(|v| v.numel() as u64).sum()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("variables", &self.vs.len())
            .field("denoiser", &self.denoiser)
            .finish()
    }
}

/// Trains `network` on `x` to predict the noise of `process` (Ho et al. 2020, algorithm 1) and
/// returns the mean loss of each epoch.
///
/// Steps are drawn uniformly. libtorch's generator is seeded anew at every optimiser step from
/// `seed` and the step's number, so that a run depends on nothing that was drawn before.
///
/// # Shapes
/// `x`: `[n, ..]` float on the network's device, `n ≥ 2`.
///
/// # Errors
/// [`TrainingError::TooFewRows`] below two rows, [`TrainingError::Diverged`] for a loss that is not
/// finite, [`TrainingError::NotFinite`] for a variable that is not, [`TrainingError::Process`] where
/// the network or libtorch refuses.
pub fn train(
    network: &Network,
    process: &Process,
    x: &Tensor,
    config: &DdpmConfig,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<f64>, TrainingError> {
    let session = Session::begin(network.vs.device());
    train_within(&session, network, process, x, config, seed, progress)
}

pub(crate) fn train_within(
    session: &Session,
    network: &Network,
    process: &Process,
    x: &Tensor,
    config: &DdpmConfig,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<f64>, TrainingError> {
    let rows = x.size().first().copied().unwrap_or(0);
    if rows < 2 {
        return Err(TrainingError::TooFewRows { rows });
    }
    let batches = Batches::new(rows, config.batch_size, config.drop_last);
    let stop = EarlyStop {
        after: config.early_stop_after,
        lag: config.early_stop_lag,
    };
    let mut adam = Adam::new(&network.vs, config.learning_rate, config.weight_decay)?;
    let mut losses = Vec::new();
    let mut step = 0;
    for epoch in 0..config.epochs {
        let order = Tensor::f_from_slice(&batches.order(seed, epoch))?.f_to_device(x.device())?;
        let (mut sum, mut n_batches) = (0.0, 0.0);
        for (from, len) in batches.ranges() {
            session.seed(seed, Purpose::Step, step);
            let x_0 = x.f_index_select(0, &order.f_narrow(0, from, len)?)?; // [b, ..]
            let t = Tensor::f_randint(process.steps() as i64, [len], (Kind::Int64, x.device()))?;
            let eps = x_0.f_randn_like()?;
            let loss = process.epsilon_loss(&*network.denoiser, &x_0, &t, &eps)?;
            let value = loss.f_double_value(&[])?;
            if !value.is_finite() {
                return Err(TrainingError::Diverged {
                    step,
                    epoch,
                    loss: value,
                });
            }
            adam.backward_step(&loss)?;
            sum += value;
            n_batches += 1.0;
            step += 1;
        }
        adam.drop_tiny()?;
        let mean = sum / n_batches;
        losses.push(mean);
        let note = format!("loss {mean:.4}");
        progress.update("epochs", epoch as u64 + 1, config.epochs as u64, &note);
        if stop.stops(&losses) {
            tracing::debug!(epoch, loss = mean, "the loss rose: training stops early");
            break;
        }
    }
    check_finite(&network.vs)?;
    Ok(losses)
}

/// Batch statistics can overflow while the normalised loss stays finite.
fn check_finite(vs: &nn::VarStore) -> Result<(), TrainingError> {
    let mut variables: Vec<(String, Tensor)> = vs.variables().into_iter().collect();
    variables.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for (name, variable) in variables {
        if variable.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
            return Err(TrainingError::NotFinite { name });
        }
    }
    Ok(())
}
