//! Data of one's own: typed columns, rows of numbers or images, and how they become what a detector takes.
//!
//! Nothing here reads files: readers of tables, arrays and pictures give what [`Data`] holds.

mod dates;
pub(crate) mod distinct;
mod encode;
mod error;
mod findings;
mod labels;
mod layout;
mod learn;
mod missing;
mod refused;
mod samples;
mod table;
mod unknown;

pub use columns::{Column, Columns, ColumnsError, Kind, Values};

pub(crate) use self::dates::is_iso;
pub use self::encode::Encoded;
pub use self::error::DataError;
pub use self::findings::{Findings, findings};
pub use self::labels::anomalies;
pub use self::layout::{ColumnLayout, Encoding, Layout, NumberType, TableLayout};
pub use self::learn::{Roles, is_index};
pub use self::missing::Missing;
pub use self::samples::Data;
pub(crate) use self::table::named;
pub use self::unknown::{Unknown, UnknownCategories};
