use detector::Number;

use super::on_edge::OnEdge;

/// Up to this many bins a value is compared with every edge, many values at once; beyond, its bin is
/// looked for.
const FEW: usize = 32;
/// Values compared at once.
const LANES: usize = 16;

/// A histogram of equal bins, as `numpy.histogram` makes it.
#[derive(Debug)]
pub(super) struct Histogram {
    edges: Edges,
    counts: Vec<u32>,
}

/// The edges of equal bins.
#[derive(Debug)]
struct Edges {
    first: f64,
    last: f64,
    /// Bins in one unit of the values.
    per_unit: f64,
    /// The edges but for the outermost, which are infinite: no value is beyond them.
    inner: Vec<f64>,
}

impl Edges {
    fn new(first: f64, last: f64, bins: usize) -> Self {
        let step = (last - first) / bins as f64;
        let mut inner: Vec<f64> = (0..=bins).map(|i| i as f64 * step + first).collect();
        (inner[0], inner[bins]) = (f64::NEG_INFINITY, f64::INFINITY);
        Self {
            first,
            last,
            per_unit: bins as f64 / (last - first),
            inner,
        }
    }

    fn all(&self) -> Vec<f64> {
        let mut all = self.inner.clone();
        let bins = all.len() - 1;
        (all[0], all[bins]) = (self.first, self.last);
        all
    }

    /// The bin of a value, which on an edge belongs to the one above. The rounded quotient is only a guess
    /// and the edges decide; as it is nearly always right, the loops cost no mispredicted branch.
    fn bin(&self, value: f64) -> usize {
        let last = self.inner.len() - 2;
        // By way of i32, which the processor converts to.
        let guess = ((value - self.first) * self.per_unit) as i32;
        let mut bin = guess.clamp(0, last as i32) as usize;
        while value < self.inner[bin] {
            bin -= 1;
        }
        while value >= self.inner[bin + 1] {
            bin += 1;
        }
        bin
    }
}

/// A number type whose values are compared with edges, which are f64.
pub(super) trait Binned: Number {
    /// The least number that is not below `edge`.
    fn not_below(edge: f64) -> Self;
    /// The least number above `edge`.
    fn above(edge: f64) -> Self;
}

impl Binned for f32 {
    fn not_below(edge: f64) -> Self {
        let near = edge as Self;
        if f64::from(near) < edge {
            near.next_up()
        } else {
            near
        }
    }

    fn above(edge: f64) -> Self {
        let near = edge as Self;
        if f64::from(near) > edge {
            near
        } else {
            near.next_up()
        }
    }
}

impl Binned for f64 {
    fn not_below(edge: f64) -> Self {
        edge
    }

    fn above(edge: f64) -> Self {
        edge.next_up()
    }
}

impl Histogram {
    /// Over the range of some values.
    pub(super) fn over<T: Binned>(parts: &[&[T]], bins: usize) -> Self {
        let (mut least, mut most) = (T::infinity(), T::neg_infinity());
        for value in parts.iter().copied().flatten() {
            least = if *value < least { *value } else { least };
            most = if *value > most { *value } else { most };
        }
        Self::new(least.wide(), most.wide(), bins)
    }

    /// From `first` to `last`; half a unit to either side where they are equal, or what gives bins a few
    /// roundings of so large a number.
    fn new(mut first: f64, mut last: f64, bins: usize) -> Self {
        if first == last {
            let half = f64::max(0.5, 4.0 * bins as f64 * f64::EPSILON * first.abs());
            (first, last) = (first - half, last + half);
        }
        Self {
            edges: Edges::new(first, last, bins),
            counts: vec![0; bins],
        }
    }

    /// Counts values inside the range. One on an edge belongs to the bin above it, the largest to the
    /// last.
    pub(super) fn add<T: Binned>(&mut self, values: &[T]) {
        let bins = self.counts.len();
        if bins > FEW {
            for value in values {
                self.counts[self.edges.bin(value.wide())] += 1;
            }
            return;
        }
        // Those in a bin are those not below its edge, less those not below the next.
        let mut rest = values.len() as u32;
        for (count, edge) in self.counts.iter_mut().zip(&self.edges.inner[1..bins]) {
            let edge = T::not_below(*edge);
            let beyond = values.iter().map(|v| u32::from(*v >= edge)).sum::<u32>();
            *count += rest - beyond;
            rest = beyond;
        }
        self.counts[bins - 1] += rest;
    }

    pub(super) fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The scores `−log₂(h + α)` of the bins of `n` values, with a tolerance for values beyond the range.
    pub(super) fn densities<T: Binned>(
        self,
        n: usize,
        alpha: f64,
        tolerance: f64,
        on_edge: OnEdge,
    ) -> Densities<T> {
        let all = self.edges.all();
        let widths: Vec<f64> = all.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let inside = self.counts.iter().zip(&widths);
        let mut scores: Vec<f64> = inside
            .map(|(count, width)| -(f64::from(*count) / width / n as f64 + alpha).log2())
            .collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        scores.insert(0, most);
        scores.push(most);
        let bins = widths.len();
        let (first, last) = (self.edges.first, self.edges.last);
        let reached = match on_edge {
            OnEdge::SameBin => T::not_below,
            OnEdge::Published => T::above,
        };
        let mut thresholds = vec![T::not_below(first - tolerance * widths[0])];
        thresholds.extend(self.edges.inner[1..bins].iter().copied().map(reached));
        thresholds.push(T::above(last + tolerance * widths[bins - 1]));
        Densities { thresholds, scores }
    }
}

