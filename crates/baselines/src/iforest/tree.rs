use std::ops::Range;

use detector::Number;

/// Rows that walk one tree side by side, to hide the latency of each step behind the others.
const LANES: usize = 8;

/// One isolation tree, flat: node 0 is the root, the children of a node lie next to each other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree<T> {
    nodes: Vec<Node<T>>,
    /// For each node that is a leaf, `h` of the rows that end there.
    path_lengths: Vec<f64>,
    /// Steps after which every row stands on a leaf.
    depth: usize,
}

/// A row goes to node `left` where its value is at most `threshold`, else to `left + 1`. A leaf leads
/// to itself: its threshold is infinite. So the walk needs no branch.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node<T> {
    threshold: T,
    column: u32,
    left: u32,
}

/// The nodes of trees, one tree after the other, as lists. Children count from the first node of their
/// tree.
#[derive(Debug, Default)]
pub(super) struct Nodes<T> {
    pub(super) thresholds: Vec<T>,
    pub(super) columns: Vec<u32>,
    pub(super) left: Vec<u32>,
    pub(super) path_lengths: Vec<f64>,
}

impl<T: Number> Tree<T> {
    /// The tree of the nodes in `range`, for rows of `width` columns. `None` unless the children of each split
    /// come after it, so that a walk cannot loop, each leaf leads to itself, and no node is deeper than
    /// `max_depth`. All lists are as long as `range` needs.
    pub(super) fn of_nodes(
        all: &Nodes<T>,
        range: Range<usize>,
        width: u32,
        max_depth: usize,
    ) -> Option<Self> {
        let path_lengths = all.path_lengths[range.clone()].to_vec();
        if range.is_empty() || !path_lengths.iter().all(|h| h.is_finite() && *h >= 0.0) {
            return None;
        }
        let mut depths = vec![0; range.len()];
        let mut nodes = Vec::with_capacity(range.len());
        for (i, at) in range.enumerate() {
            let node = Node {
                threshold: all.thresholds[at],
                column: all.columns[at],
                left: all.left[at],
            };
            let left = node.left as usize;
            let is_leaf = left == i && node.threshold == T::infinity();
            let is_split = left > i && left + 1 < depths.len() && node.threshold.is_finite();
            if node.column >= width || !(is_leaf || is_split) {
                return None;
            }
            if is_split {
                let depth = depths[i] + 1;
                for child in &mut depths[left..=left + 1] {
                    *child = depth.max(*child);
                }
            }
            nodes.push(node);
        }
        let depth = depths.into_iter().max().unwrap_or_default();
        (depth <= max_depth).then_some(Self {
            nodes,
            path_lengths,
            depth,
        })
    }

    /// Appends the nodes to those of other trees and returns their number.
    pub(super) fn add_nodes(&self, all: &mut Nodes<T>) -> u32 {
        all.thresholds
            .extend(self.nodes.iter().map(|node| node.threshold));
        all.columns
            .extend(self.nodes.iter().map(|node| node.column));
        all.left.extend(self.nodes.iter().map(|node| node.left));
        all.path_lengths.extend(&self.path_lengths);
        self.nodes.len() as u32
    }

    /// A tree that is one leaf, with room for the nodes that `n_rows` rows can need.
    pub(super) fn new(n_rows: usize) -> Self {
        let mut tree = Self {
            nodes: Vec::with_capacity(2 * n_rows),
            path_lengths: Vec::with_capacity(2 * n_rows),
            depth: 0,
        };
        tree.push_leaf();
        tree
    }

    /// Turns leaf `node` into a split and returns its left child; the right one follows it.
    pub(super) fn split(&mut self, node: usize, column: usize, threshold: T) -> usize {
        let left = self.nodes.len();
        self.push_leaf();
        self.push_leaf();
        self.nodes[node] = Node {
            threshold,
            column: column as u32,
            left: left as u32,
        };
        left
    }

    /// Settles that `node`, at `depth`, is a leaf with `n_rows` training rows.
    pub(super) fn close(&mut self, node: usize, depth: usize, n_rows: usize) {
        // Summed as scikit-learn sums, which counts the depth from 1: the last bit depends on it.
        let from_one = (depth + 1) as f64;
        self.path_lengths[node] = from_one + average_path_length(n_rows) - 1.0;
        self.depth = self.depth.max(depth);
    }

    /// Adds `h(x)` of each row, `[m, d]` flat, to `sums`, `[m]`.
    pub(super) fn add_path_lengths(&self, rows: &[T], d: usize, sums: &mut [f64]) {
        for (rows, sums) in rows.chunks(LANES * d).zip(sums.chunks_mut(LANES)) {
            let mut at = [0u32; LANES];
            for _ in 0..self.depth {
                for (row, at) in rows.chunks_exact(d).zip(&mut at) {
                    let node = self.nodes[*at as usize];
                    let right = row[node.column as usize] > node.threshold;
                    *at = node.left + u32::from(right);
                }
            }
            for (sum, at) in sums.iter_mut().zip(at) {
                *sum += self.path_lengths[at as usize];
            }
        }
    }

    fn push_leaf(&mut self) {
        self.nodes.push(Node {
            threshold: T::infinity(),
            column: 0,
            left: self.nodes.len() as u32,
        });
        self.path_lengths.push(0.0);
    }
}

/// The depth at which trees of `sample_size` rows end.
pub(super) fn max_depth(sample_size: usize) -> usize {
    sample_size.next_power_of_two().ilog2() as usize
}

/// `c(n)`: the mean depth at which a search in a binary tree of `n` random keys fails.
pub(super) fn average_path_length(n: usize) -> f64 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let n = n as f64;
            2.0 * ((n - 1.0).ln() + std::f64::consts::EULER_GAMMA) - 2.0 * (n - 1.0) / n
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn a_row_walks_to_its_leaf() {
        let mut tree = Tree::new(4);
        let left = tree.split(0, 1, 2.5);
        tree.close(left, 1, 1);
        let right = tree.split(left + 1, 0, -1.0);
        tree.close(right, 2, 1);
        tree.close(right + 1, 2, 2);
        // Nine rows, so that one is left over after a full set of lanes; values on a threshold.
        let mut rows = [[0.0, 2.5], [-1.0, 3.0], [0.0, 3.0]].repeat(3);
        rows.swap(0, 8);
        let mut sums = vec![10.0; 9];
        tree.add_path_lengths(rows.as_flattened(), 2, &mut sums);
        let expected = [13.0, 12.0, 13.0, 11.0, 12.0, 13.0, 11.0, 12.0, 11.0];
        assert_eq!(sums, expected);
    }

    #[test]
    fn average_path_lengths_are_those_of_scikit_learn() {
        // sklearn.ensemble._iforest._average_path_length([3, 5, 256]), scikit-learn 1.9.1.
        for (n, expected) in [
            (3, 1.207392357589623),
            (5, 2.327020052042847),
            (256, 10.244770920119917),
        ] {
            // One rounding of the logarithm.
            assert_relative_eq!(average_path_length(n), expected, max_relative = 1e-15);
        }
        assert_eq!([0, 1, 2].map(average_path_length), [0.0, 0.0, 1.0]);
    }
}
