#![doc = include_str!("../README.md")]

mod config;
mod layers;
mod residual;
mod time_embedding;

pub use config::{MlpError, ResidualMlpConfig};
pub use residual::ResidualMlp;
pub use time_embedding::timestep_embedding;
