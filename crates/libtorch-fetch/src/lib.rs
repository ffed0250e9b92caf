#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// Progress of programs on a terminal.
#![allow(clippy::print_stderr)]

mod cuda;
mod error;
mod fill;
mod folder;
mod pip;
mod progress;
mod unpack;
mod wheel;

pub use error::FetchError;
pub use fill::{fetch_cpu, fetch_cuda};
pub use folder::{VERSION, check, cpu_folder, cuda_folder};
pub use pip::Pip;
pub use wheel::SMALLEST;
