//! The trees of scikit-learn 1.9, draw for draw (`ensemble/_iforest.py`, `ensemble/_bagging.py`,
//! `tree/_splitter.pyx`, `tree/_partitioner.pyx`, `tree/_tree.pyx`, `utils/_random.pyx`).

use std::collections::HashSet;

use ndarray::ArrayView2;
use numpy_random::RandomState;

use super::fast::partition;
use super::impurity;
use super::tree::{Tree, max_depth};

/// The range of the seeds of trees and of their xorshift generators: the largest `int32`.
const MAX_INT: u32 = 2_147_483_647;
/// Columns whose values in a node lie closer than this count as constant.
const FEATURE_THRESHOLD: f32 = 1e-7;

/// What a forest draws before its trees: NumPy's stream of one seed gives each row a target, and
/// each tree a seed: the same stream further on, or from its start.
pub(super) struct Draws {
    targets: Vec<f64>,
    seeds: Vec<u32>,
}

/// A node that waits to be split.
struct Open {
    node: usize,
    depth: usize,
    start: usize,
    end: usize,
    impurity: f64,
    n_constant: usize,
}

impl Draws {
    /// For a forest of `n_trees` on `n` rows; `restarts` where the trees draw from the start of the stream.
    pub(super) fn new(seed: u32, n: usize, n_trees: usize, restarts: bool) -> Self {
        let mut state = RandomState::new(seed);
        let targets = (0..n).map(|_| state.random_sample()).collect();
        if restarts {
            state = RandomState::new(seed);
        }
        Self {
            targets,
            seeds: (0..n_trees).map(|_| below_max_int(&mut state)).collect(),
        }
    }

    /// Grows tree number `tree` on `sample_size` of the rows of `x`.
    pub(super) fn grow(
        &self,
        x: ArrayView2<'_, f32>,
        sample_size: usize,
        tree: usize,
    ) -> Tree<f32> {
        // The same seed serves twice: for the rows, and for the seed of the tree's own state.
        let seed = self.seeds[tree];
        let mut rows =
            sample_without_replacement(&mut RandomState::new(seed), x.nrows(), sample_size);
        rows.sort_unstable(); // rows are chosen by weights 0 and 1, which keep their order
        let mut state = RandomState::new(below_max_int(&mut RandomState::new(seed)));
        let splitter = Splitter {
            x,
            columns: (0..x.ncols()).collect(),
            constant: vec![0; x.ncols()],
            values: vec![0.0; sample_size],
            xorshift: Xorshift(below_max_int(&mut state)),
        };
        self.build(splitter, rows)
    }

    /// Depth first, left before right.
    fn build(&self, mut splitter: Splitter<'_>, mut rows: Vec<usize>) -> Tree<f32> {
        let n_total = rows.len();
        let max_depth = max_depth(n_total);
        let mut targets = vec![0.0; n_total];
        let target = |row: &usize| self.targets[*row];

        let mut tree = Tree::new(n_total);
        let mut stack = vec![Open {
            node: 0,
            depth: 0,
            start: 0,
            end: n_total,
            impurity: impurity::Node::new(rows.iter().map(target)).impurity(),
            n_constant: 0,
        }];
        while let Some(mut open) = stack.pop() {
            let rows = &mut rows[open.start..open.end];
            let n = rows.len();
            if open.depth >= max_depth || n < 2 || open.impurity <= f64::EPSILON {
                tree.close(open.node, open.depth, n);
                continue;
            }
            let node = impurity::Node::new(rows.iter().map(target));
            let Some((column, threshold, middle)) = splitter.split(rows, &mut open.n_constant)
            else {
                tree.close(open.node, open.depth, n);
                continue;
            };
            let targets = &mut targets[..n];
            for (slot, row) in targets.iter_mut().zip(&*rows) {
                *slot = target(row);
            }
            let split = node.split(targets, middle, open.impurity, n_total);
            if split.improvement + f64::EPSILON < 0.0 {
                tree.close(open.node, open.depth, n);
                continue;
            }
            let left = tree.split(open.node, column, threshold);
            let middle = open.start + middle;
            for (node, start, end, impurity) in [
                (left + 1, middle, open.end, split.right),
                (left, open.start, middle, split.left),
            ] {
                stack.push(Open {
                    node,
                    depth: open.depth + 1,
                    start,
                    end,
                    impurity,
                    n_constant: open.n_constant,
                });
            }
        }
        tree
    }
}

struct Splitter<'a> {
    x: ArrayView2<'a, f32>,
    /// A permutation of the columns that all nodes share.
    columns: Vec<usize>,
    /// The constant columns on the way to the current node, in the order they were found.
    constant: Vec<usize>,
    values: Vec<f32>,
    xorshift: Xorshift,
}

