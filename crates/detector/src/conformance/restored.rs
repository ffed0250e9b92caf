use crate::{Detector, DetectorError, Input, Scorer, Silent, State};

/// Checks that `detector` restores `scorer` from the bytes of its state: scores and maps of `x` have the same
/// bits, warnings are the same, and storing it again gives the same bytes. A state of another kind and one
/// without content have to be refused.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check_restored(
    detector: &dyn Detector,
    scorer: &dyn Scorer,
    x: Input<'_>,
) -> Result<(), String> {
    let state = (scorer.state()).map_err(|e| format!("state failed: {e}"))?;
    let bytes = (state.to_bytes()).map_err(|e| format!("its state has no bytes: {e}"))?;
    let read = State::from_bytes(&bytes).map_err(|e| format!("its state as bytes: {e}"))?;
    let restored = (detector.restore(&read)).map_err(|e| format!("restore failed: {e}"))?;

    let again = (restored.state().and_then(|state| Ok(state.to_bytes()?)))
        .map_err(|e| format!("state of the restored one failed: {e}"))?;
    if again != bytes {
        return Err("restored and stored again, its state is another".to_owned());
    }
    if restored.warnings() != scorer.warnings() {
        let (found, expected) = (restored.warnings(), scorer.warnings());
        return Err(format!("restored, it warns {found:?}, before {expected:?}"));
    }
    let scores = |scorer: &dyn Scorer| {
        let scored = scorer.score(x, &Silent);
        scored.map_err(|e| format!("score failed: {e}"))
    };
    let (expected, found) = (scores(scorer)?, scores(&*restored)?);
    if found.len() != expected.len() {
        let (found, expected) = (found.len(), expected.len());
        return Err(format!(
            "restored, it gives {found} scores, before {expected}"
        ));
    }
    let mut pairs = expected.iter().zip(&found).enumerate();
    if let Some((i, (e, f))) = pairs.find(|(_, (e, f))| e.to_bits() != f.to_bits()) {
        return Err(format!("restored, sample {i} scores {f}, before {e}"));
    }
    let maps = |scorer: &dyn Scorer| {
        let maps = scorer.maps(x, &Silent);
        let maps = maps.map_err(|e| format!("maps failed: {e}"))?;
        Ok::<_, String>(maps.map(|maps| maps.mapv(f32::to_bits)))
    };
    if maps(scorer)? != maps(&*restored)? {
        return Err("restored, its maps are others".to_owned());
    }

    let mut other = state;
    other.kind.push_str("-of-another-kind");
    let hollow = State::new(read.kind.clone(), read.version);
    for (what, state) in [("another kind", other), ("no content", hollow)] {
        match detector.restore(&state).map(|_| ()) {
            Err(DetectorError::State(_)) => {}
            other => {
                return Err(format!(
                    "a state of {what}: expected State, found {other:?}"
                ));
            }
        }
    }
    Ok(())
}
