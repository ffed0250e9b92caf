use detector::{DetectorError, Progress};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Slice};
use rayon::prelude::*;

use crate::Nearest;
use crate::candidates::{Candidates, Lengths};
use crate::smallest::Smallest;

/// Rows that share a matrix product; of fewer, packing the table takes a share of the time.
const BLOCK: usize = 256;
/// Rows of the table in one product: with [`BLOCK`] it takes a mebibyte, and the product is read
/// again while it is in the cache.
const TILE: usize = 1024;
/// Blocks between two looks at the progress.
const BLOCKS_AT_ONCE: usize = 16;

/// A table whose rows are sought by distance.
pub struct Neighbours {
    rows: Array2<f32>,
    centre: Vec<f64>,
    /// `rows − centre`, rounded to f32: short rows keep the bound on the product tight.
    centred: Array2<f32>,
    lengths: Lengths,
}

impl Neighbours {
    /// `x`: `[n, d]`, finite; `n` below 2³².
    pub fn new(x: ArrayView2<'_, f32>) -> Self {
        let n = x.nrows() as f64;
        let rows = x.as_standard_layout().into_owned();
        let mut centre = vec![0.0; x.ncols()];
        for row in rows.outer_iter() {
            for (sum, v) in centre.iter_mut().zip(row) {
                *sum += f64::from(*v);
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
    pub fn table(&self) -> ArrayView2<'_, f32> {
        self.rows.view()
    }

    /// The `k` nearest rows of the table to each row of `x`, all rows where there are fewer:
    /// `[m, d]` → `m` times `k`. `x` has the table's width and is finite.
    ///
    /// # Errors
    /// [`DetectorError::Interrupted`].
    pub fn nearest(
        &self,
        x: ArrayView2<'_, f32>,
        k: usize,
        progress: &dyn Progress,
    ) -> Result<Nearest, DetectorError> {
        self.search(x, k.min(self.len()), false, progress)
    }

    /// The `k` nearest other rows to each row of the table, all others where there are fewer: a row
    /// does not count itself, but a copy of it does.
    ///
    /// # Errors
    /// [`DetectorError::Interrupted`].
    pub fn nearest_of_own(
        &self,
        k: usize,
        progress: &dyn Progress,
    ) -> Result<Nearest, DetectorError> {
        self.search(
            self.rows.view(),
            k.min(self.len().saturating_sub(1)),
            true,
            progress,
        )
    }

    fn search(
        &self,
        x: ArrayView2<'_, f32>,
        k: usize,
        own: bool,
        progress: &dyn Progress,
    ) -> Result<Nearest, DetectorError> {
        let mut nearest = Nearest::new(k, x.nrows());
        if k == 0 {
            return Ok(nearest);
        }
        let mut done = 0;
        for chunk in x.axis_chunks_iter(Axis(0), BLOCK * BLOCKS_AT_ONCE) {
            if progress.interrupted() {
                return Err(DetectorError::Interrupted);
            }
            let blocks: Vec<ArrayView2<'_, f32>> = chunk.axis_chunks_iter(Axis(0), BLOCK).collect();
            let found: Vec<Vec<(f64, u32)>> = blocks
                .into_par_iter()
                .enumerate()
                .map(|(i, block)| self.block(block, k, own.then_some(done + i * BLOCK)))
                .collect();
            found
                .into_iter()
                .for_each(|block| nearest.extend(block.into_iter()));
            done += chunk.nrows();
            progress.update("neighbours", done as u64, x.nrows() as u64, "");
        }
        Ok(nearest)
    }

    /// The nearest to each row of `x`, one after another; `own` is the place of its first row where
    /// these are rows of the table.
    fn block(&self, x: ArrayView2<'_, f32>, k: usize, own: Option<usize>) -> Vec<(f64, u32)> {
        let x = x.as_standard_layout();
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
        rows.flat_map(|(r, (row, candidates))| {
            let row = row.to_slice().expect("in standard layout");
            let mut nearest = Smallest::new(k);
            let mut push = |j: u32| nearest.push((squared_distance(row, self.row(j)), j));
            match candidates {
                Some(candidates) => candidates.rows().for_each(&mut push),
                None => (0..self.len())
                    .filter(|j| own.map(|own| own + r) != Some(*j))
                    .for_each(|j| push(j as u32)),
            }
            nearest.into_items()
        })
        .collect()
    }

    fn row(&self, j: u32) -> &[f32] {
        let row: ArrayView1<'_, f32> = self.rows.index_axis(Axis(0), j as usize);
        row.to_slice().expect("in standard layout")
    }
}

impl std::fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shape = [self.len(), self.width()];
        f.debug_struct("Neighbours").field("shape", &shape).finish()
    }
}

/// `Σ (x − y)²` in f64, which neither overflows nor cancels.
fn squared_distance(x: &[f32], y: &[f32]) -> f64 {
    let square = |(x, y): (&f32, &f32)| (f64::from(*x) - f64::from(*y)).powi(2);
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

fn subtract(x: ArrayView2<'_, f32>, centre: &[f64]) -> Array2<f32> {
    let mut centred = x.to_owned();
    for mut row in centred.outer_iter_mut() {
        for (value, centre) in row.iter_mut().zip(centre) {
            *value = (f64::from(*value) - centre) as f32;
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
    fn brute(table: &Array2<f32>, x: &Array2<f32>, k: usize, own: bool) -> Nearest {
        let others = table.nrows() - usize::from(own);
        let mut nearest = Nearest::new(k.min(others), x.nrows());
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
