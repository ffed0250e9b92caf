use serde::{Deserialize, Serialize};

use crate::calibration::Calibration;
use crate::error::{ConformalError, check_rate, check_score};

/// Calibration from out-of-fold scores, for data too small to hold rows out: the rows are cut into K
/// folds, a detector is fitted without each fold, and the fold is scored by it.
///
/// A new row is scored by all K detectors, and its cross-conformal p-value is
/// `(1 + sum over folds of #{scores of the fold >= score by the fold's detector}) / (n + 1)` (Vovk,
/// "Cross-conformal predictors", Ann. Math. Artif. Intell. 74, 2015). Its guarantee is weaker than that of
/// held-out rows: [`CrossCalibration::rate_bound`]. In practice the rate is close to `alpha`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Calibration>", into = "Vec<Calibration>")]
pub struct CrossCalibration {
    folds: Vec<Calibration>,
}

impl CrossCalibration {
    /// The out-of-fold scores of each fold.
    ///
    /// # Errors
    /// Fewer than two folds.
    pub fn new(folds: Vec<Calibration>) -> Result<Self, ConformalError> {
        if folds.len() < 2 {
            let (name, value) = ("the number of folds", folds.len() as f64);
            let expected = "2 or more";
            return Err(ConformalError::OutOfRange {
                name,
                value,
                expected,
            });
        }
        Ok(Self { folds })
    }

    /// The folds.
    pub fn folds(&self) -> &[Calibration] {
        &self.folds
    }

    /// Out-of-fold scores over all folds, n.
    pub fn n(&self) -> usize {
        self.folds.iter().map(Calibration::n).sum()
    }

    /// The cross-conformal p-value of a row from its score by each fold's detector, in the folds' order.
    ///
    /// # Errors
    /// As many scores as folds are needed, all finite.
    pub fn p_value(&self, scores: &[f64]) -> Result<f64, ConformalError> {
        if scores.len() != self.folds.len() {
            let (folds, found) = (self.folds.len(), scores.len());
            return Err(ConformalError::Folds { folds, found });
        }
        let mut reached = 1;
        for (row, (fold, &score)) in self.folds.iter().zip(scores).enumerate() {
            reached += fold.at_least(check_score(row, score)?);
        }
        Ok(reached as f64 / (self.n() + 1) as f64)
    }

    /// What `P(p <= alpha)` is at most for a normal row: `2 alpha + 2 (1 - alpha) (K - 1) / (n + K)`, since
    /// twice a mean of p-values is a p-value (Vovk and Wang, "Combining p-values via averaging", Biometrika
    /// 107, 2020). With folds of one size also `2 alpha + (1 - K / n) / (K + 1)` (Barber, Candès, Ramdas and
    /// Tibshirani, "Predictive inference with the jackknife+", Ann. Stat. 49, 2021).
    ///
    /// # Errors
    /// `alpha` outside (0, 1).
    pub fn rate_bound(&self, alpha: f64) -> Result<f64, ConformalError> {
        check_rate("alpha", alpha)?;
        let (n, k) = (self.n() as f64, self.folds.len() as f64);
        let mut excess = 2.0 * (1.0 - alpha) * (k - 1.0) / (n + k);
        if self.folds.windows(2).all(|pair| pair[0].n() == pair[1].n()) {
            excess = excess.min((1.0 - k / n) / (k + 1.0));
        }
        Ok((2.0 * alpha + excess).min(1.0))
    }
}

impl TryFrom<Vec<Calibration>> for CrossCalibration {
    type Error = ConformalError;

    fn try_from(folds: Vec<Calibration>) -> Result<Self, ConformalError> {
        Self::new(folds)
    }
}

impl From<CrossCalibration> for Vec<Calibration> {
    fn from(cross: CrossCalibration) -> Self {
        cross.folds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fold_ranks_its_own_score() {
        let fold = |scores: &[f64]| Calibration::new(scores.to_vec()).unwrap();
        let cross =
            CrossCalibration::new(vec![fold(&[1.0, 2.0, 3.0]), fold(&[10.0, 20.0])]).unwrap();
        assert_eq!(cross.p_value(&[2.0, 15.0]).unwrap(), 4.0 / 6.0);
        assert_eq!(cross.p_value(&[4.0, 30.0]).unwrap(), 1.0 / 6.0);
        assert_eq!(
            cross.p_value(&[4.0]),
            Err(ConformalError::Folds { folds: 2, found: 1 })
        );
        assert!(cross.p_value(&[4.0, f64::NAN]).is_err());
        assert!(cross.rate_bound(0.1).unwrap() > 0.2);
        let text = serde_json::to_string(&cross).unwrap();
        assert_eq!(
            serde_json::from_str::<CrossCalibration>(&text).unwrap(),
            cross
        );
        assert!(serde_json::from_str::<CrossCalibration>("[[1.0]]").is_err());
    }

    #[test]
    fn leaving_one_out_is_bounded_by_twice_alpha() {
        let folds = (0..20)
            .map(|i| Calibration::new(vec![f64::from(i)]).unwrap())
            .collect();
        assert_eq!(
            CrossCalibration::new(folds)
                .unwrap()
                .rate_bound(0.1)
                .unwrap(),
            0.2
        );
    }
}
