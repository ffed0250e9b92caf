#![doc = include_str!("../README.md")]

mod config;
mod error;
mod runtime;

mod grid;
mod space;
mod weights;

mod anomaly_map;
mod progress;
mod scorer;

mod gaussians;
mod padim;

mod coreset;
mod memory;

mod align;
mod canvas;
mod part;
mod pose;

mod chosen;
mod gain;
mod local_wiener;
mod remembered;
mod side_by_side;
mod wiener;
mod wiener_config;

mod noised;
mod prepared;
mod whitening;

mod ddpm;
mod ddpm_config;
mod ddpm_model;
mod network;

mod masked;
mod masked_config;
mod masked_model;
mod masks;

mod feature_config;
mod feature_ddpm;
mod feature_maps;
mod feature_model;
mod feature_scorer;
mod kept_maps;
mod token_basis;

pub use align::Align;
pub use config::{MapConfig, PatchConfig};
pub use ddpm::PatchDdpm;
pub use ddpm_config::{PatchDdpmConfig, PatchScoreConfig};
pub use error::PatchesError;
pub use feature_config::{FeatureConfig, FeatureDdpmConfig, FeatureScoreConfig};
pub use feature_ddpm::FeatureDdpm;
pub use masked::MaskedDdpm;
pub use masked_config::MaskedDdpmConfig;
pub use masks::MaskConfig;
pub use memory::{PatchKnn, PatchKnnConfig, Subset};
pub use network::{PatchMlp, PatchMlpConfig};
pub use padim::{Padim, PadimConfig};
pub use runtime::PatchRuntime;
pub use whitening::Whitening;
pub use wiener::PatchWiener;
pub use wiener_config::PatchWienerConfig;
