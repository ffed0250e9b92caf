#![doc = include_str!("../README.md")]

mod config;
mod error;
mod runtime;

mod grid;
mod space;

mod anomaly_map;
mod scorer;

mod gaussians;
mod padim;

mod coreset;
mod memory;

mod probe;
mod whitening;

mod ddpm;
mod network;
mod objective;

mod masked;
mod masked_objective;
mod masks;

pub use config::{MapConfig, PatchConfig};
pub use ddpm::{PatchDdpm, PatchDdpmConfig, PatchScoreConfig};
pub use error::PatchesError;
pub use masked::{MaskedDdpm, MaskedDdpmConfig};
pub use masks::MaskConfig;
pub use memory::{PatchKnn, PatchKnnConfig, Subset};
pub use network::{PatchMlp, PatchMlpConfig};
pub use padim::{Padim, PadimConfig};
pub use runtime::PatchRuntime;
pub use whitening::Whitening;
