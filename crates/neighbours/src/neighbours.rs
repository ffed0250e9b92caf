use detector::{DetectorError, Number, Progress};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Slice};
use rayon::prelude::*;

use crate::candidates::{Candidates, Lengths};
use crate::nearest::Nearest;
use crate::smallest::Smallest;

/// Rows that share a matrix product; of fewer, packing the table takes a share of the time.
const BLOCK: usize = 256;
/// Rows of the table in one product: with [`BLOCK`] it takes a mebibyte, and the product is read
/// again while it is in the cache.
const TILE: usize = 1024;
/// Of rows of at most this many columns, where a sixteenth of the table or more is sought, all distances are
/// taken: ruling rows out costs more than that.
const NARROW: usize = 64;
/// Blocks between two looks at the progress.
const BLOCKS_AT_ONCE: usize = 16;

/// A row of the table with its squared distance, in the order of distance and place.
type Item = (f64, u32);

/// A table whose rows are sought by distance.
pub struct Neighbours<T = f32> {
    rows: Array2<T>,
    centre: Vec<f64>,
    /// `rows − centre`, rounded to f32: short rows keep the bound on the product tight.
    centred: Array2<f32>,
    lengths: Lengths,
}

impl<T: Number> Neighbours<T> {
    /// `x`: `[n, d]`, finite; `n` below 2³².
    pub fn new(x: ArrayView2<'_, T>) -> Self {
        let n = x.nrows() as f64;
        let rows = x.as_standard_layout().into_owned();
        let mut centre = vec![0.0; x.ncols()];
        for row in rows.outer_iter() {
            for (sum, v) in centre.iter_mut().zip(row) {
                *sum += v.wide();
            }
        }
        centre.iter_mut().for_each(|sum| *sum /= n);
        let centred = subtract(rows.view(), &centre);
        let lengths = Lengths::new(&norms(&centred), x.ncols());
        Self {
            rows,
            centre,
            centred,
            lengths,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.nrows()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.rows.ncols()
    }

    /// The rows, as they came.
    pub fn table(&self) -> ArrayView2<'_, T> {
        self.rows.view()
    }

    /// The `k` nearest rows of the table to each row of `x`, all rows where there are fewer:
    /// `[m, d]` → `m` times `k`. `x` has the table's width and is finite.
    ///
    /// # Errors
    /// [`DetectorError::Interrupted`], [`DetectorError::Memory`] where there is not enough to hold them.
    pub fn nearest(
        &self,
        x: ArrayView2<'_, T>,
        k: usize,
        progress: &dyn Progress,
    ) -> Result<Nearest, DetectorError> {
        let mut nearest = Nearest::new(k.min(self.len()), x.nrows())?;
        self.search(x, false, k, progress, Smallest::into_sorted, |row| {
            nearest.extend(row.into_iter());
        })?;
        Ok(nearest)
    }

    /// The `k` nearest other rows to each row of the table, all others where there are fewer: a row
    /// does not count itself, but a copy of it does.
    ///
    /// # Errors
    /// As [`nearest`](Self::nearest).
    pub fn nearest_of_own(
        &self,
        k: usize,
        progress: &dyn Progress,
    ) -> Result<Nearest, DetectorError> {
        let mut nearest = Nearest::new(k.min(self.len().saturating_sub(1)), self.len())?;
        self.search(
            self.rows.view(),
            true,
            k,
            progress,
            Smallest::into_sorted,
            |row| {
                nearest.extend(row.into_iter());
            },
        )?;
        Ok(nearest)
    }

    /// What `of` makes of the nearest rows of each row of `x`, as [`nearest`](Self::nearest) finds them:
    /// their places and their squared distances, nearest first. Needs no memory for them all.
    ///
    /// # Errors
    /// [`DetectorError::Interrupted`].
    pub fn map_nearest<R: Send>(
        &self,
        x: ArrayView2<'_, T>,
        k: usize,
        progress: &dyn Progress,
        of: impl Fn(&[(f64, u32)]) -> R + Sync,
    ) -> Result<Vec<R>, DetectorError> {
        let mut found = Vec::with_capacity(x.nrows());
        let of = |items: Smallest<Item>| of(&items.into_sorted());
        self.search(x, false, k, progress, of, |r| found.push(r))?;
        Ok(found)
    }

