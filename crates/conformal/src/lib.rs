#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod benjamini_hochberg;
mod calibration;
mod cross;
mod drift;
mod error;
mod lord;
mod pareto;
mod ranks;
mod tail;
mod threshold;
mod true_rate;
mod window;

pub use benjamini_hochberg::{adjusted, benjamini_hochberg, can_reject};
pub use calibration::Calibration;
pub use cross::CrossCalibration;
pub use drift::{Drift, DriftStep};
pub use error::ConformalError;
pub use lord::{Lord, LordStep};
pub use pareto::GeneralisedPareto;
pub use tail::{Goodness, PValue, Tail};
pub use threshold::{Basis, Threshold, alarms_per_day};
pub use true_rate::TrueRate;
pub use window::Window;
