//! The columns of a table that share figures.

use record::{Cell, Metric, Metrics};

use crate::cell::{Cells, finished};
use crate::footnotes::one_line;
use crate::plan::is_file_stem;
use crate::table::Table;

/// The columns of a table under one protocol, which share figures: what leaks and what does not are
/// never in one.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// What the ids of the figures start with.
    pub(crate) stem: String,
    pub(crate) protocol: String,
    pub(crate) table: &'a Table<'a>,
    pub(crate) series: Vec<Series<'a>>,
}

/// One column with its finished cells.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    /// The number of the column in the table.
    pub(crate) column: usize,
    /// Its number among the columns that run something: it looks the same in all figures of the table.
    pub(crate) look: usize,
    pub(crate) label: String,
    /// For each row of the table, for each seed.
    pub(crate) cells: Vec<Vec<Option<(&'a Cell, Metrics)>>>,
}

impl Series<'_> {
    /// Every finished cell.
    pub(crate) fn finished(&self) -> impl Iterator<Item = (&Cell, Metrics)> {
        let cells = self.cells.iter().flatten().flatten();
        cells.map(|(cell, metrics)| (*cell, *metrics))
    }

    /// Whether every seed of a row is finished, and there is one.
    fn is_complete(&self, row: usize) -> bool {
        let seeds = &self.cells[row];
        !seeds.is_empty() && seeds.iter().all(Option::is_some)
    }

    /// For each seed the mean AUROC in percent over `rows`, all of them complete.
    pub(crate) fn means_of_seeds(&self, rows: &[usize]) -> Vec<f64> {
        let n_seeds = rows.first().map_or(0, |&row| self.cells[row].len());
        (0..n_seeds)
            .filter_map(|seed| {
                let aurocs = rows.iter().map(|&row| Some(self.cells[row][seed]?.1.auroc));
                let aurocs: Vec<f64> = aurocs.collect::<Option<_>>()?;
                Some(100.0 * aurocs.iter().sum::<f64>() / aurocs.len() as f64)
            })
            .collect()
    }
}

impl Group<'_> {
    /// The rows that are complete in every series.
    pub(crate) fn common_rows(&self) -> Vec<usize> {
        let n_rows = self.table.rows.len();
        let complete = |&row: &usize| self.series.iter().all(|series| series.is_complete(row));
        (0..n_rows).filter(complete).collect()
    }
}

/// One group for each protocol, columns with finished cells only. Figures are about the scores of
/// images or rows: a table of another metric has none.
pub(super) fn groups<'a>(table: &'a Table<'a>, cells: &'a Cells) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    if table.plan.metric != Metric::Auroc {
        return groups;
    }
    let running = |column: usize| {
        let before = table.plan.columns[..column].iter();
        before.filter(|column| column.method.is_some()).count()
    };
    for (index, column) in table.plan.columns.iter().enumerate() {
        let protocol = table.plan.protocol_of(column);
        let of_row = |dataset: &str| -> Vec<Option<(&'a Cell, Metrics)>> {
            let ids = column.cells.get(dataset).map_or(&[][..], Vec::as_slice);
            (ids.iter())
                .map(|id| finished(cells, id, protocol))
                .collect()
        };
        let rows = table.rows.iter().map(|row| of_row(&row.plan.dataset));
        let series = Series {
            column: index,
            look: running(index),
            label: one_line(&column.label),
            cells: rows.collect(),
        };
        if series.finished().next().is_none() {
            continue;
        }
        match groups.iter_mut().find(|group| group.protocol == protocol) {
            Some(group) => group.series.push(series),
            None => groups.push(Group {
                stem: stem(&table.plan.id, groups.len(), protocol),
                protocol: protocol.to_owned(),
                table,
                series: vec![series],
            }),
        }
    }
    groups
}

/// The table's id, with the protocol for all groups but the first.
fn stem(id: &str, number: usize, protocol: &str) -> String {
    match number {
        0 => id.to_owned(),
        _ if is_file_stem(protocol) => format!("{id}-{protocol}"),
        _ => format!("{id}-{number}"),
    }
}

/// A data set's name as part of a file's, with the number of its row, which makes it the only one.
pub(crate) fn row_stem(group: &Group<'_>, row: usize) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name = &group.table.rows[row].plan.dataset;
    let name: String = name.chars().map(plain).take(40).collect();
    format!("{}-{:02}-{name}", group.stem, row + 1)
}

/// The name of the protocol, for a caption.
pub(crate) fn under(group: &Group<'_>) -> String {
    format!("protocol {}", one_line(&group.protocol))
}
