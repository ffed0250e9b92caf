//! What a reader has to know beside the numbers.

use datasets::{Label, Protocol, Split};
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

/// Fewer held-out normals than these say nothing of an order, and a correlation below this is none to warn of.
const FEWEST: usize = 30;
const IN_ORDER: f64 = 0.3;

/// Where the scores of the held-out normal rows go along with their place in the file, which `semi` splits by.
pub(crate) fn order(protocol: Protocol, split: &Split, scores: &[f64]) -> Option<String> {
    let rows = split.test_rows.iter().zip(&split.test_labels).zip(scores);
    let normals = rows.filter(|((_, label), _)| **label == Label::Normal);
    let (places, scores): (Vec<f64>, Vec<f64>) = normals
        .map(|((row, _), score)| (*row as f64, *score))
        .unzip();
    if protocol != Protocol::Semi || places.len() < FEWEST {
        return None;
    }
    let found = metrics::spearman(&places, &scores).ok()?;
    // Of independent places it has this standard deviation.
    let chance = 1.0 / ((places.len() - 1) as f64).sqrt();
    (found.abs() >= IN_ORDER.max(4.0 * chance)).then(|| {
        format!(
            "the order of the file matters: the scores of held-out normal rows go along with their place in it \
             (Spearman {found:.2}), and `semi` trains on the first half; `semi-random` draws it"
        )
    })
}

#[cfg(test)]
mod tests {
    use datasets::{Data, Dataset};
    use ndarray::Array2;

    use super::*;

    #[test]
    fn a_file_in_order_is_told_where_the_protocol_goes_by_it() {
        let n = 200;
        let x = Array2::from_shape_fn((n, 1), |(i, _)| i as f32);
        let label = |i: usize| [Label::Normal, Label::Anomaly][usize::from(i % 10 == 9)];
        let labels = (0..n).map(label).collect();
        let set = Dataset::new("s", Data::Rows(x), labels).unwrap();
        let warning = |protocol: Protocol, score: fn(usize) -> f64| {
            let split = protocol.split(&set, 0).unwrap();
            let scores: Vec<f64> = split.test_rows.iter().map(|&row| score(row)).collect();
            order(protocol, &split, &scores)
        };
        let drift = |row: usize| row as f64 + 40.0 * (row as f64 * 0.7).sin();
        let found = warning(Protocol::Semi, drift).unwrap();
        assert!(found.contains("semi-random"), "{found}");
        assert_eq!(warning(Protocol::SemiRandom, drift), None);
        assert_eq!(
            warning(Protocol::Semi, |row| (row as f64 * 0.7).sin()),
            None
        );
    }

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
