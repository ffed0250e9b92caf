/// Points of a curve at most, evenly spaced on a logarithmic scale.
const MOST: usize = 64;

/// How p-values of normal rows are distributed: pairs of t and the share of them at or below t, t ascending
/// from `1/(n + 1)` to 1 through values that p-values of `n` calibration rows can have, 64 of them at most.
///
/// Where p-values hold, the share is at most t but for chance; where the normal rows are unlike the
/// calibration rows it is larger. Empty without p-values.
pub fn p_value_curve(p_values: &[f64], n: usize) -> Vec<(f64, f64)> {
    if p_values.is_empty() {
        return Vec::new();
    }
    let mut sorted = p_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let all = (n + 1) as f64;
    let mut ranks: Vec<usize> = (0..MOST)
        .map(|i| all.powf(i as f64 / (MOST - 1) as f64).round() as usize)
        .collect();
    ranks.dedup();
    let share = |t: f64| sorted.partition_point(|&p| p <= t) as f64 / sorted.len() as f64;
    // The same quotient as in a p-value, so that equal ones compare as equal.
    let at = |rank: usize| rank as f64 / all;
    ranks.into_iter().map(|k| (at(k), share(at(k)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_that_hold_lie_on_the_diagonal() {
        // Each of the values that four calibration rows allow, once.
        let p_values = [0.8, 0.2, 1.0, 0.6, 0.4];
        let expected = [(0.2, 0.2), (0.4, 0.4), (0.6, 0.6), (0.8, 0.8), (1.0, 1.0)];
        assert_eq!(p_value_curve(&p_values, 4), expected);
    }

    #[test]
    fn shares_count_the_values_at_or_below() {
        let curve = p_value_curve(&[0.2, 0.2, 0.2, 1.0], 4);
        let shares: Vec<f64> = curve.iter().map(|&(_, share)| share).collect();
        assert_eq!(shares, [0.75, 0.75, 0.75, 0.75, 1.0]);
        assert_eq!(p_value_curve(&[0.5], 1), [(0.5, 1.0), (1.0, 1.0)]);
        assert_eq!(p_value_curve(&[], 4), []);
    }

    #[test]
    fn many_calibration_rows_give_few_points_over_all_decades() {
        let n = 99_999;
        let p_values: Vec<f64> = (1..=1000).map(|i| f64::from(i) / 1000.0).collect();
        let curve = p_value_curve(&p_values, n);
        assert!((50..=MOST).contains(&curve.len()), "{}", curve.len());
        assert_eq!(curve.first(), Some(&(1e-5, 0.0)));
        assert_eq!(curve.last(), Some(&(1.0, 1.0)));
        assert!(
            curve
                .iter()
                .all(|&(t, share)| share <= t + 1e-12 && share > t - 1e-3)
        );
        assert!(
            curve
                .windows(2)
                .all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1)
        );
    }
}
