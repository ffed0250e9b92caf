use detector::{DetectorError, Number, State, StateError, needs_memory};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, Ix2};
use rayon::prelude::*;

use crate::covariance::add_outer_products;
use crate::inverse::inverse;
use crate::rows::{Deltas, blocks};

/// Added to `R/d` before the logarithm: a row that is fully explained scores finitely.
pub(crate) const LOG_FLOOR: f64 = 1e-6;

/// Below this share of the trace of Σ, σ² would be lost in its rounding.
const LEAST_SHARE: f64 = 1e-12;
/// Rows added to Σ at once: what is held of them is small beside Σ, and the products are large.
const SUMMED: usize = 4096;
/// Rows of one task where rows are measured.
const MEASURED: usize = 128;

/// # Errors
/// [`DetectorError::Memory`] where covariances of `n` rows of `d` columns do not fit.
pub(crate) fn needs_squares(n: usize, d: usize) -> Result<(), DetectorError> {
    let (n, d) = (n as u128, d as u128);
    let side = n.min(d);
    // Sum, factor and inverse, and the rows in 64 bits where they are the fewer.
    let rows = if n < d { n * d } else { 0 };
    needs_memory(
        8 * (3 * side * side + rows),
        &format!("covariances of {n} rows of {d} columns; fewer of the two need less"),
    )
}

/// What a Gaussian denoiser leaves of a deviation: `I − W = σ²(Σ + σ²I)⁻¹`, `Σ = (1/n) Σ_i δ_i δ_iᵀ`.
#[derive(Debug)]
pub(crate) enum Unexplained {
    /// `σ²(Σ + σ²I)⁻¹`, `[d, d]`.
    ByColumns(Array2<f64>),
    /// Where rows are fewer than columns: with `Δ`, `[n, d]`, `W = Δᵀ(ΔΔᵀ + nσ²I)⁻¹Δ`, which leaves
    /// what lies outside the span of the rows as it is.
    ByRows {
        deltas: Array2<f64>,
        /// `(ΔΔᵀ + nσ²I)⁻¹`, `[n, n]`
        inverse: Array2<f64>,
    },
}

impl Unexplained {
    /// Of these deviations at the variance `σ²`. Where `σ²` is below a 10¹²th of the trace of `Σ`, so
    /// that rounding would hide it, it counts as that.
    pub(crate) fn new<T: Number>(deltas: &Deltas<'_, T>, variance: f64) -> Self {
        let (n, d) = deltas.shape();
        if n >= d {
            let mut sum = Array2::zeros((d, d));
            for rows in blocks(n, SUMMED) {
                add_outer_products(deltas.of(rows).view(), &mut sum);
            }
            let (inverse, variance) = ridge_inverse(sum, n, variance);
            Self::ByColumns(inverse * variance)
        } else {
            let deltas = deltas.of(0..n);
            let mut gram = Array2::zeros((n, n));
            add_outer_products(deltas.t(), &mut gram);
            let (inverse, _) = ridge_inverse(gram, n, variance);
            Self::ByRows {
                deltas,
                inverse: inverse / n as f64,
            }
        }
    }

    /// As a part of a detector's state.
    pub(crate) fn state(&self) -> State {
        let state = State::new("unexplained", 1);
        match self {
            Self::ByColumns(complement) => state.with_array("complement", complement),
            Self::ByRows { deltas, inverse } => state
                .with_array("deltas", deltas)
                .with_array("inverse", inverse),
        }
    }

    /// For `d` columns, from that part.
    ///
    /// # Errors
    /// [`StateError`] for another or a damaged one.
    pub(crate) fn restore(state: &State, d: usize) -> Result<Self, StateError> {
        state.expect("unexplained", 1)?;
        if state.array_names().any(|name| name == "complement") {
            return Ok(Self::ByColumns(state.finite("complement", (d, d))?));
        }
        let n = state.array::<f64, Ix2>("deltas")?.nrows();
        Ok(Self::ByRows {
            deltas: state.finite("deltas", (n, d))?,
            inverse: state.finite("inverse", (n, n))?,
        })
    }

    /// The diagonal of `I − W`, above 0.
    pub(crate) fn diagonal(&self, d: usize) -> Vec<f64> {
        match self {
            Self::ByColumns(complement) => complement.diag().to_vec(),
            Self::ByRows { deltas, inverse } => {
                let weighted = inverse.dot(deltas);
                let mut explained = vec![0.0; d];
                for (a, b) in deltas.outer_iter().zip(weighted.outer_iter()) {
                    for (sum, (a, b)) in explained.iter_mut().zip(a.iter().zip(b)) {
                        *sum += a * b;
                    }
                }
                // No eigenvalue of I − W is below σ² over that and the trace of Σ.
                let left = |w: f64| (1.0 - w).max(LEAST_SHARE / 2.0);
                explained.into_iter().map(left).collect()
            }
        }
    }

    /// `R(δ) = |(I − W)δ|²` of each deviation.
    pub(crate) fn squared<T: Number>(&self, deltas: &Deltas<'_, T>) -> Vec<f64> {
        self.by_row(deltas, |row| row.iter().map(|v| v * v).sum())
    }

