use std::fmt::Debug;

use detector::Number;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Columns that are read together: 16 f32 fill a cache line of each row, 16 f64 two.
pub(super) const TILE: usize = 16;

/// The columns of a table as keys, each column sorted: what an empirical distribution function needs.
#[derive(Debug)]
pub(super) struct SortedColumns<T: Keyed> {
    keys: Vec<T::Key>,
    n: usize,
    d: usize,
}

impl<T: Keyed> SortedColumns<T> {
    /// Of `x`, `[n, d]`, neither of them 0.
    pub(super) fn new(x: ArrayView2<'_, T>) -> Self {
        let (n, d) = x.dim();
        let mut keys = vec![T::Key::default(); n * d];
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

    /// Of columns that are sorted: `[d, n]`, neither of them 0. `None` where one is not.
    pub(super) fn of_sorted(columns: ArrayView2<'_, T>) -> Option<Self> {
        let (d, n) = columns.dim();
        let mut keys = vec![T::Key::default(); d * n];
        let sorted = keys.par_chunks_mut(n).enumerate().all(|(j, keys)| {
            for (key, value) in keys.iter_mut().zip(columns.row(j)) {
                *key = value.key();
            }
            keys.is_sorted()
        });
        sorted.then_some(Self { keys, n, d })
    }

    /// The sorted columns, `[d, n]`.
    pub(super) fn to_array(&self) -> Array2<T> {
        Array2::from_shape_fn((self.d, self.n), |(j, i)| T::value(self.column(j)[i]))
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n
    }

    pub(super) fn len(&self) -> usize {
        self.d
    }

    pub(super) fn column(&self, j: usize) -> &[T::Key] {
        &self.keys[j * self.n..(j + 1) * self.n]
    }

    /// The values of a column, sorted.
    pub(super) fn values(&self, j: usize) -> impl DoubleEndedIterator<Item = f64> + Clone {
        self.column(j).iter().map(|key| T::value(*key).wide())
    }
}

/// Copies the columns of `x` from `first` on as keys into `columns`, which lie one after the other
/// with `height` rows each, as many as fit; the first row of `x` becomes row `from`.
pub(super) fn copy_columns<T: Keyed>(
    x: ArrayView2<'_, T>,
    first: usize,
    columns: &mut [T::Key],
    height: usize,
    from: usize,
) {
    let last = first + columns.len() / height;
    for (i, row) in (from..).zip(x.outer_iter()) {
        for j in first..last {
            columns[(j - first) * height + i] = row[j].key();
        }
    }
}

/// A number type with integers that order as its finite numbers do; integers sort and compare faster.
/// Zeros of either sign are one value.
pub(crate) trait Keyed: Number {
    /// The integer.
    type Key: Ord + Copy + Default + Debug + Send + Sync;
    /// A key over the number of its row, so that both move together.
    type Entry: Copy + Default + Send;

    /// The key of a finite number.
    fn key(self) -> Self::Key;

    /// The number of a key.
    fn value(key: Self::Key) -> Self;

    /// A key with its row.
    fn entry(key: Self::Key, row: u32) -> Self::Entry;

    /// What an entry is made of.
    fn parts(entry: Self::Entry) -> (Self::Key, u32);

    /// Sorts entries by their keys, those of equal keys by their rows; `spare` is of the same length.
    fn sort(entries: &mut Vec<Self::Entry>, spare: &mut Vec<Self::Entry>);
}

impl Keyed for f32 {
    type Key = i32;
    type Entry = u64;

    fn key(self) -> i32 {
        flip((self + 0.0).to_bits().cast_signed())
    }

    fn value(key: i32) -> Self {
        Self::from_bits(flip(key).cast_unsigned())
    }

    // The sign is turned so that unsigned numbers order as keys do.
    fn entry(key: i32, row: u32) -> u64 {
        u64::from(key.cast_unsigned() ^ (1 << 31)) << 32 | u64::from(row)
    }

    fn parts(entry: u64) -> (i32, u32) {
        let key = ((entry >> 32) as u32 ^ (1 << 31)).cast_signed();
        (key, entry as u32)
    }

