#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod picture;

mod colour_map;
mod heat_map;
mod outline;

mod sheet;
mod text;

mod file;

pub use colour_map::ColourMap;
pub use error::PictureError;
pub use heat_map::{Scale, heat_map, overlay};
pub use outline::outline;
pub use picture::Picture;
pub use sheet::ContactSheet;
