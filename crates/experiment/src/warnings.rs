//! What a reader has to know beside the numbers.

use serde::Serialize;

/// Says what was done to the rows, so that the result is not taken for one of rows as they are.
pub(crate) fn disturbed(what: &str, how: Option<&impl Serialize>) -> Option<String> {
    let how = serde_json::to_string(how?).ok()?;
    Some(format!("{what}: {how}"))
}

/// What ties in the scores do to a ranking metric, where there are enough to matter. Copies of a row
/// tie whatever the method; only `n_distinct` rows can have scores of their own.
pub(crate) fn ties(scores: &[f64], n_distinct: usize) -> Option<String> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n_scores = sorted.chunk_by(|a, b| a == b).count();
    if n_scores == 1 {
        return Some("all scores are equal: the AUROC of 0.5 says nothing".to_owned());
    }
    (10 * n_scores <= 9 * n_distinct)
        .then(|| format!("{n_distinct} different test rows have only {n_scores} different scores"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_told_unless_copies_of_rows_explain_them() {
        assert_eq!(ties(&[3.0, 1.0, 2.0, 4.0], 4), None);
        assert_eq!(ties(&[3.0, 1.0, 1.0, 4.0], 3), None);
        assert_eq!(
            ties(&[0.0; 5], 5).unwrap(),
            "all scores are equal: the AUROC of 0.5 says nothing"
        );
        assert_eq!(
            ties(&[1.0, 2.0, 2.0, 3.0], 4).unwrap(),
            "4 different test rows have only 3 different scores"
        );
    }
}