    /// The same for the nearest other rows of each row of the table.
    ///
    /// # Errors
    /// [`DetectorError::Interrupted`].
    pub fn map_nearest_of_own<R: Send>(
        &self,
        k: usize,
        progress: &dyn Progress,
        of: impl Fn(&[(f64, u32)]) -> R + Sync,
    ) -> Result<Vec<R>, DetectorError> {
        let mut found = Vec::with_capacity(self.len());
        let of = |items: Smallest<Item>| of(&items.into_sorted());
        self.search(self.rows.view(), true, k, progress, of, |r| found.push(r))?;
        Ok(found)
    }

    /// The squared distance of each row of `x` to its `k`-th nearest row of the table, or to the farthest
    /// where there are fewer. Of many neighbours this is several times as fast as sorting them.
    ///
    /// # Errors
    /// [`DetectorError::Interrupted`].
    pub fn kth_squared_distances(
        &self,
        x: ArrayView2<'_, T>,
        k: usize,
        progress: &dyn Progress,
    ) -> Result<Vec<f64>, DetectorError> {
        let mut found = Vec::with_capacity(x.nrows());
        let kth = |items: Smallest<Item>| items.into_kth().map_or(0.0, |(square, _)| square);
        self.search(x, false, k, progress, kth, |square| found.push(square))?;
        Ok(found)
    }

    /// Calls `each` with what `of` makes of the nearest rows, row after row in order; `own` says that `x`
    /// is the table, whose rows do not count themselves. Without rows to find it is not called.
    fn search<R: Send>(
        &self,
        x: ArrayView2<'_, T>,
        own: bool,
        k: usize,
        progress: &dyn Progress,
        of: impl Fn(Smallest<Item>) -> R + Sync,
        mut each: impl FnMut(R),
    ) -> Result<(), DetectorError> {
        let k = k.min(self.len() - usize::from(own && !self.is_empty()));
        if k == 0 {
            return Ok(());
        }
        let mut done = 0;
        for chunk in x.axis_chunks_iter(Axis(0), BLOCK * BLOCKS_AT_ONCE) {
            if progress.interrupted() {
                return Err(DetectorError::Interrupted);
            }
            let blocks: Vec<ArrayView2<'_, T>> = chunk.axis_chunks_iter(Axis(0), BLOCK).collect();
            let found: Vec<Vec<R>> = blocks
                .into_par_iter()
                .enumerate()
                .map(|(i, block)| self.block(block, k, own.then_some(done + i * BLOCK), &of))
                .collect();
            found.into_iter().flatten().for_each(&mut each);
            done += chunk.nrows();
            progress.update("neighbours", done as u64, x.nrows() as u64, "");
        }
        Ok(())
    }

    /// What `of` makes of the nearest to each row of `x`; `own` is the place of its first row where
    /// these are rows of the table.
    fn block<R>(
        &self,
        x: ArrayView2<'_, T>,
        k: usize,
        own: Option<usize>,
        of: impl Fn(Smallest<Item>) -> R,
    ) -> Vec<R> {
        let x = x.as_standard_layout();
        if self.width() <= NARROW && 16 * k >= self.len() {
            let rows = x.outer_iter().enumerate();
            return rows
                .map(|(r, row)| of(self.among_all(row, k, own.map(|own| own + r))))
                .collect();
        }
        let centred = subtract(x.view(), &self.centre);
        let mut candidates: Vec<Option<Candidates>> = norms(&centred)
            .into_iter()
            .map(|length| Candidates::new(k, length, &self.lengths))
            .collect();
        let mut buffer = vec![0.0; x.nrows() * TILE.min(self.len())];
        for first in (0..self.len()).step_by(TILE) {
            let last = self.len().min(first + TILE);
            let tile = self.centred.slice_axis(Axis(0), Slice::from(first..last));
            let products = &mut buffer[..x.nrows() * (last - first)];
            let shape = (x.nrows(), last - first);
            let mut c = ArrayViewMut2::from_shape(shape, products).expect("cut to this shape");
            general_mat_mul(1.0, &centred, &tile.t(), 0.0, &mut c);
            let rows = products.chunks_exact(last - first).zip(&mut candidates);
            for (r, (products, candidates)) in rows.enumerate() {
                if let Some(candidates) = candidates {
                    candidates.scan(products, first, &self.lengths, own.map(|own| own + r));
                }
            }
        }
        let rows = x.outer_iter().zip(&candidates).enumerate();
        rows.map(|(r, (row, candidates))| {
            let row = row.to_slice().expect("in standard layout");
            let mut nearest = Smallest::new(k);
            let mut push = |j: u32| nearest.push((squared_distance(row, self.row(j)), j));
            match candidates {
                Some(candidates) => candidates.rows().for_each(&mut push),
                None => (0..self.len())
                    .filter(|j| own.map(|own| own + r) != Some(*j))
                    .for_each(|j| push(j as u32)),
            }
            of(nearest)
        })
        .collect()
    }

