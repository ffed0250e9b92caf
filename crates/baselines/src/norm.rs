use std::num::NonZeroUsize;

use detector::{
    ContributionKind, Contributions, Detector, DetectorError, Input, Number, Progress, Rows,
    Scorer, State,
};
use ndarray::{Array1, ArrayView2, Axis};

/// The squared length of a row, `‖x‖²`, in f64.
///
/// It learns nothing: on standardised rows it is the squared distance to the training mean, the floor
/// that every method has to beat and that a degenerate diffusion model falls back to.
///
/// ```
/// use baselines::Norm;
/// use detector::{Detector, Input, Silent};
/// use ndarray::array;
///
/// let x = array![[3.0f32, 4.0], [0.0, 1.0]];
/// let scorer = Norm.fit(Input::Rows(x.view()), 0, &Silent)?;
/// assert_eq!(scorer.score(Input::Rows(x.view()), &Silent)?, array![25.0, 1.0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Norm;

impl Detector for Norm {
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let width = x.rows()?.ncols();
        Ok(Box::new(Fitted { width }))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("norm", 1)?;
        let width = state.value::<NonZeroUsize>("width")?.get();
        Ok(Box::new(Fitted { width }))
    }
}

#[derive(Debug)]
struct Fitted {
    width: usize,
}

impl Scorer for Fitted {
    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_of_width(self.width)?;
        Ok(match x {
            Rows::F32(x) => squared_norms(x),
            Rows::F64(x) => squared_norms(x),
        })
    }

    fn state(&self) -> Result<State, DetectorError> {
        Ok(State::new("norm", 1).with_value("width", self.width))
    }

    /// The square of each column.
    fn contributions(
        &self,
        x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let x = x.rows_of_width(self.width)?.to::<f64>();
        let squares = x.mapv(|v| v.powi(2));
        Ok(Some(Contributions::new(squares, ContributionKind::Exact)))
    }
}

/// Squares of f32 fit an f64 without overflow, so finite rows score finitely.
fn squared_norms<T: Number>(x: ArrayView2<'_, T>) -> Array1<f64> {
    let square = |v: &T| v.wide().powi(2);
    x.map_axis(Axis(1), |row| row.iter().map(square).sum())
}

#[cfg(test)]
mod tests {
    use detector::{Silent, conformance};
    use ndarray::array;

    use super::*;

    #[test]
    fn it_conforms() {
        assert_eq!(conformance::check(&Norm), Ok(()));
    }

    #[test]
    fn contributions_sum_to_scores() {
        let found = conformance::check_contributions(&Norm, ContributionKind::Exact);
        assert_eq!(found, Ok(()));
    }

    #[test]
    fn the_largest_finite_values_stay_finite() {
        let x = array![[f32::MAX, f32::MIN]];
        let scorer = Norm.fit(Input::Rows(x.view()), 0, &Silent).unwrap();
        let score = scorer.score(Input::Rows(x.view()), &Silent).unwrap()[0];
        assert_eq!(score, 2.0 * f64::from(f32::MAX).powi(2));
    }
}
