use crate::entry::{Entry, Ours, Row};
use crate::estimate::{Estimate, mean};
use crate::footnotes::{Footnotes, sorted};
use crate::words::count;
use record::ColumnPlan;

/// The last row of a table: means over its rows, and how they vary with the seed.
///
/// They are over the rows that have a number of ours and a published one in some column, or a number
/// of ours where nothing was published for the table. A column that lacks one of these rows says so
/// in a footnote.
#[derive(Debug)]
pub(crate) struct MeanRow {
    /// Over how many rows.
    pub(crate) n_rows: usize,
    /// One for each column; means over no row are absent.
    pub(crate) entries: Vec<Entry>,
    /// Whether each column has all the rows: means over others are not rivals of its mean.
    pub(crate) complete: Vec<bool>,
}

impl MeanRow {
    pub(crate) fn name(&self) -> String {
        format!("mean of {}", count(self.n_rows, "row"))
    }
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
    let (entries, complete) = (0..columns.len())
        .map(|column| {
            // A column without any published number is a mean of ours alone, and so on.
            let of_row = |row: &&Row<'_>| row.entries[column].clone();
            let all: Vec<Entry> = base.iter().map(of_row).collect();
            let wants_ours = all.iter().any(|entry| entry.ours != Ours::NoMethod);
            let wants_paper = all.iter().any(|entry| entry.paper.is_some());
            let complete = |entry: &&Entry| {
                (entry.ours.mean().is_some() || !wants_ours)
                    && (entry.paper.is_some() || !wants_paper)
            };
            let whole: Vec<&Entry> = all.iter().filter(complete).collect();
            let numbers = if whole.is_empty() || whole.len() == base.len() {
                Vec::new()
            } else {
                let left_out: Vec<&str> = (base.iter().zip(&all))
                    .filter(|(_, entry)| !complete(entry))
                    .map(|(row, _)| row.plan.dataset.as_str())
                    .collect();
                let (n, list) = (whole.len(), left_out.join(", "));
                vec![footnotes.note(&format!("mean of {n} rows, without {list}"))]
            };
            let paper: Vec<f64> = whole.iter().filter_map(|entry| entry.paper).collect();
            let entry = Entry {
                ours: ours(&whole),
                of_seeds: Vec::new(),
                paper: mean(&paper),
                paper_sd: None,
                marks: sorted(numbers),
            };
            (entry, whole.len() == base.len())
        })
        .unzip();
    Some(MeanRow {
        n_rows: base.len(),
        entries,
        complete,
    })
}

/// The mean over rows of what they have; its spread is that of the means of each seed, where every row
/// has every seed.
fn ours(rows: &[&Entry]) -> Ours {
    let means: Vec<f64> = rows.iter().filter_map(|row| row.ours.mean()).collect();
    let Some(estimate) = Estimate::of(&means) else {
        return Ours::NoMethod;
    };
    let seeds = rows.first().map_or(0, |row| row.of_seeds.len());
    let of_seed = |seed: usize| -> Option<f64> {
        let values = rows.iter().map(|row| row.of_seeds.get(seed).copied());
        mean(&values.collect::<Option<Vec<f64>>>()?)
    };
    let over_seeds = (0..seeds).map(of_seed).collect::<Option<Vec<f64>>>();
    let spread = Estimate::of(&over_seeds.unwrap_or_default());
    Ours::Value(Estimate {
        mean: estimate.mean,
        sd: spread.and_then(|spread| spread.sd),
        interval: spread.and_then(|spread| spread.interval),
    })
}
