#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod norm;

pub use norm::Norm;
