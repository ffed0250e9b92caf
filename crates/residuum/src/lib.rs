#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod config;
pub mod data;
mod device;
mod error;
mod meaning;
mod method;
mod model;
mod pipeline;
mod registry;
mod runtime;
mod scaling;

pub use config::Config;
pub use device::{Device, DeviceChoice};
pub use error::{RegistryError, WayOut};
pub use files::is_too_deep;
pub use meaning::{Setting, settings, settings_in};
pub use method::{Build, BuildError, Method, Takes, defaults, make, table};
pub use model::{
    Calibrating, CrossRate, FitOptions, Fitted, Manifest, Model, ModelError, NamedColumns, OddRow,
    Reason, Reasons, RowKind, RowScore, Stored, Target,
};
pub use pipeline::{Numbers, Pipeline};
pub use registry::{find, find_among, methods, with_networks};
pub use runtime::Runtime;
pub use scaling::{RowScaler, RowScaling};

/// The version of libtorch that methods of the crate `networks` are made for.
pub const LIBTORCH_VERSION: &str = "2.11.0";

/// Gives the classical methods `n` threads, for the whole process.
///
/// The pool is made once; a second call leaves it as it is.
pub fn set_threads(n: usize) {
    // An existing pool is the only error there is, and the documented outcome.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(n)
        .build_global();
}
