use std::num::NonZeroU32;

use detector::{DetectorError, Input, Number, Progress, Scorer, State, StateError};
use ndarray::Array1;
use rayon::prelude::*;

use super::tree::{Nodes, Tree, average_path_length, max_depth};

/// Rows that walk the trees together: small enough to stay in the second-level cache at a few hundred
/// columns, many enough to pay for fetching a tree.
const BLOCK: usize = 64;

/// A grown forest.
#[derive(Debug)]
pub(super) struct Forest<T> {
    pub(super) trees: Vec<Tree<T>>,
    /// Columns of the training rows.
    pub(super) width: usize,
    pub(super) sample_size: usize,
}

impl<T: Number> Forest<T> {
    /// The forest that was stored. Every tree is checked, so that each walk ends on a leaf.
    pub(super) fn restore(state: &State) -> Result<Self, StateError> {
        let width = state.value::<NonZeroU32>("columns")?.get();
        let sample_size: usize = state.value("sample-size")?;
        // Trees number their nodes, up to two for each row, in 32 bits.
        if !(2..=u32::MAX as usize).contains(&sample_size) {
            return Err(state.wrong("sample-size", format!("{sample_size} rows")));
        }
        let sizes: Vec<u32> = state.list("nodes")?;
        let flat = Nodes {
            thresholds: state.list("thresholds")?,
            columns: state.list("split-columns")?,
            left: state.list("left")?,
            path_lengths: state.list("path-lengths")?,
        };
        let n = flat.thresholds.len();
        let lengths = [flat.columns.len(), flat.left.len(), flat.path_lengths.len()];
        let total: u64 = sizes.iter().map(|size| u64::from(*size)).sum();
        if sizes.is_empty() || total != n as u64 || lengths != [n; 3] {
            let found = format!(
                "{total} in {} trees, and {n} thresholds with {lengths:?} others",
                sizes.len()
            );
            return Err(state.wrong("nodes", found));
        }
        let mut first = 0;
        let trees = sizes.iter().enumerate().map(|(i, size)| {
            let range = first..first + *size as usize;
            first = range.end;
            let tree = Tree::of_nodes(&flat, range, width, max_depth(sample_size));
            tree.ok_or_else(|| state.wrong("nodes", format!("those of tree {i} are not a tree")))
        });
        Ok(Self {
            trees: trees.collect::<Result<_, _>>()?,
            width: width as usize,
            sample_size,
        })
    }
}

impl<T: Number> Scorer for Forest<T> {
    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_like::<T>(self.width)?;
        let x = x.as_standard_layout();
        let normaliser = self.trees.len() as f64 * average_path_length(self.sample_size);
        // Path lengths add up tree by tree for each row, so neither the block a row is in nor the
        // number of threads changes its sum.
        let mut scores = vec![0.0; x.nrows()];
        scores
            .par_chunks_mut(BLOCK)
            .zip(
                x.as_slice()
                    .unwrap_or_default()
                    .par_chunks(BLOCK * self.width),
            )
            .for_each(|(scores, rows)| {
                for tree in &self.trees {
                    tree.add_path_lengths(rows, self.width, scores);
                }
                for score in scores {
                    *score = (-*score / normaliser).exp2();
                }
            });
        Ok(Array1::from_vec(scores))
    }

    fn state(&self) -> Result<State, DetectorError> {
        let mut nodes = Nodes::default();
        let sizes: Vec<u32> = (self.trees.iter())
            .map(|tree| tree.add_nodes(&mut nodes))
            .collect();
        Ok(State::new("iforest", 1)
            .with_value("columns", self.width)
            .with_value("sample-size", self.sample_size)
            .with_list("nodes", &sizes)
            .with_list("thresholds", &nodes.thresholds)
            .with_list("split-columns", &nodes.columns)
            .with_list("left", &nodes.left)
            .with_list("path-lengths", &nodes.path_lengths))
    }
}
