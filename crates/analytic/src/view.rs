use detector::Rows;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

/// A way to put columns of different units side by side. Only differences count, so that no mean is taken off: the
/// differences of whole numbers then stay equal where they are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Each column over its standard deviation (divisor `n`).
    Standard,
    /// Each column by the normal quantiles of its ranks.
    RankGauss,
    /// Each column over its range.
    Range,
}

impl Kind {
    /// In the order in which their scores are added.
    pub(crate) fn all() -> [Self; 3] {
        [Self::Standard, Self::RankGauss, Self::Range]
    }
}

/// Where a constant column of the training rows is left: so far from it in [`Kind::Range`] and in
/// [`Kind::RankGauss`].
const OFF_RANGE: f64 = 1e-9;
const OFF_RANKS: f64 = 1e-12;
/// What a value off a constant column becomes among ranks, in standard deviations.
const OFF: f64 = 3.0;
/// The largest number of a view: squares of these can be added and multiplied with room to spare.
const LARGEST: f64 = 1e100;

/// A [`Kind`] fitted to training rows.
#[derive(Debug)]
pub(crate) struct View {
    columns: Vec<Column>,
    /// The root of the mean square of the training numbers, columns centred; 1 where all are equal.
    unit: f64,
}

#[derive(Debug)]
enum Column {
    /// `(x − low)/scale`
    Linear { low: f64, scale: f64 },
    /// A constant in [`Kind::Range`].
    ConstantRange { value: f64 },
    /// A constant in [`Kind::RankGauss`].
    ConstantRank { value: f64 },
    /// Through the quantiles at the distinct values, in lines that rise by `1/slope` beyond them.
    Ranks {
        values: Vec<f64>,
        quantiles: Vec<f64>,
        slope: f64,
    },
}

impl View {
    /// Fits to training rows `[n, d]`.
    pub(crate) fn new(kind: Kind, rows: ArrayView2<'_, f64>) -> Self {
        let columns = rows.columns();
        let columns: Vec<ArrayView1<'_, f64>> = columns.into_iter().collect();
        let columns: Vec<Column> = columns
            .par_iter()
            .map(|column| match kind {
                Kind::Standard => standard(column),
                Kind::Range => range(column),
                Kind::RankGauss => ranks(column),
            })
            .collect();
        let mut view = Self { columns, unit: 1.0 };
        if kind != Kind::Standard {
            let columns = rows.columns().into_iter().enumerate();
            let variance = |(j, column): (usize, ArrayView1<'_, f64>)| {
                moments(&column.mapv(|x| view.value(j, x)).view()).1.powi(2)
            };
            let mean = columns.map(variance).sum::<f64>() / rows.ncols() as f64;
            if mean > 0.0 {
                view.unit = mean.sqrt();
            }
        }
        view
    }

    /// What the constants of a method that expects a mean square of 1 are multiplied by.
    pub(crate) fn unit(&self) -> f64 {
        self.unit
    }

    /// Rows as it sees them, row by row in memory: `[m, d]` → `[m, d]`.
    pub(crate) fn of(&self, rows: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut seen = Array2::zeros(rows.dim());
        for (mut to, row) in seen.outer_iter_mut().zip(rows.outer_iter()) {
            for (j, (to, x)) in to.iter_mut().zip(row).enumerate() {
                *to = self.value(j, *x);
            }
        }
        seen
    }

    /// The value `x` of column `j` as it sees it.
    pub(crate) fn value(&self, j: usize, x: f64) -> f64 {
        let seen = match &self.columns[j] {
            Column::Linear { low, scale } => (x - low) / scale,
            Column::ConstantRange { value } if (x - value).abs() > OFF_RANGE => {
                (x - value).clamp(-1.0, 1.0) * self.unit
            }
            Column::ConstantRank { value } if (x - value).abs() > OFF_RANKS => {
                OFF.copysign(x - value)
            }
            Column::ConstantRange { .. } | Column::ConstantRank { .. } => 0.0,
            Column::Ranks {
                values,
                quantiles,
                slope,
            } => through(values, quantiles, *slope, x),
        };
        // One zero: equal values have equal bits.
        seen.clamp(-LARGEST, LARGEST) + 0.0
    }
}

