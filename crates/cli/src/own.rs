//! Detectors for data of one's own: `fit`, `score`, `evaluate`, `show`, `calibrate`.

mod asked;
mod bad_rows;
mod calibrate;
mod choices;
mod counts;
mod decided;
mod evaluate;
mod explain;
mod fit;
mod foreign;
mod input;
mod maps;
mod model_failure;
mod names;
mod nearly_numbers;
mod normal;
mod output;
mod score;
mod show;
mod stream;
mod table_options;
mod unknown;
mod why;

pub(crate) use calibrate::run as calibrate;
pub(crate) use evaluate::run as evaluate;
pub(crate) use explain::run as explain;
pub(crate) use fit::run as fit;
pub(crate) use score::run as score;
pub(crate) use show::run as show;
