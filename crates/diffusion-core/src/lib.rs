#![doc = include_str!("../README.md")]

mod config;
mod schedule;
mod splitmix;

#[cfg(feature = "torch")]
mod conversions;
#[cfg(feature = "torch")]
mod ddim;
#[cfg(feature = "torch")]
mod denoiser;
#[cfg(feature = "torch")]
mod error;
#[cfg(feature = "torch")]
mod forward;
#[cfg(feature = "torch")]
mod likelihood;
#[cfg(feature = "torch")]
mod losses;
#[cfg(feature = "torch")]
mod noise;
#[cfg(feature = "torch")]
mod objective;
#[cfg(feature = "torch")]
mod posterior;
#[cfg(feature = "torch")]
mod process;
#[cfg(feature = "torch")]
mod respaced;
#[cfg(feature = "torch")]
mod reverse;
#[cfg(feature = "torch")]
mod row_noise;
#[cfg(feature = "torch")]
mod sample;
#[cfg(feature = "torch")]
mod score;
#[cfg(feature = "torch")]
mod simplex;
#[cfg(feature = "torch")]
mod step_sampler;
#[cfg(feature = "torch")]
mod tables;
#[cfg(feature = "torch")]
mod target;
#[cfg(all(test, feature = "torch"))]
mod toy;
#[cfg(feature = "torch")]
mod variance;
#[cfg(feature = "torch")]
mod vlb;
#[cfg(feature = "torch")]
mod walk;

pub use config::ScheduleConfig;
pub use schedule::{MAX_STEPS, Schedule, ScheduleError, space_timesteps};
pub use splitmix::splitmix64;

#[cfg(feature = "torch")]
pub use denoiser::{Denoiser, Prediction};
#[cfg(feature = "torch")]
pub use error::ProcessError;
#[cfg(feature = "torch")]
pub use likelihood::Likelihood;
#[cfg(feature = "torch")]
pub use noise::Noise;
#[cfg(feature = "torch")]
pub use objective::{Loss, Objective};
#[cfg(feature = "torch")]
pub use process::Process;
#[cfg(feature = "torch")]
pub use respaced::even_steps;
#[cfg(feature = "torch")]
pub use reverse::Reverse;
#[cfg(feature = "torch")]
pub use row_noise::RowNoise;
#[cfg(feature = "torch")]
pub use score::{
    Combine, ErrorMeasure, PathRule, ScoreConfig, ScoreConfigError, ScoreRule, ScoreWalk, Scoring,
};
#[cfg(feature = "torch")]
pub use step_sampler::{StepSampler, StepSampling};
#[cfg(feature = "torch")]
pub use target::Target;
#[cfg(feature = "torch")]
pub use variance::{LogVariance, Variance};
#[cfg(feature = "torch")]
pub use vlb::VlbTerms;
#[cfg(feature = "torch")]
pub use walk::Walk;
