#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod audit;
mod cell;
mod failure;
mod fields;
mod hash;
mod journal;
mod lines;
mod measured;
mod planned;
mod read;
mod seeds;
mod tables;

pub use audit::{Across, Audit, Part};
pub use cell::{Cell, Versions};
pub use failure::Failure;
pub use fields::Fields;
pub use hash::{config_hash, hash};
pub use journal::{Entry, JOURNAL, Why};
pub use measured::{
    AurocInterval, By, Curve, Histogram, LEVEL, Measured, Metrics, Pixels, Seconds, Training,
};
pub use planned::{Cost, Planned};
pub use read::Unreadable;
pub use seeds::Seeds;
pub use tables::{ColumnPlan, FamilyPlan, Metric, RowPlan, TablePlan, Tables};

/// The version of a cell's layout; part of every cell's id.
pub const SCHEMA: u32 = 1;
