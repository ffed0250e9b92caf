use detector::{DetectorError, Progress};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

/// Rows whose nearest neighbours are sought exactly.
///
/// A matrix product in f32 rules out nearly all rows, with a proven bound on its error; the distances
/// of those that are left are sums of squared differences in f64. The product alone would be wrong
/// for near duplicates: `‖x‖² + ‖y‖² − 2x·y` cancels.
#[derive(Debug)]
pub(crate) struct Nearest {
    rows: Array2<f32>,
    centre: Vec<f64>,
    /// `rows − centre`, rounded to f32: short rows keep the bound on the product tight.
    centred: Array2<f32>,
    norms: Vec<f64>,
}

/// Most rows that share a matrix product.
const BLOCK_ROWS: usize = 64;
/// Most distances that a thread holds at once, unless there are more training rows.
const BLOCK_NUMBERS: usize = 1 << 22;
/// Blocks between two looks at the progress.
const BLOCKS_AT_ONCE: usize = 32;
/// Half the distance from 1 to the next f32.
const UNIT: f64 = 0.5 * f32::EPSILON as f64;

impl Nearest {
    /// `x`: `[n, d]`, not empty, finite.
    pub(crate) fn new(x: ArrayView2<'_, f32>) -> Self {
        let n = x.nrows() as f64;
        let mean =
            |column: ArrayView1<'_, f32>| column.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let centre: Vec<f64> = x.axis_iter(Axis(1)).map(mean).collect();
        let centred = subtract(x, &centre);
        let norms = norms(&centred);
        Self {
            rows: x.as_standard_layout().into_owned(),
            centre,
            centred,
            norms,
        }
    }

    /// The width of the rows.
    pub(crate) fn width(&self) -> usize {
        self.rows.ncols()
    }

    /// For each row of `x` the mean of the squared distances to its `k` nearest rows, to all rows
    /// where there are fewer.
    pub(crate) fn mean_squared_distances(
        &self,
        x: ArrayView2<'_, f32>,
        k: usize,
        progress: &dyn Progress,
    ) -> Result<Vec<f64>, DetectorError> {
        let k = k.min(self.rows.nrows());
        let size = (BLOCK_NUMBERS / self.rows.nrows()).clamp(1, BLOCK_ROWS);
        let blocks: Vec<ArrayView2<'_, f32>> = x.axis_chunks_iter(Axis(0), size).collect();
        let mut means = Vec::with_capacity(x.nrows());
        for blocks in blocks.chunks(BLOCKS_AT_ONCE) {
            if progress.interrupted() {
                return Err(DetectorError::Interrupted);
            }
            let block = |block: &ArrayView2<'_, f32>| self.block(block.view(), k);
            means.par_extend(blocks.par_iter().flat_map_iter(block));
            progress.update("rows", means.len() as u64, x.nrows() as u64, "");
        }
        Ok(means)
    }

    fn block(&self, x: ArrayView2<'_, f32>, k: usize) -> Vec<f64> {
        let centred = subtract(x, &self.centre);
        let mut products = Array2::zeros((x.nrows(), self.rows.nrows()));
        general_mat_mul(1.0, &centred, &self.centred.t(), 0.0, &mut products);
        let lengths = norms(&centred);
        let rows = x.outer_iter().zip(products.outer_iter()).zip(lengths);
        rows.map(|((row, products), length)| self.row(row, products, length, k))
            .collect()
    }

    fn row(
        &self,
        row: ArrayView1<'_, f32>,
        products: ArrayView1<'_, f32>,
        length: f64,
        k: usize,
    ) -> f64 {
        let bounds = products.iter().zip(&self.norms);
        let bounds = bounds.map(|(product, norm)| self.bounds(f64::from(*product), length, *norm));

        // The k-th smallest upper bound: no row that starts beyond it is among the k nearest.
        let mut uppers = Smallest::new(k);
        bounds.clone().for_each(|(_, upper)| uppers.push(upper));
        let limit = uppers.largest();

        let row: Vec<f32> = row.to_vec();
        let mut nearest = Smallest::new(k);
        for ((lower, _), other) in bounds.zip(self.rows.outer_iter()) {
            if lower <= limit {
                nearest.push(squared_distance(&row, other));
            }
        }
        nearest.values.iter().sum::<f64>() / k as f64
    }

    /// Between which numbers a squared distance lies, by the product of the centred rows and their
    /// lengths.
    ///
    /// A product of `d` terms in f32, summed in any order, is off by at most `γ = d·u/(1 − d·u)` times
    /// both lengths (Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1), and by a
    /// subnormal for each term that underflows. Rounding the centred rows moves a distance by at most
    /// `u` times the sum of their lengths. Both are doubled, which covers the f64 rounding too.
    fn bounds(&self, product: f64, length: f64, norm: f64) -> (f64, f64) {
        let d = self.width() as f64;
        let both = length + norm;
        let gamma = d * UNIT / (1.0 - d * UNIT);
        let error = 4.0 * gamma * length * norm
            + 4.0 * UNIT * both * both
            + d * f64::from(f32::MIN_POSITIVE);
        let square = length * length + norm * norm - 2.0 * product;
        if square.is_finite() && gamma > 0.0 {
            (square - error, square + error)
        } else {
            (f64::NEG_INFINITY, f64::INFINITY) // the product overflowed, or rows are absurdly wide
        }
    }
}

