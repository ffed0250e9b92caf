use std::fmt;
use std::str::FromStr;

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::DatasetError;

/// What is done to rows before a method sees them; fitted to the training rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowScaling {
    /// Each column minus its mean, over its standard deviation (divisor n): scikit-learn's
    /// `StandardScaler` on float32 rows, bit for bit. A constant column becomes 0.
    #[default]
    Standard,
    /// Each row over its L2 norm (at least 1e-12), minus the mean of the training rows, all over one
    /// number s = √(mean over rows and columns of (x − mean)²). Computed in f64. For embeddings:
    /// directions count, and columns keep their proportions.
    L2,
    /// Each column to `[0, 1]` of the training rows: scikit-learn's `MinMaxScaler` on float32 rows,
    /// bit for bit. A constant column becomes 0. Test rows may leave the interval.
    Minmax,
    /// Nothing.
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

impl FromStr for RowScaling {
    type Err = DatasetError;

    fn from_str(word: &str) -> Result<Self, DatasetError> {
        Self::all()
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| DatasetError::UnknownWord {
                what: "row scaling",
                found: word.to_owned(),
                expected: Self::all().map(Self::as_str).join(", "),
            })
    }
}

/// A [`RowScaling`] fitted to training rows. Read back from JSON it is the same to the last bit only
/// with serde_json's feature `float_roundtrip`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowScaler {
    columns: usize,
    map: Map,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Map {
    /// (x − mean) / scale
    Standard {
        mean: Vec<f32>,
        scale: Vec<f32>,
    },
    /// (x / max(‖x‖, 1e-12) − mean) / s
    L2 {
        mean: Vec<f64>,
        s: f64,
    },
    /// x · scale + shift
    Minmax {
        scale: Vec<f32>,
        shift: Vec<f32>,
    },
    Raw,
}

