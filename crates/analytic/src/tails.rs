use detector::{State, StateError};
use ndarray::{Array2, Axis};

/// Of more training rows than these not every key is kept, so that memory stays small beside the rows.
const EXACT: usize = 20_000;
/// Of those, two ranks that are kept differ by a thousandth at most: a logarithm is off by no more.
const FINE: usize = 1024;

/// Tail probabilities of the keys of `n` training rows, for each of several groups of columns.
///
/// `t(v) = #{a_i ≥ v − 10⁻⁹|v| − 10⁻¹⁵}`, so that keys that differ by rounding are equal.
#[derive(Debug)]
pub(crate) struct Tails {
    n: usize,
    /// The ranks that are kept, from the largest key, ascending.
    ranks: Vec<usize>,
    /// `[groups, ranks]`, descending.
    keys: Array2<f64>,
}

impl Tails {
    /// Of no keys yet.
    pub(crate) fn new(n: usize, groups: usize) -> Self {
        let ranks = ranks(n);
        let keys = Array2::zeros((groups, ranks.len()));
        Self { n, ranks, keys }
    }

    /// Those of the keys of the training rows that are kept.
    pub(crate) fn kept(&self, mut keys: Vec<f64>) -> Vec<f64> {
        keys.sort_unstable_by(|a, b| b.total_cmp(a));
        self.ranks.iter().map(|rank| keys[rank - 1]).collect()
    }

    /// Sets the [`kept`](Self::kept) keys of a group.
    pub(crate) fn set(&mut self, group: usize, kept: Vec<f64>) {
        for (to, key) in self.keys.row_mut(group).iter_mut().zip(kept) {
            *to = key;
        }
    }

    /// `−ln(t/(n + 1))` of a training row, which counts itself.
    pub(crate) fn of_own(&self, kept: &[f64], key: f64) -> f64 {
        -(self.reached(kept, key) as f64 / (self.n + 1) as f64).ln()
    }

    /// `−ln((1 + t)/(n + 1))` of another row.
    pub(crate) fn of_new(&self, group: usize, key: f64) -> f64 {
        let kept = self.keys.index_axis(Axis(0), group);
        let kept = kept.to_slice().unwrap_or_default();
        -((1 + self.reached(kept, key)) as f64 / (self.n + 1) as f64).ln()
    }

    fn reached(&self, kept: &[f64], key: f64) -> usize {
        let least = key - 1e-9 * key.abs() - 1e-15;
        match kept.partition_point(|a| *a >= least) {
            0 => 0,
            count => self.ranks[count - 1],
        }
    }

    /// `state` with its keys as `name`.
    pub(crate) fn store(&self, state: State, name: &str) -> State {
        state.with_array(name, &self.keys)
    }

    /// # Errors
    /// [`StateError`] for keys of another number of rows or groups, or out of order.
    pub(crate) fn restore(
        n: usize,
        groups: usize,
        state: &State,
        name: &str,
    ) -> Result<Self, StateError> {
        let ranks = ranks(n);
        let keys: Array2<f64> = state.finite(name, (groups, ranks.len()))?;
        let descends = |row: ndarray::ArrayView1<'_, f64>| row.iter().is_sorted_by(|a, b| a >= b);
        match keys.outer_iter().all(descends) {
            true => Ok(Self { n, ranks, keys }),
            false => Err(state.wrong(name, "expected in descending order")),
        }
    }
}

fn ranks(n: usize) -> Vec<usize> {
    let step = |rank: usize| match n > EXACT {
        true => (rank / FINE).max(1),
        false => 1,
    };
    let ranks = std::iter::successors(Some(1), |rank| {
        (*rank < n).then(|| (rank + step(*rank)).min(n))
    });
    ranks.collect()
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn keys_are_counted_from_above_and_rounding_is_not_seen() {
        let mut tails = Tails::new(4, 1);
        let kept = tails.kept(vec![0.5, 2.0, -0.25, 2.0]);
        assert_eq!(kept, [2.0, 2.0, 0.5, -0.25]);
        for (key, t) in [(2.0, 2.0), (0.5, 3.0), (-0.25, 4.0)] {
            assert_relative_eq!(tails.of_own(&kept, key), -(t / 5.0f64).ln());
        }
        tails.set(0, kept);
        for (key, t) in [
            (3.0, 0.0),
            (2.0 + 1e-9, 2.0),
            (2.0 + 3e-9, 0.0),
            (0.6, 2.0),
            (-0.25 + 1e-10, 4.0),
            (-1.0, 4.0),
        ] {
            assert_relative_eq!(tails.of_new(0, key), -((1.0 + t) / 5.0f64).ln());
        }
    }

    #[test]
    fn of_many_rows_a_logarithm_is_off_by_a_thousandth_at_most() {
        let n = 300_000;
        let mut tails = Tails::new(n, 1);
        let kept = tails.kept((0..n).map(|i| i as f64).collect());
        assert!(kept.len() < 8_000, "{}", kept.len());
        tails.set(0, kept);
        for reached in (0..n).step_by(997) {
            let exact = -((1 + reached) as f64 / (n + 1) as f64).ln();
            let found = tails.of_new(0, (n - reached) as f64 - 0.5);
            assert!((found - exact).abs() <= 1.0 / 1024.0, "{reached}");
        }
        // All of the tail.
        let tail = tails.of_new(0, n as f64 - 1000.5);
        assert_eq!(tail, -(1001.0 / (n + 1) as f64).ln());
    }
}
