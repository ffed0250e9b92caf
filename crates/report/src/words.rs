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

/// “0.8 s”, “42 s”, “9 min 3 s”, “2 h 5 min”.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_units_of_their_size() {
        let texts = [0.84, 9.96, 59.6, 543.0, 7530.0].map(duration);
        assert_eq!(
            texts,
            ["0.8 s", "10 s", "1 min 0 s", "9 min 3 s", "2 h 5 min"]
        );
    }
}