    /// The squares that [`squared`](Self::squared) sums: `((I − W)δ)_j²`, `[m, d]`.
    pub(crate) fn squares<T: Number>(&self, deltas: &Deltas<'_, T>) -> Array2<f64> {
        let rows = self.by_row(deltas, |row| row.mapv(|v| v * v));
        let mut squares = Array2::zeros(deltas.shape());
        for (mut of_row, row) in squares.outer_iter_mut().zip(&rows) {
            of_row.assign(row);
        }
        squares
    }

    /// What `of` makes of `(I − W)δ` of each deviation.
    pub(crate) fn by_row<T: Number, R: Send>(
        &self,
        deltas: &Deltas<'_, T>,
        of: impl Fn(ArrayView1<'_, f64>) -> R + Sync,
    ) -> Vec<R> {
        let blocks = blocks(deltas.shape().0, MEASURED);
        let found: Vec<Vec<R>> = blocks
            .into_par_iter()
            .map(|rows| {
                let rest = self.rest(deltas.padded(rows.clone()));
                rest.outer_iter().take(rows.len()).map(&of).collect()
            })
            .collect();
        found.into_iter().flatten().collect()
    }

    /// `(I − W)δ` of each row.
    fn rest(&self, deltas: Array2<f64>) -> Array2<f64> {
        match self {
            Self::ByColumns(complement) => product(deltas.view(), complement.view()),
            Self::ByRows {
                deltas: own,
                inverse,
            } => {
                let along = product(deltas.view(), own.t());
                let weights = product(along.view(), inverse.view());
                let mut rest = deltas;
                general_mat_mul(-1.0, &weights, own, 1.0, &mut rest);
                rest
            }
        }
    }
}

/// `(S/n + σ²I)⁻¹` from the lower triangle of `S`, and the `σ²` that was taken.
fn ridge_inverse(mut sum: Array2<f64>, n: usize, variance: f64) -> (Array2<f64>, f64) {
    sum /= n as f64;
    let variance = variance.max(LEAST_SHARE * sum.diag().sum());
    sum.diag_mut().iter_mut().for_each(|v| *v += variance);
    (inverse(sum, variance), variance)
}

fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    general_mat_mul(1.0, &a, &b, 0.0, &mut c);
    c
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Axis, array, concatenate};

    use super::*;
    use crate::rows::Centre;

    fn rows(n: usize, d: usize) -> Array2<f32> {
        let scrambled = |k: usize| (k as f64 * 12.9898).sin() * 43758.5453;
        Array2::from_shape_fn((n, d), |(i, j)| scrambled(i * d + j + 1).fract() as f32)
    }

    #[test]
    fn one_direction_shrinks_by_the_wiener_gain() {
        // Σ = diag(4, 0): of (1, 1) the gain 4/(4 + 1) leaves a fifth of the first part.
        let x = array![[2.0f32, 0.0], [-2.0, 0.0]];
        let centre = || Centre::Point(&[0.0, 0.0]);
        let unexplained = Unexplained::new(
            &Deltas {
                x: x.view(),
                centre: centre(),
            },
            1.0,
        );
        let y = array![[1.0f32, 1.0]];
        let found = unexplained.squared(&Deltas {
            x: y.view(),
            centre: centre(),
        });
        assert_relative_eq!(found[0], 0.04 + 1.0, max_relative = 1e-14);
    }

    #[test]
    fn by_rows_and_by_columns_agree() {
        // Five rows of nine columns; each written twice they are more than columns, and Σ is the same.
        let x = rows(5, 9);
        let twice = concatenate(Axis(0), &[x.view(), x.view()]).unwrap();
        let centre = || Centre::Point(&[0.1; 9]);
        let y = rows(20, 9);
        let y = Deltas {
            x: y.view(),
            centre: centre(),
        };
        for variance in [1e-4, 0.3, 50.0] {
            let [few, many] = [&x, &twice].map(|x| {
                Unexplained::new(
                    &Deltas {
                        x: x.view(),
                        centre: centre(),
                    },
                    variance,
                )
                .squared(&y)
            });
            assert_relative_eq!(few.as_slice(), many.as_slice(), max_relative = 1e-9);
        }
    }

    #[test]
    fn a_vanishing_variance_leaves_what_is_outside_the_span() {
        let x = rows(3, 6);
        let centre = || Centre::Point(&[0.0; 6]);
        let inside = Deltas {
            x: x.view(),
            centre: centre(),
        };
        let unexplained = Unexplained::new(&inside, 0.0);
        // σ² counts as 10⁻¹² of the trace, and rounding is a 10⁻⁴th of a length then.
        assert!(unexplained.squared(&inside).iter().all(|r| *r < 1e-7));
        let y = rows(4, 6);
        let y = unexplained.squared(&Deltas {
            x: y.view(),
            centre: centre(),
        });
        assert!(y[3] > 0.1, "{y:?}");
    }
}
