//! Numbers in sentences.

/// With a minus that is as wide as the plus.
pub(crate) fn signed(points: f64) -> String {
    format!("{points:+.2}").replace('-', "−")
}

/// “1 cell”, “2 cells”.
pub(crate) fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        _ => format!("{n} {what}s"),
    }
}

/// “p = 0.012”.
pub(crate) fn probability(p: f64) -> String {
    match p {
        p if p < 0.001 => "p below 0.001".to_owned(),
        p => format!("p = {p:.3}"),
    }
}
