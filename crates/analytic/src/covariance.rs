use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, Slice};
use rayon::prelude::*;

use crate::rows::blocks;

/// Columns of one task. The cut depends on the shape alone, so no sum depends on the threads.
const BLOCK: usize = 128;

/// Adds `Σ_i δ_i δ_iᵀ` to the lower triangle of `sum`: `[b, d]` → `[d, d]`, in blocks; what is above
/// the diagonal is not to be read.
pub(crate) fn add_outer_products(deltas: ArrayView2<'_, f64>, sum: &mut Array2<f64>) {
    let blocks = blocks(deltas.ncols(), BLOCK);
    let pairs: Vec<_> = blocks
        .iter()
        .enumerate()
        .flat_map(|(i, rows)| blocks[..=i].iter().map(move |columns| (rows, columns)))
        .collect();
    let products: Vec<Array2<f64>> = pairs
        .par_iter()
        .map(|(rows, columns)| {
            let [a, b] = [rows, columns]
                .map(|range| deltas.slice_axis(Axis(1), Slice::from((*range).clone())));
            let mut product = Array2::zeros((rows.len(), columns.len()));
            general_mat_mul(1.0, &a.t(), &b, 0.0, &mut product);
            product
        })
        .collect();
    for ((rows, columns), product) in pairs.into_iter().zip(products) {
        let mut sum = sum.slice_axis_mut(Axis(0), Slice::from(rows.clone()));
        let mut sum = sum.slice_axis_mut(Axis(1), Slice::from(columns.clone()));
        sum += &product;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_join_without_a_seam() {
        let d = 2 * BLOCK + 3;
        let x = Array2::from_shape_fn((5, d), |(i, j)| ((i * d + j) as f64 * 0.7).sin());
        let mut sum = Array2::from_elem((d, d), 1.0);
        add_outer_products(x.view(), &mut sum);
        let expected = x.t().dot(&x);
        for ((i, j), value) in sum.indexed_iter().filter(|((i, j), _)| j <= i) {
            // Five terms of at most 1 on top of 1.
            assert!((value - 1.0 - expected[(i, j)]).abs() < 1e-14, "{i}, {j}");
        }
    }
}
