#![doc = include_str!("../README.md")]

mod conversions;
mod ddim;
mod denoiser;
mod error;
mod forward;
mod gradients;
mod likelihood;
mod losses;
mod noise;
mod objective;
mod posterior;
mod process;
mod respaced;
mod reverse;
mod row_noise;
mod sample;
mod score;
mod simplex;
mod splitmix;
mod step_sampler;
mod tables;
mod target;
#[cfg(test)]
mod toy;
mod variance;
mod vlb;
mod walk;

pub use schedules::{MAX_STEPS, Schedule, ScheduleConfig, ScheduleError, space_timesteps};

pub use denoiser::{Denoiser, Prediction, StackedDenoiser};
pub use error::ProcessError;
pub use likelihood::Likelihood;
pub use noise::Noise;
pub use objective::{Loss, Objective};
pub use process::Process;
pub use respaced::even_steps;
pub use reverse::Reverse;
pub use row_noise::RowNoise;
pub use score::{Combine, ErrorMeasure, PathRule, ScoreConfig, ScoreRule, ScoreWalk, Scoring};
pub use step_sampler::{StepSampler, StepSampling};
pub use target::Target;
pub use variance::{LogVariance, Variance};
pub use vlb::VlbTerms;
pub use walk::Walk;
