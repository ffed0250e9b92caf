#![doc = include_str!("../README.md")]

mod config;

mod image;
mod vector;

mod attention;
mod block;
mod modulation;
mod positions;
mod time;
mod transformer;

pub use config::{DitConfig, VectorDitConfig};
pub use image::Dit;
pub use vector::VectorDit;
