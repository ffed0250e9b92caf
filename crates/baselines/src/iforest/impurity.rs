/// The variance of made-up targets over one node, summed term by term as scikit-learn's `MSE`
/// criterion sums it.
///
/// scikit-learn grows isolation trees as regression trees towards uniform random targets. These have
/// no say in where a node is split, but a node whose targets happen to agree to within rounding, about
/// one in ten million, is not split at all. Without that, trees would differ from its own once in a
/// few thousand forests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    n: f64,
    sum: f64,
    squares: f64,
}

/// What a split leaves on both sides, and what it gains.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) improvement: f64,
}

impl Node {
    /// Of `targets` in the order of the node's rows.
    pub(super) fn new(targets: impl ExactSizeIterator<Item = f64>) -> Self {
        let n = targets.len() as f64;
        let (mut sum, mut squares) = (0.0, 0.0);
        for y in targets {
            sum += y;
            squares += y * y;
        }
        Self { n, sum, squares }
    }

    /// The variance.
    pub(super) fn impurity(&self) -> f64 {
        self.squares / self.n - (self.sum / self.n).powi(2)
    }

    /// Of the node, whose `targets` are now in the order after the split and whose impurity is
    /// `impurity`, at position `middle`, in a tree of `n_total` rows.
    pub(super) fn split(
        &self,
        targets: &[f64],
        middle: usize,
        impurity: f64,
        n_total: usize,
    ) -> Split {
        let (first, second) = targets.split_at(middle);
        // The shorter side is summed and the other is what remains.
        let sum_left = if first.len() <= second.len() {
            first.iter().sum()
        } else {
            second.iter().rev().fold(self.sum, |sum, y| sum - y)
        };
        let squares_left: f64 = first.iter().map(|y| y * y).sum();
        let (n_left, n_right) = (first.len() as f64, second.len() as f64);
        let left = squares_left / n_left - (sum_left / n_left).powi(2);
        let right =
            (self.squares - squares_left) / n_right - ((self.sum - sum_left) / n_right).powi(2);
        let remaining = impurity - n_right / self.n * right - n_left / self.n * left;
        Split {
            left,
            right,
            improvement: self.n / n_total as f64 * remaining,
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn a_split_leaves_the_variances_of_its_sides() {
        let targets = [0.1, 0.4, 0.2, 0.9, 0.7];
        let node = Node::new(targets.into_iter());
        // numpy.var of the whole and of the sides; a few roundings of numbers near one.
        assert_relative_eq!(node.impurity(), 0.0904, max_relative = 1e-12);
        let short = node.split(&targets, 2, node.impurity(), 10);
        assert_relative_eq!(short.left, 0.0225, max_relative = 1e-12);
        assert_relative_eq!(short.right, 0.08666666666666667, max_relative = 1e-12);
        let gain = 0.5 * (0.0904 - 0.4 * 0.0225 - 0.6 * 0.08666666666666667);
        assert_relative_eq!(short.improvement, gain, max_relative = 1e-12);
        let long = node.split(&targets, 4, node.impurity(), 10);
        assert_relative_eq!(long.left, 0.095, max_relative = 1e-12);
        assert!(long.right.abs() < 1e-15);
    }
}
