#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod font;
mod markup;
mod palette;
mod raster;
mod text;

mod numbers;

mod figure;

mod axes;
mod mark;

pub mod bars;
pub mod curves;
pub mod histogram;
pub mod legend;

pub mod png;
pub mod svg;

pub mod page;

pub use axes::{Plot, Scale};
pub use figure::{Anchor, Figure, Point, TEXT, TICK_TEXT, WIDTH};
pub use font::{fitted, width};
pub use mark::mark;
pub use markup::Markup;
pub use numbers::Numbers;
pub use palette::{Ink, dashes};
pub use text::{csv_field, one_line};