/// The smallest numbers of a sequence, in ascending order.
struct Smallest {
    k: usize,
    values: Vec<f64>,
}

impl Smallest {
    fn new(k: usize) -> Self {
        Self {
            k,
            values: Vec::with_capacity(k + 1),
        }
    }

    fn push(&mut self, value: f64) {
        if self.values.len() < self.k || value < self.largest() {
            let at = self.values.partition_point(|v| *v <= value);
            self.values.insert(at, value);
            self.values.truncate(self.k);
        }
    }

    fn largest(&self) -> f64 {
        self.values.last().copied().unwrap_or(f64::INFINITY)
    }
}

/// `Σ (x − y)²` in f64, which neither overflows nor cancels.
fn squared_distance(x: &[f32], y: ArrayView1<'_, f32>) -> f64 {
    let square = |(x, y): (&f32, &f32)| (f64::from(*x) - f64::from(*y)).powi(2);
    match y.as_slice() {
        // Four sums at once; the order of additions is fixed, whatever the processor.
        Some(y) => {
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
        None => x.iter().zip(y).map(square).sum(),
    }
}

fn subtract(x: ArrayView2<'_, f32>, centre: &[f64]) -> Array2<f32> {
    let mut centred = x.as_standard_layout().into_owned();
    for mut row in centred.outer_iter_mut() {
        for (value, centre) in row.iter_mut().zip(centre) {
            *value = (f64::from(*value) - centre) as f32;
        }
    }
    centred
}

fn norms(x: &Array2<f32>) -> Vec<f64> {
    let norm = |row: ArrayView1<'_, f32>| {
        row.iter()
            .map(|v| f64::from(*v).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    x.outer_iter().map(norm).collect()
}

#[cfg(test)]
mod tests {
    use detector::Silent;
    use ndarray::{Axis, concatenate};
    use proptest::prelude::*;

    use super::*;

    /// The definition: all distances, sorted.
    fn brute(train: &Array2<f32>, x: &Array2<f32>, k: usize) -> Vec<f64> {
        let mean = |row: ArrayView1<'_, f32>| {
            let row = row.to_vec();
            let distances = train
                .outer_iter()
                .map(|other| squared_distance(&row, other));
            let mut distances: Vec<f64> = distances.collect();
            distances.sort_unstable_by(f64::total_cmp);
            let k = k.min(distances.len());
            distances[..k].iter().sum::<f64>() / k as f64
        };
        x.outer_iter().map(mean).collect()
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
        fn every_distance_equals_the_definitions_bit_for_bit(
            (n, m, d, k) in (1usize..90, 1usize..90, 1usize..40, 1usize..7),
            seed in 1u32..,
            offset in prop::sample::select(vec![0.0f32, 1.0, -1e4, 1e7]),
            scale in prop::sample::select(vec![1e-41f32, 1e-22, 1e-3, 1.0, 1e5, 1e19, 3e38]),
            jitter in prop::sample::select(vec![0.0f32, 1e-7, 1e-3]),
        ) {
            let move_row = |v: f32| (v * scale + offset).clamp(f32::MIN, f32::MAX);
            let train = scrambled(n, d, seed).mapv(move_row);
            let fresh = scrambled(m, d, seed ^ 0x5555_5555 | 1).mapv(move_row);
            // Half of what is scored are training rows, moved by a hair or not at all.
            let near = train.mapv(|v| v * (1.0 - jitter));
            let x = concatenate(Axis(0), &[fresh.view(), near.view()]).unwrap();
            let nearest = Nearest::new(train.view());
            let found = nearest.mean_squared_distances(x.view(), k, &Silent).unwrap();
            prop_assert_eq!(found, brute(&train, &x, k));
        }
    }

    #[test]
    fn nearly_all_rows_are_ruled_out() {
        let train = scrambled(2000, 512, 3);
        let nearest = Nearest::new(train.view());
        let x = subtract(scrambled(1, 512, 7).view(), &nearest.centre);
        let product = x.dot(&nearest.centred.t());
        let length = norms(&x)[0];
        let bounds = product.iter().zip(&nearest.norms);
        let bounds: Vec<(f64, f64)> = bounds
            .map(|(p, norm)| nearest.bounds(f64::from(*p), length, *norm))
            .collect();
        let mut uppers = Smallest::new(5);
        bounds.iter().for_each(|(_, upper)| uppers.push(*upper));
        let left = bounds
            .iter()
            .filter(|(lower, _)| *lower <= uppers.largest())
            .count();
        assert!((5..10).contains(&left), "{left}");
    }
}
