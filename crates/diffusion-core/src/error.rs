use settings::Setting;
use tch::TchError;

use crate::ScheduleError;

/// Why a step of the process could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// A step outside the schedule.
    #[error("step {step}, but the schedule has {steps} steps")]
    Step {
        /// The step asked for.
        step: usize,
        /// Steps of the schedule.
        steps: usize,
    },
    /// A walk from nowhere or from beyond the schedule.
    #[error("the walk starts at {start}, expected 1 to {steps}")]
    Start {
        /// The start asked for.
        start: usize,
        /// Steps of the schedule.
        steps: usize,
    },
    /// A schedule that cannot be built.
    #[error("schedule: {0}")]
    Schedule(#[from] ScheduleError),
    /// Tensors whose shapes do not fit together.
    #[error("{name} has the shape {found:?}, expected {expected:?}")]
    Shape {
        /// Which tensor.
        name: &'static str,
        /// Its shape.
        found: Vec<i64>,
        /// The shape that fits.
        expected: Vec<i64>,
    },
    /// The variance is to be learned, but the network predicts none.
    #[error("the network predicts no variance, but the process is to learn it")]
    NoVariance,
    /// The target `ε` under a schedule whose last step leaves no signal.
    #[error(
        "nothing is left of the signal at step {step} (zero terminal SNR): the noise does not tell \
         x_0 there, let the network predict x0 or v"
    )]
    NoSignal {
        /// The step where `ᾱ` is 0.
        step: usize,
    },
    /// A step of the inverted walk so long that its change of volume is not positive.
    #[error(
        "a step of the inversion stretches a row by {stretch}, expected above 0: its volume term needs \
         shorter steps, so take more evaluations (0 for all levels), or draws = 0 to leave it out"
    )]
    Volume {
        /// What a step multiplies lengths with, on average over directions.
        stretch: f64,
    },
    /// A setting outside its range or against another one.
    #[error(transparent)]
    Setting(#[from] Setting),
    /// Losses that cannot be the history of a [`StepSampler`](crate::StepSampler).
    #[error("step sampler: {found}, expected {expected}")]
    History {
        /// What was given.
        found: String,
        /// What would fit.
        expected: String,
    },
    /// libtorch refused: out of memory, an index outside its table.
    #[error("libtorch: {}", first_line(.0))]
    Torch(#[from] TchError),
}

/// libtorch's own message; the lines below it are a C++ stack.
fn first_line(error: &TchError) -> String {
    let text = match error {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;

    #[test]
    fn no_stack_in_messages() {
        let table = Tensor::zeros([3], (Kind::Float, Device::Cpu));
        let error = table
            .f_index_select(0, &Tensor::from_slice(&[7i64]))
            .unwrap_err();
        assert!(error.to_string().lines().count() > 1, "nothing to cut off");
        let message = ProcessError::from(error).to_string();
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains("out of range"), "{message}");
    }
}
