#![doc = include_str!("../README.md")]

mod error;
mod settings;
mod train_config;

mod fit;
mod network_detector;
mod network_scorer;
mod objective;
mod stack;
mod together;
mod train;

mod adam;
mod batches;
mod early_stop;
mod ema;
mod learning_rate;
mod memory;

mod model_folder;
mod random;
mod runtime;
mod session;

mod degenerate;
mod samples;
mod scores;
mod tensors;

pub use adam::Adam;
pub use degenerate::{Answers, degenerate, mean_square, probe_rows};
pub use error::{BoxError, TrainingError};
pub use fit::{Plan, Question, Trainable, Trained, fit, restore};
pub use model_folder::ModelFolder;
pub use network_detector::{NetworkDetector, NetworkMethod, own_train};
pub use objective::{StackedObjective, TrainingObjective};
pub use random::{Purpose, splitmix64};
pub use runtime::Runtime;
pub use samples::{SampleShape, in_blocks, to_numbers, to_tensor};
pub use scores::{gradient_blocks, map_blocks, score_blocks};
pub use session::Session;
pub use settings::check_widths;
pub use tensors::{tensor, tensor_of, with_tensor};
pub use together::{TrainingSet, fit_together};
pub use train::{History, Run, train};
pub use train_config::{Decay, Optimizer, Precision, TrainConfig};