    /// In three counting passes of 11 bits, which for some thousands of entries takes a third of the time
    /// of a comparison sort. Entries come in the order of their rows.
    fn sort(entries: &mut Vec<u64>, spare: &mut Vec<u64>) {
        const DIGITS: usize = 1 << 11;
        for shift in [32, 43, 54] {
            let digit = |entry: u64| (entry >> shift) as usize % DIGITS;
            let mut places = [0; DIGITS];
            for entry in entries.iter() {
                places[digit(*entry)] += 1;
            }
            let mut from = 0;
            for place in &mut places {
                from += std::mem::replace(place, from);
            }
            for entry in entries.iter() {
                let place = &mut places[digit(*entry)];
                spare[*place] = *entry;
                *place += 1;
            }
            std::mem::swap(entries, spare);
        }
    }
}

impl Keyed for f64 {
    type Key = i64;
    type Entry = (i64, u32);

    fn key(self) -> i64 {
        flip_64((self + 0.0).to_bits().cast_signed())
    }

    fn value(key: i64) -> Self {
        Self::from_bits(flip_64(key).cast_unsigned())
    }

    fn entry(key: i64, row: u32) -> (i64, u32) {
        (key, row)
    }

    fn parts(entry: (i64, u32)) -> (i64, u32) {
        entry
    }

    fn sort(entries: &mut Vec<(i64, u32)>, _spare: &mut Vec<(i64, u32)>) {
        entries.sort_unstable();
    }
}

/// Sign and magnitude to two's complement and back: the larger the magnitude of a negative number,
/// the smaller it is.
fn flip(bits: i32) -> i32 {
    bits ^ ((bits >> 31) & i32::MAX)
}

/// [`flip`] of 64 bits.
fn flip_64(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_are_sorted_apart() {
        // More columns than one tile, and a tile that is not full.
        let x = Array2::from_shape_fn((5, 19), |(i, j)| ((i * 3 + j) % 5) as f32 - j as f32);
        let columns = SortedColumns::new(x.view());
        assert_eq!((columns.n_rows(), columns.len()), (5, 19));
        for j in 0..19usize {
            let found: Vec<f32> = columns.column(j).iter().map(|k| f32::value(*k)).collect();
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
        assert!(values.map(Keyed::key).is_sorted_by(|a, b| a < b));
        assert_eq!(values.map(|v| f32::value(v.key())), values);
        assert_eq!((-0.0f32).key(), 0.0f32.key());
        let values = [
            f64::MIN,
            -1.0 - f64::EPSILON,
            -1.0,
            -f64::from_bits(1),
            0.0,
            1e-310,
            7.0,
            f64::MAX,
        ];
        assert!(values.map(Keyed::key).is_sorted_by(|a, b| a < b));
        assert_eq!(values.map(|v| f64::value(v.key())), values);
        assert_eq!((-0.0f64).key(), 0.0f64.key());
    }

    fn sorted<T: Keyed>(keys: &[T::Key]) -> Vec<(T::Key, u32)> {
        let mut entries: Vec<T::Entry> = keys
            .iter()
            .zip(0..)
            .map(|(key, row)| T::entry(*key, row))
            .collect();
        let mut spare = vec![T::Entry::default(); entries.len()];
        T::sort(&mut entries, &mut spare);
        entries.into_iter().map(T::parts).collect()
    }

    proptest! {
        #[test]
        fn entries_sort_by_key_and_keep_their_rows(keys in proptest::collection::vec(any::<i32>(), 1..90)) {
            let wide: Vec<i64> = keys.iter().map(|key| i64::from(*key) << 20).collect();
            let mut expected: Vec<(i32, u32)> = keys.iter().copied().zip(0..).collect();
            expected.sort_unstable();
            prop_assert_eq!(&sorted::<f32>(&keys), &expected);
            let expected: Vec<(i64, u32)> = expected.into_iter().map(|(key, row)| (i64::from(key) << 20, row)).collect();
            prop_assert_eq!(sorted::<f64>(&wide), expected);
        }
    }
}
