//! Text with delimiters: found out, checked in a first pass, read in a second.

mod bits;
mod encoding;
mod fields;
mod names;
mod parse;
mod reader;
mod records;
mod scan;
mod sniff;
mod stream;
mod value;

pub use bits::is_number;
pub(crate) use encoding::{Decoded, Encoding};
pub(crate) use names::{fields_of, names};
pub(crate) use parse::Marks;
pub(crate) use reader::{Convert, TextRows, TextTable, open};
pub(crate) use records::{Block, Records, Shape};
pub(crate) use sniff::delimiter_of;
pub(crate) use stream::stopped;
pub(crate) use value::{exact, whole};
