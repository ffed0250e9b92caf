#![doc = include_str!("../README.md")]

mod diffusion_config;
mod error;
mod images_config;
mod train_config;

mod fit;
mod network_scorer;
mod objective;
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
mod denoising;
mod detector;
mod samples;
mod scorer;
mod scores;
mod smooth;
mod typicality;

pub use adam::Adam;
pub use degenerate::{Answers, degenerate, mean_square, probe_rows};
pub use denoising::Denoising;
pub use detector::DiffusionDetector;
pub use diffusion_config::DiffusionConfig;
pub use error::{BoxError, TrainingError};
pub use fit::{Plan, Question, Trainable, Trained, fit};
pub use images_config::ImagesConfig;
pub use model_folder::ModelFolder;
pub use network_scorer::NetworkScorer;
pub use objective::TrainingObjective;
pub use random::Purpose;
pub use runtime::Runtime;
pub use samples::{SampleShape, in_blocks, to_numbers, to_tensor};
pub use scores::{gradient_blocks, score_blocks};
pub use session::Session;
pub use train::{History, Run, train};
pub use train_config::{Decay, Optimizer, Precision, TrainConfig};
