use std::fmt;

use detector::{DetectorError, Input, Number, State, StateError};
use ndarray::{Array2, ArrayView2, Ix1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done to rows before a method sees them; fitted to the training rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowScaling {
    /// Each column to mean 0 and variance 1.
    ///
    /// Minus its mean, over its standard deviation (divisor n): scikit-learn's `StandardScaler`, on
    /// float32 rows bit for bit. A constant column becomes 0.
    #[default]
    Standard,
    /// Each row over its L2 norm, then centred: for embeddings.
    ///
    /// Minus the mean of the training rows, all over one number s = √(mean over rows and columns of (x
    /// − mean)²). Computed in f64. Directions count, and columns keep their proportions.
    L2,
    /// Each column to `[0, 1]` of the training rows.
    ///
    /// scikit-learn's `MinMaxScaler`, on float32 rows bit for bit but for columns that vary by less
    /// than ten times the precision of their type (10⁻⁶ of float32): those it takes for constant,
    /// whatever their scale. Here only a constant column becomes 0. Test rows may leave the interval.
    Minmax,
    /// As they are.
    Raw,
}

impl RowScaling {
    /// All kinds.
    pub fn all() -> [Self; 4] {
        [Self::Standard, Self::L2, Self::Minmax, Self::Raw]
    }

    /// The name used in configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::L2 => "l2",
            Self::Minmax => "minmax",
            Self::Raw => "raw",
        }
    }
}

impl fmt::Display for RowScaling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A [`RowScaling`] fitted to training rows of one number type. Read back from JSON it is the same to the
/// last bit only with serde_json's feature `float_roundtrip`.
///
/// What is scaled stays finite: beyond the range of `f32`, and beyond ±10¹⁰⁰ in 64 bits, where squares could
/// not be added, a number becomes the largest of its sign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowScaler<T = f32> {
    columns: usize,
    map: Map<T>,
}

/// Its numbers in a stored state.
const MEAN: &str = "mean";
const SCALE: &str = "scale";
const SHIFT: &str = "shift";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Map<T> {
    /// (x − mean) / scale
    Standard {
        mean: Vec<T>,
        scale: Vec<T>,
    },
    /// (x / ‖x‖ − mean) / s
    L2 {
        mean: Vec<f64>,
        s: f64,
    },
    /// x · scale + shift
    Minmax {
        scale: Vec<T>,
        shift: Vec<T>,
    },
    Raw,
}

impl<T: Number> RowScaler<T> {
    /// Fits to training rows `[n, d]`.
    ///
    /// # Errors
    /// [`DetectorError::Empty`] without rows or columns, [`DetectorError::NotFinite`] for NaN or
    /// infinity.
    ///
    /// # Example
    /// ```
    /// use residuum::{RowScaler, RowScaling};
    /// let train = ndarray::array![[1.0f32, 7.0], [3.0, 7.0]];
    /// let scaler = RowScaler::fit(RowScaling::Standard, train.view())?;
    /// let scaled = scaler.transform(ndarray::array![[5.0, 8.0]].view())?;
    /// assert_eq!(scaled, ndarray::array![[3.0, 1.0]]);
    /// # Ok::<(), detector::DetectorError>(())
    /// ```
    pub fn fit(kind: RowScaling, x: ArrayView2<'_, T>) -> Result<Self, DetectorError> {
        Input::of(x).rows()?;
        let map = match kind {
            RowScaling::Standard => fit_standard(x),
            RowScaling::L2 => fit_l2(x),
            RowScaling::Minmax => fit_minmax(x),
            RowScaling::Raw => Map::Raw,
        };
        Ok(Self {
            columns: x.ncols(),
            map,
        })
    }

