use crate::{Detector, DetectorError, Input, Scorer, Silent};

/// Checks that `detector` does not panic on states that are like that of `scorer` but for one thing, each
/// array, value, setting and part in turn: it refuses them with [`DetectorError::State`], or what it restores
/// gives scores or an error for `x`. `place` decides which number of an array is changed.
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
            // A changed row is as good as another: only a panic would be wrong.
            Ok(restored) => drop(restored.score(x, &Silent)),
            Err(DetectorError::State(_)) => {}
            Err(other) => return Err(format!("{what}: expected State, found {other:?}")),
        }
        if what.ends_with("is missing") && detector.restore(&spoilt).is_ok() {
            return Err(format!("{what}, and it is restored all the same"));
        }
    }
    Ok(())
}
