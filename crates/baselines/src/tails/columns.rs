use ndarray::ArrayView2;
use rayon::prelude::*;

/// Columns that are read together: 16 f32 fill a cache line of each row.
pub(super) const TILE: usize = 16;

/// The columns of a table as keys, each column sorted: what an empirical distribution function needs.
#[derive(Debug)]
pub(super) struct SortedColumns {
    keys: Vec<i32>,
    n: usize,
    d: usize,
}

impl SortedColumns {
    /// Of `x`, `[n, d]`, neither of them 0.
    pub(super) fn new(x: ArrayView2<'_, f32>) -> Self {
        let (n, d) = x.dim();
        let mut keys = vec![0; n * d];
        keys.par_chunks_mut(TILE * n)
            .enumerate()
            .for_each(|(tile, columns)| {
                copy_columns(x, tile * TILE, columns, n, 0);
                for column in columns.chunks_exact_mut(n) {
                    column.sort_unstable();
                }
            });
        Self { keys, n, d }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n
    }

    pub(super) fn len(&self) -> usize {
        self.d
    }

    pub(super) fn column(&self, j: usize) -> &[i32] {
        &self.keys[j * self.n..(j + 1) * self.n]
    }

    /// The values of a column, sorted.
    pub(super) fn values(&self, j: usize) -> impl DoubleEndedIterator<Item = f64> + Clone {
        self.column(j).iter().map(|key| f64::from(value(*key)))
    }
}

/// Copies the columns of `x` from `first` on as keys into `columns`, which lie one after the other
/// with `height` rows each, as many as fit; the first row of `x` becomes row `from`.
pub(super) fn copy_columns(
    x: ArrayView2<'_, f32>,
    first: usize,
    columns: &mut [i32],
    height: usize,
    from: usize,
) {
    let last = first + columns.len() / height;
    for (i, row) in (from..).zip(x.outer_iter()) {
        for j in first..last {
            columns[(j - first) * height + i] = key(row[j]);
        }
    }
}

/// An integer that orders as the finite `value` does; integers sort and compare faster. Zeros of
/// either sign are one value.
fn key(value: f32) -> i32 {
    flip((value + 0.0).to_bits().cast_signed())
}

/// The value of a key.
pub(super) fn value(key: i32) -> f32 {
    f32::from_bits(flip(key).cast_unsigned())
}

/// Sign and magnitude to two's complement and back: the larger the magnitude of a negative number,
/// the smaller it is.
fn flip(bits: i32) -> i32 {
    bits ^ ((bits >> 31) & i32::MAX)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn columns_are_sorted_apart() {
        // More columns than one tile, and a tile that is not full.
        let x = Array2::from_shape_fn((5, 19), |(i, j)| ((i * 3 + j) % 5) as f32 - j as f32);
        let columns = SortedColumns::new(x.view());
        assert_eq!((columns.n_rows(), columns.len()), (5, 19));
        for j in 0..19usize {
            let found: Vec<f32> = columns.column(j).iter().map(|k| value(*k)).collect();
            let expected: Vec<f32> = (0..5).map(|v| v as f32 - j as f32).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn keys_order_as_values_do() {
        let values = [
            f32::MIN,
            -2.5,
            -1.0,
            -f32::from_bits(1),
            0.0,
            f32::MIN_POSITIVE,
            7.0,
            f32::MAX,
        ];
        assert!(values.map(key).is_sorted_by(|a, b| a < b));
        assert_eq!(values.map(|v| value(key(v))), values);
        assert_eq!(key(-0.0), key(0.0));
    }
}
