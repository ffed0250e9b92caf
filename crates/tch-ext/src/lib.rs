#![doc = include_str!("../README.md")]

mod autocast;
mod deterministic;
mod error;
mod fused_adam;
mod memory;
mod shim;
mod stacked_linear;

pub use autocast::{Autocast, LowPrecision};
pub use deterministic::Deterministic;
pub use error::ExtError;
pub use fused_adam::{FusedAdam, fused_adam_step};
pub use memory::keep_freed_memory;
pub use stacked_linear::stacked_linear;
