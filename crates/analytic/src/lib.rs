#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod linear;
mod wiener;

mod noise_level;
mod rows;
mod unexplained;

mod covariance;
mod inverse;

pub use linear::{LinearDenoiser, LinearDenoiserConfig};
pub use wiener::{Wiener, WienerConfig};