    /// The scaled rows, each by itself: `[m, d]` → `[m, d]`.
    ///
    /// # Errors
    /// [`DetectorError::Width`] for another number of columns than fitted to.
    pub fn transform(&self, x: ArrayView2<'_, T>) -> Result<Array2<T>, DetectorError> {
        self.check_width(x.ncols())?;
        let mut x = x.as_standard_layout().into_owned();
        for mut row in x.rows_mut() {
            match &self.map {
                Map::Standard { mean, scale } => {
                    for ((v, mean), scale) in row.iter_mut().zip(mean).zip(scale) {
                        *v = bounded((*v - *mean) / *scale, || {
                            (v.wide() - mean.wide()) / scale.wide()
                        });
                    }
                }
                Map::L2 { mean, s } => {
                    let norm = norm(row.iter());
                    for (v, mean) in row.iter_mut().zip(mean) {
                        let scaled = (v.wide() / norm - mean) / s;
                        *v = bounded(T::nearest(scaled), || scaled);
                    }
                }
                Map::Minmax { scale, shift } => {
                    for ((v, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
                        *v = bounded(*v * *scale + *shift, || {
                            v.wide() * scale.wide() + shift.wide()
                        });
                    }
                }
                Map::Raw => row.iter_mut().for_each(|v| *v = bounded(*v, || v.wide())),
            }
        }
        Ok(x)
    }

    /// `state` with its numbers.
    pub(crate) fn store(&self, state: State) -> State {
        match &self.map {
            Map::Standard { mean, scale } => state.with_list(MEAN, mean).with_list(SCALE, scale),
            Map::L2 { mean, s } => state.with_list(MEAN, mean).with_list(SCALE, &[*s]),
            Map::Minmax { scale, shift } => state.with_list(SCALE, scale).with_list(SHIFT, shift),
            Map::Raw => state,
        }
    }

    /// That of this kind for rows of `columns` numbers in `state`.
    pub(crate) fn stored(
        kind: RowScaling,
        columns: usize,
        state: &State,
    ) -> Result<Self, StateError> {
        let list = |name| Ok(state.finite::<T, Ix1>(name, columns)?.to_vec());
        let map = match kind {
            RowScaling::Standard => Map::Standard {
                mean: list(MEAN)?,
                scale: list(SCALE)?,
            },
            RowScaling::L2 => Map::L2 {
                mean: state.finite::<f64, Ix1>(MEAN, columns)?.to_vec(),
                s: state.finite::<f64, Ix1>(SCALE, 1)?[0],
            },
            RowScaling::Minmax => Map::Minmax {
                scale: list(SCALE)?,
                shift: list(SHIFT)?,
            },
            RowScaling::Raw => Map::Raw,
        };
        Ok(Self { columns, map })
    }

    /// The gradient with respect to the rows `x` of a function of the scaled rows whose gradient with
    /// respect to those is `gradient`: both `[m, d]` → `[m, d]`.
    ///
    /// # Formula
    /// Standard `g / scale`, minmax `g · scale`; with `u = x/‖x‖`, l2 `(g − (u·g)·u)/(‖x‖·s)`.
    ///
    /// # Errors
    /// [`DetectorError::Width`] for another number of columns than fitted to.
    pub fn pull_back(
        &self,
        x: ArrayView2<'_, T>,
        gradient: ArrayView2<'_, f32>,
    ) -> Result<Array2<f32>, DetectorError> {
        self.check_width(x.ncols())?;
        self.check_width(gradient.ncols())?;
        let wide = <T as From<f32>>::from;
        let mut gradient = gradient.as_standard_layout().into_owned();
        for (mut g, x) in gradient.rows_mut().into_iter().zip(x.rows()) {
            match &self.map {
                Map::Standard { scale, .. } => {
                    for (g, scale) in g.iter_mut().zip(scale) {
                        *g = f32::nearest((wide(*g) / *scale).wide());
                    }
                }
                Map::L2 { s, .. } => {
                    let norm = norm(x.iter());
                    let pairs = g.iter().zip(x);
                    let along: f64 = pairs.map(|(&g, x)| f64::from(g) * x.wide()).sum();
                    for (g, x) in g.iter_mut().zip(x) {
                        let across = f64::from(*g) - along * x.wide() / (norm * norm);
                        *g = f32::nearest(across / (norm * s));
                    }
                }
                Map::Minmax { scale, .. } => {
                    for (g, scale) in g.iter_mut().zip(scale) {
                        *g = f32::nearest((wide(*g) * *scale).wide());
                    }
                }
                Map::Raw => {}
            }
        }
        Ok(gradient)
    }

    fn check_width(&self, found: usize) -> Result<(), DetectorError> {
        if found != self.columns {
            return Err(DetectorError::Width {
                trained: self.columns,
                found,
            });
        }
        Ok(())
    }
}

/// The largest scaled number of 64 bits: squares of these can be added and multiplied with room to spare.
const LARGEST: f64 = 1e100;

/// `value` where it is finite, else `exact` brought into the range of `T`.
fn bounded<T: Number>(value: T, exact: impl FnOnce() -> f64) -> T {
    let largest = T::nearest(f64::MAX).wide().min(LARGEST);
    if value.is_finite() && value.wide().abs() <= largest {
        return value;
    }
    let exact = exact();
    // A difference beyond the range of f64 is infinite, and clamped like all others.
    T::nearest(exact.clamp(-largest, largest))
}

/// Two passes in f64 with the correction of Chan, Golub and LeVeque 1983, rows added one after
/// another as NumPy does; of 32-bit rows mean and scale are rounded to f32 before use, as scikit-learn
/// 1.9 does.
fn fit_standard<T: Number>(x: ArrayView2<'_, T>) -> Map<T> {
    let n = x.nrows() as f64;
    let ranges = ranges(x);
    let units: Vec<f64> = ranges.iter().map(|range| unit(*range)).collect();
    let mut mean = vec![0.0; x.ncols()];
    for row in x.rows() {
        for ((sum, v), unit) in mean.iter_mut().zip(row).zip(&units) {
            *sum += v.wide() * unit;
        }
    }
    mean.iter_mut().for_each(|sum| *sum /= n);
    let mut correction = vec![0.0; x.ncols()];
    let mut squares = vec![0.0; x.ncols()];
    for row in x.rows() {
        for (j, v) in row.iter().enumerate() {
            let off = v.wide() * units[j] - mean[j];
            correction[j] += off;
            squares[j] += off * off;
        }
    }
    let scale = (0..x.ncols()).map(|j| {
        let variance = (squares[j] - correction[j] * correction[j] / n) / n;
        if is_constant(ranges[j]) || variance <= 0.0 {
            T::one()
        } else {
            T::nearest(variance.sqrt() / units[j])
        }
    });
    Map::Standard {
        scale: scale.collect(),
        mean: mean
            .iter()
            .zip(&units)
            .map(|(mean, unit)| T::nearest(mean / unit))
            .collect(),
    }
}

/// The least and the largest number of each column.
fn ranges<T: Number>(x: ArrayView2<'_, T>) -> Vec<[T; 2]> {
    let mut ranges = vec![[T::infinity(), T::neg_infinity()]; x.ncols()];
    for row in x.rows() {
        for ([low, high], v) in ranges.iter_mut().zip(row) {
            (*low, *high) = (low.min(*v), high.max(*v));
        }
    }
    ranges
}

/// Whether the numbers of a column differ by no more than a few roundings of 64 bits.
fn is_constant<T: Number>([low, high]: [T; 2]) -> bool {
    let (low, high) = (low.wide(), high.wide());
    // Halves: a difference could be beyond the range.
    high / 2.0 - low / 2.0 <= 4.0 * f64::EPSILON * low.abs().max(high.abs())
}

/// What a column is multiplied by so that squares of its numbers can be added: 1, or a power of two where
/// they are beyond the square root of the range of f64.
fn unit<T: Number>([low, high]: [T; 2]) -> f64 {
    if low.wide().abs().max(high.wide().abs()) < 1e140 {
        1.0
    } else {
        2f64.powi(-600)
    }
}

fn fit_minmax<T: Number>(x: ArrayView2<'_, T>) -> Map<T> {
    let over = |[low, high]: [T; 2]| {
        let over = T::one() / (high - low);
        if is_constant([low, high]) {
            T::one()
        } else if over.is_finite() && over > T::zero() {
            over
        } else {
            // A range beyond that of the type, or so small that one over it is: halves have room in f64.
            T::nearest((0.5 / (high.wide() / 2.0 - low.wide() / 2.0)).min(f64::MAX))
        }
    };
    let ranges = ranges(x);
    let scale: Vec<T> = ranges.iter().map(|range| over(*range)).collect();
    let shift = ranges.iter().zip(&scale);
    Map::Minmax {
        shift: shift
            .map(|([low, _], over)| T::zero() - *low * *over)
            .collect(),
        scale,
    }
}

fn fit_l2<T: Number>(x: ArrayView2<'_, T>) -> Map<T> {
    let (n, d) = x.dim();
    let mut mean = vec![0.0; d];
    for row in x.rows() {
        let norm = norm(row.iter());
        for (sum, v) in mean.iter_mut().zip(row) {
            *sum += v.wide() / norm;
        }
    }
    mean.iter_mut().for_each(|sum| *sum /= n as f64);
    let mut squares = 0.0;
    for row in x.rows() {
        let norm = norm(row.iter());
        for (mean, v) in mean.iter().zip(row) {
            squares += (v.wide() / norm - mean).powi(2);
        }
    }
    let s = (squares / (n * d) as f64).sqrt();
    Map::L2 {
        mean,
        // All rows in one direction: nothing to scale.
        s: if s > 0.0 { s } else { 1.0 },
    }
}

/// The L2 norm; 1 of a row of zeros, which stays one.
fn norm<'a, T: Number>(row: impl Iterator<Item = &'a T> + Clone) -> f64 {
    let of = |unit: f64| {
        row.clone()
            .map(|v| (v.wide() * unit).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let norm = of(1.0);
    if norm.is_finite() && norm > 1e-140 {
        return norm;
    }
    // Squares beyond the range of f64, on either side.
    let unit = 2f64.powi(if norm > 1.0 { -600 } else { 600 });
    match of(unit) / unit {
        0.0 => 1.0,
        norm => norm,
    }
}
