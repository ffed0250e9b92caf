use ndarray::{Array2, ArrayView2, Axis};
use tch::{Kind, Tensor};
use training::TrainingError;

/// Added to the diagonal of the correlations, so that levels that say the same can be inverted.
const RIDGE: f64 = 1e-3;

/// How scores at several noise levels lie together on training samples.
///
/// # Formula
/// With `y = ln` of a sample's scores at `K` levels, standardised by the mean and standard deviation over
/// training samples, and their correlations `R`: `√(yᵀ·(R + 10⁻³·I)⁻¹·y)`. A level that is the same on all
/// training samples keeps its differences as they are.
#[derive(Debug)]
pub(crate) struct Typicality {
    mean: Vec<f64>,
    sd: Vec<f64>,
    /// `[k, k]`.
    precision: Array2<f64>,
}

impl Typicality {
    /// From the scores of training samples, `[n, k]`, none of them negative.
    pub(crate) fn fit(scores: ArrayView2<'_, f64>) -> Result<Self, TrainingError> {
        let k = scores.ncols();
        let logs = scores.mapv(logarithm);
        let mean = logs.mean_axis(Axis(0)).unwrap_or_default().to_vec();
        let sd = logs.std_axis(Axis(0), 0.0).to_vec();
        let sd: Vec<f64> = sd
            .into_iter()
            .map(|s| if s > 1e-12 { s } else { 1.0 })
            .collect();
        let z = standardised(logs, &mean, &sd);
        let mut correlations = z.t().dot(&z) / scores.nrows().max(1) as f64;
        correlations.diag_mut().mapv_inplace(|one| one + RIDGE);
        let values: Vec<f64> = correlations.into_iter().collect();
        let k = k as i64;
        let correlations = Tensor::f_from_slice(&values)?.f_view([k, k])?;
        let precision = Tensor::f_linalg_inv(&correlations)?;
        let precision = Vec::<f64>::try_from(precision.f_to_kind(Kind::Double)?.f_reshape([-1])?)?;
        let precision = Array2::from_shape_vec((mean.len(), mean.len()), precision)
            .map_err(|e| TrainingError::Model(e.into()))?;
        Ok(Self {
            mean,
            sd,
            precision,
        })
    }

    /// How far each sample lies from the training samples: `[m, k]` → `[m]`.
    pub(crate) fn distances(&self, scores: ArrayView2<'_, f64>) -> Vec<f64> {
        let z = standardised(scores.mapv(logarithm), &self.mean, &self.sd);
        let square = |z: ndarray::ArrayView1<'_, f64>| z.dot(&self.precision.dot(&z));
        z.outer_iter().map(|z| square(z).max(0.0).sqrt()).collect()
    }
}

/// An untrained network's error may be 0.
fn logarithm(score: f64) -> f64 {
    score.max(f64::MIN_POSITIVE).ln()
}

fn standardised(mut logs: Array2<f64>, mean: &[f64], sd: &[f64]) -> Array2<f64> {
    for mut row in logs.outer_iter_mut() {
        for ((value, mean), sd) in row.iter_mut().zip(mean).zip(sd) {
            *value = (*value - mean) / sd;
        }
    }
    logs
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn distances_are_mahalanobis_of_logarithms() {
        // Logarithms ±1 and ±2, uncorrelated: standard deviations 1 and 2.
        let logs = array![[1.0, 2.0], [-1.0, 2.0], [1.0, -2.0], [-1.0, -2.0]];
        let found = Typicality::fit(logs.mapv(f64::exp).view()).unwrap();
        let far = array![[3.0, 0.0], [0.0, -4.0], [0.0, 0.0]].mapv(f64::exp);
        let distances = found.distances(far.view());
        let shrunk = 1.0 / f64::sqrt(1.0 + RIDGE);
        for (distance, expected) in distances.iter().zip([3.0 * shrunk, 2.0 * shrunk, 0.0]) {
            assert!((distance - expected).abs() < 1e-12, "{distance}");
        }
    }

    #[test]
    fn levels_that_go_together_and_are_broken_apart_are_far() {
        let logs = Array2::from_shape_fn((50, 2), |(i, j)| {
            (i as f64).sin() + 0.1 * (j * i) as f64 % 0.07
        });
        let found = Typicality::fit(logs.mapv(f64::exp).view()).unwrap();
        let test = array![[1.0, 1.0], [1.0, -1.0]].mapv(f64::exp);
        let distances = found.distances(test.view());
        assert!(distances[1] > 5.0 * distances[0], "{distances:?}");
    }

    #[test]
    fn constant_and_vanishing_levels_are_no_error() {
        let same = Array2::from_elem((4, 2), 0.0);
        let found = Typicality::fit(same.view()).unwrap();
        assert_eq!(found.distances(same.view()), [0.0; 4]);
        let other = found.distances(array![[1.0, 0.0]].view());
        assert!(other[0].is_finite() && other[0] > 100.0);
    }
}
