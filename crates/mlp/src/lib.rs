#![doc = include_str!("../README.md")]

mod config;
mod plain;
mod plain_config;
mod residual;

pub use config::ResidualMlpConfig;
pub use plain::Mlp;
pub use plain_config::{Activation, MlpConfig, TimeInput};
pub use residual::ResidualMlp;
