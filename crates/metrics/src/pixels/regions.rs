use ndarray::ArrayView2;

/// The connected regions of one mask after the other; the buffers are kept between masks.
///
/// Two anomalous pixels belong together where they touch at a side or at a corner (8-connectivity).
#[derive(Default)]
pub(super) struct Regions {
    runs: Vec<Run>,
    /// By run the run it was joined to, itself at a root; roots have the lowest number.
    parents: Vec<usize>,
    /// By root the pixels of the region.
    pixels: Vec<u32>,
    sizes: Vec<u32>,
}

/// Neighbouring anomalous pixels of a row.
#[derive(Clone, Copy)]
struct Run {
    row: usize,
    /// First column.
    from: usize,
    /// The column after the last.
    to: usize,
}

impl Regions {
    /// Finds the regions of `mask`, of fewer than 2³² pixels, and returns how many there are.
    pub(super) fn find(&mut self, mask: ArrayView2<'_, bool>) -> usize {
        self.runs.clear();
        self.parents.clear();
        let mut above = 0..0;
        for (row, line) in mask.rows().into_iter().enumerate() {
            let first = self.runs.len();
            let mut column = 0;
            while let Some(skipped) = line.iter().skip(column).position(|&anomalous| anomalous) {
                let from = column + skipped;
                let length = line.iter().skip(from).take_while(|&&a| a).count();
                column = from + length;
                self.parents.push(self.runs.len());
                let to = column;
                self.runs.push(Run { row, from, to });
            }
            self.join(above, first);
            above = first..self.runs.len();
        }
        self.measure(mask.dim())
    }

    /// For each pixel in rows, the pixels of its region; 0 for normal pixels.
    pub(super) fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// Joins the runs from `first` with those of the row `above` that they touch.
    fn join(&mut self, above: std::ops::Range<usize>, first: usize) {
        let mut near = above.start;
        for below in first..self.runs.len() {
            let run = self.runs[below];
            // `to` is one past the end, so equality is a touch at the corner.
            while near < above.end && self.runs[near].to < run.from {
                near += 1;
            }
            let mut touching = near;
            while touching < above.end && self.runs[touching].from <= run.to {
                let (a, b) = (self.root(touching), self.root(below));
                self.parents[a.max(b)] = a.min(b);
                touching += 1;
            }
        }
    }

    fn root(&mut self, mut run: usize) -> usize {
        while self.parents[run] != run {
            self.parents[run] = self.parents[self.parents[run]]; // halves the path
            run = self.parents[run];
        }
        run
    }

    fn measure(&mut self, (height, width): (usize, usize)) -> usize {
        self.pixels.clear();
        self.pixels.resize(self.runs.len(), 0);
        for run in 0..self.runs.len() {
            let root = self.root(run);
            self.pixels[root] += (self.runs[run].to - self.runs[run].from) as u32;
        }
        self.sizes.clear();
        self.sizes.resize(height * width, 0);
        for run in 0..self.runs.len() {
            let root = self.root(run);
            let Run { row, from, to } = self.runs[run];
            self.sizes[row * width + from..row * width + to].fill(self.pixels[root]);
        }
        self.pixels.iter().filter(|&&pixels| pixels > 0).count()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    /// `#` is anomalous.
    fn mask(lines: &[&str]) -> Array2<bool> {
        Array2::from_shape_fn((lines.len(), lines[0].len()), |(row, column)| {
            lines[row].as_bytes()[column] == b'#'
        })
    }

    #[test]
    fn corners_join_and_a_late_bridge_joins_all() {
        let mut regions = Regions::default();
        let diagonal = mask(&["#..", ".#.", "..#"]);
        assert_eq!(regions.find(diagonal.view()), 1);
        assert_eq!(regions.sizes(), [3, 0, 0, 0, 3, 0, 0, 0, 3]);

        let apart = mask(&["#.#.#", ".....", "##.##"]);
        assert_eq!(regions.find(apart.view()), 5);

        // Three prongs that only the last row joins, beside one pixel that stays alone.
        let comb = mask(&["#.#.#..", "#.#.#.#", "#####.."]);
        assert_eq!(regions.find(comb.view()), 2);
        let sizes: Vec<u32> = vec![11, 0, 11, 0, 11, 0, 0, 11, 0, 11, 0, 11, 0, 1];
        assert_eq!(regions.sizes()[..14], sizes);

        assert_eq!(regions.find(mask(&["...", "..."]).view()), 0);
    }

    /// The sizes by flooding from each pixel, the definition.
    fn flooded(mask: &Array2<bool>) -> (usize, Vec<u32>) {
        let (height, width) = mask.dim();
        let mut sizes = Array2::<u32>::zeros((height, width));
        let mut seen = Array2::from_elem((height, width), false);
        let mut regions = 0;
        for start in mask.indexed_iter().filter(|(_, m)| **m).map(|(at, _)| at) {
            if std::mem::replace(&mut seen[start], true) {
                continue;
            }
            regions += 1;
            let mut region = vec![start];
            let mut next = 0;
            while next < region.len() {
                let (row, column) = region[next];
                for y in row.saturating_sub(1)..(row + 2).min(height) {
                    for x in column.saturating_sub(1)..(column + 2).min(width) {
                        if mask[(y, x)] && !std::mem::replace(&mut seen[(y, x)], true) {
                            region.push((y, x));
                        }
                    }
                }
                next += 1;
            }
            for &at in &region {
                sizes[at] = region.len() as u32;
            }
        }
        (regions, sizes.into_raw_vec_and_offset().0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn equals_flooding(
            height in 1..14usize,
            width in 1..14usize,
            pixels in prop::collection::vec(prop::bool::weighted(0.45), 14 * 14),
        ) {
            let mask = Array2::from_shape_fn((height, width), |(y, x)| pixels[y * 14 + x]);
            let mut regions = Regions::default();
            let found = regions.find(mask.view());
            prop_assert_eq!((found, regions.sizes().to_vec()), flooded(&mask));
            // The same mask turned: strides that are not row-major.
            let turned = regions.find(mask.t());
            prop_assert_eq!(turned, found);
        }
    }
}
