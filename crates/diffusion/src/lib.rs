#![doc = include_str!("../README.md")]

mod config;
mod error;
mod images_config;

mod denoising;
mod model;

mod detector;
mod scorer;

mod reference;
mod smooth;
mod typicality;

pub use config::DiffusionConfig;
pub use denoising::Denoising;
pub use detector::DiffusionDetector;
pub use error::DiffusionError;
pub use images_config::ImagesConfig;
