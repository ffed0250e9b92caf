//! A detector for data of one's own: fitted, calibrated on rows that it did not see, stored in one file.

mod auto;
mod calibrated;
mod error;
mod explain;
mod fit;
mod held_out;
mod manifest;
mod options;
mod rows;
mod store;

pub use self::auto::RowKind;
pub use self::calibrated::{Model, RowScore};
pub use self::error::ModelError;
pub use self::explain::{Reason, Reasons};
pub use self::fit::{Fitted, OddRow};
pub use self::manifest::Manifest;
pub use self::options::{FitOptions, Target};
pub use self::store::Stored;