impl RowScaler {
    /// Fits to training rows `[n, d]`.
    ///
    /// # Errors
    /// [`DatasetError::Empty`] without rows or columns, [`DatasetError::NotFinite`] for NaN or
    /// infinity.
    ///
    /// # Example
    /// ```
    /// use datasets::{RowScaler, RowScaling};
    /// let train = ndarray::array![[1.0, 7.0], [3.0, 7.0]];
    /// let scaler = RowScaler::fit(RowScaling::Standard, train.view())?;
    /// let scaled = scaler.transform(ndarray::array![[5.0, 8.0]].view())?;
    /// assert_eq!(scaled, ndarray::array![[3.0, 1.0]]);
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn fit(kind: RowScaling, x: ArrayView2<'_, f32>) -> Result<Self, DatasetError> {
        let origin = || "the training rows".to_owned();
        if x.is_empty() {
            return Err(DatasetError::Empty {
                origin: origin(),
                n: x.nrows(),
                d: x.ncols(),
            });
        }
        if let Some(((row, column), &value)) = x.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(DatasetError::NotFinite {
                origin: origin(),
                row,
                column,
                value: f64::from(value),
            });
        }
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
    /// [`DatasetError::Width`] for another number of columns than fitted to.
    pub fn transform(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f32>, DatasetError> {
        if x.ncols() != self.columns {
            return Err(DatasetError::Width {
                fitted: self.columns,
                found: x.ncols(),
            });
        }
        let mut x = x.as_standard_layout().into_owned();
        for mut row in x.rows_mut() {
            match &self.map {
                Map::Standard { mean, scale } => {
                    for ((v, mean), scale) in row.iter_mut().zip(mean).zip(scale) {
                        *v = (*v - mean) / scale;
                    }
                }
                Map::L2 { mean, s } => {
                    let norm = norm(row.iter());
                    for (v, mean) in row.iter_mut().zip(mean) {
                        *v = ((f64::from(*v) / norm - mean) / s) as f32;
                    }
                }
                Map::Minmax { scale, shift } => {
                    for ((v, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
                        *v = *v * scale + shift;
                    }
                }
                Map::Raw => {}
            }
        }
        Ok(x)
    }

    /// The gradient with respect to the rows `x` of a function of the scaled rows whose gradient with
    /// respect to those is `gradient`: both `[m, d]` → `[m, d]`.
    ///
    /// # Formula
    /// Standard `g / scale`, minmax `g · scale`; with `u = x/‖x‖`, l2 `(g − (u·g)·u)/(‖x‖·s)`.
    ///
    /// # Errors
    /// [`DatasetError::Width`] for another number of columns than fitted to.
    pub fn pull_back(
        &self,
        x: ArrayView2<'_, f32>,
        gradient: ArrayView2<'_, f32>,
    ) -> Result<Array2<f32>, DatasetError> {
        for found in [x.ncols(), gradient.ncols()] {
            if found != self.columns {
                return Err(DatasetError::Width {
                    fitted: self.columns,
                    found,
                });
            }
        }
        let mut gradient = gradient.as_standard_layout().into_owned();
        for (mut g, x) in gradient.rows_mut().into_iter().zip(x.rows()) {
            match &self.map {
                Map::Standard { scale, .. } => {
                    g.iter_mut().zip(scale).for_each(|(g, scale)| *g /= scale);
                }
                Map::L2 { s, .. } => {
                    let norm = norm(x.iter());
                    let pairs = g.iter().zip(x);
                    let along: f64 = pairs.map(|(&g, &x)| f64::from(g) * f64::from(x)).sum();
                    for (g, &x) in g.iter_mut().zip(x) {
                        let across = f64::from(*g) - along * f64::from(x) / (norm * norm);
                        *g = (across / (norm * s)) as f32;
                    }
                }
                Map::Minmax { scale, .. } => {
                    g.iter_mut().zip(scale).for_each(|(g, scale)| *g *= scale);
                }
                Map::Raw => {}
            }
        }
        Ok(gradient)
    }
}

/// Two passes in f64 with the correction of Chan, Golub and LeVeque 1983, rows added one after
/// another as NumPy does; mean and scale are rounded to f32 before use, as scikit-learn 1.9 does.
fn fit_standard(x: ArrayView2<'_, f32>) -> Map {
    let n = x.nrows() as f64;
    let mut mean = vec![0.0; x.ncols()];
    for row in x.rows() {
        for (sum, &v) in mean.iter_mut().zip(row) {
            *sum += f64::from(v);
        }
    }
    mean.iter_mut().for_each(|sum| *sum /= n);
    let mut correction = vec![0.0; x.ncols()];
    let mut squares = vec![0.0; x.ncols()];
    for row in x.rows() {
        for (j, &v) in row.iter().enumerate() {
            let off = f64::from(v) - mean[j];
            correction[j] += off;
            squares[j] += off * off;
        }
    }
    let scale = (0..x.ncols()).map(|j| {
        let variance = (squares[j] - correction[j] * correction[j] / n) / n;
        // What rounding alone can leave of a constant column counts as zero.
        let rounding = n * f64::EPSILON * variance + (n * mean[j] * f64::EPSILON).powi(2);
        if variance <= rounding {
            1.0
        } else {
            variance.sqrt() as f32
        }
    });
    Map::Standard {
        scale: scale.collect(),
        mean: mean.iter().map(|&mean| mean as f32).collect(),
    }
}

fn fit_minmax(x: ArrayView2<'_, f32>) -> Map {
    let (mut scale, mut shift) = (Vec::new(), Vec::new());
    for column in x.axis_iter(Axis(1)) {
        let low = column.iter().copied().fold(f32::INFINITY, f32::min);
        let high = column.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let range = high - low;
        let range = if range < 10.0 * f32::EPSILON {
            1.0
        } else {
            range
        };
        scale.push(1.0 / range);
        shift.push(0.0 - low * (1.0 / range));
    }
    Map::Minmax { scale, shift }
}

fn fit_l2(x: ArrayView2<'_, f32>) -> Map {
    let (n, d) = x.dim();
    let mut mean = vec![0.0; d];
    for row in x.rows() {
        let norm = norm(row.iter());
        for (sum, &v) in mean.iter_mut().zip(row) {
            *sum += f64::from(v) / norm;
        }
    }
    mean.iter_mut().for_each(|sum| *sum /= n as f64);
    let mut squares = 0.0;
    for row in x.rows() {
        let norm = norm(row.iter());
        for (mean, &v) in mean.iter().zip(row) {
            squares += (f64::from(v) / norm - mean).powi(2);
        }
    }
    let s = (squares / (n * d) as f64).sqrt();
    Map::L2 {
        mean,
        // All rows in one direction: nothing to scale.
        s: if s > 0.0 { s } else { 1.0 },
    }
}

/// The L2 norm, at least 1e-12.
fn norm<'a>(row: impl Iterator<Item = &'a f32>) -> f64 {
    row.map(|&v| f64::from(v).powi(2))
        .sum::<f64>()
        .sqrt()
        .max(1e-12)
}
