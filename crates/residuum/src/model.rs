//! A detector for data of one's own: fitted, calibrated on rows that it did not see, stored in one file.

mod auto;
mod calibrated;
mod decide;
mod error;
mod explain;
mod fit;
mod fold;
mod folds;
mod held_out;
mod hold_out;
mod learned;
mod manifest;
mod normal;
mod options;
mod row_kind;
mod rows;
mod scored;
mod seen;
mod store;
mod train;

pub use self::calibrated::{Model, RowScore};
pub use self::error::ModelError;
pub use self::explain::{Reason, Reasons};
pub use self::fit::Fitted;
pub use self::learned::OddRow;
pub use self::manifest::{CrossRate, Manifest, NamedColumns};
pub use self::options::{Calibrating, FitOptions, Target};
pub use self::row_kind::RowKind;
pub use self::store::Stored;
