use neighbours::Nearest;

/// The neighbour whose distance sets the scale.
pub(crate) const RANK: usize = 5;

/// `s₀ = max(median r, mean r/10, 10⁻⁶)/√d`, with `r` the distance of each training row to its fifth
/// nearest other, or to the last where there are fewer. The mean gives a scale to rows of
/// which most are duplicates.
pub(crate) fn noise_level(nearest: &Nearest, n: usize, d: usize) -> f64 {
    noise_level_above(LEAST, nearest, n, d)
}

/// The 10⁻⁶ for rows that vary by about 1.
pub(crate) const LEAST: f64 = 1e-6;

/// The same with another number in place of the 10⁻⁶.
pub(crate) fn noise_level_above(least: f64, nearest: &Nearest, n: usize, d: usize) -> f64 {
    let rank = RANK.min(nearest.k());
    let mut r: Vec<f64> = (0..n)
        .map(|i| nearest.squared_distances(i)[rank - 1].sqrt())
        .collect();
    r.sort_unstable_by(f64::total_cmp);
    let median = (r[(n - 1) / 2] + r[n / 2]) / 2.0;
    let mean = r.iter().sum::<f64>() / n as f64;
    median.max(mean / 10.0).max(least) / (d as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use detector::Silent;
    use ndarray::Array2;
    use neighbours::Neighbours;

    use super::*;

    fn level(x: &Array2<f32>) -> f64 {
        let nearest = Neighbours::new(x.view()).nearest_of_own(20, &Silent);
        noise_level(&nearest.unwrap(), x.nrows(), x.ncols())
    }

    #[test]
    fn it_is_the_median_distance_to_the_fifth() {
        // Whole numbers: an inner one has its fifth nearest other three away; four columns alike
        // double every distance, which √d takes back.
        let line = Array2::from_shape_fn((40, 4), |(i, _)| i as f32);
        assert_eq!(level(&line), 3.0);
    }

    #[test]
    fn duplicates_leave_a_tenth_of_the_mean_and_equal_rows_a_millionth() {
        let mut x = Array2::zeros((20, 1));
        x[(0, 0)] = 40.0;
        assert_eq!(level(&x), 40.0 / 20.0 / 10.0);
        assert_eq!(level(&Array2::ones((20, 1))), 1e-6);
    }

    #[test]
    fn with_few_rows_the_last_other_counts() {
        let x = Array2::from_shape_fn((3, 1), |(i, _)| i as f32);
        assert_eq!(level(&x), 2.0); // 2, 1, 2
    }
}
