use detector::{State, StateError};
use ndarray::Ix1;

/// What scores mean among those of `n` training rows, each scored without itself.
///
/// `q(b) = −ln((1 + #{a ≥ b})/(n + 1)) + 10⁻³(b − mean a)/max(sd a, 10⁻⁹)`: the logarithm of a p-value, and a
/// slope that orders scores beyond all training scores, and those between two of them.
#[derive(Debug)]
pub(crate) struct PValues {
    /// Ascending.
    scores: Vec<f64>,
    mean: f64,
    sd: f64,
}

const SLOPE: f64 = 1e-3;
const LEAST_SD: f64 = 1e-9;

impl PValues {
    /// Of the scores of the training rows, at least one, all finite.
    pub(crate) fn new(mut scores: Vec<f64>) -> Self {
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        let squares = scores.iter().map(|a| (a - mean).powi(2));
        let sd = (squares.sum::<f64>() / n).sqrt().max(LEAST_SD);
        scores.sort_unstable_by(f64::total_cmp);
        Self { scores, mean, sd }
    }

    /// `q(b)`
    pub(crate) fn q(&self, b: f64) -> f64 {
        let n = self.scores.len();
        let reached = n - self.scores.partition_point(|a| *a < b);
        let p = (1 + reached) as f64 / (n + 1) as f64;
        -p.ln() + SLOPE * (b - self.mean) / self.sd
    }

    pub(crate) fn state(&self) -> State {
        State::new("p-values", 1)
            .with_list("scores", &self.scores)
            .with_list("mean-and-sd", &[self.mean, self.sd])
    }

    /// # Errors
    /// [`StateError`] for a state of another kind or a damaged one.
    pub(crate) fn restore(state: &State) -> Result<Self, StateError> {
        state.expect("p-values", 1)?;
        let n = state.list::<f64>("scores")?.len();
        let scores = state.finite::<f64, Ix1>("scores", n)?.to_vec();
        if scores.is_empty() || !scores.is_sorted() {
            return Err(state.wrong("scores", "expected one or more in ascending order"));
        }
        let moments = state.finite::<f64, Ix1>("mean-and-sd", 2)?;
        let (mean, sd) = (moments[0], moments[1]);
        if sd < LEAST_SD {
            return Err(state.wrong("mean-and-sd", format!("a spread of {sd}")));
        }
        Ok(Self { scores, mean, sd })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn scores_are_counted_from_above_with_equal_ones() {
        // Mean 3, standard deviation √2.
        let p = PValues::new(vec![5.0, 1.0, 2.0, 3.0, 4.0]);
        let slope = |b: f64| 1e-3 * (b - 3.0) / 2f64.sqrt();
        for (b, reached) in [(0.0, 5), (1.0, 5), (1.5, 4), (5.0, 1), (6.0, 0)] {
            let expected = -((1 + reached) as f64 / 6.0).ln() + slope(b);
            assert_relative_eq!(p.q(b), expected, epsilon = 1e-14);
        }
    }
}
