use std::sync::OnceLock;

use detector::{DetectorError, Input, Progress, Scorer, Silent, State, StateError};
use diffusion_core::{Combine, ScoreRule, Scoring};
use ndarray::{Array1, Array2, Array3, Array4};
use tch::{Device, Kind};
use training::{
    SampleShape, Session, Trained, TrainingError, gradient_blocks, in_blocks, map_blocks,
    score_blocks,
};

use crate::ImagesConfig;
use crate::model::Model;
use crate::reference::Reference;
use crate::smooth::smooth;
use crate::typicality::Typicality;

const KIND: &str = "diffusion";
const LAYOUT: u32 = 1;
/// The part of a stored state that is the network.
pub(crate) const NETWORK: &str = "network";

/// That `state` is of a [`DiffusionScorer`].
pub(crate) fn expect(state: &State) -> Result<(), StateError> {
    state.expect(KIND, LAYOUT)
}

/// A trained [`DiffusionDetector`](crate::DiffusionDetector).
#[derive(Debug)]
pub(crate) struct DiffusionScorer {
    pub(crate) shape: SampleShape,
    pub(crate) scoring: Scoring,
    pub(crate) images: ImagesConfig,
    pub(crate) trained: Trained<Model>,
    /// Where scores or maps are relative to training samples.
    pub(crate) reference: Option<Reference>,
    /// What is typical of the reference, once it is asked for.
    pub(crate) typicality: OnceLock<Typicality>,
    /// What maps are divided by, once they are asked for.
    pub(crate) map_scale: OnceLock<f32>,
}

impl DiffusionScorer {
    /// Where one walk from the first of `score.start` ends, as bytes.
    fn reconstruct(
        &self,
        x: Input<'_>,
        [c, h, w]: [usize; 3],
        progress: &dyn Progress,
    ) -> Result<Array4<u8>, TrainingError> {
        let mut values = Vec::with_capacity(x.len() * c * h * w);
        let session = Session::begin(self.trained.device())?;
        let model = self.trained.model(&session);
        in_blocks(x, self.trained.device(), progress, |block| {
            let found = model.reconstruct(block)?;
            let bytes = ((found + 1.0) * 127.5).round().clamp(0.0, 255.0);
            let bytes = bytes.to_kind(Kind::Uint8).to_device(Device::Cpu);
            values.extend(Vec::<u8>::try_from(bytes.f_reshape([-1])?)?);
            Ok(())
        })?;
        Array4::from_shape_vec((x.len(), c, h, w), values)
            .map_err(|e| TrainingError::Model(e.into()))
    }

    fn score_checked(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Array1<f64>, TrainingError> {
        match self.scoring.config().combine {
            Combine::Mean => self.scores_by(&self.scoring, x, progress),
            Combine::Typicality => {
                let typicality = self.typicality()?;
                let scores = self.scores_by_level(x, progress)?;
                Ok(Array1::from_vec(typicality.distances(scores.view())))
            }
        }
    }

    fn scores_by(
        &self,
        scoring: &Scoring,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Array1<f64>, TrainingError> {
        let session = Session::begin(self.trained.device())?;
        let model = self.trained.model(&session);
        let device = self.trained.device();
        score_blocks(x, device, progress, |x| model.score_by(scoring, x))
    }

    /// `[m, k]`, a column for each of the `k` levels.
    fn scores_by_level(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Array2<f64>, TrainingError> {
        let levels = self.scoring.by_level();
        let mut scores = Array2::zeros((x.len(), levels.len()));
        for (level, mut column) in levels.iter().zip(scores.columns_mut()) {
            column.assign(&self.scores_by(level, x, progress)?);
        }
        Ok(scores)
    }

    fn reference(&self) -> Result<Input<'_>, TrainingError> {
        let found = self.reference.as_ref().map(Reference::input);
        found.ok_or_else(|| TrainingError::Model("no training samples were kept".into()))
    }

    fn typicality(&self) -> Result<&Typicality, TrainingError> {
        if let Some(found) = self.typicality.get() {
            return Ok(found);
        }
        let scores = self.scores_by_level(self.reference()?, &Silent)?;
        let found = Typicality::fit(scores.view())?;
        Ok(self.typicality.get_or_init(|| found))
    }

    fn gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Array2<f32>, TrainingError> {
        let session = Session::begin(self.trained.device())?;
        let model = self.trained.model(&session);
        let device = self.trained.device();
        gradient_blocks(x, device, progress, |x| model.score_by(&self.scoring, x))
    }

    /// Smoothed maps, not yet scaled.
    fn raw_maps(
        &self,
        x: Input<'_>,
        [h, w]: [usize; 2],
        progress: &dyn Progress,
    ) -> Result<Array3<f32>, TrainingError> {
        let session = Session::begin(self.trained.device())?;
        let model = self.trained.model(&session);
        let device = self.trained.device();
        let mut maps = map_blocks(x, [h, w], device, progress, |x| model.maps(x))?;
        smooth(&mut maps, self.images.map_sigma);
        Ok(maps)
    }

    /// What becomes 1 in a map of `[h, w]`.
    fn map_scale(&self, size: [usize; 2]) -> Result<f32, TrainingError> {
        if let Some(scale) = self.map_scale.get() {
            return Ok(*scale);
        }
        let maps = self.raw_maps(self.reference()?, size, &Silent)?;
        let scale = quantile(maps.into_iter().collect(), self.images.map_quantile);
        let scale = if scale > 0.0 { scale } else { 1.0 };
        Ok(*self.map_scale.get_or_init(|| scale))
    }
}

impl Scorer for DiffusionScorer {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        self.shape.check(x)?;
        Ok(self.score_checked(x, progress)?)
    }

    fn state(&self) -> Result<State, DetectorError> {
        let state = State::new(KIND, LAYOUT)
            .with_value("shape", self.shape)
            .with_part(NETWORK, self.trained.state()?);
        Ok(match &self.reference {
            Some(reference) => reference.store(state),
            None => state,
        })
    }

    fn maps(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array3<f32>>, DetectorError> {
        self.shape.check(x)?;
        let SampleShape::Image([_, h, w]) = self.shape else {
            return Ok(None);
        };
        let scale = self.map_scale([h, w])?;
        Ok(Some(self.raw_maps(x, [h, w], progress)? / scale))
    }

    fn reconstructions(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array4<u8>>, DetectorError> {
        self.shape.check(x)?;
        match (self.shape, self.scoring.config().rule) {
            (SampleShape::Image(shape), ScoreRule::Reconstruction) => {
                Ok(Some(self.reconstruct(x, shape, progress)?))
            }
            _ => Ok(None),
        }
    }

    fn score_gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array2<f32>>, DetectorError> {
        self.shape.check(x)?;
        let config = self.scoring.config();
        match self.shape {
            SampleShape::Row(_) if !config.is_random() && config.combine == Combine::Mean => {
                Ok(Some(self.gradient(x, progress)?))
            }
            _ => Ok(None),
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

/// The smallest value that at least the share `q` of `values` does not exceed.
fn quantile(mut values: Vec<f32>, q: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let place = (q * values.len() as f64).ceil() as usize;
    let place = place.clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_of_few_values() {
        let values = vec![4.0, 1.0, 3.0, 2.0, 5.0];
        for (q, expected) in [
            (0.01, 1.0),
            (0.2, 1.0),
            (0.21, 2.0),
            (0.99, 5.0),
            (1.0, 5.0),
        ] {
            assert_eq!(quantile(values.clone(), q), expected, "{q}");
        }
        assert_eq!(quantile(Vec::new(), 0.5), 0.0);
    }
}
