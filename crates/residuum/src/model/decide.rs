use conformal::{Calibration, ConformalError, CrossCalibration, Threshold};

use crate::model::error::ModelError;
use crate::model::manifest::CrossRate;
use crate::model::options::Target;

/// The threshold for `target`; what it does not keep is said in `warnings`.
pub(super) fn threshold(
    calibration: &Calibration,
    target: Target,
    warnings: &mut Vec<String>,
) -> Result<Option<Threshold>, ConformalError> {
    match target {
        Target::Certified { rate, confidence } => {
            Threshold::certified(calibration, rate, confidence).map(Some)
        }
        Target::OnAverage { rate } => Threshold::marginal(calibration, rate).map(Some),
        Target::AsFarAsPossible { rate, confidence } => {
            let n = calibration.n();
            let needed = match Threshold::certified(calibration, rate, confidence) {
                Err(ConformalError::TooFew { needed, .. }) => needed,
                certain => return certain.map(Some),
            };
            let percent = |share: f64| format!("{} %", (share * 1e6).round() / 1e4);
            let (rate_text, sure) = (percent(rate), percent(confidence));
            match Threshold::marginal(calibration, rate) {
                Err(ConformalError::TooFew { .. }) => {
                    warnings.push(format!(
                        "{n} calibration rows are too few for a false-positive rate of {rate_text}: \
                         {needed} would hold it with {sure} confidence; the threshold is their highest score"
                    ));
                    let least = 1.0 / (n + 1) as f64;
                    // Rounded up: the rank is one.
                    Threshold::marginal(calibration, least * (1.0 + 1e-9)).map(Some)
                }
                on_average => {
                    warnings.push(format!(
                        "the false-positive rate of {rate_text} holds on average, not with {sure} \
                         confidence: that takes {needed} calibration rows, and there are {n}"
                    ));
                    on_average.map(Some)
                }
            }
        }
    }
}

/// The rate for `target` with cross-conformal p-values; that it is weaker is said in `warnings`.
pub(super) fn cross_rate(
    cross: &CrossCalibration,
    target: Target,
    warnings: &mut Vec<String>,
) -> Result<CrossRate, ModelError> {
    let (n, folds) = (cross.n(), cross.folds().len());
    let least = 1.0 / (n + 1) as f64;
    let percent = |share: f64| (share * 1e5).round() / 1e3;
    let rate = match target {
        Target::Certified { .. } => return Err(ModelError::NotCertified { folds }),
        Target::OnAverage { rate } if rate < least => {
            let needed = (1.0 / rate).ceil() as usize - 1;
            return Err(ConformalError::TooFew { rows: n, needed }.into());
        }
        Target::AsFarAsPossible { rate, .. } if rate < least => {
            warnings.push(format!(
                "{n} rows are too few for a false-positive rate of {} %: no p-value is below {} %",
                percent(rate),
                percent(least)
            ));
            least
        }
        Target::OnAverage { rate } | Target::AsFarAsPossible { rate, .. } => rate,
    };
    let bound = cross.rate_bound(rate)?;
    warnings.push(format!(
        "the rows are few, so each was scored by a detector of {folds} that had not seen it: the rate of {} % is \
         what to expect, and at most {} % is proved",
        percent(rate),
        percent(bound)
    ));
    Ok(CrossRate { rate, bound, folds })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fifty out-of-fold scores in five folds.
    fn cross() -> CrossCalibration {
        let fold = |k: u32| (0..10).map(|i| f64::from(10 * k + i)).collect();
        let folds = (0..5).map(|k| Calibration::new(fold(k)).unwrap());
        CrossCalibration::new(folds.collect()).unwrap()
    }

    #[test]
    fn folds_promise_what_they_can_or_refuse() {
        let mut warnings = Vec::new();
        let certified = Target::Certified {
            rate: 0.1,
            confidence: 0.9,
        };
        let refused = cross_rate(&cross(), certified, &mut warnings).unwrap_err();
        assert!(
            matches!(refused, ModelError::NotCertified { folds: 5 }),
            "{refused}"
        );
        let small = cross_rate(&cross(), Target::OnAverage { rate: 0.01 }, &mut warnings);
        let small = small.unwrap_err().to_string();
        assert!(small.contains("50") && small.contains("99"), "{small}");
        assert!(warnings.is_empty());
        let kept = cross_rate(&cross(), Target::OnAverage { rate: 0.1 }, &mut warnings).unwrap();
        assert_eq!((kept.rate, warnings.len()), (0.1, 1));
        // What cannot be kept is said, and what is proved is about the rate that is.
        let least = cross_rate(&cross(), Target::default(), &mut warnings).unwrap();
        assert_eq!((least.rate, warnings.len()), (1.0 / 51.0, 3));
        assert_eq!(least.bound, cross().rate_bound(1.0 / 51.0).unwrap());
    }
}
