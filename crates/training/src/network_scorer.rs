use detector::{DetectorError, Input, Progress, Scorer, State};
use ndarray::{Array1, Array2};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tch::nn;

use crate::{
    BoxError, Plan, SampleShape, Session, Trainable, Trained, TrainingError, TrainingSet, fit,
    fit_together, gradient_blocks, restore, score_blocks, to_tensor,
};

const KIND: &str = "network-scorer";
const LAYOUT: u32 = 1;

/// The scorer of a network that scores a sample by itself, with [`Trainable::score`].
#[derive(Debug)]
pub(crate) struct NetworkScorer<M> {
    shape: SampleShape,
    trained: Trained<M>,
}

impl<M: Trainable> NetworkScorer<M> {
    /// Trains the network that `build` makes on the samples `x`, each of the given shape.
    ///
    /// # Errors
    /// As [`fit`].
    pub(crate) fn fit<C: Serialize>(
        plan: &Plan<'_, C>,
        x: Input<'_>,
        shape: SampleShape,
        seed: u64,
        progress: &dyn Progress,
        build: impl FnOnce(&nn::Path<'_>, SampleShape) -> Result<M, BoxError>,
    ) -> Result<Self, TrainingError> {
        let x = to_tensor(x, plan.runtime.device)?;
        let trained = fit(plan, &x, seed, progress, |vs| build(vs, shape))?;
        Ok(Self { shape, trained })
    }

    /// [`fit`](Self::fit) for each of `sets`.
    ///
    /// # Errors
    /// As [`fit_together`].
    pub(crate) fn fit_together<C: Serialize>(
        plan: &Plan<'_, C>,
        sets: &[TrainingSet],
        progress: &dyn Progress,
        build: impl Fn(&nn::Path<'_>, SampleShape) -> Result<M, BoxError>,
    ) -> Vec<Result<Self, TrainingError>> {
        let build = |vs: &nn::Path<'_>, set: &TrainingSet| build(vs, set.shape);
        let trained = fit_together(plan, sets, progress, build);
        let shapes = sets.iter().map(|set| set.shape);
        let both = shapes.zip(trained);
        both.map(|(shape, trained)| {
            let trained = trained?;
            Ok(Self { shape, trained })
        })
        .collect()
    }

    /// The scorer whose [state](Scorer::state) this is.
    ///
    /// # Errors
    /// As [`restore`].
    pub(crate) fn restore<C: Serialize + DeserializeOwned>(
        plan: &Plan<'_, (&str, &C)>,
        state: &State,
        build: impl FnOnce(&nn::Path<'_>, SampleShape) -> Result<M, BoxError>,
    ) -> Result<Self, TrainingError> {
        state.expect(KIND, LAYOUT)?;
        let shape = SampleShape::stored(state)?;
        let stored = state.part("network")?;
        // What was stored before a setting was there has it at its default.
        let settings = stored.settings::<(String, C)>().ok();
        let today = settings.map(|settings| stored.clone().with_config(&settings));
        let stored = today.as_ref().unwrap_or(stored);
        let trained = restore(plan, stored, |vs, _| build(vs, shape))?;
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

    fn state(&self) -> Result<State, DetectorError> {
        Ok(State::new(KIND, LAYOUT)
            .with_value("shape", self.shape)
            .with_part("network", self.trained.state()?))
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
