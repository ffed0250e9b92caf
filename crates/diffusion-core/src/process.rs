use tch::{Device, Tensor};

use crate::tables::Tables;
use crate::{ProcessError, Schedule, Target, Variance};

/// The forward process of a schedule and its reverse by a network (Ho et al. 2020,
/// arXiv:2006.11239), which knows what the network predicts and which variance a reverse step has.
///
/// Tables stay in f64; those that are gathered per row lie on the device in f32.
#[derive(Debug)]
pub struct Process {
    schedule: Schedule,
    device: Device,
    target: Target,
    variance: Variance,
    tables: Tables,
}

impl Process {
    /// The process of `schedule` for tensors on `device`, for a network that predicts the noise, with
    /// the fixed small variance.
    ///
    /// # Errors
    /// [`ProcessError::Torch`] where the device is absent or full.
    pub fn new(schedule: Schedule, device: Device) -> Result<Self, ProcessError> {
        Ok(Self {
            tables: Tables::new(&schedule, device)?,
            schedule,
            device,
            target: Target::default(),
            variance: Variance::default(),
        })
    }

    /// The same for a network that predicts `target`.
    #[must_use]
    pub fn with_target(self, target: Target) -> Self {
        Self { target, ..self }
    }

    /// The same with another variance of the reverse steps.
    #[must_use]
    pub fn with_variance(self, variance: Variance) -> Self {
        Self { variance, ..self }
    }

    /// What the network predicts.
    pub fn target(&self) -> Target {
        self.target
    }

    /// The variance of the reverse steps.
    pub fn variance(&self) -> Variance {
        self.variance
    }

    /// Where the process's tensors lie.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The schedule and its f64 tables.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The number of steps `T`.
    pub fn steps(&self) -> usize {
        self.schedule.steps()
    }

    /// The tables that are gathered per row.
    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    pub(crate) fn check_step(&self, step: usize) -> Result<(), ProcessError> {
        let steps = self.steps();
        if step < steps {
            return Ok(());
        }
        Err(ProcessError::Step { step, steps })
    }

    /// Without signal `ε` does not determine `x_0`.
    pub(crate) fn check_signal(&self, step: usize) -> Result<(), ProcessError> {
        if self.schedule.alpha_bars()[step] > 0.0 {
            return Ok(());
        }
        Err(ProcessError::NoSignal { step })
    }

    /// Whether the target fits the schedule: `ᾱ` can only vanish in the last step.
    pub(crate) fn check_target(&self) -> Result<(), ProcessError> {
        match self.target {
            Target::Epsilon => self.check_signal(self.steps() - 1),
            Target::X0 | Target::V => Ok(()),
        }
    }
}

/// `a·x + b·y` in two passes over memory; two products and a sum are three.
pub(crate) fn combined(x: &Tensor, a: f64, y: &Tensor, b: f64) -> Result<Tensor, ProcessError> {
    let b = Tensor::f_full([], b, (x.kind(), x.device()))?;
    Ok(x.f_mul_scalar(a)?.f_addcmul_(y, &b)?)
}

pub(crate) fn same_shape(
    name: &'static str,
    tensor: &Tensor,
    expected: &[i64],
) -> Result<(), ProcessError> {
    let found = tensor.size();
    if found == expected {
        return Ok(());
    }
    Err(ProcessError::Shape {
        name,
        found,
        expected: expected.to_vec(),
    })
}
