//! The figures of one table.

use charts::Figure;

use super::group::groups;
use super::{agreement, bars, cost, curves, histograms, published, ranks, strips, training};
use crate::cell::Cells;
use crate::footnotes::one_line;
use crate::long;
use crate::table::Table;

/// The figures of a table: those over all its data sets, then those of each.
#[derive(Debug)]
pub(crate) struct TableFigures {
    pub(crate) over_all: Vec<Figure>,
    /// By the name of the data set, in the order of the rows.
    pub(crate) of_datasets: Vec<(String, Vec<Figure>)>,
}

impl TableFigures {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Figure> {
        let of_datasets = self.of_datasets.iter().flat_map(|(_, figures)| figures);
        self.over_all.iter().chain(of_datasets)
    }
}

/// The figures that the cells of a table allow.
pub(crate) fn of_table(table: &Table<'_>, cells: &Cells) -> TableFigures {
    let mut over_all = Vec::new();
    let mut of_rows: Vec<Vec<Figure>> = table.rows.iter().map(|_| Vec::new()).collect();
    for group in groups(table, cells) {
        over_all.extend(bars::means(&group));
        over_all.extend(published::scatter(&group));
        over_all.extend(agreement::panels(&group));
        over_all.extend(curves::over_rows(&group));
        over_all.extend(ranks::critical_difference(&group));
        over_all.extend(cost::figures(&group));
        over_all.extend(training::losses(&group));
        if long::is_long(table) {
            over_all.extend(strips::strips(&group));
            continue;
        }
        for (row, figures) in of_rows.iter_mut().enumerate() {
            figures.extend(curves::of_row(&group, row));
            figures.extend(histograms::of_row(&group, row));
        }
    }
    let names = table.rows.iter().map(|row| one_line(&row.plan.dataset));
    let of_datasets = names.zip(of_rows);
    TableFigures {
        over_all,
        of_datasets: of_datasets
            .filter(|(_, figures)| !figures.is_empty())
            .collect(),
    }
}
