#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod chunk;
mod csv_writer;
mod error;
mod follow;
mod found;
mod json_writer;
mod options;
mod output;
mod plan;
mod pq;
mod source;
mod store;
mod table;
mod text;
mod time;
mod writer;

pub use chunk::{BadRow, Chunk, Lines};
pub use error::TablesError;
pub use follow::{Follow, follow};
pub use found::Found;
pub use options::{Format, Options, Style};
pub use output::Target;
pub use source::Source;
pub use table::{Rows, Table, open};
pub use text::is_number;
pub use time::{format_time, parse_time};
pub use writer::{Writer, write};
