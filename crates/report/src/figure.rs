//! What the figures of a table show; `charts` draws them.
//!
//! One figure is made once: what the page shows, what the files hold and what a print shows agree.

mod agreement;
mod bars;
mod cost;
mod curves;
mod group;
mod histograms;
mod published;
mod ranks;
mod strips;
mod training;

mod table;

pub(crate) use table::{TableFigures, of_table};
