use detector::{DetectorError, Input, Progress, Scorer, State};
use ndarray::{Array1, Array3, Axis};
use serde_json::Value;
use tch::{Device, Kind, Tensor};
use training::{SampleShape, Session, Trainable, Trained, TrainingError};

use crate::feature_config::FeatureConfig;
use crate::feature_maps::FeatureMaps;
use crate::feature_model::FeatureModel;
use crate::progress::Quiet;
use crate::{PatchRuntime, PatchesError};

/// Images that are scored together: it bounds memory and nothing else.
const BLOCK: usize = 64;
const KIND: &str = "feature-scorer";
const LAYOUT: u32 = 1;

/// A fitted denoiser of feature maps.
pub(crate) struct FeatureScorer {
    /// The name of the method with all its settings.
    pub(crate) description: Value,
    pub(crate) maps: FeatureMaps,
    /// Channels, height and width in training.
    pub(crate) shape: [usize; 3],
    pub(crate) model: Trained<FeatureModel>,
}

impl FeatureScorer {
    /// The scorer that was stored; `model` makes its model of the part that is the model's, for maps of some rows and
    /// columns.
    pub(crate) fn restore(
        state: &State,
        description: Value,
        config: &FeatureConfig,
        runtime: &PatchRuntime,
        model: impl FnOnce(&State, [usize; 2]) -> Result<Trained<FeatureModel>, PatchesError>,
    ) -> Result<Self, PatchesError> {
        state.expect(KIND, LAYOUT)?;
        if state.config != description {
            let reason = format!("{}, expected {description}", state.config);
            return Err(state.wrong("the settings", reason).into());
        }
        let SampleShape::Image(shape) = SampleShape::stored(state)? else {
            return Err(state.wrong("shape", "rows, expected images").into());
        };
        let [_, h, w] = shape;
        Ok(Self {
            description,
            maps: FeatureMaps::stored(state.part("features")?, config, runtime)?,
            shape,
            model: model(state.part("model")?, config.map_sides([h, w]))?,
        })
    }

    /// The residuals of the tokens of each block of images, `[b, rows, columns]` f64, to `take` in order.
    fn each_block(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
        mut take: impl FnMut(Tensor) -> Result<(), PatchesError>,
    ) -> Result<(), PatchesError> {
        let images = x.images_of_shape(self.shape)?;
        let n = images.dim().0;
        let mut done = 0;
        for block in images.axis_chunks_iter(Axis(0), BLOCK) {
            let maps = self.maps.of(block, &Quiet(progress))?;
            let session = Session::begin(self.model.device())?;
            let _no_grad = tch::no_grad_guard();
            let residuals = self.model.model(&session).score(&maps);
            let residuals = residuals.map_err(TrainingError::from)?;
            take(residuals.f_to_device(Device::Cpu)?)?;
            done += block.dim().0;
            progress.update("images", done as u64, n as u64, "");
        }
        Ok(())
    }
}

impl Scorer for FeatureScorer {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let mut scores = Vec::with_capacity(x.len());
        self.each_block(x, progress, |residuals| {
            let means = residuals.f_mean_dim(&[1i64, 2][..], false, Kind::Double)?;
            scores.extend(Vec::<f64>::try_from(means)?);
            Ok(())
        })?;
        match scores.iter().position(|score| !score.is_finite()) {
            None => Ok(Array1::from_vec(scores)),
            Some(row) => Err(DetectorError::Score {
                row,
                score: scores[row],
            }),
        }
    }

    fn state(&self) -> Result<State, DetectorError> {
        let features = self.maps.put(State::new("feature-maps", LAYOUT));
        Ok(State::new(KIND, LAYOUT)
            .with_config(&self.description)
            .with_value("shape", SampleShape::Image(self.shape))
            .with_part("features", features)
            .with_part("model", self.model.state()?))
    }

    /// The roots of the tokens' residuals, bilinear over the pixels.
    fn maps(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array3<f32>>, DetectorError> {
        let [_, h, w] = self.shape;
        let sides = [h, w].map(|side| side as i64);
        let mut values = Vec::with_capacity(x.len() * h * w);
        self.each_block(x, progress, |residuals| {
            let tokens = residuals.f_sqrt()?.f_to_kind(Kind::Float)?.f_unsqueeze(1)?;
            let map = tokens.f_upsample_bilinear2d(sides, false, None, None)?;
            values.extend(Vec::<f32>::try_from(map.f_contiguous()?.f_flatten(0, -1)?)?);
            Ok(())
        })?;
        let maps = Array3::from_shape_vec((x.len(), h, w), values);
        maps.map(Some)
            .map_err(|error| DetectorError::method(error.to_string()))
    }

    fn n_params(&self) -> Option<u64> {
        Some(self.model.n_params())
    }

    fn n_evaluations(&self) -> Option<u64> {
        Some(self.model.n_evaluations())
    }

    fn losses(&self) -> &[f64] {
        self.model.losses()
    }

    fn warnings(&self) -> Vec<String> {
        self.model.warnings().to_vec()
    }
}
