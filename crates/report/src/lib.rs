#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod run;

mod cell;
mod plan;
mod published;

mod agreement;
mod differences;
mod entry;
mod estimate;
mod families;
mod footnotes;
mod interval;
mod means;
mod protocol;
mod ranking;
mod reasons;
mod table;

mod environment;
mod extent;
mod grid;
mod long;
mod prose;
mod summary;
mod words;

mod content;
mod csv;
mod figure;
mod html;
mod markdown;
mod page;
mod pictures;
mod terminal;

mod compare;

mod averages;
mod kept;

mod atomic;
mod results;

pub use compare::Comparison;
pub use error::ReportError;
pub use kept::with_results;
pub use run::{Run, Written};
