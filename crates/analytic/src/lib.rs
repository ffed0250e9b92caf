#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod linear;
mod masked_wiener;
mod views_and_pairs;
mod weight;
mod wiener;

mod masked_view;
mod p_values;
mod view;
mod views;

mod column;
mod pair;
mod plane_tree;
mod projection;
mod projections;
mod tails;

mod neighbourhood;
mod noise_level;
mod rows;
mod unexplained;

mod covariance;
mod inverse;

pub use linear::{LinearDenoiser, LinearDenoiserConfig};
pub use masked_wiener::{MaskedWiener, MaskedWienerConfig};
pub use views_and_pairs::{ViewsAndPairs, ViewsAndPairsConfig};
pub use weight::Weight;
pub use wiener::{Wiener, WienerConfig};
