#![doc = include_str!("../README.md")]

mod batch_norm;
mod conv2d;
mod dropout;
mod group_norm;
mod layer_norm;
mod linear;
mod timestep_embedding;

pub use batch_norm::BatchNorm;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use linear::{Linear, LinearInit};
pub use timestep_embedding::{TimestepEmbedding, timestep_embedding};
