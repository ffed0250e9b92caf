/// Ranks from 1 for the lowest value; tied values share the mean of their ranks. −0 and 0 tie. The
/// values are finite.
pub(crate) fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    // By `==`, so that the two zeros tie.
    for tied in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        for &i in tied {
            ranks[i] = rank;
        }
        before += tied.len();
    }
    ranks
}

/// `Σ (t³ − t)` over the groups of t equal ranks, what ties take from the spread of the ranks.
pub(crate) fn ties(ranks: &[f64]) -> f64 {
    let mut sorted = ranks.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cubes = sorted.chunk_by(|a, b| a == b).map(|tied| {
        let t = tied.len() as f64;
        t * (t * t - 1.0)
    });
    cubes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_the_mean_rank() {
        let ranks = midranks(&[3.0, -0.0, 7.0, 3.0, 0.0, 3.0]);
        assert_eq!(ranks, [4.0, 1.5, 6.0, 4.0, 1.5, 4.0]);
        assert_eq!(ties(&ranks), 6.0 + 24.0);
        assert_eq!(midranks(&[]), [0.0; 0]);
    }
}
