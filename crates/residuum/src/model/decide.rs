use conformal::{Calibration, ConformalError, CrossCalibration, Threshold};

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
) -> Result<CrossRate, ConformalError> {
    let (Target::AsFarAsPossible { rate, .. }
    | Target::OnAverage { rate }
    | Target::Certified { rate, .. }) = target;
    let (n, folds) = (cross.n(), cross.folds().len());
    if let Target::Certified { .. } = target {
        // Out-of-fold scores certify nothing.
        let needed = (1.0 / rate).ceil() as usize;
        return Err(ConformalError::TooFew { rows: n, needed });
    }
    let bound = cross.rate_bound(rate)?;
    let percent = |share: f64| (share * 1e5).round() / 1e3;
    let least = 1.0 / (n + 1) as f64;
    if rate < least {
        warnings.push(format!(
            "{n} rows are too few for a false-positive rate of {} %: no p-value is below {} %",
            percent(rate),
            percent(least)
        ));
    }
    warnings.push(format!(
        "the rows are few, so each was scored by a detector of {folds} that had not seen it: the rate of {} % is \
         what to expect, and at most {} % is proved",
        percent(rate),
        percent(bound)
    ));
    Ok(CrossRate {
        rate: rate.max(least),
        bound,
        folds,
    })
}
