#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod dataset;
mod error;

mod catalogue;
mod closest;
mod hash;
mod roots;

mod fashion_mnist;
mod idx;
mod npy;
mod npz;

mod protocol;
mod split;
mod stratified;

mod scaling;

mod audit;
#[cfg(feature = "fetch")]
pub mod fetch;

pub use audit::{Across, Audit, Part, audit, audit_split};
pub use catalogue::{ADBENCH_COMMIT, Entry, Representation, catalogue, find};
pub use dataset::{Data, Dataset, Label, flatten};
pub use error::{DatasetError, ErrorKind};
pub use hash::Pin;
pub use idx::{Idx, load_idx};
pub use npz::load_npz;
pub use protocol::Protocol;
pub use roots::{Roots, cache_folder};
pub use scaling::{RowScaler, RowScaling};
pub use split::Split;
