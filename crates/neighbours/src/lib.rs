#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod nearest;
mod neighbours;

mod candidates;
mod smallest;

pub use nearest::{Nearest, needs_two_rows};
pub use neighbours::Neighbours;
