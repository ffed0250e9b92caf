#![doc = include_str!("../README.md")]

mod config;
mod device;
#[cfg(feature = "torch")]
mod embedding;
mod error;
mod pipeline;
mod registry;
mod runtime;
mod scaling;

pub use config::Config;
pub use device::{Device, DeviceChoice, find_cuda_library, library_folders};
#[cfg(feature = "torch")]
pub use embedding::Embedder;
pub use error::RegistryError;
#[cfg(feature = "torch")]
pub use features::{FeaturesError, Normalisation};
pub use files::is_too_deep;
pub use pipeline::Pipeline;
pub use registry::{Method, Takes, find, methods};
pub use runtime::Runtime;
pub use scaling::{RowScaler, RowScaling};

/// The version of libtorch this was built for, `None` without the feature `torch`.
pub const LIBTORCH_VERSION: Option<&str> = if cfg!(feature = "torch") {
    Some("2.11.0")
} else {
    None
};

/// Gives memory that was freed and kept for the next tensors back to the system; without the feature `torch`
/// and beside glibc it does nothing.
pub fn release_freed_memory() {
    #[cfg(feature = "torch")]
    tch_ext::release_freed_memory();
}

/// Gives the whole process `n` threads: the pool of the classical methods and libtorch's.
///
/// The pool is made once; a second call leaves it as it is.
pub fn set_threads(n: usize) {
    // An existing pool is the only error there is, and the documented outcome.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(n)
        .build_global();
    #[cfg(feature = "torch")]
    tch::set_num_threads(i32::try_from(n).unwrap_or(i32::MAX));
}
