//! Image files as arrays: one way of decoding, resizing and cutting for every loader.
//!
//! PNG, JPEG, BMP and TIFF, told apart by their content. Grey, colour, palette (but for TIFF, whose
//! palettes are refused), with and without transparency (which is dropped, as Pillow's
//! `convert("RGB")` does), 8 and 16 bits (rounded to 8), turned as EXIF or TIFF says. Files are decoded in parallel, each straight into its place in the result:
//! beside the result no more is held than one decoded image per thread.

mod decode;
mod list;
mod masks;
mod memory;
mod read;
mod resize;
mod tiff_tags;

pub use list::{is_image_list, list_images, list_images_counted};
pub use read::{Colour, ImageOptions, Images, OnBadFile, Skipped, read_images};
pub use resize::resize_images;

pub(crate) use list::listed;
pub(crate) use masks::{MaskOf, Masks, not_black, read_masks};
pub(crate) use read::{check_header, skip};
