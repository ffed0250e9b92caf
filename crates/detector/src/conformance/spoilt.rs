use crate::{Detector, DetectorError, Input, Scorer, Silent};

/// Checks that `detector` does not panic on changed copies of the state of `scorer`. In each copy one array,
/// value, setting or part is missing or changed; the detector refuses it with [`DetectorError::State`], or
/// what it restores scores `x` or returns an error. `place` chooses the number of an array that is changed.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check_spoilt(
    detector: &dyn Detector,
    scorer: &dyn Scorer,
    x: Input<'_>,
    place: usize,
) -> Result<(), String> {
    let state = scorer.state().map_err(|e| format!("state failed: {e}"))?;
    for (what, spoilt) in state.spoilt(place) {
        match detector.restore(&spoilt) {
            // A changed row can still be a valid row: only a panic would be wrong.
            Ok(restored) => drop(restored.score(x, &Silent)),
            Err(DetectorError::State(_)) => {}
            Err(other) => return Err(format!("{what}: expected State, found {other:?}")),
        }
        if what.ends_with("is missing") && detector.restore(&spoilt).is_ok() {
            return Err(format!("{what}, but it is restored"));
        }
    }
    Ok(())
}