/// Numbers that views are made of: within ±10¹⁰⁰, and one zero.
pub(crate) fn bounded(x: Rows<'_>) -> Array2<f64> {
    let bound = |v: f64| v.clamp(-LARGEST, LARGEST) + 0.0;
    let x = match x {
        Rows::F32(x) => x.mapv(|v| bound(v.into())),
        Rows::F64(x) => x.mapv(bound),
    };
    match x.is_standard_layout() {
        true => x,
        false => x.as_standard_layout().into_owned(),
    }
}

/// The rows at these places, [`bounded`].
pub(crate) fn select(x: Rows<'_>, places: &[u32]) -> Array2<f64> {
    let places: Vec<usize> = places.iter().map(|place| *place as usize).collect();
    match x {
        Rows::F32(x) => bounded(Rows::F32(x.select(Axis(0), &places).view())),
        Rows::F64(x) => bounded(Rows::F64(x.select(Axis(0), &places).view())),
    }
}

/// The distinct values, ascending, and how often each occurs.
pub(crate) fn distinct(mut values: Vec<f64>) -> (Vec<f64>, Vec<u32>) {
    values.sort_unstable_by(f64::total_cmp);
    let mut counts: Vec<u32> = Vec::new();
    values.dedup_by(|next, kept| {
        let equal = next == kept;
        match (equal, counts.last_mut()) {
            (true, Some(count)) => *count += 1,
            (true, None) => counts.push(2),
            (false, None) => counts.extend([1, 1]),
            (false, Some(_)) => counts.push(1),
        }
        equal
    });
    if counts.is_empty() && !values.is_empty() {
        counts.push(1);
    }
    (values, counts)
}

/// Mean and standard deviation, divisor `n`; 0 only where all values are equal or differ by rounding. The order of the
/// rows does not count.
fn moments(column: &ArrayView1<'_, f64>) -> (f64, f64) {
    let n = column.len() as f64;
    let mut column = column.to_vec();
    column.sort_unstable_by(f64::total_cmp);
    let mean = column.iter().sum::<f64>() / n;
    let spread = |unit: f64| {
        let squares = column.iter().map(|x| ((x - mean) / unit).powi(2));
        (squares.sum::<f64>() / n).sqrt()
    };
    let sd = spread(1.0);
    let (low, high) = (column[0], column[column.len() - 1]);
    if sd == 0.0 && high > low {
        // Squares below the range of f64.
        return (mean, (high - low) * spread(high - low));
    }
    (mean, sd)
}

fn extremes(column: &ArrayView1<'_, f64>) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    column
        .iter()
        .fold(start, |(low, high), x| (low.min(*x), high.max(*x)))
}

fn standard(column: &ArrayView1<'_, f64>) -> Column {
    let (mean, sd) = moments(column);
    let (low, high) = extremes(column);
    let constant = low == high || sd < 10.0 * f64::EPSILON * mean.abs();
    let scale = if constant { 1.0 } else { sd };
    Column::Linear { low, scale }
}

fn range(column: &ArrayView1<'_, f64>) -> Column {
    let (low, high) = extremes(column);
    match low == high {
        true => Column::ConstantRange { value: low },
        false => Column::Linear {
            low,
            scale: high - low,
        },
    }
}

fn ranks(column: &ArrayView1<'_, f64>) -> Column {
    let n = column.len() as f64;
    let (values, counts) = distinct(column.to_vec());
    if let [value] = values[..] {
        return Column::ConstantRank { value };
    }
    let normal = Normal::standard();
    let mut before = 0.0;
    let quantile = |count: &u32| {
        let count = f64::from(*count);
        let rank = before + 0.5 * count;
        before += count;
        normal.inverse_cdf((rank / n).clamp(0.5 / n, 1.0 - 0.5 / n))
    };
    let quantiles: Vec<f64> = counts.iter().map(quantile).collect();
    let mapped = column.mapv(|x| through(&values, &quantiles, 1.0, x));
    let (_, sd) = moments(&mapped.view());
    Column::Ranks {
        slope: moments(column).1 / sd.max(1e-9),
        values,
        quantiles,
    }
}

