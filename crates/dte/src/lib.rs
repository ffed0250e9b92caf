#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod published;

mod nearest;
mod non_parametric;
mod posterior;

pub use error::DteError;
pub use non_parametric::{DteNonParametric, DteNonParametricConfig, NonParametricScore};
pub use posterior::TimePosterior;
