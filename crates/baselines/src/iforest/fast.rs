use std::collections::HashSet;

use detector::Number;
use ndarray::ArrayView2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::tree::{Tree, max_depth};

/// A node that waits to be split.
struct Open {
    node: usize,
    depth: usize,
    start: usize,
    end: usize,
    /// Columns known to be constant here, at the front of the permutation of columns.
    n_constant: usize,
}

/// Grows tree number `stream` of the forest `seed` on `sample_size` of the rows of `x`, which is in
/// standard layout. Reads `x` in place: a tree looks at a few thousand of its values only.
pub(super) fn grow<T: Number>(
    x: ArrayView2<'_, T>,
    sample_size: usize,
    seed: u64,
    stream: u64,
) -> Tree<T> {
    let (n, d) = x.dim();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    let mut rows = sample(&mut rng, n, sample_size);
    let mut values = vec![T::default(); sample_size];
    let mut columns: Vec<usize> = (0..d).collect();
    let max_depth = max_depth(sample_size);

    let mut tree = Tree::new(sample_size);
    let mut stack = vec![Open {
        node: 0,
        depth: 0,
        start: 0,
        end: sample_size,
        n_constant: 0,
    }];
    while let Some(mut open) = stack.pop() {
        let rows = &mut rows[open.start..open.end];
        let values = &mut values[open.start..open.end];
        if rows.len() == 1 || open.depth == max_depth {
            tree.close(open.node, open.depth, rows.len());
            continue;
        }
        // Subtrees share the permutation. They only move columns behind the constant ones they were
        // handed, so the front is still what the parent found when its second child's turn comes.
        let column = loop {
            if open.n_constant == d {
                break None;
            }
            let drawn = open.n_constant + below(&mut rng, d - open.n_constant);
            let column = columns[drawn];
            if let Some(range) = gather(x, rows, column, values) {
                break Some((column, range));
            }
            columns.swap(drawn, open.n_constant);
            open.n_constant += 1;
        };
        let Some((column, (min, max))) = column else {
            tree.close(open.node, open.depth, rows.len());
            continue;
        };
        let threshold = uniform(&mut rng, min, max);
        let middle = open.start + partition(rows, values, threshold);
        let left = tree.split(open.node, column, threshold);
        for (node, start, end) in [(left + 1, middle, open.end), (left, open.start, middle)] {
            stack.push(Open {
                node,
                depth: open.depth + 1,
                start,
                end,
                n_constant: open.n_constant,
            });
        }
    }
    tree
}

/// The `column` of these rows into `values`, and its extremes; `None` where it is constant.
fn gather<T: Number>(
    x: ArrayView2<'_, T>,
    rows: &[usize],
    column: usize,
    values: &mut [T],
) -> Option<(T, T)> {
    let (mut min, mut max) = (T::infinity(), T::neg_infinity());
    for (value, &row) in values.iter_mut().zip(rows) {
        *value = x[[row, column]];
        min = min.min(*value);
        max = max.max(*value);
    }
    (min < max).then_some((min, max))
}

/// Moves the rows at or below `threshold` to the front and returns how many there are.
pub(super) fn partition<T: Number>(rows: &mut [usize], values: &mut [T], threshold: T) -> usize {
    let (mut low, mut high) = (0, rows.len());
    while low < high {
        if values[low] <= threshold {
            low += 1;
        } else {
            high -= 1;
            rows.swap(low, high);
            values.swap(low, high);
        }
    }
    low
}

/// Uniform in `[min, max)`, so that neither side of the split is empty.
fn uniform<T: Number>(rng: &mut ChaCha8Rng, min: T, max: T) -> T {
    let (low, high) = (min.wide(), max.wide());
    let share = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let threshold = T::nearest(low + (high - low) * share);
    if threshold < max { threshold } else { min } // rounding may reach max
}

/// Uniform in `0..n`; off by less than `n` in 2⁶⁴.
fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// `size` different numbers of `0..n`, every set equally likely (Floyd's method: Bentley & Floyd
/// 1987, "Programming pearls: a sample of brilliance").
fn sample(rng: &mut ChaCha8Rng, n: usize, size: usize) -> Vec<usize> {
    if size == n {
        return (0..n).collect();
    }
    let mut seen = HashSet::with_capacity(size);
    (n - size..n)
        .map(|last| {
            let drawn = below(rng, last + 1);
            let row = if seen.insert(drawn) { drawn } else { last };
            seen.insert(row);
            row
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn samples_are_sets_and_cover_all_rows_evenly() {
        let mut counts = [0u32; 10];
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..3000 {
            let mut rows = sample(&mut rng, 10, 4);
            rows.iter().for_each(|&row| counts[row] += 1);
            rows.sort_unstable();
            rows.dedup();
            assert_eq!(rows.len(), 4);
        }
        // Mean 1200, standard deviation √(3000 · 0.4 · 0.6) = 27: five of them.
        assert!(counts.iter().all(|c| c.abs_diff(1200) < 135), "{counts:?}");
    }

    #[test]
    fn a_varying_column_is_found_among_constant_ones() {
        let x = Array2::from_shape_fn((64, 40), |(i, j)| if j == 17 { i as f32 } else { 1.0 });
        let tree = grow(x.view(), 64, 5, 0);
        let mut sums = vec![0.0; 64];
        tree.add_path_lengths(x.as_slice().unwrap(), 40, &mut sums);
        // The ends of a line are cut off sooner than its middle, and no row stays at the root.
        assert!(sums.iter().all(|h| *h >= 1.0));
        assert!(sums[0] + sums[63] < sums[31] + sums[32]);
    }

    proptest! {
        #[test]
        fn every_leaf_of_distinct_values_holds_a_row(seed: u64, n in 2usize..70) {
            // Powers of two as sample sizes end where ⌈log₂ ψ⌉ = log₂ ψ.
            let x = Array2::from_shape_fn((n, 1), |(i, _)| (i * i) as f32);
            let tree = grow(x.view(), n, seed, 0);
            let mut sums = vec![0.0; n];
            tree.add_path_lengths(x.as_slice().unwrap(), 1, &mut sums);
            let max_depth = (n as f64).log2().ceil();
            let longest = max_depth + super::super::tree::average_path_length(n);
            prop_assert!(sums.iter().all(|h| (1.0..=longest).contains(h)));
        }
    }
}
