#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod iforest;
mod norm;
mod ocsvm;

pub use iforest::{IsolationForest, IsolationForestConfig, Rng};
pub use norm::Norm;
pub use ocsvm::{Gamma, OneClassSvm, OneClassSvmConfig, OneClassSvmModel};
