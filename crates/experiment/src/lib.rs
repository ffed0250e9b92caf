#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attack;
mod curves;
mod disguise;
mod error;
mod experiment;
mod interval;
mod lite0;
mod load;
mod machine;
mod measure;
mod memory;
mod networks;
mod recorded;
mod warnings;

pub use attack::{Attack, Surrogate};
pub use error::{ExperimentError, NoVectors};
pub use experiment::{Experiment, Outcome};
pub use load::load;
pub use machine::Machine;
pub use networks::Networks;
