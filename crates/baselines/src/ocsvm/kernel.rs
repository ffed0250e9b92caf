//! Values of the RBF kernel, many at once.

use std::ops::Range;

use ndarray::{
    Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Slice, linalg::general_mat_mul,
};
use rayon::prelude::*;

/// Columns of one tile. With 512 features a tile's factor is 2 MiB, the size of a core's cache.
/// Tiles are cut by position only, so that no value depends on the number of threads.
const TILE: usize = 512;

/// Below this share of ‖x‖² + ‖y‖² the distance is computed from the differences: the product has
/// lost six digits by cancellation there.
const NEAR: f64 = 1e-6;

/// exp(−γ‖x − y‖²) against a fixed set of rows.
pub(super) struct RbfKernel {
    /// `[n, d]`, centred.
    x: Array2<f64>,
    squared_norms: Vec<f64>,
    gamma: f64,
}

impl RbfKernel {
    pub(super) fn new(x: Array2<f64>, gamma: f64) -> Self {
        let squared_norms = squared_norms(x.view());
        Self {
            x,
            squared_norms,
            gamma,
        }
    }

    pub(super) fn n(&self) -> usize {
        self.x.nrows()
    }

    /// `[n, d]`, centred.
    pub(super) fn rows(&self) -> ArrayView2<'_, f64> {
        self.x.view()
    }

    pub(super) fn gamma(&self) -> f64 {
        self.gamma
    }

    /// The kernel against some of the rows only.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Self::new(self.x.select(Axis(0), rows), self.gamma)
    }

    /// k(a_r, x_c) for all r and `columns` c: `[b, d]` → `[b, columns.len()]`, in `buffer`.
    pub(super) fn tile<'b>(
        &self,
        a: ArrayView2<'_, f64>,
        a_squared_norms: &[f64],
        columns: Range<usize>,
        buffer: &'b mut Vec<f64>,
    ) -> ArrayView2<'b, f64> {
        let x = slice_rows(self.x.view(), columns.clone());
        let x_norms = &self.squared_norms[columns];
        let shape = (a.nrows(), x.nrows());
        buffer.resize(shape.0 * shape.1, 0.0);
        let mut k = ArrayViewMut2::from_shape(shape, buffer).expect("resized to this shape");
        general_mat_mul(1.0, &a, &x.t(), 0.0, &mut k);
        for ((mut k, a), a_norm) in k.rows_mut().into_iter().zip(a.rows()).zip(a_squared_norms) {
            for (c, (k, x_norm)) in k.iter_mut().zip(x_norms).enumerate() {
                let norms = a_norm + x_norm;
                let mut distance = norms - 2.0 * *k;
                if distance < NEAR * norms {
                    distance = squared_distance(a, x.row(c));
                }
                *k = (-self.gamma * distance).exp();
            }
        }
        ArrayView2::from_shape(shape, buffer).expect("resized to this shape")
    }

    /// [`tile`](Self::tile) of some of the rows themselves.
    pub(super) fn own_tile<'b>(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        buffer: &'b mut Vec<f64>,
    ) -> ArrayView2<'b, f64> {
        let a = slice_rows(self.x.view(), rows.clone());
        self.tile(a, &self.squared_norms[rows], columns, buffer)
    }

    /// The kernel rows of `rows` in [`tiles`] of columns: `[rows.len(), columns]` each, row-major.
    pub(super) fn row_tiles(&self, rows: &[usize]) -> Vec<Vec<f64>> {
        let a = self.x.select(Axis(0), rows);
        let a_norms: Vec<f64> = rows.iter().map(|&r| self.squared_norms[r]).collect();
        let tiles: Vec<_> = tiles(self.n()).collect();
        tiles
            .into_par_iter()
            .map(|columns| {
                let mut buffer = Vec::new();
                self.tile(a.view(), &a_norms, columns, &mut buffer);
                buffer
            })
            .collect()
    }
}

/// `0..n` cut every [`TILE`].
pub(super) fn tiles(n: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n)
        .step_by(TILE)
        .map(move |first| first..n.min(first + TILE))
}

/// ‖x_r‖² of each row: `[n, d]` → n values.
pub(super) fn squared_norms(x: ArrayView2<'_, f64>) -> Vec<f64> {
    x.rows().into_iter().map(|row| row.dot(&row)).collect()
}

/// Some consecutive rows. ndarray's `s!` needs unsafe code in the crate that uses it.
pub(super) fn slice_rows<A>(x: ArrayView2<'_, A>, rows: Range<usize>) -> ArrayView2<'_, A> {
    x.slice_axis_move(Axis(0), Slice::from(rows))
}

/// Rounds kernel values to the precision they are stored in.
pub(super) fn copy_as_f32<'a>(from: impl IntoIterator<Item = &'a f64>, to: &mut [f32]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from as f32;
    }
}

fn squared_distance(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` rows of 3 values without pattern, the last a near duplicate of the first.
    fn rows(n: usize) -> Array2<f64> {
        let mut x =
            Array2::from_shape_fn((n, 3), |(r, c)| ((r * 3 + c) as f64 * 12.9898).sin() * 4.0);
        if n > 1 {
            let first = x.row(0).mapv(|v| v + 1e-7);
            x.row_mut(n - 1).assign(&first);
        }
        x
    }

    #[test]
    fn tiles_hold_the_definition() {
        let n = TILE + 7;
        let kernel = RbfKernel::new(rows(n), 0.3);
        let mut buffer = vec![f64::NAN; 5]; // of another tile
        for columns in tiles(n) {
            let tile = kernel.own_tile(3..40, columns.clone(), &mut buffer);
            assert_eq!(tile.dim(), (37, columns.len()));
            for ((r, c), k) in tile.indexed_iter() {
                let distance =
                    squared_distance(kernel.x.row(3 + r), kernel.x.row(columns.start + c));
                // Squared norms up to 48 times γ, each rounded to 16 digits.
                assert!((k - (-0.3 * distance).exp()).abs() < 1e-14, "{r} {c}");
            }
        }
    }

    #[test]
    fn near_duplicates_keep_their_distance_at_any_width() {
        // γ = 1e13 makes the distance 3e-14 count: the product alone would give noise.
        let kernel = RbfKernel::new(rows(5), 1e13);
        let mut buffer = Vec::new();
        let tile = kernel.own_tile(0..1, 0..5, &mut buffer);
        assert_eq!(tile[(0, 0)], 1.0);
        let expected = (-1e13 * squared_distance(kernel.x.row(0), kernel.x.row(4))).exp();
        assert!((0.7..0.8).contains(&expected));
        assert_eq!(tile[(0, 4)], expected);
        assert_eq!(tile[(0, 1)], 0.0);
    }

    #[test]
    fn rows_on_demand_are_rows_of_the_matrix() {
        let n = TILE + 7;
        let kernel = RbfKernel::new(rows(n), 0.3);
        let mut buffer = Vec::new();
        for (columns, tile) in tiles(n).zip(kernel.row_tiles(&[3, n - 1])) {
            for (r, row) in [3, n - 1].into_iter().zip(tile.chunks(columns.len())) {
                let own = kernel.own_tile(r..r + 1, columns.clone(), &mut buffer);
                for (a, b) in row.iter().zip(own) {
                    assert!((a - b).abs() < 1e-14);
                }
            }
        }
    }
}
