use std::io;
use std::path::PathBuf;

use detector::settings::Setting;
use detector::{DetectorError, StateError, is_out_of_memory};
use tch::TchError;
use tch_ext::ExtError;

/// Any error of a network, its loss or its score.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a network could not be trained or could not score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// A setting outside its range.
    #[error(transparent)]
    Setting(#[from] Setting),
    /// The network cannot be built.
    #[error("network: {0}")]
    Network(BoxError),
    /// The loss or the score cannot be computed.
    #[error(transparent)]
    Model(BoxError),
    /// Too few rows to train on.
    #[error("{rows} training rows, expected at least 2: batch statistics need two")]
    TooFewRows {
        /// Rows found.
        rows: i64,
    },
    /// The loss is NaN or infinite.
    #[error(
        "the loss is {loss} at step {step} (epoch {epoch}): lower the learning rate, or look for \
         extreme values in the training rows"
    )]
    Diverged {
        /// Optimiser step, from 0.
        step: u64,
        /// Epoch, from 0.
        epoch: usize,
        /// The loss found.
        loss: f64,
    },
    /// A variable of the trained network is NaN or infinite.
    #[error(
        "the variable {name} is not finite after training: look for extreme values in the training \
         rows"
    )]
    NotFinite {
        /// The variable's name.
        name: String,
    },
    /// A row whose score is NaN or infinite.
    #[error("the score of row {row} is {score}: its values are too large for the network")]
    Score {
        /// Row, from 0.
        row: usize,
        /// The score found.
        score: f64,
    },
    /// A number whose share in its row's score is NaN or infinite.
    #[error(
        "the gradient of the score of row {row} is {value} in column {column}: it has no slope there, or \
         its values are too large for the network"
    )]
    Gradient {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// What was found.
        value: f32,
    },
    /// Memory runs out even with as few samples at once as there can be.
    #[error(
        "out of memory even with {samples} samples at once: take a smaller network or smaller images"
    )]
    Memory {
        /// Samples at once.
        samples: usize,
    },
    /// Asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A file or folder of the kept models cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A kept training does not fit the network or the objective.
    #[error("the kept training does not fit: {reason}")]
    Checkpoint {
        /// What does not fit.
        reason: String,
    },
    /// A stored network that cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// libtorch refused: out of memory, a switch, a fused operation.
    #[error(transparent)]
    Torch(#[from] ExtError),
}

impl From<TchError> for TrainingError {
    fn from(error: TchError) -> Self {
        Self::Torch(error.into())
    }
}

impl From<BoxError> for TrainingError {
    /// What is an error of this crate underneath becomes that again.
    fn from(error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(known) => return *known,
            Err(other) => other,
        };
        match error.downcast::<TchError>() {
            Ok(known) => (*known).into(),
            Err(other) => Self::Model(other),
        }
    }
}

impl From<TrainingError> for DetectorError {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Setting(setting) => setting.into(),
            TrainingError::Score { row, score } => Self::Score { row, score },
            TrainingError::Interrupted => Self::Interrupted,
            TrainingError::File { path, source } => Self::Io { path, source },
            TrainingError::State(error) => error.into(),
            memory @ TrainingError::Memory { .. } => Self::Memory(memory.to_string()),
            other => {
                let text = other.to_string();
                match is_out_of_memory(&text) {
                    // A C++ stack stands behind libtorch's first line.
                    true => Self::Memory(text.lines().next().unwrap_or_default().to_owned()),
                    false => Self::method(text),
                }
            }
        }
    }
}
