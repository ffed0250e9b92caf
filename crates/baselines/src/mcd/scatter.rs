use nalgebra::{Cholesky, DMatrix, SymmetricEigen};
use ndarray::{Array2, Axis};

/// Mean and covariance (divisor n) of some rows.
#[derive(Debug, Clone)]
pub(super) struct Scatter {
    pub(super) location: Vec<f64>,
    /// `[d, d]`
    pub(super) covariance: Array2<f64>,
}

impl Scatter {
    /// Of these rows of `x`, at least one.
    pub(super) fn of(x: &Array2<f64>, rows: &[usize]) -> Self {
        let n = rows.len() as f64;
        let mut rows = x.select(Axis(0), rows);
        let location: Vec<f64> = rows.sum_axis(Axis(0)).iter().map(|sum| sum / n).collect();
        subtract(&mut rows, &location);
        Self {
            location,
            covariance: rows.t().dot(&rows) / n,
        }
    }

    /// The inverse of the covariance and the logarithm of its determinant; without full rank the
    /// pseudo-inverse and −∞.
    pub(super) fn precision(&self) -> (Array2<f64>, f64) {
        let d = self.location.len();
        let covariance = DMatrix::from_fn(d, d, |i, j| self.covariance[(i, j)]);
        // What rounding leaves of an eigenvalue that is 0, as in scipy.linalg.pinvh.
        let rounding = d as f64 * f64::EPSILON;
        let largest = covariance.diagonal().max();
        if let Some(factor) = Cholesky::new(covariance.clone()) {
            let pivots = factor.l_dirty().diagonal();
            if pivots.iter().all(|root| root * root > rounding * largest) {
                let log_determinant = 2.0 * pivots.iter().map(|root| root.ln()).sum::<f64>();
                let inverse = factor.inverse();
                return (
                    Array2::from_shape_fn((d, d), |(i, j)| inverse[(i, j)]),
                    log_determinant,
                );
            }
        }
        let eigen = SymmetricEigen::new(covariance);
        let largest = eigen.eigenvalues.amax();
        let kept: Vec<usize> = (0..d)
            .filter(|j| eigen.eigenvalues[*j].abs() > rounding * largest)
            .collect();
        let inverse = Array2::from_shape_fn((d, d), |(a, b)| {
            let term = |j: &usize| {
                eigen.eigenvectors[(a, *j)] * eigen.eigenvectors[(b, *j)] / eigen.eigenvalues[*j]
            };
            kept.iter().map(term).sum()
        });
        (inverse, f64::NEG_INFINITY)
    }

    /// Squared distances of all rows of `x` to the mean in this precision.
    pub(super) fn distances(&self, x: &Array2<f64>, precision: &Array2<f64>) -> Vec<f64> {
        let mut off = x.clone();
        subtract(&mut off, &self.location);
        let along = off.dot(precision);
        let rows = along.outer_iter().zip(off.outer_iter());
        rows.map(|(a, b)| a.dot(&b)).collect()
    }
}

fn subtract(x: &mut Array2<f64>, location: &[f64]) {
    for mut row in x.outer_iter_mut() {
        for (value, location) in row.iter_mut().zip(location) {
            *value -= location;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_inverse_and_its_determinant() {
        let x = array![[1.0, 0.0], [3.0, 0.0], [2.0, 3.0], [2.0, -3.0]];
        let scatter = Scatter::of(&x, &[0, 1, 2, 3]);
        assert_eq!(scatter.location, [2.0, 0.0]);
        let (precision, log_determinant) = scatter.precision();
        assert!((precision[(0, 0)] - 2.0).abs() < 1e-14);
        assert!((precision[(1, 1)] - 1.0 / 4.5).abs() < 1e-14);
        assert!((log_determinant - 2.25f64.ln()).abs() < 1e-14);
        let distances = scatter.distances(&x, &precision);
        assert!((distances[0] - 2.0).abs() < 1e-14 && (distances[2] - 2.0).abs() < 1e-14);
    }

    #[test]
    fn a_line_has_a_pseudo_inverse() {
        let x = array![[1.0, 2.0], [2.0, 4.0], [-3.0, -6.0]];
        let (precision, log_determinant) = Scatter::of(&x, &[0, 1, 2]).precision();
        assert_eq!(log_determinant, f64::NEG_INFINITY);
        // Σ = (14/3)(1, 2)ᵀ(1, 2), whose pseudo-inverse is (3/14)/25 (1, 2)ᵀ(1, 2).
        assert!((precision[(0, 1)] - 2.0 * 3.0 / 14.0 / 25.0).abs() < 1e-12);
    }
}
