#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod copod;
mod iforest;
mod norm;
mod ocsvm;

pub use copod::{ConstantColumns, Copod, CopodConfig, Ecdf};
pub use iforest::{IsolationForest, IsolationForestConfig, Rng};
pub use norm::Norm;
pub use ocsvm::{Gamma, OneClassSvm, OneClassSvmConfig, OneClassSvmModel};
