use detector::{DetectorError, Input, Progress, Scorer};

/// Samples that are scored at once: each row's score is its own, so this bounds memory and nothing else.
const ROWS_AT_ONCE: usize = 1 << 14;
const IMAGES_AT_ONCE: usize = 64;

/// The scores of `input`, in pieces.
pub(super) fn scored(
    scorer: &dyn Scorer,
    input: Input<'_>,
    progress: &dyn Progress,
) -> Result<Vec<f64>, DetectorError> {
    let n = input.len();
    let at_once = match input {
        Input::Images(_) => IMAGES_AT_ONCE,
        _ => ROWS_AT_ONCE,
    };
    let mut scores = Vec::with_capacity(n);
    for from in (0..n).step_by(at_once) {
        if progress.interrupted() {
            return Err(DetectorError::Interrupted);
        }
        let to = n.min(from + at_once);
        scores.extend(scorer.score(input.slice(from, to), progress)?);
        progress.update("rows scored", to as u64, n as u64, "");
    }
    Ok(scores)
}
