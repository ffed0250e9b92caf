use detector::{DetectorError, Input, Progress, Scorer};
use ndarray::{Array1, Array2};
use serde::Serialize;
use tch::nn;

use crate::{
    BoxError, Plan, SampleShape, Session, Trainable, Trained, TrainingError, fit, gradient_blocks,
    score_blocks, to_tensor,
};

/// The scorer of a network that scores a sample by itself, with [`Trainable::score`].
#[derive(Debug)]
pub struct NetworkScorer<M> {
    shape: SampleShape,
    trained: Trained<M>,
}

impl<M: Trainable> NetworkScorer<M> {
    /// Trains the network that `build` makes on the samples `x`, each of the given shape.
    ///
    /// # Errors
    /// As [`fit`].
    pub fn fit<C: Serialize>(
        plan: &Plan<'_, C>,
        x: Input<'_>,
        shape: SampleShape,
        seed: u64,
        progress: &dyn Progress,
        build: impl FnOnce(&nn::Path<'_>) -> Result<M, BoxError>,
    ) -> Result<Self, TrainingError> {
        let x = to_tensor(x, plan.runtime.device)?;
        let trained = fit(plan, &x, seed, progress, build)?;
        Ok(Self { shape, trained })
    }

    fn scores(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, TrainingError> {
        let session = Session::begin(self.trained.device())?;
        let model = self.trained.model(&session);
        let _no_grad = tch::no_grad_guard();
        score_blocks(x, self.trained.device(), progress, |x| model.score(x))
    }

    fn gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Array2<f32>, TrainingError> {
        let session = Session::begin(self.trained.device())?;
        let model = self.trained.model(&session);
        gradient_blocks(x, self.trained.device(), progress, |x| model.score(x))
    }
}

impl<M: Trainable> Scorer for NetworkScorer<M> {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        self.shape.check(x)?;
        Ok(self.scores(x, progress)?)
    }

    fn score_gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array2<f32>>, DetectorError> {
        self.shape.check(x)?;
        match self.shape {
            SampleShape::Row(_) => Ok(Some(self.gradient(x, progress)?)),
            SampleShape::Image(_) => Ok(None),
        }
    }

    fn n_params(&self) -> Option<u64> {
        Some(self.trained.n_params())
    }

    fn n_evaluations(&self) -> Option<u64> {
        Some(self.trained.n_evaluations())
    }

    fn losses(&self) -> &[f64] {
        self.trained.losses()
    }

    fn warnings(&self) -> Vec<String> {
        self.trained.warnings().to_vec()
    }
}
