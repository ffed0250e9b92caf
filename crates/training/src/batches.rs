use std::ops::Range;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Purpose;

/// How the rows of an epoch are cut into batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Batches {
    rows: i64,
    size: i64,
    drop_last: bool,
}

impl Batches {
    /// Batches of `size` from `rows`, at least two; fewer rows than `size` make one batch.
    ///
    /// The reference drops them all and never trains.
    pub(crate) fn new(rows: i64, size: usize, drop_last: bool) -> Self {
        let size = i64::try_from(size).unwrap_or(i64::MAX).min(rows);
        Self {
            rows,
            size,
            drop_last,
        }
    }

    /// First row and number of rows of each batch of an epoch.
    ///
    /// A last batch of a single row is always left out: it has no batch statistics.
    pub(crate) fn ranges(self) -> impl Iterator<Item = (i64, i64)> {
        let smallest = if self.drop_last { self.size } else { 2 };
        (0..self.rows)
            .step_by(self.size as usize)
            .map(move |from| (from, self.size.min(self.rows - from)))
            .filter(move |&(_, len)| len >= smallest)
    }

    /// How many rows the batches of these numbers hold.
    pub(crate) fn rows_of(self, batches: Range<usize>) -> i64 {
        let all = self.ranges().skip(batches.start);
        all.take(batches.len()).map(|(_, len)| len).sum()
    }

    /// The rows in the order of `epoch`.
    pub(crate) fn order(self, seed: u64, epoch: usize) -> Vec<i64> {
        let mut order: Vec<i64> = (0..self.rows).collect();
        let seed = Purpose::Order.seed(seed, epoch as u64);
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(rows: i64, size: usize, drop_last: bool) -> Vec<(i64, i64)> {
        Batches::new(rows, size, drop_last).ranges().collect()
    }

    #[test]
    fn the_remainder_is_dropped_or_kept() {
        assert_eq!(ranges(10, 4, true), [(0, 4), (4, 4)]);
        assert_eq!(ranges(10, 4, false), [(0, 4), (4, 4), (8, 2)]);
        assert_eq!(ranges(9, 4, false), [(0, 4), (4, 4)]); // a single row has no statistics
        assert_eq!(ranges(8, 4, true), [(0, 4), (4, 4)]);
    }

    #[test]
    fn only_the_rows_of_the_batches_seen_are_counted() {
        let batches = Batches::new(10, 4, false);
        assert_eq!(batches.rows_of(0..3), 10);
        assert_eq!(batches.rows_of(0..1), 4);
        assert_eq!(batches.rows_of(1..3), 6);
        assert_eq!(batches.rows_of(3..3), 0);
    }

    #[test]
    fn few_rows_make_one_batch() {
        assert_eq!(ranges(3, 64, true), [(0, 3)]);
        assert_eq!(ranges(3, usize::MAX, false), [(0, 3)]);
    }

    #[test]
    fn an_epoch_visits_every_row_in_its_own_order() {
        let batches = Batches::new(50, 8, true);
        let (first, second) = (batches.order(1, 0), batches.order(1, 1));
        assert_ne!(first, second);
        assert_eq!(first, batches.order(1, 0));
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }
}
