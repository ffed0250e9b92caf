#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attack;
mod curves;
mod disguise;
mod error;
mod evaluation;
mod experiment;
mod fitted;
mod interval;
mod lite0;
mod load;
mod machine;
mod measure;
mod memory;
mod networks;
mod p_values;
mod recorded;
mod warnings;

pub use attack::{Attack, Surrogate};
pub use error::{ExperimentError, NoVectors};
pub use evaluation::{Alarms, Evaluation, Share};
pub use experiment::Experiment;
pub use fitted::{Fitted, Outcome, fit_together};
pub use load::load;
pub use machine::Machine;
pub use networks::Networks;
pub use p_values::p_value_curve;
