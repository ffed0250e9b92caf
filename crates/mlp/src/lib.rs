#![doc = include_str!("../README.md")]

mod config;
mod residual;

pub use config::{MlpError, ResidualMlpConfig};
pub use residual::ResidualMlp;
