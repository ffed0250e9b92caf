//! Which numbers of a row are the best: among those of ours under one protocol, and among those of
//! the paper.

use metrics::statistics::{Zeros, family_means, wilcoxon_holm};
use ndarray::Array2;
use record::TablePlan;

use crate::entry::Entry;
use crate::footnotes::one_line;
use crate::means::MeanRow;
use crate::table::Table;

/// The place of a number in its row. Numbers that are equal as printed share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Best,
    /// Only where there are three different numbers, or the last would be marked as the second best.
    Second,
}

/// The places of one row, a pair for each column: ours, and the paper's.
pub(crate) fn places(plan: &TablePlan, entries: &[Entry]) -> Vec<(Option<Place>, Option<Place>)> {
    let ours: Vec<Option<f64>> = entries.iter().map(|entry| entry.ours.mean()).collect();
    let paper: Vec<Option<f64>> = entries.iter().map(|entry| entry.paper).collect();
    of_values(plan, &ours, &paper)
}

/// [`places`] of the row of means, among the columns that have all of its rows.
pub(crate) fn mean_places(plan: &TablePlan, mean: &MeanRow) -> Vec<(Option<Place>, Option<Place>)> {
    let entries = mean.entries.iter().zip(&mean.complete);
    let (ours, paper): (Vec<_>, Vec<_>) = entries
        .map(|(entry, complete)| match complete {
            true => (entry.ours.mean(), entry.paper),
            false => (None, None),
        })
        .unzip();
    of_values(plan, &ours, &paper)
}

fn of_values(
    plan: &TablePlan,
    ours: &[Option<f64>],
    paper: &[Option<f64>],
) -> Vec<(Option<Place>, Option<Place>)> {
    let protocols: Vec<&str> = plan.columns.iter().map(|c| plan.protocol_of(c)).collect();
    let of = |values: &[Option<f64>], column: usize, among: &dyn Fn(usize) -> bool| {
        let others = values.iter().enumerate().filter(|&(other, _)| among(other));
        let others: Vec<i64> = others
            .filter_map(|(_, value)| value.map(hundredths))
            .collect();
        place(hundredths(values.get(column).copied()??), &others)
    };
    (0..plan.columns.len())
        .map(|column| {
            let same_protocol = |other: usize| protocols[other] == protocols[column];
            // One published number may stand in several columns: it is one candidate, as equal ones are.
            (
                of(ours, column, &same_protocol),
                of(paper, column, &|_| true),
            )
        })
        .collect()
}

/// As printed: two digits of a percentage.
pub(crate) fn hundredths(percent: f64) -> i64 {
    (100.0 * percent).round() as i64
}

fn place(value: i64, all: &[i64]) -> Option<Place> {
    let mut distinct = all.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let above = distinct.iter().filter(|&&other| other > value).count();
    match (above, distinct.len()) {
        (0, 2..) => Some(Place::Best),
        (1, 3..) => Some(Place::Second),
        _ => None,
    }
}

/// A method's mean over the rows that every method under its protocol has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    pub(crate) column: usize,
    /// AUROC in percent.
    pub(crate) mean: f64,
}

/// The methods of one protocol of a table, best first, and over how many rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standings {
    pub(crate) protocol: String,
    pub(crate) n_rows: usize,
    pub(crate) methods: Vec<Standing>,
    /// How far chance alone explains the first before the second.
    pub(crate) p: Option<Significance>,
}

/// Of a difference between two methods over families of data sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Significance {
    /// Of Wilcoxon's signed-rank test, after Holm's adjustment over all pairs of methods.
    pub(crate) p: f64,
    pub(crate) n_families: usize,
}

/// With fewer families than this there is no test: data sets of one family are not independent.
pub(crate) const FAMILIES: usize = 5;

/// Collections whose sets have nothing to do with each other.
const COLLECTIONS: [&str; 2] = ["OddBench_", "OvRBench_"];

/// What stands before the first underscore of a data set's name: `CIFAR10_4` is of `CIFAR10`. A set of a collection is
/// its own.
pub(crate) fn family_of(dataset: &str) -> String {
    if COLLECTIONS.iter().any(|name| dataset.starts_with(name)) {
        return one_line(dataset);
    }
    let end = dataset.find('_').unwrap_or(dataset.len());
    one_line(&dataset[..end])
}

/// One for each protocol of the table's columns with results, in their order.
pub(crate) fn standings(table: &Table<'_>) -> Vec<Standings> {
    let mut protocols: Vec<&str> = Vec::new();
    for column in &table.plan.columns {
        let protocol = table.plan.protocol_of(column);
        if column.method.is_some() && !protocols.contains(&protocol) {
            protocols.push(protocol);
        }
    }
    (protocols.into_iter())
        .filter_map(|protocol| standings_under(protocol, table))
        .collect()
}

