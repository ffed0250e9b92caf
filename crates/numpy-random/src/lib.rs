#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod mt19937;
mod random_state;

pub use error::RandomError;
pub use mt19937::Mt19937;
pub use random_state::RandomState;
