//! Principal directions of rows.

use detector::Number;
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis};

/// A direction with a smaller share of the variance is a remainder of rounding.
pub(crate) const LEAST_SHARE: f64 = 1e-13;
/// A matrix product of few rows takes another path with other rounding; blocks are filled up with rows
/// of zeros to a multiple of this, so that a row scores the same alone as in any batch.
const PAD: usize = 8;

/// Directions in which rows vary, most first.
#[derive(Debug)]
pub(crate) struct Principal {
    /// Of each column.
    pub(crate) mean: Vec<f64>,
    /// Unit vectors `v_j`, `[c, d]`, the largest entry of each positive.
    pub(crate) directions: Array2<f64>,
    /// Their shares of the variance, descending, each at least [`LEAST_SHARE`].
    pub(crate) shares: Vec<f64>,
    /// How many of the `min(n, d)` directions have less.
    pub(crate) without_variance: usize,
}

impl Principal {
    /// Of `x`, `[n, d]`, finite.
    pub(crate) fn of<T: Number>(x: ArrayView2<'_, T>) -> Self {
        let (n, d) = x.dim();
        let mut centred = x.mapv(Number::wide);
        let mean: Vec<f64> = centred
            .sum_axis(Axis(0))
            .iter()
            .map(|sum| sum / n as f64)
            .collect();
        for mut row in centred.outer_iter_mut() {
            for (value, mean) in row.iter_mut().zip(&mean) {
                *value -= mean;
            }
        }
        // The smaller of XᵀX and XXᵀ: they share their eigenvalues but zeros.
        let by_columns = n >= d;
        let square = if by_columns {
            centred.t().dot(&centred)
        } else {
            centred.dot(&centred.t())
        };
        let size = square.nrows();
        let total: f64 = square.diag().sum();
        let eigen = SymmetricEigen::new(DMatrix::from_fn(size, size, |i, j| square[(i, j)]));
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        let share = |j: &usize| eigen.eigenvalues[*j] / total;
        order.retain(|j| share(j) >= LEAST_SHARE);

        let vectors = Array2::from_shape_fn((order.len(), size), |(j, i)| {
            eigen.eigenvectors[(i, order[j])]
        });
        let mut directions = if by_columns {
            vectors
        } else {
            vectors.dot(&centred)
        };
        for mut direction in directions.outer_iter_mut() {
            let length = direction.dot(&direction).sqrt();
            let largest = direction
                .iter()
                .fold(0.0, |a: f64, b| if b.abs() > a.abs() { *b } else { a });
            direction /= length.copysign(largest);
        }
        Self {
            shares: order.iter().map(share).collect(),
            without_variance: size - order.len(),
            mean,
            directions,
        }
    }
}

/// Rows in f64 less `centre`, filled up with rows of zeros: `[b, d]` → `[b rounded up, d]`.
pub(crate) fn padded<T: Number>(x: ArrayView2<'_, T>, centre: &[f64]) -> Array2<f64> {
    let mut rows = Array2::zeros((x.nrows().next_multiple_of(PAD), x.ncols()));
    for (mut row, x) in rows.outer_iter_mut().zip(x.outer_iter()) {
        for ((value, x), centre) in row.iter_mut().zip(x).zip(centre) {
            *value = x.wide() - centre;
        }
    }
    rows
}

/// `a b`, each row by itself: no element depends on how many rows there are.
pub(crate) fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    general_mat_mul(1.0, &a, &b, 0.0, &mut c);
    c
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn scrambled(n: usize, d: usize) -> Array2<f32> {
        let value = |k: usize| ((k + 1) as f64 * 12.9898).sin() * 43758.5453;
        Array2::from_shape_fn((n, d), |(i, j)| {
            (value(i * d + j).fract() * (j + 1) as f64) as f32
        })
    }

    #[test]
    fn directions_are_orthonormal_and_shares_sum_to_one() {
        for (n, d) in [(40, 5), (6, 11), (9, 9)] {
            let principal = Principal::of(scrambled(n, d).view());
            let rank = d.min(n - 1);
            assert_eq!(principal.directions.dim(), (rank, d));
            assert_eq!(principal.without_variance, d.min(n) - rank);
            assert!((principal.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(principal.shares.is_sorted_by(|a, b| a >= b));
            let products = principal.directions.dot(&principal.directions.t());
            for ((i, j), value) in products.indexed_iter() {
                let expected = f64::from(u8::from(i == j));
                assert!((value - expected).abs() < 1e-10, "{i} {j}: {value}");
            }
        }
    }

    #[test]
    fn a_line_has_one_direction() {
        let x = array![[1.0f32, -2.0], [2.0, -4.0], [4.0, -8.0]];
        let principal = Principal::of(x.view());
        assert_eq!(principal.without_variance, 1);
        let direction = principal.directions.row(0);
        let root = 5f64.sqrt();
        assert!((direction[0] + 1.0 / root).abs() < 1e-12);
        assert!((direction[1] - 2.0 / root).abs() < 1e-12); // the largest entry is positive
    }

    #[test]
    fn equal_rows_have_none() {
        let principal = Principal::of(Array2::from_elem((4, 3), 2.0f32).view());
        assert_eq!(principal.directions.nrows(), 0);
        assert_eq!(principal.without_variance, 3);
    }
}
