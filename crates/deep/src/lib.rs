#![doc = include_str!("../README.md")]

mod tccm;

#[cfg(test)]
mod parity;

pub use tccm::{Tccm, TccmConfig};
