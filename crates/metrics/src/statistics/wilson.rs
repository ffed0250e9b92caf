use super::Interval;
use super::error::{StatisticsError, check_count, check_open};
use super::interval::normal_width;

/// Interval for a share, such as a false-positive rate, from its counts by Wilson (1927). It has a width for
/// a share of 0 and of 1 too.
///
/// # Formula
/// `(p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)`, p = `hits`/n, n = `rows`, z the normal quantile
/// `(1 + level)/2`.
///
/// # Errors
/// [`StatisticsError`] where there is no row, there are more hits than rows, or `level` is outside (0, 1).
pub fn wilson_interval(hits: usize, rows: usize, level: f64) -> Result<Interval, StatisticsError> {
    check_open("level", level)?;
    check_count("rows", rows, 1)?;
    let n = rows as f64;
    let p = hits as f64 / n;
    if hits > rows {
        return Err(StatisticsError::Probability {
            name: "the share",
            value: p,
            range: "from 0 to 1",
        });
    }
    let z = normal_width(level);
    let (square, scale) = (z * z / n, 1.0 + z * z / n);
    let middle = (p + square / 2.0) / scale;
    let reach = z * (p * (1.0 - p) / n + square / (4.0 * n)).sqrt() / scale;
    // The ends are those of the range where the share is, which rounding would miss.
    Ok(Interval {
        estimate: p,
        low: if hits == 0 { 0.0 } else { middle - reach },
        high: if hits == rows { 1.0 } else { middle + reach },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_intervals() {
        // Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
        let published = [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ];
        for (hits, rows, low, high) in published {
            let found = wilson_interval(hits, rows, 0.95).unwrap();
            assert!((found.low - low).abs() < 5e-5, "{hits}/{rows}: {found:?}");
            assert!((found.high - high).abs() < 5e-5, "{hits}/{rows}: {found:?}");
        }
    }

    #[test]
    fn hits_and_misses_mirror_each_other() {
        for (hits, rows) in [(0, 1), (3, 7), (50, 50), (999, 100_000)] {
            let of = |hits| wilson_interval(hits, rows, 0.9).unwrap();
            let (one, other) = (of(hits), of(rows - hits));
            assert!((one.low + other.high - 1.0).abs() < 1e-12);
            assert!((one.high + other.low - 1.0).abs() < 1e-12);
            assert!(one.low <= one.estimate && one.estimate <= one.high && one.low < one.high);
        }
    }

    #[test]
    fn undefined_is_an_error() {
        assert!(wilson_interval(0, 0, 0.95).is_err());
        assert!(wilson_interval(2, 1, 0.95).is_err());
        assert!(wilson_interval(1, 2, 1.0).is_err());
    }
}
