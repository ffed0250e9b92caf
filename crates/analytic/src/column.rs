use crate::projection::{Counts, Projection, StandardRows};
use crate::view::distinct;

/// One column of the training rows.
#[derive(Debug)]
pub(crate) struct Column {
    column: usize,
    /// Distinct, ascending.
    values: Vec<f64>,
    counts: Counts,
}

impl Projection for Column {
    fn new(rows: &StandardRows<'_>, columns: [usize; 2]) -> (Self, Vec<u32>) {
        let [column, _] = columns;
        let (values, counts) = distinct(rows.column(column).collect());
        let place = |x: f64| values.partition_point(|value| *value < x) as u32;
        let places = rows.column(column).map(place).collect();
        let counts = Counts::new(counts.into_iter());
        let found = Self {
            column,
            values,
            counts,
        };
        (found, places)
    }

    fn own_keys(&self, n: usize) -> Vec<f64> {
        let last = self.values.len() - 1;
        let key = |place: usize| {
            self.counts.own_key(place, n, || {
                let apart = |other: usize| (self.values[place] - self.values[other]).abs();
                match (place > 0, place < last) {
                    (true, true) => apart(place - 1).min(apart(place + 1)),
                    (true, false) => apart(place - 1),
                    (false, true) => apart(place + 1),
                    (false, false) => 0.0,
                }
            })
        };
        (0..=last).map(key).collect()
    }

    fn key(&self, row: &[f64], n: usize) -> f64 {
        let x = row[self.column];
        let above = self.values.partition_point(|value| *value < x);
        let apart = |place: usize| (x - self.values[place]).abs();
        if above == self.values.len() {
            return apart(above - 1);
        }
        if self.values[above] == x {
            return self.counts.key(above, n);
        }
        match above {
            0 => apart(0),
            _ => apart(above).min(apart(above - 1)),
        }
    }

    fn columns(&self) -> [usize; 2] {
        [self.column; 2]
    }
}

impl Column {
    /// The share of training rows that repeat a value, `1 − (distinct values)/n`.
    pub(crate) fn repeats(rows: &StandardRows<'_>, column: usize) -> f64 {
        let (values, _) = distinct(rows.column(column).collect());
        1.0 - values.len() as f64 / rows.rows.nrows() as f64
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::view::{Kind, View};

    #[test]
    fn repeated_values_count_and_others_are_apart() {
        let x = array![[0.0], [10.0], [0.0], [4.0], [6.0], [1.0], [7.0]];
        let standard = View::new(Kind::Standard, x.view());
        let rows = StandardRows {
            rows: x.view(),
            standard: &standard,
        };
        let (column, places) = Column::new(&rows, [0, 0]);
        assert_eq!(places, [0, 5, 0, 2, 3, 1, 4]);
        let sd = 1.0 / standard.value(0, 1.0);
        let units: Vec<f64> = column.own_keys(7).iter().map(|key| key * sd).collect();
        let expected = [-sd / 7.0, 1.0, 2.0, 1.0, 1.0, 3.0];
        for (found, expected) in units.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{units:?}");
        }
        let key = |x: f64| column.key(&[standard.value(0, x)], 7);
        assert_eq!(key(0.0), -2.0 / 7.0);
        assert_eq!(key(4.0), -1.0 / 7.0);
        for (x, apart) in [(-3.0, 3.0), (14.0, 4.0), (2.2, 1.2), (3.9, 0.1)] {
            assert!((key(x) * sd - apart).abs() < 1e-12, "{x}");
        }
        assert!((Column::repeats(&rows, 0) - 1.0 / 7.0).abs() < 1e-15);
    }

    #[test]
    fn one_value_is_repeated_or_alone() {
        let x = array![[3.0], [3.0], [3.0]];
        let standard = View::new(Kind::Standard, x.view());
        let rows = StandardRows {
            rows: x.view(),
            standard: &standard,
        };
        let (column, places) = Column::new(&rows, [0, 0]);
        assert_eq!(places, [0, 0, 0]);
        assert_eq!(column.own_keys(3), [-2.0 / 3.0]);
        assert_eq!(column.key(&[0.0], 3), -1.0);
        assert_eq!(column.key(&[0.5], 3), 0.5);
    }
}
