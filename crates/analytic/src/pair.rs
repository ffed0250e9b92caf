use crate::plane_tree::PlaneTree;
use crate::projection::{Counts, Projection, StandardRows};

/// Two columns of the training rows as points of the plane.
#[derive(Debug)]
pub(crate) struct Pair {
    columns: [usize; 2],
    /// Of distinct points.
    tree: PlaneTree,
    counts: Counts,
}

impl Projection for Pair {
    fn new(rows: &StandardRows<'_>, columns: [usize; 2]) -> (Self, Vec<u32>) {
        let [x, y] = columns.map(|j| rows.column(j));
        let mut sorted: Vec<([f64; 2], u32)> = x.zip(y).map(|(x, y)| [x, y]).zip(0..).collect();
        sorted.sort_unstable_by(|(a, _), (b, _)| {
            a[0].total_cmp(&b[0]).then_with(|| a[1].total_cmp(&b[1]))
        });
        let (mut points, mut counts) = (Vec::new(), Vec::<u32>::new());
        // Of each row, its place among the distinct points in this order.
        let mut places = vec![0; sorted.len()];
        for (point, row) in sorted {
            match counts.last_mut() {
                Some(count) if points.last() == Some(&point) => *count += 1,
                _ => {
                    points.push(point);
                    counts.push(1);
                }
            }
            places[row as usize] = points.len() as u32 - 1;
        }
        let (tree, order) = PlaneTree::new(points);
        let mut in_tree = vec![0; order.len()];
        for (place, point) in order.iter().enumerate() {
            in_tree[*point as usize] = place as u32;
        }
        for place in &mut places {
            *place = in_tree[*place as usize];
        }
        let counts = Counts::new(order.iter().map(|point| counts[*point as usize]));
        let found = Self {
            columns,
            tree,
            counts,
        };
        (found, places)
    }

    fn own_keys(&self, n: usize) -> Vec<f64> {
        let key = |place: usize| {
            self.counts.own_key(place, n, || {
                let other = self.tree.nearest_other(place);
                other.map_or(0.0, |found| found.square.sqrt())
            })
        };
        (0..self.tree.points().len()).map(key).collect()
    }

    fn key(&self, row: &[f64], n: usize) -> f64 {
        match self.tree.nearest(self.columns.map(|j| row[j])) {
            Some(found) if found.square == 0.0 => self.counts.key(found.place, n),
            Some(found) => found.square.sqrt(),
            None => 0.0,
        }
    }

    fn columns(&self) -> [usize; 2] {
        self.columns
    }
}

/// The pairs of `d` columns that are looked at: all of up to ten columns, else each column with the `⌈45/d⌉` after it,
/// and a single one with itself.
pub(crate) fn pairs(d: usize) -> Vec<[usize; 2]> {
    match d {
        1 => vec![[0, 0]],
        2..=10 => (0..d)
            .flat_map(|i| (i + 1..d).map(move |j| [i, j]))
            .collect(),
        _ => (1..=45usize.div_ceil(d))
            .flat_map(|step| (0..d).map(move |i| [i, (i + step) % d]))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::view::{Kind, View};

    #[test]
    fn repeated_points_count_and_others_are_apart() {
        let x = array![
            [1.0, -1.0],
            [-1.0, 1.0],
            [1.0, -1.0],
            [-1.0, -1.0],
            [1.0, 1.0],
            [-1.0, 1.0]
        ];
        // Standard deviation 1 in both columns.
        let standard = View::new(Kind::Standard, x.view());
        let rows = StandardRows {
            rows: x.view(),
            standard: &standard,
        };
        let (pair, places) = Pair::new(&rows, [0, 1]);
        let keys = pair.own_keys(6);
        let own: Vec<f64> = places.iter().map(|place| keys[*place as usize]).collect();
        assert_eq!(
            own,
            [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0, 2.0, 2.0, -1.0 / 6.0]
        );
        let key = |x: f64, y: f64| pair.key(&[standard.value(0, x), standard.value(1, y)], 6);
        assert_eq!(key(1.0, -1.0), -2.0 / 6.0);
        assert_eq!(key(1.0, 1.0), -1.0 / 6.0);
        assert_eq!(key(4.0, 5.0), 5.0);
    }

    #[test]
    fn pairs_of_few_columns_are_all_and_of_many_at_least_45() {
        assert_eq!(pairs(1), [[0, 0]]);
        assert_eq!(pairs(3), [[0, 1], [0, 2], [1, 2]]);
        assert_eq!(pairs(10).len(), 45);
        for d in 11..200 {
            let pairs = pairs(d);
            assert!(pairs.len() >= 45 && pairs.len() < 45 + d, "{d}");
            let mut sorted: Vec<[usize; 2]> = pairs;
            sorted.iter_mut().for_each(|pair| pair.sort_unstable());
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), 45usize.div_ceil(d) * d, "{d}");
            assert!(sorted.iter().all(|[i, j]| i < j), "{d}");
        }
    }
}
