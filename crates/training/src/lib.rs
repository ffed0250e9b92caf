#![doc = include_str!("../README.md")]

mod config;
mod error;

mod adam;
mod batches;
mod early_stop;
mod random;
mod session;
mod train;

mod detector;

pub use adam::Adam;
pub use config::{DdpmConfig, Walk};
pub use detector::DiffusionDetector;
pub use error::TrainingError;
pub use train::{Network, train};