impl Splitter<'_> {
    /// Draws a column that varies over `rows` and a threshold, and moves the rows at or below it to
    /// the front. Returns both and the number of those rows; `None` where all columns are constant.
    /// `n_constant` goes in as the number the parent knew and comes out with those found here.
    ///
    /// Columns known to be constant are drawn as well and set aside, so a draw is a draw from what
    /// is left of the permutation:
    /// known and drawn | known | found here | not drawn.
    fn split(&mut self, rows: &mut [usize], n_constant: &mut usize) -> Option<(usize, f32, usize)> {
        let d = self.columns.len();
        let n_known = *n_constant;
        let (mut n_drawn, mut n_found) = (0, 0);
        let mut split = None;
        while split.is_none() && n_known + n_found < d {
            let j = self.xorshift.range(n_drawn, d - n_found);
            if j < n_known {
                self.columns.swap(n_drawn, j);
                n_drawn += 1;
                continue;
            }
            let j = j + n_found;
            let column = self.columns[j];
            let values = &mut self.values[..rows.len()];
            let (min, max) = gather(self.x, rows, column, values);
            if max <= min + FEATURE_THRESHOLD {
                self.columns.swap(j, n_known + n_found);
                n_found += 1;
                continue;
            }
            self.columns.swap(j, d - 1);
            let threshold = self.xorshift.threshold(min, max);
            split = Some((column, threshold, partition(rows, values, threshold)));
        }
        // What was known keeps its order for the sibling; what is new is kept for the children.
        self.columns[..n_known].copy_from_slice(&self.constant[..n_known]);
        *n_constant += n_found;
        self.constant[n_known..*n_constant].copy_from_slice(&self.columns[n_known..*n_constant]);
        split
    }
}

fn gather(x: ArrayView2<'_, f32>, rows: &[usize], column: usize, values: &mut [f32]) -> (f32, f32) {
    let (mut min, mut max) = (f32::INFINITY, f32::NEG_INFINITY);
    for (value, &row) in values.iter_mut().zip(rows) {
        *value = x[[row, column]];
        min = min.min(*value);
        max = max.max(*value);
    }
    (min, max)
}

/// The 32-bit xorshift of Marsaglia 2003, cut to 31 bits.
struct Xorshift(u32);

impl Xorshift {
    fn next(&mut self) -> u32 {
        if self.0 == 0 {
            self.0 = 1;
        }
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 & MAX_INT
    }

    /// An index in `low..high`, by remainder.
    fn range(&mut self, low: usize, high: usize) -> usize {
        low + self.next() as usize % (high - low)
    }

    /// A threshold from `min` up to but not at `max`. scikit-learn keeps it in f64; rounded down to
    /// f32 it parts all f32 values alike.
    fn threshold(&mut self, min: f32, max: f32) -> f32 {
        let (low, high) = (f64::from(min), f64::from(max));
        let threshold = (high - low) * f64::from(self.next()) / f64::from(MAX_INT) + low;
        if threshold == high {
            return min;
        }
        let rounded = threshold as f32;
        if f64::from(rounded) > threshold {
            rounded.next_down()
        } else {
            rounded
        }
    }
}

/// `randint(0, 2**31 - 1)`.
fn below_max_int(state: &mut RandomState) -> u32 {
    state.interval(u64::from(MAX_INT) - 1) as u32
}

/// `sklearn.utils.random.sample_without_replacement(n, size)`, which has a method for each ratio.
fn sample_without_replacement(state: &mut RandomState, n: usize, size: usize) -> Vec<usize> {
    let mut index = |max: usize| state.interval(max as u64) as usize;
    let ratio = size as f64 / n as f64;
    if ratio > 0.01 && ratio < 0.99 {
        let mut rows = state.permutation(n);
        rows.truncate(size);
        rows
    } else if ratio < 0.2 {
        let mut seen = HashSet::with_capacity(size);
        let mut rows = Vec::with_capacity(size);
        while rows.len() < size {
            let row = index(n - 1);
            if seen.insert(row) {
                rows.push(row);
            }
        }
        rows
    } else {
        let mut rows: Vec<usize> = (0..size).collect();
        for row in size..n {
            let slot = index(row);
            if slot < size {
                rows[slot] = row;
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn xorshift_walks_as_in_scikit_learn() {
        // sklearn.utils._random._our_rand_r_py(seed) for 0, 1 and 2**32 - 1, scikit-learn 1.9.1.
        let draws = [0, 1, u32::MAX].map(|seed| Xorshift(seed).next());
        assert_eq!(draws, [270369, 270369, 253983]);
    }

    #[test]
    fn rows_whose_targets_agree_stay_together() {
        let x = array![[0.0f32], [1.0], [10.0], [11.0]];
        let path_lengths = |targets: [f64; 4]| {
            let draws = Draws {
                targets: targets.to_vec(),
                seeds: vec![3],
            };
            let mut sums = vec![0.0; 4];
            let tree = draws.grow(x.view(), 4, 0);
            tree.add_path_lengths(x.as_slice().unwrap(), 1, &mut sums);
            sums
        };
        assert!(path_lengths([0.1, 0.4, 0.3, 0.9]).contains(&2.0));
        let c_4 = super::super::tree::average_path_length(4);
        assert_eq!(path_lengths([0.5; 4]), [1.0 + c_4 - 1.0; 4]);
    }
}
