use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use neighbours::Nearest;

/// A matrix product of few rows takes another path with other rounding; blocks are filled up with
/// rows of zeros to a multiple of this, so that a row scores the same alone as in any batch.
const PAD: usize = 8;

/// What each row is counted from.
#[derive(Clone, Copy)]
pub(crate) enum Centre<'a> {
    /// One point for all.
    Point(&'a [f64]),
    /// The mean of its first `k` nearest rows of `table`.
    Nearest {
        table: ArrayView2<'a, f32>,
        nearest: &'a Nearest,
        k: usize,
    },
}

/// The deviations `δ = x − m(x)` of some rows, made block by block. `x` and the table lie row by row in
/// memory.
#[derive(Clone, Copy)]
pub(crate) struct Deltas<'a> {
    pub(crate) x: ArrayView2<'a, f32>,
    pub(crate) centre: Centre<'a>,
}

impl Deltas<'_> {
    /// Rows and columns.
    pub(crate) fn shape(&self) -> (usize, usize) {
        self.x.dim()
    }

    /// `[rows.len(), d]`
    pub(crate) fn of(&self, rows: Range<usize>) -> Array2<f64> {
        self.filled(rows.clone(), rows.len())
    }

    /// The same with rows of zeros at the end.
    pub(crate) fn padded(&self, rows: Range<usize>) -> Array2<f64> {
        self.filled(rows.clone(), rows.len().next_multiple_of(PAD))
    }

    fn filled(&self, rows: Range<usize>, height: usize) -> Array2<f64> {
        let mut deltas = Array2::zeros((height, self.x.ncols()));
        for (i, mut delta) in rows.zip(deltas.outer_iter_mut()) {
            let delta = delta.as_slice_mut().expect("in standard layout");
            match self.centre {
                Centre::Point(mean) => delta.copy_from_slice(mean),
                Centre::Nearest { table, nearest, k } => {
                    for j in &nearest.rows(i)[..k] {
                        add(row(&table, *j as usize), delta);
                    }
                    delta.iter_mut().for_each(|sum| *sum /= k as f64);
                }
            }
            for (delta, x) in delta.iter_mut().zip(row(&self.x, i)) {
                *delta = f64::from(*x) - *delta;
            }
        }
        deltas
    }
}

fn add(row: &[f32], sums: &mut [f64]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += f64::from(*value);
    }
}

/// A row as a slice, several times as fast to walk as a view.
fn row<'a>(x: &'a ArrayView2<'_, f32>, i: usize) -> &'a [f32] {
    let d = x.ncols();
    let all = x.as_slice().expect("in standard layout");
    &all[i * d..(i + 1) * d]
}

/// The mean of each column; `x` lies row by row in memory.
pub(crate) fn mean(x: ArrayView2<'_, f32>) -> Vec<f64> {
    let mut sums = vec![0.0; x.ncols()];
    (0..x.nrows()).for_each(|i| add(row(&x, i), &mut sums));
    sums.iter_mut().for_each(|sum| *sum /= x.nrows() as f64);
    sums
}

/// `0..n` cut every `size`; a cut depends on `n` alone, never on the threads.
pub(crate) fn blocks(n: usize, size: usize) -> Vec<Range<usize>> {
    let firsts = (0..n).step_by(size);
    firsts.map(|first| first..n.min(first + size)).collect()
}
