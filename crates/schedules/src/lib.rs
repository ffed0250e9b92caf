#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod config;
mod schedule;

pub use config::ScheduleConfig;
pub use schedule::{MAX_STEPS, Schedule, ScheduleError, space_timesteps};
