#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod iforest;
mod norm;
mod ocsvm;

mod copod;
mod ecod;
mod tails;

mod hbos;

mod feature_bagging;
mod knn;
mod lof;

mod dte_np;

mod copies;
mod mcd;
mod numpy_seed;
mod pca;
mod principal;

pub use copod::{Copod, CopodConfig};
pub use dte_np::{DteNonParametric, DteNonParametricConfig, NonParametricScore, TimePosterior};
pub use ecod::{Ecod, EcodConfig};
pub use feature_bagging::{FeatureBagging, FeatureBaggingConfig};
pub use hbos::{Bins, Hbos, HbosConfig, OnEdge};
pub use iforest::{IsolationForest, IsolationForestConfig, Rng};
pub use knn::{Knn, KnnConfig, KnnScore};
pub use lof::{Lof, LofConfig};
pub use mcd::Mcd;
pub use norm::Norm;
pub use ocsvm::{Gamma, OneClassSvm, OneClassSvmConfig, OneClassSvmModel};
pub use pca::{Pca, PcaConfig, PcaScore};
pub use tails::{ConstantColumns, Ecdf};
