//! Histograms as `numpy.histogram` makes them.

use std::ops::Range;

use ndarray::{ArrayView2, Axis, Slice};

use super::HbosConfig;

/// The logarithms of the densities of one column.
#[derive(Debug)]
pub(super) struct Densities {
    edges: Vec<f64>,
    /// Bins in one unit of the column.
    per_unit: f64,
    /// `−log₂(h + α)` of each bin.
    scores: Vec<f64>,
    /// Of the least dense bin.
    most: f64,
    /// From where to where the outermost bins count.
    inside: Range<f64>,
}

impl Densities {
    pub(super) fn of(column: &[f64], config: &HbosConfig) -> Self {
        let bins = config.bins.resolve(column);
        let (counts, edges) = count(column, bins);
        let n = column.len() as f64;
        let widths = edges.windows(2).map(|pair| pair[1] - pair[0]);
        let scores: Vec<f64> = counts
            .iter()
            .zip(widths)
            .map(|(count, width)| -(*count as f64 / width / n + config.alpha).log2())
            .collect();
        let (first, last) = (edges[0], edges[bins]);
        Self {
            per_unit: bins as f64 / (last - first),
            most: scores.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            inside: first - config.tolerance * (edges[1] - first)
                ..last + config.tolerance * (last - edges[bins - 1]),
            scores,
            edges,
        }
    }

    /// What a value in this column adds to the score of its row.
    pub(super) fn score(&self, value: f64) -> f64 {
        if value < self.inside.start || value > self.inside.end {
            return self.most;
        }
        let last = self.scores.len() - 1;
        let mut bin = (((value - self.edges[0]) * self.per_unit) as usize).min(last);
        // The quotient is rounded; edges decide, and one belongs to the bin below it.
        while bin > 0 && value <= self.edges[bin] {
            bin -= 1;
        }
        while bin < last && value > self.edges[bin + 1] {
            bin += 1;
        }
        self.scores[bin]
    }
}

/// How many values fall into each of `bins` bins of equal width, and their edges. A value on an edge
/// belongs to the bin above it, the largest to the last. The bins of equal values reach half a unit to
/// either side.
pub(super) fn count(column: &[f64], bins: usize) -> (Vec<usize>, Vec<f64>) {
    let mut first = column.iter().copied().fold(f64::INFINITY, f64::min);
    let mut last = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if first == last {
        (first, last) = (first - 0.5, last + 0.5);
    }
    let step = (last - first) / bins as f64;
    let mut edges: Vec<f64> = (0..=bins).map(|i| i as f64 * step + first).collect();
    edges[bins] = last;
    let per_unit = bins as f64 / (last - first);
    let mut counts = vec![0; bins];
    for value in column {
        let mut bin = (((value - first) * per_unit) as usize).min(bins - 1);
        while bin > 0 && *value < edges[bin] {
            bin -= 1;
        }
        while bin + 1 < bins && *value >= edges[bin + 1] {
            bin += 1;
        }
        counts[bin] += 1;
    }
    (counts, edges)
}

/// Some columns of `x`, copied row by row so that neighbours are read together.
pub(super) fn columns_of(x: ArrayView2<'_, f32>, columns: Range<usize>) -> Vec<Vec<f64>> {
    let mut copies = vec![Vec::with_capacity(x.nrows()); columns.len()];
    for row in x.slice_axis(Axis(1), Slice::from(columns)).outer_iter() {
        for (copy, value) in copies.iter_mut().zip(row) {
            copy.push(f64::from(*value));
        }
    }
    copies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_belong_to_the_bin_above_but_the_last() {
        let (counts, edges) = count(&[0.0, 1.0, 2.0, 3.0, 4.0, 4.0], 4);
        assert_eq!(counts, [1, 1, 1, 3]);
        assert_eq!(edges, [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(count(&[7.0, 7.0], 2), (vec![0, 2], vec![6.5, 7.0, 7.5]));
    }

    #[test]
    fn thirds_and_tenths_are_counted_by_their_edges() {
        // Every edge, a hair below it and a hair above it.
        let edges: Vec<f64> = (0..=10).map(|i| f64::from(i) * 0.1 + 0.3).collect();
        let near = edges.iter().flat_map(|e| [e.next_down(), *e, e.next_up()]);
        let column: Vec<f64> = near
            .filter(|v| (edges[0]..=edges[10]).contains(v))
            .collect();
        let (counts, edges) = count(&column, 10);
        for (bin, found) in counts.iter().enumerate() {
            let inside = |v: &&f64| {
                **v >= edges[bin] && (**v < edges[bin + 1] || (bin == 9 && **v <= edges[10]))
            };
            assert_eq!(*found, column.iter().filter(inside).count(), "bin {bin}");
        }
    }
}