/// The line through the points (value, quantile) at `x`; beyond the ends it rises by `1/slope`.
fn through(values: &[f64], quantiles: &[f64], slope: f64, x: f64) -> f64 {
    let last = values.len() - 1;
    if x <= values[0] {
        return quantiles[0] + (x - values[0]) / slope;
    }
    if x >= values[last] {
        return quantiles[last] + (x - values[last]) / slope;
    }
    let above = values.partition_point(|value| *value <= x);
    let (low, high) = (values[above - 1], values[above]);
    let share = (x - low) / (high - low);
    quantiles[above - 1] + share * (quantiles[above] - quantiles[above - 1])
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::array;

    use super::*;

    #[test]
    fn distinct_values_are_counted() {
        let (values, counts) = distinct(vec![2.0, -1.0, 2.0, 5.0, 2.0, -1.0]);
        assert_eq!((values, counts), (vec![-1.0, 2.0, 5.0], vec![2, 3, 1]));
        assert_eq!(distinct(vec![4.0]), (vec![4.0], vec![1]));
        assert_eq!(distinct(vec![4.0, 4.0]), (vec![4.0], vec![2]));
        assert_eq!(distinct(vec![4.0, 5.0]), (vec![4.0, 5.0], vec![1, 1]));
    }

    #[test]
    fn ranks_become_quantiles_and_lines_beyond_the_ends() {
        // scipy.special.ndtri of 1/8, 1/2 (twice) and 7/8.
        let x = array![[10.0], [20.0], [20.0], [90.0]];
        let view = View::new(Kind::RankGauss, x.view());
        let end = 1.1503493803760083;
        assert_relative_eq!(
            view.unit(),
            (2.0 * end * end / 4.0f64).sqrt(),
            epsilon = 1e-14
        );
        for (found, expected) in view.of(x.view()).iter().zip([-end, 0.0, 0.0, end]) {
            assert_relative_eq!(*found, expected, epsilon = 1e-14);
        }
        // A seventh of the way from 20 to 90, and one standard deviation (32.02) beyond 90.
        assert_relative_eq!(view.value(0, 30.0), end / 7.0, epsilon = 1e-14);
        let beyond = view.value(0, 90.0 + 1025f64.sqrt());
        assert_relative_eq!(beyond, end + view.unit(), epsilon = 1e-14);
    }

    #[test]
    fn constant_columns_are_zero_until_a_value_is_off() {
        let x = array![[7.0, 0.0], [7.0, 1.0]];
        let views = Kind::all().map(|kind| View::new(kind, x.view()));
        for view in &views {
            assert_eq!(view.value(0, 7.0), 0.0);
            assert!(view.value(0, 9.0) > 0.0 && view.value(0, 5.0) < 0.0);
        }
        // The difference, ±3, and at most one unit.
        assert_eq!(views[0].value(0, 9.0), 2.0);
        assert_eq!(views[1].value(0, 9.0), 3.0);
        assert_eq!(views[2].value(0, 9.0), views[2].unit());
        // Half of ±½ in one column of two.
        assert_relative_eq!(views[2].unit(), (0.25f64 / 2.0).sqrt());
    }

    #[test]
    fn differences_that_are_equal_stay_equal() {
        let x = array![
            [0.0, 7.0, 1.0],
            [1.0, 8.0, 0.0],
            [1.0, 7.0, 0.0],
            [0.0, 7.0, 0.0]
        ];
        let range = View::new(Kind::Range, x.view());
        assert!(range.of(x.view()).iter().all(|v| [0.0, 1.0].contains(v)));
        // The second and the third column have one value that differs: the same, in another row.
        for kind in Kind::all() {
            let view = View::new(kind, x.view());
            let step = |j: usize, low: f64| view.value(j, low + 1.0) - view.value(j, low);
            assert_eq!(step(1, 7.0), step(2, 0.0));
        }
    }

    #[test]
    fn units_do_not_matter_to_a_column_that_varies() {
        for unit in [1e-300, 1e-13, 1e90] {
            let x = array![[1.0], [4.0], [2.0]];
            let scaled = x.mapv(|v| v * unit);
            for kind in Kind::all() {
                let (a, b) = (View::new(kind, x.view()), View::new(kind, scaled.view()));
                for v in [0.0, 1.5, 4.0, 30.0] {
                    let (a, b) = (a.value(0, v), b.value(0, v * unit));
                    assert_relative_eq!(a, b, max_relative = 1e-9);
                }
            }
        }
    }
}
