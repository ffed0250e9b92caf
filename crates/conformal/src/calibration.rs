use serde::{Deserialize, Serialize};

use crate::error::{ConformalError, check_score, check_share};

/// The scores of rows that are normal and that the detector has not seen; higher is more anomalous.
///
/// As long as a new normal row is exchangeable with the calibration rows, its p-value is valid:
/// `P(p <= a) <= a` for every `a`, over the draw of the calibration rows and of the new row (Vovk,
/// Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005). With randomised ties the
/// p-value is uniform.
///
/// Stored, it is the ascending list of its scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Calibration {
    /// Ascending, finite, not empty.
    scores: Vec<f64>,
}

impl Calibration {
    /// Sorts `scores`.
    ///
    /// # Errors
    /// No score, or one that is not finite.
    pub fn new(mut scores: Vec<f64>) -> Result<Self, ConformalError> {
        check(&scores)?;
        scores.sort_by(f64::total_cmp);
        Ok(Self { scores })
    }

    /// The scores, ascending.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Their number, n.
    pub fn n(&self) -> usize {
        self.scores.len()
    }

    /// `1 / (n + 1)`: no p-value is smaller.
    pub fn smallest_p(&self) -> f64 {
        1.0 / (self.n() + 1) as f64
    }

    /// `(1 + #{calibration >= score}) / (n + 1)`.
    ///
    /// # Errors
    /// A score that is not finite.
    pub fn p_value(&self, score: f64) -> Result<f64, ConformalError> {
        check_score(0, score)?;
        Ok((1 + self.at_least(score)) as f64 / (self.n() + 1) as f64)
    }

    /// [`Calibration::p_value`] of each score.
    ///
    /// # Errors
    /// A score that is not finite, named by its row.
    pub fn p_values(&self, scores: &[f64]) -> Result<Vec<f64>, ConformalError> {
        let p_value = |(row, &score)| {
            check_score(row, score)?;
            self.p_value(score)
        };
        scores.iter().enumerate().map(p_value).collect()
    }

    /// `(#{calibration > score} + u (1 + #{calibration = score})) / (n + 1)`, exactly uniform for a
    /// normal row where `u` is drawn uniformly from `(0, 1]`.
    ///
    /// # Errors
    /// A score that is not finite, `u` outside `[0, 1]`.
    pub fn randomised_p_value(&self, score: f64, u: f64) -> Result<f64, ConformalError> {
        check_score(0, score)?;
        check_share("u", u)?;
        let (above, at_least) = (self.above(score), self.at_least(score));
        Ok((above as f64 + u * (1 + at_least - above) as f64) / (self.n() + 1) as f64)
    }

    /// `#{calibration >= score}`.
    pub(crate) fn at_least(&self, score: f64) -> usize {
        self.n() - self.scores.partition_point(|&c| c < score)
    }

    /// `#{calibration > score}`.
    pub(crate) fn above(&self, score: f64) -> usize {
        self.n() - self.scores.partition_point(|&c| c <= score)
    }

    /// The k-th largest score, k from 1 to n.
    pub(crate) fn largest(&self, k: usize) -> Option<f64> {
        self.scores.get(self.n().checked_sub(k)?).copied()
    }

    /// The share of calibration scores that equal another one. Where it is large, thresholds and
    /// p-values without randomised ties are cautious: fewer alarms than asked for.
    pub fn tied_share(&self) -> f64 {
        let runs = self.scores.chunk_by(|a, b| a == b);
        let tied: usize = runs.map(<[f64]>::len).filter(|&len| len > 1).sum();
        tied as f64 / self.n() as f64
    }
}

fn check(scores: &[f64]) -> Result<(), ConformalError> {
    if scores.is_empty() {
        return Err(ConformalError::Empty);
    }
    let mut rows = scores.iter().enumerate();
    rows.try_for_each(|(row, &score)| check_score(row, score).map(|_| ()))
}

impl TryFrom<Vec<f64>> for Calibration {
    type Error = ConformalError;

    /// What is stored: finite scores that ascend already.
    fn try_from(scores: Vec<f64>) -> Result<Self, ConformalError> {
        check(&scores)?;
        match scores.windows(2).position(|pair| pair[1] < pair[0]) {
            Some(before) => Err(ConformalError::Unsorted { row: before + 1 }),
            None => Ok(Self { scores }),
        }
    }
}

impl From<Calibration> for Vec<f64> {
    fn from(calibration: Calibration) -> Self {
        calibration.scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_are_counts() {
        let calibration = Calibration::new(vec![3.0, 1.0, 2.0, 2.0]).unwrap();
        let p = |score| calibration.p_value(score).unwrap() * 5.0;
        assert_eq!(
            [p(4.0), p(3.0), p(2.5), p(2.0), p(1.0), p(0.0)],
            [1.0, 2.0, 2.0, 4.0, 5.0, 5.0]
        );
        let p = |u| calibration.randomised_p_value(2.0, u).unwrap() * 5.0;
        assert_eq!([p(0.0), p(0.5), p(1.0)], [1.0, 2.5, 4.0]);
        assert_eq!(calibration.smallest_p(), 0.2);
        assert_eq!(calibration.tied_share(), 0.5);
        assert_eq!(calibration.p_values(&[4.0, 2.0]).unwrap(), [0.2, 0.8]);
    }

    #[test]
    fn zeros_of_both_signs_are_equal() {
        let calibration = Calibration::new(vec![0.0, -0.0, 0.0]).unwrap();
        assert_eq!(calibration.p_value(-0.0).unwrap(), 1.0);
        assert_eq!(calibration.p_value(0.0).unwrap(), 1.0);
        assert_eq!(calibration.tied_share(), 1.0);
    }

    #[test]
    fn bad_scores_are_errors() {
        assert_eq!(Calibration::new(vec![]), Err(ConformalError::Empty));
        let error = Calibration::new(vec![1.0, f64::INFINITY]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "score inf in row 1, expected a finite number"
        );
        let calibration = Calibration::new(vec![1.0]).unwrap();
        assert!(calibration.p_value(f64::NAN).is_err());
        let error = calibration.p_values(&[1.0, f64::NAN]).unwrap_err();
        assert!(matches!(error, ConformalError::NotFinite { row: 1, .. }));
        assert!(calibration.randomised_p_value(1.0, 1.5).is_err());
        assert!(calibration.randomised_p_value(1.0, f64::NAN).is_err());
    }

    #[test]
    fn stored_scores_are_checked() {
        let calibration = Calibration::new(vec![3.0, 0.1, 2.0]).unwrap();
        let text = serde_json::to_string(&calibration).unwrap();
        assert_eq!(text, "[0.1,2.0,3.0]");
        assert_eq!(
            serde_json::from_str::<Calibration>(&text).unwrap(),
            calibration
        );
        for bad in ["[]", "[2.0,1.0]", "[1e999]"] {
            assert!(serde_json::from_str::<Calibration>(bad).is_err(), "{bad}");
        }
    }
}
