#![doc = include_str!("../README.md")]

mod error;
mod tccm;

#[cfg(test)]
mod parity;

pub use error::DeepError;
pub use tccm::{Tccm, TccmConfig};
