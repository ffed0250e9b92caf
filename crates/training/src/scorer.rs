use std::cell::OnceCell;

use detector::{DetectorError, Input, Progress, Scorer, Silent};
use diffusion_core::{Combine, Denoiser, Process, RowNoise, ScoreRule, Scoring};
use ndarray::{Array1, Array2, Array3, Array4, ArrayView2, ArrayView4};
use tch::{Device, Kind, Tensor, nn};

use crate::random::mix;
use crate::scores::{gradient_blocks, map_blocks, score_blocks};
use crate::smooth::smooth;
use crate::typicality::Typicality;
use crate::{ImagesConfig, Purpose, SampleShape, Session, TrainingError, in_blocks};

/// A trained [`DiffusionDetector`](crate::DiffusionDetector).
#[derive(Debug)]
pub(crate) struct DiffusionScorer {
    pub(crate) shape: SampleShape,
    pub(crate) scoring: Scoring,
    pub(crate) warnings: Vec<String>,
    /// The mean loss of each epoch.
    pub(crate) losses: Vec<f64>,
    pub(crate) images: ImagesConfig,
    pub(crate) seed: u64,
    pub(crate) vs: nn::VarStore,
    pub(crate) denoiser: Box<dyn Denoiser>,
    pub(crate) process: Process,
    /// Training samples that typicality and the scale of the maps are taken from.
    pub(crate) reference: Tensor,
    /// What is typical of them, once it is asked for.
    pub(crate) typicality: OnceCell<Typicality>,
    /// What maps are divided by, once they are asked for.
    pub(crate) map_scale: OnceCell<f32>,
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
        let device = self.device();
        let _session = Session::begin(device)?;
        in_blocks(x, device, progress, |block| {
            let found = self.scoring.reconstruct(
                &self.process,
                &*self.denoiser,
                block,
                &mut self.noise(block)?,
            )?;
            let bytes = ((found + 1.0) * 127.5).round().clamp(0.0, 255.0);
            let bytes = bytes.to_kind(Kind::Uint8).to_device(Device::Cpu);
            values.extend(Vec::<u8>::try_from(bytes.f_reshape([-1])?)?);
            Ok(())
        })?;
        Array4::from_shape_vec((x.len(), c, h, w), values)
            .map_err(|e| TrainingError::Network(e.into()))
    }

    fn device(&self) -> Device {
        self.process.device()
    }

    /// The noise of scores, for each sample its own.
    fn noise(&self, x: &Tensor) -> Result<RowNoise, TrainingError> {
        let noise = RowNoise::new(x, mix(self.seed, Purpose::Walk, 0))?;
        Ok(noise.with_noise(self.images.noise))
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
        let device = self.device();
        let _session = Session::begin(device)?;
        score_blocks(x, device, progress, |x| {
            Ok(scoring.score(&self.process, &*self.denoiser, x, &mut self.noise(x)?)?)
        })
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

    fn typicality(&self) -> Result<&Typicality, TrainingError> {
        if let Some(found) = self.typicality.get() {
            return Ok(found);
        }
        let reference = self.reference.f_to_device(Device::Cpu)?.f_reshape([-1])?;
        let scores = match self.shape {
            SampleShape::Row(d) => {
                let rows = Vec::<f32>::try_from(reference)?;
                let rows = ArrayView2::from_shape((rows.len() / d.max(1), d), &rows)
                    .map_err(|e| TrainingError::Network(e.into()))?;
                self.scores_by_level(Input::Rows(rows), &Silent)?
            }
            SampleShape::Image(shape) => {
                let bytes = Vec::<u8>::try_from(reference)?;
                self.scores_by_level(images_of(&bytes, shape)?, &Silent)?
            }
        };
        let found = Typicality::fit(scores.view())?;
        Ok(self.typicality.get_or_init(|| found))
    }

    fn gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Array2<f32>, TrainingError> {
        let device = self.device();
        let _session = Session::begin(device)?;
        gradient_blocks(x, device, progress, |x| {
            let scoring = &self.scoring;
            Ok(scoring.score(&self.process, &*self.denoiser, x, &mut self.noise(x)?)?)
        })
    }

    /// Smoothed maps, not yet scaled.
    fn raw_maps(
        &self,
        x: Input<'_>,
        [h, w]: [usize; 2],
        progress: &dyn Progress,
    ) -> Result<Array3<f32>, TrainingError> {
        let device = self.device();
        let _session = Session::begin(device)?;
        let mut maps = map_blocks(x, [h, w], device, progress, |x| {
            let scoring = &self.scoring;
            Ok(scoring.maps(&self.process, &*self.denoiser, x, &mut self.noise(x)?)?)
        })?;
        smooth(&mut maps, self.images.map_sigma);
        Ok(maps)
    }

    /// What becomes 1 in a map.
    fn map_scale(&self, shape: [usize; 3]) -> Result<f32, TrainingError> {
        if let Some(scale) = self.map_scale.get() {
            return Ok(*scale);
        }
        let [_, h, w] = shape;
        let bytes = self.reference.f_to_device(Device::Cpu)?.f_reshape([-1])?;
        let bytes = Vec::<u8>::try_from(bytes)?;
        let maps = self.raw_maps(images_of(&bytes, shape)?, [h, w], &Silent)?;
        let scale = quantile(maps.into_iter().collect(), self.images.map_quantile);
        Ok(*self
            .map_scale
            .get_or_init(|| if scale > 0.0 { scale } else { 1.0 }))
    }
}

impl Scorer for DiffusionScorer {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        self.shape.check(x)?;
        Ok(self.score_checked(x, progress)?)
    }

    fn maps(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array3<f32>>, DetectorError> {
        self.shape.check(x)?;
        let SampleShape::Image(shape) = self.shape else {
            return Ok(None);
        };
        let scale = self.map_scale(shape)?;
        let maps = self.raw_maps(x, [shape[1], shape[2]], progress)?;
        Ok(Some(maps / scale))
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
        match self.shape {
            SampleShape::Row(_)
                if !self.scoring.config().is_random()
                    && self.scoring.config().combine == Combine::Mean =>
            {
                Ok(Some(self.gradient(x, progress)?))
            }
            _ => Ok(None),
        }
    }

    fn n_params(&self) -> Option<u64> {
        let variables = self.vs.trainable_variables();
        Some(variables.iter().map(|v| v.numel() as u64).sum())
    }

    fn n_evaluations(&self) -> Option<u64> {
        Some(self.scoring.config().n_evaluations(self.process.steps()))
    }

    fn losses(&self) -> &[f64] {
        &self.losses
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}

/// Bytes one after the other as images of `[c, h, w]`.
fn images_of(bytes: &[u8], [c, h, w]: [usize; 3]) -> Result<Input<'_>, TrainingError> {
    let n = bytes.len() / (c * h * w).max(1);
    let images = ArrayView4::from_shape((n, c, h, w), bytes);
    Ok(Input::Images(
        images.map_err(|e| TrainingError::Network(e.into()))?,
    ))
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
