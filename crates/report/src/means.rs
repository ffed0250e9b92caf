use crate::estimate::mean;
use crate::footnotes::{Footnotes, sorted};
use crate::plan::ColumnPlan;
use crate::table::{Entry, Ours, Row};

/// The last row of a table: means over its rows.
///
/// They are over the rows that have a number of ours and a published one in some column, or a number
/// of ours where nothing was published for the table. A column that lacks one of these rows says so
/// in a footnote.
#[derive(Debug)]
pub(crate) struct MeanRow {
    /// Over how many rows.
    pub(crate) n_rows: usize,
    /// One for each column; means over no row are absent.
    pub(crate) entries: Vec<MeanEntry>,
}

#[derive(Debug, Default)]
pub(crate) struct MeanEntry {
    /// Percent.
    pub(crate) ours: Option<f64>,
    /// Percent.
    pub(crate) paper: Option<f64>,
    pub(crate) marks: Vec<usize>,
}

/// `None` where no row has a number of ours.
pub(crate) fn mean_row(
    columns: &[ColumnPlan],
    rows: &[Row<'_>],
    footnotes: &mut Footnotes,
) -> Option<MeanRow> {
    let has_ours = |entry: &Entry| entry.ours.mean().is_some();
    let has_both = |entry: &Entry| has_ours(entry) && entry.paper.is_some();
    let with = |has: &dyn Fn(&Entry) -> bool| -> Vec<&Row<'_>> {
        (rows.iter())
            .filter(|row| row.entries.iter().any(has))
            .collect()
    };
    let mut base = with(&has_both);
    if base.is_empty() {
        base = with(&has_ours);
    }
    if base.is_empty() {
        return None;
    }
    let entries = (0..columns.len())
        .map(|column| {
            // A column without any published number is a mean of ours alone, and so on.
            let entry = |row: &&Row<'_>| -> (Option<f64>, Option<f64>, bool) {
                let entry = &row.entries[column];
                let no_method = entry.ours == Ours::NoMethod;
                (entry.ours.mean(), entry.paper, no_method)
            };
            let all: Vec<_> = base.iter().map(entry).collect();
            let wants_ours = all.iter().any(|(_, _, no_method)| !no_method);
            let wants_paper = all.iter().any(|(_, paper, _)| paper.is_some());
            let complete = |(ours, paper, _): &(Option<f64>, Option<f64>, bool)| {
                (ours.is_some() || !wants_ours) && (paper.is_some() || !wants_paper)
            };
            let ours: Vec<f64> = (all.iter().filter(|&e| complete(e)))
                .filter_map(|(ours, ..)| *ours)
                .collect();
            let paper: Vec<f64> = (all.iter().filter(|&e| complete(e)))
                .filter_map(|(_, paper, _)| *paper)
                .collect();
            let n = ours.len().max(paper.len());
            let numbers = if n == 0 || n == base.len() {
                Vec::new()
            } else {
                let left_out: Vec<&str> = (base.iter().zip(&all))
                    .filter(|(_, entry)| !complete(entry))
                    .map(|(row, _)| row.plan.dataset.as_str())
                    .collect();
                let list = left_out.join(", ");
                vec![footnotes.note(&format!("mean of {n} rows, without {list}"))]
            };
            MeanEntry {
                ours: mean(&ours),
                paper: mean(&paper),
                marks: sorted(numbers),
            }
        })
        .collect();
    Some(MeanRow {
        n_rows: base.len(),
        entries,
    })
}