    /// The nearest to `row` by all distances, without the row `skip`.
    fn among_all(&self, row: ArrayView1<'_, T>, k: usize, skip: Option<usize>) -> Smallest<Item> {
        let row = row.to_slice().expect("in standard layout");
        let others = (0..self.len()).filter(|j| Some(*j) != skip);
        let item = |j| (squared_distance(row, self.row(j as u32)), j as u32);
        Smallest::of(k, others.map(item).collect())
    }

    fn row(&self, j: u32) -> &[T] {
        let row: ArrayView1<'_, T> = self.rows.index_axis(Axis(0), j as usize);
        row.to_slice().expect("in standard layout")
    }
}

impl<T> std::fmt::Debug for Neighbours<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shape = self.rows.shape();
        f.debug_struct("Neighbours").field("shape", &shape).finish()
    }
}

/// `Σ (x − y)²` in f64, which does not overflow on f32 and cancels in neither.
fn squared_distance<T: Number>(x: &[T], y: &[T]) -> f64 {
    let square = |(x, y): (&T, &T)| (x.wide() - y.wide()).powi(2);
    // Four sums at once; the order of additions is fixed, whatever the processor.
    let mut sums = [0.0; 4];
    let (x, y) = (x.chunks_exact(4), y.chunks_exact(4));
    let rest: f64 = x.remainder().iter().zip(y.remainder()).map(square).sum();
    for (x, y) in x.zip(y) {
        for (sum, pair) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += square(pair);
        }
    }
    sums.iter().sum::<f64>() + rest
}

fn subtract<T: Number>(x: ArrayView2<'_, T>, centre: &[f64]) -> Array2<f32> {
    let mut centred = Array2::zeros(x.dim());
    for (mut to, row) in centred.outer_iter_mut().zip(x.outer_iter()) {
        for ((to, value), centre) in to.iter_mut().zip(row).zip(centre) {
            *to = (value.wide() - centre) as f32;
        }
    }
    centred
}

fn norms(x: &Array2<f32>) -> Vec<f64> {
    let square = |v: &f32| f64::from(*v).powi(2);
    x.outer_iter()
        .map(|row| row.iter().map(square).sum::<f64>().sqrt())
        .collect()
}

#[cfg(test)]
mod tests {
    use detector::Silent;
    use ndarray::concatenate;
    use proptest::prelude::*;

    use super::*;

    /// The definition: all distances, sorted.
    fn brute<T: Number>(table: &Array2<T>, x: &Array2<T>, k: usize, own: bool) -> Nearest {
        let others = table.nrows() - usize::from(own);
        let mut nearest = Nearest::new(k.min(others), x.nrows()).unwrap();
        for (i, row) in x.outer_iter().enumerate() {
            let mut all: Vec<(f64, u32)> = (0u32..)
                .zip(table.outer_iter())
                .filter(|(j, _)| !own || *j as usize != i)
                .map(|(j, y)| {
                    let (x, y) = (row.to_slice().unwrap(), y.to_slice().unwrap());
                    (squared_distance(x, y), j)
                })
                .collect();
            all.sort_by(|a, b| a.partial_cmp(b).unwrap());
            nearest.extend(all.into_iter().take(k));
        }
        nearest
    }