fn standings_under(protocol: &str, table: &Table<'_>) -> Option<Standings> {
    let has_results = |column: usize| {
        let mut rows = table.rows.iter();
        rows.any(|row| row.entries[column].ours.mean().is_some())
    };
    let columns: Vec<usize> = (table.plan.columns.iter().enumerate())
        .filter(|(_, column)| table.plan.protocol_of(column) == protocol)
        .map(|(index, _)| index)
        .filter(|&index| has_results(index))
        .collect();
    let (names, rows): (Vec<String>, Vec<Vec<f64>>) = (table.rows.iter())
        .filter_map(|row| {
            let value = |&column: &usize| row.entries[column].ours.mean();
            let values = columns.iter().map(value).collect::<Option<_>>()?;
            Some((family_of(&row.plan.dataset), values))
        })
        .unzip();
    if rows.is_empty() || columns.is_empty() {
        return None;
    }
    let mut methods: Vec<Standing> = (columns.iter().enumerate())
        .map(|(index, &column)| Standing {
            column,
            mean: rows.iter().map(|row| row[index]).sum::<f64>() / rows.len() as f64,
        })
        .collect();
    // Stable: equal means stay in the order of the columns.
    methods.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    Some(Standings {
        p: significance(&names, &rows, first_two(&methods, &columns)?),
        protocol: protocol.to_owned(),
        n_rows: rows.len(),
        methods,
    })
}

/// The places among `columns` of the first two methods, the lower first; the same where there is one.
fn first_two(methods: &[Standing], columns: &[usize]) -> Option<(usize, usize)> {
    let place = |method: &Standing| columns.iter().position(|&column| column == method.column);
    let first = place(methods.first()?)?;
    let second = methods.get(1).and_then(place).unwrap_or(first);
    Some((first.min(second), first.max(second)))
}

/// Of the difference between two columns of `rows`, which are of these families.
fn significance(
    families: &[String],
    rows: &[Vec<f64>],
    (first, second): (usize, usize),
) -> Option<Significance> {
    let methods = rows.first()?.len();
    let values = Array2::from_shape_fn((rows.len(), methods), |(row, method)| rows[row][method]);
    let mut families = family_means(families, values.view()).ok()?;
    if families.names.len() < FAMILIES {
        return None;
    }
    // Differences that print the same are ties.
    families
        .values
        .mapv_inplace(|value| hundredths(value) as f64);
    let found = wilcoxon_holm(families.values.view(), Zeros::Pratt, 0.05).ok()?;
    let mut pairs = found.pairs.iter();
    let pair = pairs.find(|pair| (pair.first, pair.second) == (first, second))?;
    Some(Significance {
        p: pair.adjusted,
        n_families: families.names.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_over_families_has_a_p_and_one_over_few_has_none() {
        let lead = |n: usize| -> (Vec<String>, Vec<Vec<f64>>) {
            let row = |i: usize| (i.to_string(), vec![80.0 + i as f64, 70.0 + 0.5 * i as f64]);
            (0..n).map(row).unzip()
        };
        let (names, rows) = lead(8);
        // All eight differences have one sign: 2/2⁸.
        let found = significance(&names, &rows, (0, 1)).unwrap();
        assert_eq!((found.p, found.n_families), (2.0 / 256.0, 8));
        let of_a_collection = ["OddBench_Wine", "OvRBench_wine"].map(family_of);
        assert_eq!(of_a_collection, ["OddBench_Wine", "OvRBench_wine"]);
        let of_one: Vec<String> = names.iter().map(|_| family_of("CIFAR10_4")).collect();
        assert_eq!(significance(&of_one, &rows, (0, 1)), None);
        let (names, rows) = lead(FAMILIES - 1);
        assert_eq!(significance(&names, &rows, (0, 1)), None);
    }

    #[test]
    fn equal_numbers_share_a_place_and_the_last_has_none() {
        let all = [5000, 7000, 7000, 6000];
        let places: Vec<_> = all.iter().map(|&value| place(value, &all)).collect();
        let (best, second) = (Some(Place::Best), Some(Place::Second));
        assert_eq!(places, [None, best, best, second]);
        assert_eq!(place(6000, &[6000, 7000]), None);
        assert_eq!(place(7000, &[7000]), None);
        assert_eq!(hundredths(76.934), hundredths(76.926));
    }
}
