use record::Entry;
use serde_json::Value;

use crate::cell::Cells;
use crate::figure::TableFigures;
use crate::pictures::Pictures;
use crate::table::Table;

/// What the page shows, and the same as text.
pub(crate) struct Content<'a> {
    pub(crate) profile: &'a str,
    pub(crate) tables: &'a [Table<'a>],
    /// One for each table.
    pub(crate) figures: &'a [TableFigures],
    pub(crate) cells: &'a Cells,
    pub(crate) pictures: &'a Pictures,
    /// `environment.json`, `Null` where there is none.
    pub(crate) environment: &'a Value,
    /// What a sweep on a scheduler did.
    pub(crate) journal: &'a [Entry],
}
