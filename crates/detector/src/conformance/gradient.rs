use ndarray::{Array2, ArrayView2};

use crate::{Input, Scorer, Silent};

/// Checks [`Scorer::score_gradient`] against central differences of [`Scorer::score`] of a step `h` in
/// every number of `x`: no entry may be further off than the share `tolerance` of the largest one of its
/// row. The step has to suit the score's precision and curvature.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check_gradient(
    scorer: &dyn Scorer,
    x: ArrayView2<'_, f32>,
    h: f32,
    tolerance: f64,
) -> Result<(), String> {
    let found = scorer
        .score_gradient(Input::Rows(x), &Silent)
        .map_err(|e| format!("score_gradient failed: {e}"))?
        .ok_or("no gradient")?;
    if found.dim() != x.dim() {
        return Err(format!(
            "a gradient of {:?} for rows of {:?}",
            found.dim(),
            x.dim()
        ));
    }
    let mut expected = Array2::<f64>::zeros(x.dim());
    for j in 0..x.ncols() {
        let moved = |by: f32| {
            let mut x = x.to_owned();
            x.column_mut(j).mapv_inplace(|v| v + by);
            scorer
                .score(Input::Rows(x.view()), &Silent)
                .map_err(|e| format!("score failed: {e}"))
        };
        let slope = (moved(h)? - moved(-h)?) / (2.0 * f64::from(h));
        expected.column_mut(j).assign(&slope);
    }
    for (i, (found, expected)) in found.rows().into_iter().zip(expected.rows()).enumerate() {
        let largest = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        if largest == 0.0 {
            return Err(format!("the score is flat around row {i}"));
        }
        for (j, (&f, &e)) in found.iter().zip(expected).enumerate() {
            let off = (f64::from(f) - e).abs() / largest;
            if off.is_nan() || off > tolerance {
                return Err(format!("gradient at [{i}, {j}] is {f}, by differences {e}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Axis, array};

    use super::*;
    use crate::{DetectorError, Progress, State};

    /// The squared length; its gradient is twice the row times `factor`, which has to be 1.
    struct Length {
        factor: f32,
    }

    impl Scorer for Length {
        fn state(&self) -> Result<State, DetectorError> {
            Ok(State::new("length", 1))
        }

        fn score(
            &self,
            x: Input<'_>,
            _progress: &dyn Progress,
        ) -> Result<Array1<f64>, DetectorError> {
            let x = x.rows()?.to::<f64>();
            Ok(x.mapv(|v| v.powi(2)).sum_axis(Axis(1)))
        }

        fn score_gradient(
            &self,
            x: Input<'_>,
            _progress: &dyn Progress,
        ) -> Result<Option<Array2<f32>>, DetectorError> {
            let x = x.rows()?.to::<f32>();
            Ok(Some(x.mapv(|v| v * 2.0 * self.factor)))
        }
    }

    #[test]
    fn a_wrong_gradient_is_told_from_a_right_one() {
        let x = array![[1.0f32, -2.0, 0.5], [0.0, 3.0, 1.0]];
        assert_eq!(
            check_gradient(&Length { factor: 1.0 }, x.view(), 0.01, 1e-3),
            Ok(())
        );
        let error = check_gradient(&Length { factor: 1.01 }, x.view(), 0.01, 1e-3).unwrap_err();
        assert!(error.contains("gradient at [0, 0]"), "{error}");
        let flat = array![[0.0f32, 0.0]];
        let error = check_gradient(&Length { factor: 1.0 }, flat.view(), 0.01, 1e-3).unwrap_err();
        assert_eq!(error, "the score is flat around row 0");
    }
}
