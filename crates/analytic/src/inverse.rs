//! The inverse of a symmetric, positive definite matrix.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayViewMut2, Axis};

/// Below this size the factor is found column by column; above, two halves are joined by matrix
/// products, where nearly all of the work is.
const LEAF: usize = 32;

/// `A⁻¹`, symmetric to the last bit. The lower triangle of `a` counts. No eigenvalue of `A` is below
/// `least`; a pivot that rounding moved below it counts as `least`, so that its root exists.
pub(crate) fn inverse(mut a: Array2<f64>, least: f64) -> Array2<f64> {
    invert_factor(a.view_mut(), least);
    // A⁻¹ = L⁻ᵀ L⁻¹
    let mut inverse = a.t().dot(&a);
    for i in 0..inverse.nrows() {
        for j in 0..i {
            inverse[(j, i)] = inverse[(i, j)];
        }
    }
    inverse
}

/// Puts `L⁻¹` in the place of `A = L Lᵀ`, zeros above its diagonal.
fn invert_factor(a: ArrayViewMut2<'_, f64>, least: f64) {
    let half = a.nrows() / 2;
    if a.nrows() <= LEAF {
        return invert_small_factor(a, least);
    }
    let (top, bottom) = a.split_at(Axis(0), half);
    let (mut a_11, mut a_12) = top.split_at(Axis(1), half);
    let (mut a_21, mut a_22) = bottom.split_at(Axis(1), half);
    invert_factor(a_11.view_mut(), least);
    let l_21 = a_21.dot(&a_11.t()); // A₂₁ L₁₁⁻ᵀ
    general_mat_mul(-1.0, &l_21, &l_21.t(), 1.0, &mut a_22);
    invert_factor(a_22.view_mut(), least);
    let right = l_21.dot(&a_11);
    general_mat_mul(-1.0, &a_22, &right, 0.0, &mut a_21); // −L₂₂⁻¹ L₂₁ L₁₁⁻¹
    a_12.fill(0.0);
}

fn invert_small_factor(mut a: ArrayViewMut2<'_, f64>, least: f64) {
    let n = a.nrows();
    for j in 0..n {
        for k in 0..j {
            for i in j..n {
                a[(i, j)] -= a[(i, k)] * a[(j, k)];
            }
        }
        let root = a[(j, j)].max(least).sqrt();
        a[(j, j)] = root;
        for i in j + 1..n {
            a[(i, j)] /= root;
        }
    }
    for j in 0..n {
        a[(j, j)] = 1.0 / a[(j, j)];
        for i in j + 1..n {
            let sum: f64 = (j..i).map(|k| a[(i, k)] * a[(k, j)]).sum();
            a[(i, j)] = -sum / a[(i, i)];
        }
        for i in 0..j {
            a[(i, j)] = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_the_matrix_it_is_the_identity() {
        for n in [1, 2, 5, LEAF, LEAF + 1, 2 * LEAF + 7, 150] {
            let x =
                Array2::from_shape_fn((n + 3, n), |(i, j)| ((i * n + j) as f64 * 12.9898).sin());
            let a = x.t().dot(&x) + Array2::<f64>::eye(n) * 0.01;
            let product = inverse(a.clone(), 0.01).dot(&a);
            // The condition is below 3e4, of which rounding makes 1e-11.
            for ((i, j), value) in product.indexed_iter() {
                let expected = f64::from(u8::from(i == j));
                assert!((value - expected).abs() < 1e-10, "{n}: {i}, {j}: {value}");
            }
        }
    }

    #[test]
    fn a_pivot_lost_to_rounding_counts_as_the_least_eigenvalue() {
        let a = ndarray::array![[1.0, 1.0], [1.0, 1.0]];
        let found = inverse(a, 1e-12);
        assert!(found.iter().all(|v| v.is_finite()));
    }
}
