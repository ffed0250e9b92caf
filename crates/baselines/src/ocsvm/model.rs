//! A fitted one-class SVM.

use std::sync::atomic::{AtomicU64, Ordering};

use detector::{DetectorError, Input, Number, Progress, Rows, Scorer, State, StateError};
use ndarray::{Array1, Array2, ArrayView2, Ix1, Ix2};
use rayon::prelude::*;

use super::kernel::{RbfKernel, slice_rows, squared_norms, tiles};
use super::smo::Solution;

/// Rows scored together.
const BLOCK: usize = 128;

/// Fewer rows are filled up with zeros to a multiple of this, which is one of the height of every
/// micro-kernel of matrixmultiply: so no row meets the code for edges, and a row's score has the same
/// bits alone and in any batch.
const FULL: usize = 16;

/// A fitted [`OneClassSvm`](super::OneClassSvm).
pub struct OneClassSvmModel {
    center: Array1<f64>,
    /// Against the support vectors.
    kernel: RbfKernel,
    support: Vec<usize>,
    alpha: Vec<f64>,
    rho: f64,
    steps: u64,
}

impl OneClassSvmModel {
    /// `kernel` is that of the training rows less `center`.
    pub(super) fn new(kernel: &RbfKernel, center: Array1<f64>, solution: &Solution) -> Self {
        let support: Vec<usize> = (0..solution.alpha.len())
            .filter(|&i| solution.alpha[i] > 0.0)
            .collect();
        Self {
            center,
            kernel: kernel.select(&support),
            alpha: support.iter().map(|&i| solution.alpha[i]).collect(),
            support,
            rho: solution.rho,
            steps: solution.steps,
        }
    }

    /// The model that was stored.
    pub(super) fn restore(state: &State) -> Result<Self, StateError> {
        let support: Vec<u64> = state.list("support")?;
        let d = state.list::<f64>("centre")?.len();
        if support.is_empty() || d == 0 || !support.is_sorted_by(|a, b| a < b) {
            return Err(state.wrong("support", "no ascending places of rows"));
        }
        let gamma: f64 = state.value("gamma")?;
        let alpha = state.finite::<f64, Ix1>("alpha", support.len())?;
        if gamma <= 0.0 || alpha.iter().any(|alpha| *alpha <= 0.0) {
            return Err(state.wrong("alpha", "it or gamma is not positive"));
        }
        let vectors = state.finite::<f64, Ix2>("vectors", (support.len(), d))?;
        Ok(Self {
            center: state.finite::<f64, Ix1>("centre", d)?,
            kernel: RbfKernel::new(vectors, gamma),
            support: support.into_iter().map(|i| i as usize).collect(),
            alpha: alpha.to_vec(),
            rho: state.value("rho")?,
            steps: state.value("steps")?,
        })
    }

    /// ρ, in libsvm's scaling Σα = νn; scikit-learn's `offset_`.
    pub fn rho(&self) -> f64 {
        self.rho
    }

    /// γ as used.
    pub fn gamma(&self) -> f64 {
        self.kernel.gamma()
    }

    /// The indices of the support vectors among the training rows, ascending.
    pub fn support(&self) -> &[usize] {
        &self.support
    }

    /// α of each support vector, in (0, 1].
    pub fn alpha(&self) -> &[f64] {
        &self.alpha
    }

    /// Steps of the solver.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Scores up to [`BLOCK`] rows.
    fn score_block<T: Number>(&self, rows: ArrayView2<'_, T>, scores: &mut [f64]) {
        let mut a = Array2::zeros((rows.nrows().next_multiple_of(FULL), self.center.len()));
        for (mut a, row) in a.rows_mut().into_iter().zip(rows.rows()) {
            for ((a, x), center) in a.iter_mut().zip(row).zip(&self.center) {
                *a = x.wide() - center;
            }
        }
        let norms = squared_norms(a.view());
        scores.fill(self.rho);
        let mut buffer = Vec::new();
        for columns in tiles(self.alpha.len()) {
            let alpha = &self.alpha[columns.clone()];
            let tile = self.kernel.tile(a.view(), &norms, columns, &mut buffer);
            for (score, k) in scores.iter_mut().zip(tile.rows()) {
                *score -= alpha.iter().zip(k).map(|(alpha, k)| alpha * k).sum::<f64>();
            }
        }
    }
}

impl Scorer for OneClassSvmModel {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        Ok(match x.rows_of_width(self.center.len())? {
            Rows::F32(x) => self.scores(x, progress)?,
            Rows::F64(x) => self.scores(x, progress)?,
        })
    }

    fn state(&self) -> Result<State, DetectorError> {
        let support: Vec<u64> = self.support.iter().map(|i| *i as u64).collect();
        Ok(State::new("ocsvm", 1)
            .with_value("gamma", self.gamma())
            .with_value("rho", self.rho)
            .with_value("steps", self.steps)
            .with_array("centre", &self.center)
            .with_array("vectors", &self.kernel.rows())
            .with_list("support", &support)
            .with_list("alpha", &self.alpha))
    }
}

impl OneClassSvmModel {
    fn scores<T: Number>(
        &self,
        x: ArrayView2<'_, T>,
        progress: &dyn Progress,
    ) -> Result<Array1<f64>, DetectorError> {
        let n = x.nrows();
        let done = AtomicU64::new(0);
        let mut scores = vec![0.0; n];
        scores
            .par_chunks_mut(BLOCK)
            .enumerate()
            .try_for_each(|(b, scores)| {
                if progress.interrupted() {
                    return Err(DetectorError::Interrupted);
                }
                let first = b * BLOCK;
                self.score_block(slice_rows(x, first..first + scores.len()), scores);
                let count = scores.len() as u64;
                let done = done.fetch_add(count, Ordering::Relaxed) + count;
                progress.update("rows", done, n as u64, "");
                Ok(())
            })?;
        Ok(Array1::from_vec(scores))
    }
}
