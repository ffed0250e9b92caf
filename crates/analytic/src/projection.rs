use ndarray::ArrayView2;

use crate::view::View;

/// Training rows seen in one column or two: which points occur how often, and how near others are.
///
/// A point's *key* says how rare it is; higher is rarer. A training row whose point occurs `c` times among `n` has
/// `−(c − 1)/n` where `c > 1`, else the distance to the nearest other point, 0 where there is none. Another row has
/// `−c/n` where its point is one of theirs, else the distance to the nearest.
pub(crate) trait Projection: Sized + Send + Sync {
    /// On these columns of the training rows; the second result is each row's place among the distinct points.
    fn new(rows: &StandardRows<'_>, columns: [usize; 2]) -> (Self, Vec<u32>);

    /// The key of a training row at each place, of `n` rows.
    fn own_keys(&self, n: usize) -> Vec<f64>;

    /// The key of another row, standardised, beside `n` training rows.
    fn key(&self, row: &[f64], n: usize) -> f64;

    /// The columns: the same one twice, or two.
    fn columns(&self) -> [usize; 2];
}

/// Training rows with standard columns, which are made when they are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StandardRows<'a> {
    pub(crate) rows: ArrayView2<'a, f64>,
    pub(crate) standard: &'a View,
}

impl StandardRows<'_> {
    pub(crate) fn column(&self, j: usize) -> impl Iterator<Item = f64> + Clone + '_ {
        let column = self.rows.column(j);
        (0..column.len()).map(move |i| self.standard.value(j, column[i]))
    }
}

/// How often each of several points occurs.
#[derive(Debug)]
pub(crate) struct Counts(
    /// Place and count of those that occur more than once, by place.
    Vec<(u32, u32)>,
);

impl Counts {
    pub(crate) fn new(counts: impl Iterator<Item = u32>) -> Self {
        let mut repeated: Vec<(u32, u32)> =
            (0..).zip(counts).filter(|(_, count)| *count > 1).collect();
        repeated.shrink_to_fit();
        Self(repeated)
    }

    pub(crate) fn of(&self, place: usize) -> u32 {
        let found = self
            .0
            .binary_search_by_key(&(place as u32), |(place, _)| *place);
        found.map_or(1, |at| self.0[at].1)
    }

    /// The key of a training row at `place`; `apart` is the distance to the nearest other point.
    pub(crate) fn own_key(&self, place: usize, n: usize, apart: impl FnOnce() -> f64) -> f64 {
        match self.of(place) {
            1 => apart(),
            count => -f64::from(count - 1) / n as f64,
        }
    }

    /// The key of another row that equals the point at `place`.
    pub(crate) fn key(&self, place: usize, n: usize) -> f64 {
        -f64::from(self.of(place)) / n as f64
    }
}
