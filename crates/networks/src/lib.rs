#![doc = include_str!("../README.md")]

mod device;
mod embedder;
mod registry;
mod torch;
mod weights;

pub use device::{find_cuda_library, library_folders, resolve};
pub use embedder::Embedder;
pub use features::{FeaturesError, Normalisation};
pub use registry::{describe, find, methods};
pub use torch::set_threads;
