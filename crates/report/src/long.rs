//! Tables of many data sets: a line for each method in place of one for each data set.

use crate::entry::Row;
use crate::estimate::mean;
use crate::footnotes::{marks, one_line};
use crate::grid::{Grid, Text, Tone};
use crate::ranking::hundredths;
use crate::table::Table;

/// A table of more rows is shown by methods; its numbers are all in CSV.
const LONG: usize = 60;

/// Whether the table is too long to be read row by row.
pub(crate) fn is_long(table: &Table<'_>) -> bool {
    table.shown().count() > LONG
}

/// What a method does over the data sets that every method of the table has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) column: usize,
    pub(crate) mean: f64,
    pub(crate) median: f64,
    /// Data sets on which it is the best, equal ones counted for each.
    pub(crate) firsts: usize,
    /// Its rank among the methods, 1 for the best; equal ones share theirs.
    pub(crate) mean_rank: f64,
    /// Its rank is at most this on a quarter, a half and three quarters of the data sets.
    pub(crate) ranks: [f64; 3],
    /// Data sets on which it is better and worse than the method of the first line.
    pub(crate) won_and_lost: (usize, usize),
}

/// The lines, highest mean first, and over how many data sets. Methods under another protocol than the table's have
/// none.
pub(crate) fn lines(table: &Table<'_>) -> (usize, Vec<Line>) {
    let has_results = |column: &usize| {
        let protocol = table.plan.protocol_of(&table.plan.columns[*column]);
        let mut rows = table.rows.iter();
        protocol == table.plan.protocol
            && rows.any(|row| row.entries[*column].ours.mean().is_some())
    };
    let columns: Vec<usize> = (0..table.plan.columns.len()).filter(has_results).collect();
    let values = |row: &Row<'_>| -> Option<Vec<f64>> {
        let value = |&column: &usize| row.entries[column].ours.mean();
        columns.iter().map(value).collect()
    };
    let rows: Vec<Vec<f64>> = table.rows.iter().filter_map(values).collect();
    if rows.is_empty() || columns.is_empty() {
        return (0, Vec::new());
    }
    // As printed: what prints the same is equal.
    let printed: Vec<Vec<i64>> = rows
        .iter()
        .map(|row| row.iter().copied().map(hundredths).collect())
        .collect();
    let of = |place: usize| rows.iter().map(|row| row[place]).collect::<Vec<f64>>();
    let means: Vec<f64> = (0..columns.len())
        .map(|place| mean(&of(place)).unwrap_or(f64::NAN))
        .collect();
    let mut order: Vec<usize> = (0..columns.len()).collect();
    // Stable: equal means stay in the order of the columns.
    order.sort_by(|a, b| means[*b].total_cmp(&means[*a]));
    let first = order[0];
    let lines = order.iter().map(|&place| {
        let ranks: Vec<f64> = printed.iter().map(|row| rank(row, place)).collect();
        let count = |is: &dyn Fn(&Vec<i64>) -> bool| printed.iter().filter(|row| is(row)).count();
        Line {
            column: columns[place],
            mean: means[place],
            median: quantile(of(place), 0.5),
            firsts: count(&|row| row.iter().all(|other| *other <= row[place])),
            mean_rank: mean(&ranks).unwrap_or(f64::NAN),
            ranks: [0.25, 0.5, 0.75].map(|share| quantile(ranks.clone(), share)),
            won_and_lost: (
                count(&|row| row[place] > row[first]),
                count(&|row| row[place] < row[first]),
            ),
        }
    });
    (rows.len(), lines.collect())
}

/// The mean place of what equals `values[place]`, counted from the highest.
fn rank(values: &[i64], place: usize) -> f64 {
    let above = values
        .iter()
        .filter(|&&other| other > values[place])
        .count();
    let equal = values
        .iter()
        .filter(|&&other| other == values[place])
        .count();
    above as f64 + (equal as f64 + 1.0) / 2.0
}

/// Linear between the values in order.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = share * (values.len() - 1) as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

const HEADER: [&str; 7] = [
    "method",
    "mean",
    "median",
    "best of all",
    "mean rank",
    "ranks of a quarter, half, three quarters",
    "won : lost against the first",
];

/// The lines as a table.
pub(crate) fn grid(table: &Table<'_>) -> Grid {
    let (_, lines) = lines(table);
    let row = |(place, line): (usize, &Line)| {
        let (won, lost) = line.won_and_lost;
        let [low, half, high] = line.ranks.map(|rank| format!("{rank:.1}"));
        let notes = marks(&table.column_marks[line.column]);
        let label = one_line(&table.plan.columns[line.column].label);
        let fields = [
            format!("{label} {notes}").trim_end().to_owned(),
            format!("{:.2}", line.mean),
            format!("{:.2}", line.median),
            line.firsts.to_string(),
            format!("{:.2}", line.mean_rank),
            format!("{low} / {half} / {high}"),
            match place {
                0 => String::new(),
                _ => format!("{won} : {lost}"),
            },
        ];
        let tone = if place == 0 {
            Tone::Strong
        } else {
            Tone::Plain
        };
        fields.map(|text| Text { text, tone }).to_vec()
    };
    Grid {
        header: HEADER.map(str::to_owned).to_vec(),
        rows: lines.iter().enumerate().map(row).collect(),
    }
}

/// What the lines are of.
pub(crate) fn sentence(table: &Table<'_>) -> String {
    let (n, _) = lines(table);
    let all = table.shown().count();
    format!(
        "A line for each method, over the {n} of {all} data sets that all of them have; what prints the same is \
         equal. Every number is in the table as CSV."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_shared_and_quantiles_lie_between() {
        let values = [90, 70, 90, 80];
        assert_eq!(
            [0, 1, 2, 3].map(|place| rank(&values, place)),
            [1.5, 4.0, 1.5, 3.0]
        );
        assert_eq!(quantile(vec![4.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(vec![4.0, 1.0, 2.0], 0.25), 1.5);
        assert_eq!(quantile(vec![3.0], 0.75), 3.0);
    }
}
