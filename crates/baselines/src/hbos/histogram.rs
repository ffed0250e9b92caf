use std::ops::Range;

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

    /// The bin of a value; `below` tells on which side of an edge it is. The rounded quotient is only a
    /// guess and the edges decide; as it is nearly always right, the loops cost no mispredicted branch.
    fn bin(&self, value: f64, below: impl Fn(f64, f64) -> bool) -> usize {
        let last = self.inner.len() - 2;
        // By way of i32, which the processor converts to.
        let guess = ((value - self.first) * self.per_unit) as i32;
        let mut bin = guess.clamp(0, last as i32) as usize;
        while below(value, self.inner[bin]) {
            bin -= 1;
        }
        while !below(value, self.inner[bin + 1]) {
            bin += 1;
        }
        bin
    }
}

impl Histogram {
    /// Over the range of some values.
    pub(super) fn over(parts: &[&[f32]], bins: usize) -> Self {
        let (mut least, mut most) = (f32::INFINITY, f32::NEG_INFINITY);
        for value in parts.iter().copied().flatten() {
            least = if *value < least { *value } else { least };
            most = if *value > most { *value } else { most };
        }
        Self::new(least, most, bins)
    }

    /// From `first` to `last`; half a unit to either side where they are equal.
    fn new(first: f32, last: f32, bins: usize) -> Self {
        let (mut first, mut last) = (f64::from(first), f64::from(last));
        if first == last {
            (first, last) = (first - 0.5, last + 0.5);
        }
        Self {
            edges: Edges::new(first, last, bins),
            counts: vec![0; bins],
        }
    }

    /// Counts values inside the range. One on an edge belongs to the bin above it, the largest to the
    /// last.
    pub(super) fn add(&mut self, values: &[f32]) {
        for value in values {
            let bin = self
                .edges
                .bin(f64::from(*value), |value, edge| value < edge);
            self.counts[bin] += 1;
        }
    }

    pub(super) fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// What `n` values tell of others, `−log₂(h + α)` of each bin, tolerating values beyond the range.
    pub(super) fn densities(self, n: usize, alpha: f64, tolerance: f64) -> Densities {
        let all = self.edges.all();
        let widths: Vec<f64> = all.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let scores: Vec<f64> = self
            .counts
            .iter()
            .zip(&widths)
            .map(|(count, width)| -(f64::from(*count) / width / n as f64 + alpha).log2())
            .collect();
        let (first, last) = (self.edges.first, self.edges.last);
        Densities {
            most: scores.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            inside: first - tolerance * widths[0]..last + tolerance * widths[widths.len() - 1],
            scores,
            edges: self.edges,
        }
    }
}

/// The logarithms of the densities of one column.
#[derive(Debug)]
pub(super) struct Densities {
    edges: Edges,
    /// Of each bin.
    scores: Vec<f64>,
    /// Of the least dense bin.
    most: f64,
    /// From where to where the outermost bins count.
    inside: Range<f64>,
}

impl Densities {
    /// Adds to the scores of rows what their values in this column say. A value on an edge belongs to the
    /// bin below it.
    pub(super) fn add_scores(&self, values: &[f32], scores: &mut [f64]) {
        for (value, score) in values.iter().zip(scores) {
            let value = f64::from(*value);
            *score += if value < self.inside.start || value > self.inside.end {
                self.most
            } else {
                self.scores[self.edges.bin(value, |value, edge| value <= edge)]
            };
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

    #[test]
    fn values_beside_an_edge_are_counted_by_it() {
        let edges = Histogram::new(0.3, 1.3, 10).edges.all();
        let near = edges.iter().map(|e| *e as f32);
        let near = near.flat_map(|e| [e.next_down(), e, e.next_up()]);
        let values: Vec<f32> = near.filter(|v| (0.3..=1.3).contains(v)).collect();
        for (bin, found) in counts(&values, 10).into_iter().enumerate() {
            let inside = |v: &&f32| {
                let v = f64::from(**v);
                v >= edges[bin] && (v < edges[bin + 1] || (bin == 9 && v <= edges[10]))
            };
            let expected = values.iter().filter(inside).count();
            assert_eq!(found as usize, expected, "bin {bin}");
        }
    }
}