/// The logarithms of the densities of one column.
#[derive(Debug)]
pub(super) struct Densities<T> {
    /// Ascending. The first and the last are the limits within which the outermost bins count.
    thresholds: Vec<T>,
    /// The score of a value by the number of thresholds that it reaches.
    scores: Vec<f64>,
}

impl<T: Binned> Densities<T> {
    /// From stored numbers; `None` where they are not the thresholds and scores of one bin or more.
    pub(super) fn restore(thresholds: &[T], scores: &[f64]) -> Option<Self> {
        let whole = thresholds.len() >= 2
            && scores.len() == thresholds.len() + 1
            && thresholds.is_sorted()
            && scores.iter().all(|score| score.is_finite());
        whole.then(|| Self {
            thresholds: thresholds.to_vec(),
            scores: scores.to_vec(),
        })
    }

    pub(super) fn bins(&self) -> usize {
        self.thresholds.len() - 1
    }

    pub(super) fn thresholds(&self) -> &[T] {
        &self.thresholds
    }

    pub(super) fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Adds to the scores of rows those of their values in this column.
    pub(super) fn add_scores(&self, values: &[T], scores: &mut [f64]) {
        let together = if self.thresholds.len() > FEW + 1 {
            0
        } else {
            values.len() / LANES * LANES
        };
        let (values, rest) = values.split_at(together);
        let (scores, scores_of_rest) = scores.split_at_mut(together);
        let (values, _) = values.as_chunks::<LANES>();
        let (scores, _) = scores.as_chunks_mut::<LANES>();
        for (values, scores) in values.iter().zip(scores) {
            let mut reached = [0u32; LANES];
            for threshold in &self.thresholds {
                for (reached, value) in reached.iter_mut().zip(values) {
                    *reached += u32::from(value >= threshold);
                }
            }
            for (score, reached) in scores.iter_mut().zip(reached) {
                *score += self.scores[reached as usize];
            }
        }
        for (value, score) in rest.iter().zip(scores_of_rest) {
            *score += self.scores[self.thresholds.partition_point(|t| value >= t)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: &[f32], bins: usize) -> Vec<u32> {
        let mut histogram = Histogram::over(&[values], bins);
        histogram.add(values);
        histogram.counts
    }

    #[test]
    fn edges_belong_to_the_bin_above_but_the_last() {
        assert_eq!(counts(&[0.0, 1.0, 2.0, 3.0, 4.0, 4.0], 4), [1, 1, 1, 3]);
        assert_eq!(counts(&[7.0, 7.0], 2), [0, 2]);
        assert_eq!(Histogram::new(7.0, 7.0, 2).edges.all(), [6.5, 7.0, 7.5]);
    }

    /// The f32 beside each edge, and beside `more`.
    fn beside(edges: &[f64], more: &[f64]) -> Vec<f32> {
        let near = edges.iter().chain(more).map(|e| *e as f32);
        near.flat_map(|e| [e.next_down(), e, e.next_up()]).collect()
    }

    #[test]
    fn values_beside_an_edge_are_counted_by_it() {
        for bins in [10, FEW + 1] {
            let [first, last] = [0.3f32, 1.3].map(f64::from);
            let edges = Histogram::new(first, last, bins).edges.all();
            let mut values = beside(&edges, &[]);
            values.retain(|v| (0.3..=1.3).contains(v));
            for (bin, found) in counts(&values, bins).into_iter().enumerate() {
                let inside = |v: &&f32| {
                    let (v, last) = (f64::from(**v), bin + 1 == bins);
                    v >= edges[bin] && (v < edges[bin + 1] || (last && v <= edges[bins]))
                };
                let expected = values.iter().filter(inside).count();
                assert_eq!(found as usize, expected, "bin {bin} of {bins}");
            }
        }
    }

    #[test]
    fn values_beside_an_edge_score_by_it() {
        for (bins, on_edge) in [
            (10, OnEdge::SameBin),
            (10, OnEdge::Published),
            (FEW + 1, OnEdge::SameBin),
            (FEW + 1, OnEdge::Published),
        ] {
            let mut histogram = Histogram::new(0.3, 1.3, bins);
            let edges = histogram.edges.all();
            // Bin i of 1, 2, 3, … values: every bin has a score of its own.
            histogram.counts = (1..=bins as u32).collect();
            let densities = histogram.densities(bins, 0.1, 0.5, on_edge);
            let width = edges[1] - edges[0];
            let ends = [edges[0] - 0.5 * width, edges[bins] + 0.5 * width];
            let values = beside(&edges, &ends);
            let mut found = vec![0.0; values.len()];
            densities.add_scores(&values, &mut found);
            for (value, found) in values.into_iter().zip(found) {
                let v = f64::from(value);
                let reached = |e: &&f64| match on_edge {
                    OnEdge::SameBin => v >= **e,
                    OnEdge::Published => v > **e,
                };
                let bin = edges[1..bins].iter().filter(reached).count();
                let bin = if v < ends[0] || v > ends[1] { 0 } else { bin };
                let width = edges[bin + 1] - edges[bin];
                let h = (bin + 1) as f64 / width / bins as f64;
                assert_eq!(found, -(h + 0.1).log2(), "{value} of {bins} bins");
            }
        }
    }
}
