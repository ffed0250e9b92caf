use ndarray::Array2;

use super::scatter::Scatter;

/// Rows whose covariance has a small determinant.
#[derive(Debug, Clone)]
pub(super) struct Estimate {
    pub(super) scatter: Scatter,
    pub(super) log_determinant: f64,
    /// Of each row, squared, as the search saw them last.
    pub(super) distances: Vec<f64>,
}

/// Where a search starts.
pub(super) enum Start<'a> {
    Rows(&'a [usize]),
    Scatter(&'a Scatter),
}

/// Takes the `h` rows nearest to the current mean in the current covariance, again and again, at most
/// `most` times, while the determinant falls (concentration steps of Rousseeuw & Van Driessen 1999).
pub(super) fn concentrate(x: &Array2<f64>, h: usize, most: usize, start: &Start<'_>) -> Estimate {
    let mut scatter = match start {
        Start::Rows(rows) => Scatter::of(x, rows),
        Start::Scatter(scatter) => {
            let (precision, _) = scatter.precision();
            Scatter::of(x, &nearest(&scatter.distances(x, &precision), h))
        }
    };
    let (mut precision, mut log_determinant) = scatter.precision();
    let mut before: Option<Estimate> = None;
    let mut left = most;
    while log_determinant.is_finite()
        && left > 0
        && before
            .as_ref()
            .is_none_or(|b| log_determinant < b.log_determinant)
    {
        let distances = scatter.distances(x, &precision);
        let next = Scatter::of(x, &nearest(&distances, h));
        before = Some(Estimate {
            scatter: std::mem::replace(&mut scatter, next),
            log_determinant,
            distances,
        });
        // The precision of the step before is kept: distances are reported in it, as scikit-learn does.
        let (next_precision, next_log_determinant) = scatter.precision();
        log_determinant = next_log_determinant;
        left -= 1;
        let goes_on = log_determinant.is_finite()
            && left > 0
            && before
                .as_ref()
                .is_some_and(|b| log_determinant < b.log_determinant);
        if goes_on {
            precision = next_precision;
        }
    }
    if let Some(before) = before {
        let rose = log_determinant > before.log_determinant;
        let close = (log_determinant - before.log_determinant).abs()
            <= 1e-8 + 1e-5 * before.log_determinant.abs();
        if rose && !close && left > 0 {
            return before;
        }
    }
    Estimate {
        distances: scatter.distances(x, &precision),
        scatter,
        log_determinant,
    }
}

/// The places of the `h` smallest distances; of equal ones the first.
fn nearest(distances: &[f64], h: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..distances.len()).collect();
    if h < rows.len() {
        let order = |a: &usize, b: &usize| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b));
        rows.select_nth_unstable_by(h - 1, order);
        rows.truncate(h);
    }
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_leave_the_outliers_behind() {
        let mut x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * (3 * j + 5)) % 13) as f64);
        for i in 0..8 {
            x.row_mut(5 * i).fill(300.0 + i as f64);
        }
        let start: Vec<usize> = (0..22).collect();
        let first = Scatter::of(&x, &start).precision().1;
        let found = concentrate(&x, 22, 30, &Start::Rows(&start));
        assert!(found.log_determinant < first);
        assert!((0..8).all(|i| found.distances[5 * i] > 100.0));
    }

    #[test]
    fn of_equal_distances_the_first_are_taken() {
        assert_eq!(nearest(&[1.0, 0.0, 1.0, 1.0], 2), [0, 1]);
        assert_eq!(nearest(&[1.0, 0.0], 2), [0, 1]);
    }
}
