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
        let piece = scorer.score(input.slice(from, to), progress);
        scores.extend(piece.map_err(|error| error.with_row(|row| from + row))?);
        progress.update("rows scored", to as u64, n as u64, "");
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use detector::{Silent, State};
    use ndarray::{Array1, Array2};

    use super::*;

    /// Refuses rows that begin with a number below 0.
    struct Positive;

    impl Scorer for Positive {
        fn score(&self, x: Input<'_>, _: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
            let first = x.rows()?.to::<f64>().column(0).to_owned();
            match first.iter().position(|v| *v < 0.0) {
                Some(row) => Err(DetectorError::Score {
                    row,
                    score: f64::INFINITY,
                }),
                None => Ok(first),
            }
        }

        fn state(&self) -> Result<State, DetectorError> {
            Ok(State::new("positive", 1))
        }
    }

    #[test]
    fn rows_of_errors_count_over_all_pieces() {
        let bad = ROWS_AT_ONCE + 7;
        let mut x = Array2::<f64>::ones((ROWS_AT_ONCE + 20, 2));
        assert_eq!(
            scored(&Positive, Input::Rows64(x.view()), &Silent)
                .unwrap()
                .len(),
            x.nrows()
        );
        x[[bad, 0]] = -1.0;
        let error = scored(&Positive, Input::Rows64(x.view()), &Silent).unwrap_err();
        assert!(
            matches!(error, DetectorError::Score { row, .. } if row == bad),
            "{error}"
        );
    }
}
