//! How much of a run is there.

use std::collections::BTreeSet;

use crate::cell::Cells;
use crate::footnotes::one_line;
use crate::table::Table;

/// What the planned cells of a run come to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Extent {
    pub(crate) planned: usize,
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) unreadable: usize,
    /// The ids of the tables with a finished cell.
    pub(crate) tables: Vec<String>,
    /// The data sets of the finished cells, in the order of the tables.
    pub(crate) datasets: Vec<String>,
    pub(crate) n_methods: usize,
    /// Loading, fitting and scoring, added over the finished cells; 0 where none was measured.
    pub(crate) seconds: f64,
}

impl Extent {
    /// A cell that several tables show counts once.
    pub(crate) fn of(tables: &[Table<'_>], cells: &Cells) -> Self {
        let mut extent = Self::default();
        let mut seen = BTreeSet::new();
        let mut methods = BTreeSet::new();
        for table in tables {
            let ids =
                (table.plan.columns.iter()).flat_map(|column| column.cells.values().flatten());
            let mut has_results = false;
            let mut found = BTreeSet::new();
            for id in ids {
                let cell = cells.get(id);
                let done = match cell {
                    Some(Ok(cell)) if cell.is_ok() => Some(cell),
                    _ => None,
                };
                has_results |= done.is_some();
                found.extend(done.map(|cell| cell.dataset.as_str()));
                if !seen.insert(id) {
                    continue;
                }
                match (done, cell) {
                    (Some(done), _) => {
                        extent.done += 1;
                        methods.insert(done.method.as_str());
                        let seconds = done.measured().and_then(|m| m.seconds);
                        let seconds = seconds.map(|s| [s.load, s.fit, s.score]);
                        extent.seconds += seconds.into_iter().flatten().flatten().sum::<f64>();
                    }
                    (_, Some(Ok(_))) => extent.failed += 1,
                    (_, Some(Err(_))) => extent.unreadable += 1,
                    (_, None) => {}
                }
            }
            if has_results {
                extent.tables.push(table.plan.id.clone());
            }
            for row in &table.rows {
                let name = one_line(&row.plan.dataset);
                if found.contains(row.plan.dataset.as_str()) && !extent.datasets.contains(&name) {
                    extent.datasets.push(name);
                }
            }
        }
        extent.planned = seen.len();
        extent.n_methods = methods.len();
        extent
    }

    /// Neither finished, nor failed, nor unreadable.
    pub(crate) fn pending(&self) -> usize {
        self.planned - self.done - self.failed - self.unreadable
    }
}
