//! The nearest point of the plane, exactly.

/// Points of one leaf, at most.
const LEAF: usize = 16;

/// A k-d tree over points of the plane, for the Euclidean distance. Numbers are finite, squares too.
///
/// The tree is balanced: a node's points are a range that its children halve, so that only the cuts are stored.
#[derive(Debug)]
pub(crate) struct PlaneTree {
    points: Vec<[f64; 2]>,
    /// Of the inner nodes, children of node `k` at `2k + 1` and `2k + 2`.
    cuts: Vec<Cut>,
}

#[derive(Debug, Clone, Copy)]
struct Cut {
    axis: usize,
    at: f64,
}

/// A point of the tree by its place, and its squared distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub(crate) square: f64,
    pub(crate) place: usize,
}

impl PlaneTree {
    /// Of these points; the second result says for each place in the tree which of them is there.
    pub(crate) fn new(points: Vec<[f64; 2]>) -> (Self, Vec<u32>) {
        let levels = points.len().div_ceil(LEAF).next_power_of_two().ilog2();
        let mut numbered: Vec<([f64; 2], u32)> = points.into_iter().zip(0..).collect();
        let none = Cut { axis: 0, at: 0.0 };
        let mut cuts = vec![none; (1 << levels) - 1];
        cut(&mut numbered, &mut cuts, 0);
        let order = numbered.iter().map(|(_, number)| *number).collect();
        let points = numbered.into_iter().map(|(point, _)| point).collect();
        (Self { points, cuts }, order)
    }

    pub(crate) fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// The nearest point; `None` without points.
    pub(crate) fn nearest(&self, to: [f64; 2]) -> Option<Found> {
        self.search(to, usize::MAX)
    }

    /// The nearest other point than that at `place`; `None` where it is alone.
    pub(crate) fn nearest_other(&self, place: usize) -> Option<Found> {
        self.search(self.points[place], place)
    }

    fn search(&self, to: [f64; 2], skip: usize) -> Option<Found> {
        let mut best = Found {
            square: f64::INFINITY,
            place: usize::MAX,
        };
        let whole = 0..self.points.len();
        self.descend(0, whole, (to, skip), [0.0; 2], &mut best);
        (best.place != usize::MAX).then_some(best)
    }

    /// `off` is how far at least the points of `range` are along each axis.
    fn descend(
        &self,
        node: usize,
        range: std::ops::Range<usize>,
        query: ([f64; 2], usize),
        off: [f64; 2],
        best: &mut Found,
    ) {
        let (to, skip) = query;
        let Some(Cut { axis, at }) = self.cuts.get(node).copied() else {
            for place in range.filter(|place| *place != skip) {
                let square = squared(to, self.points[place]);
                if square < best.square {
                    *best = Found { square, place };
                }
            }
            return;
        };
        let middle = middle(&range);
        let (low, high) = (range.start..middle, middle..range.end);
        let beyond = to[axis] - at;
        let [near, far] = match beyond < 0.0 {
            true => [(2 * node + 1, low), (2 * node + 2, high)],
            false => [(2 * node + 2, high), (2 * node + 1, low)],
        };
        self.descend(near.0, near.1, query, off, best);
        let mut off = off;
        off[axis] = beyond;
        // Rounding keeps the order of differences, squares and sums: no nearer point is passed over.
        if off[0] * off[0] + off[1] * off[1] < best.square {
            self.descend(far.0, far.1, query, off, best);
        }
    }
}

fn squared(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    x * x + y * y
}

fn middle(range: &std::ops::Range<usize>) -> usize {
    range.start + range.len() / 2
}

/// Orders `points` for the subtree at `node`: along the longer side the lower half comes first.
fn cut(points: &mut [([f64; 2], u32)], cuts: &mut [Cut], node: usize) {
    if node >= cuts.len() {
        return;
    }
    let side = |axis: usize| {
        let values = points.iter().map(|(point, _)| point[axis]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        high - low
    };
    let axis = usize::from(side(1) > side(0));
    let middle = middle(&(0..points.len()));
    let order = |a: &([f64; 2], u32), b: &([f64; 2], u32)| a.0[axis].total_cmp(&b.0[axis]);
    let (_, at, _) = points.select_nth_unstable_by(middle, order);
    cuts[node] = Cut {
        axis,
        at: at.0[axis],
    };
    let (low, high) = points.split_at_mut(middle);
    cut(low, cuts, 2 * node + 1);
    cut(high, cuts, 2 * node + 2);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brute(points: &[[f64; 2]], to: [f64; 2], skip: usize) -> f64 {
        let others = points.iter().enumerate().filter(|(i, _)| *i != skip);
        others.fold(f64::INFINITY, |least, (_, p)| least.min(squared(to, *p)))
    }

    proptest! {
        #[test]
        fn squared_distances_are_those_of_all_points_compared(
            n in 1usize..400,
            levels in prop::sample::select(vec![2.0f64, 7.0, 1e6]),
            scale in prop::sample::select(vec![1e-9f64, 1.0, 1e80]),
            seed in any::<u64>(),
        ) {
            let mut state = seed | 1;
            let mut number = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                ((state >> 11) as f64 / (1u64 << 53) as f64 * levels).round() * scale
            };
            let points: Vec<[f64; 2]> = (0..n).map(|_| [number(), number()]).collect();
            let (tree, order) = PlaneTree::new(points.clone());
            for (place, number) in order.iter().enumerate() {
                prop_assert_eq!(tree.points()[place], points[*number as usize]);
                let found = tree.nearest_other(place);
                let expected = brute(tree.points(), tree.points()[place], place);
                prop_assert_eq!(found.map_or(f64::INFINITY, |f| f.square), expected);
            }
            for _ in 0..40 {
                let to = [number() * 1.1, number() - scale];
                let found = tree.nearest(to).unwrap();
                prop_assert_eq!(found.square, brute(&points, to, usize::MAX));
                prop_assert_eq!(found.square, squared(to, tree.points()[found.place]));
            }
        }
    }

    #[test]
    fn without_points_nothing_is_near() {
        assert_eq!(PlaneTree::new(Vec::new()).0.nearest([0.0; 2]), None);
        assert_eq!(PlaneTree::new(vec![[1.0; 2]]).0.nearest_other(0), None);
    }
}