    fn scrambled(n: usize, d: usize, mut state: u32) -> Array2<f32> {
        Array2::from_shape_simple_fn((n, d), || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 - 0.5
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn rows_and_distances_equal_the_definitions_bit_for_bit(
            (n, m, d, k) in (1usize..90, 1usize..90, 1usize..40, 1usize..7),
            seed in 1u32..,
            offset in prop::sample::select(vec![0.0f32, 1.0, -1e4, 1e7]),
            scale in prop::sample::select(vec![1e-41f32, 1e-22, 1e-3, 1.0, 1e5, 1e19, 3e38]),
            jitter in prop::sample::select(vec![0.0f32, 1e-7, 1e-3]),
        ) {
            let move_row = |v: f32| (v * scale + offset).clamp(f32::MIN, f32::MAX);
            let table = scrambled(n, d, seed).mapv(move_row);
            let fresh = scrambled(m, d, seed ^ 0x5555_5555 | 1).mapv(move_row);
            // Half of what is sought are rows of the table, moved by a hair or not at all.
            let near = table.mapv(|v| v * (1.0 - jitter));
            let x = concatenate(Axis(0), &[fresh.view(), near.view()]).unwrap();
            let neighbours = Neighbours::new(table.view());
            let found = neighbours.nearest(x.view(), k, &Silent).unwrap();
            prop_assert_eq!(found, brute(&table, &x, k, false));
            let own = neighbours.nearest_of_own(k, &Silent).unwrap();
            prop_assert_eq!(own, brute(&table, &table, k, true));
        }

        #[test]
        fn in_64_bits_too_and_with_many_neighbours(
            (n, m, d, k) in (1usize..300, 1usize..30, 1usize..5, 1usize..200),
            seed in 1u32..,
            offset in prop::sample::select(vec![0.0, 1.7e9, -1e16, 1e200]),
            scale in prop::sample::select(vec![1e-200, 1e-9, 1.0, 1e60, 1e140]),
        ) {
            let move_row = |v: f32| f64::from(v) * scale + offset;
            let table = scrambled(n, d, seed).mapv(move_row);
            let x = scrambled(m, d, seed ^ 0x5555_5555 | 1).mapv(move_row);
            let neighbours = Neighbours::new(table.view());
            let expected = brute(&table, &x, k, false);
            let kth = neighbours.kth_squared_distances(x.view(), k, &Silent).unwrap();
            for (i, kth) in kth.into_iter().enumerate() {
                prop_assert_eq!(Some(&kth), expected.squared_distances(i).last());
            }
            prop_assert_eq!(neighbours.nearest(x.view(), k, &Silent).unwrap(), expected);
            let own = brute(&table, &table, k, true);
            let sums = |row: &[(f64, u32)]| row.iter().map(|(square, _)| *square).sum::<f64>();
            let found = neighbours.map_nearest_of_own(k, &Silent, sums).unwrap();
            for (i, found) in found.into_iter().enumerate() {
                prop_assert_eq!(found, own.squared_distances(i).iter().sum::<f64>());
            }
        }
    }

    #[test]
    fn tiles_and_blocks_join_without_a_seam() {
        let table = scrambled(2 * TILE + 3, 3, 5);
        let x = scrambled(BLOCK + 1, 3, 9);
        let neighbours = Neighbours::new(table.view());
        let found = neighbours.nearest(x.view(), 21, &Silent).unwrap();
        assert_eq!(found, brute(&table, &x, 21, false));
        let own = neighbours.nearest_of_own(4, &Silent).unwrap();
        assert_eq!(own, brute(&table, &table, 4, true));
    }

    #[test]
    fn of_equal_rows_the_first_comes_first_and_none_counts_itself() {
        let table = Array2::from_shape_fn((7, 2), |(i, _)| if i == 3 { 9.0f32 } else { 1.0 });
        let own = Neighbours::new(table.view())
            .nearest_of_own(3, &Silent)
            .unwrap();
        assert_eq!(own.rows(0), [1, 2, 4]);
        assert_eq!(own.rows(3), [0, 1, 2]);
        assert_eq!(own.squared_distances(0), [0.0; 3]);
        assert_eq!(own.squared_distances(3), [128.0; 3]);
    }

    #[test]
    fn a_single_row_has_no_other() {
        let table = Neighbours::new(ndarray::array![[1.0f32]].view());
        assert_eq!(table.nearest_of_own(5, &Silent).unwrap().k(), 0);
        assert_eq!(
            table.nearest(table.table(), 5, &Silent).unwrap().rows(0),
            [0]
        );
    }

    #[test]
    fn nearly_all_rows_are_ruled_out() {
        let table = Neighbours::new(scrambled(2000, 512, 3).view());
        let x = subtract(scrambled(1, 512, 7).view(), &table.centre);
        let products = x.dot(&table.centred.t());
        let mut candidates = Candidates::new(5, norms(&x)[0], &table.lengths).unwrap();
        candidates.scan(products.as_slice().unwrap(), 0, &table.lengths, None);
        let left = candidates.rows().count();
        assert!((5..10).contains(&left), "{left}");
    }
}
