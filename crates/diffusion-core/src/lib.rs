#![doc = include_str!("../README.md")]

mod config;
mod schedule;

#[cfg(feature = "torch")]
mod denoiser;
#[cfg(feature = "torch")]
mod error;
#[cfg(feature = "torch")]
mod process;
#[cfg(feature = "torch")]
mod row_noise;
#[cfg(feature = "torch")]
mod walk;

pub use config::ScheduleConfig;
pub use schedule::{MAX_STEPS, Schedule, ScheduleError};

#[cfg(feature = "torch")]
pub use denoiser::{Denoiser, Prediction};
#[cfg(feature = "torch")]
pub use error::ProcessError;
#[cfg(feature = "torch")]
pub use process::Process;
#[cfg(feature = "torch")]
pub use row_noise::RowNoise;
