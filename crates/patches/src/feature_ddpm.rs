use std::fmt;

use detector::settings::at_most;
use detector::{Detector, DetectorError, Input, Progress, Scorer, State};
use diffusion_core::Denoiser;
use ndarray::ArrayView4;
use serde_json::{Value, json};
use tch::{Tensor, nn};
use training::{BoxError, Plan, Session, Trained, TrainingError, fit, restore};

use crate::feature_maps::FeatureMaps;
use crate::feature_model::FeatureModel;
use crate::feature_scorer::FeatureScorer;
use crate::token_basis::TokenBasis;
use crate::{FeatureDdpmConfig, PatchRuntime, PatchesError};

/// The largest map: 8192 pixels square at the last block.
const MOST_TOKENS: usize = 1 << 16;

type Network = Result<Box<dyn Denoiser>, BoxError>;
type Build = dyn Fn(&nn::Path<'_>, [usize; 3]) -> Network + Send + Sync;

/// Diffusion on a feature map as a whole: a network learns to denoise the tokens of normal images, and an image is
/// as anomalous as the denoiser takes away of its map.
///
/// # Formula
/// A map `[k, rows, columns]` of EfficientNet-Lite0 is divided by the root mean square length of its tokens; tokens
/// are centred, rotated into the eigenbasis of their covariance with all `k` components, and divided by one number, so
/// that their variances `λ_j` (at least 1e-4) are 1 on average. For each component
/// `D_j(y, σ) = λ_j/(λ_j+σ²)·y_j + √(λ_jσ²/(λ_j+σ²))·F_j(y/√(λ+σ²), ln σ/4)`, the preconditioning of Karras et al.
/// (2022, arXiv:2206.00364) with a variance of the data for each component. Training: `y = x + σε`, `σ` log-uniform,
/// one for each map; loss `Σ_j b_j²·(F_j − (x_j − a_j·y_j)/b_j)²` over the mean of `b_j²`, with `a`, `b` the two
/// factors above. Score: the mean over the tokens of `|x − D(x; σ)|²`, without noise.
///
/// A network that answers 0 makes `D` the exact denoiser of a Gaussian: untrained, the score is that of
/// the linear denoiser of tokens.
///
/// It knows no network: `build` makes one for maps of `[k, rows, columns]` under the given path, whose noise level is
/// `ln σ/4`.
pub struct FeatureDdpm {
    config: FeatureDdpmConfig,
    network: String,
    runtime: PatchRuntime,
    build: Box<Build>,
}

impl fmt::Debug for FeatureDdpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureDdpm")
            .field("config", &self.config)
            .field("network", &self.network)
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

impl FeatureDdpm {
    /// A detector with checked settings; nothing is downloaded before [`fit`](Detector::fit).
    ///
    /// `network` says what `build` makes, with all its settings: kept models are found by it.
    ///
    /// # Errors
    /// [`PatchesError::Setting`].
    pub fn new<F>(
        config: FeatureDdpmConfig,
        network: impl Into<String>,
        runtime: PatchRuntime,
        build: F,
    ) -> Result<Self, PatchesError>
    where
        F: Fn(&nn::Path<'_>, [usize; 3]) -> Network + Send + Sync + 'static,
    {
        config.check()?;
        Ok(Self {
            config,
            network: network.into(),
            runtime,
            build: Box::new(build),
        })
    }

    fn fitted(
        &self,
        images: ArrayView4<'_, u8>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<FeatureScorer, PatchesError> {
        let (n, c, h, w) = images.dim();
        if n < 2 {
            return Err(PatchesError::TooFewImages { n });
        }
        let (config, device) = (&self.config.features, self.runtime.training.device);
        // Before minutes of features: a network that cannot be built.
        {
            let _session = Session::begin(device)?;
            let vs = nn::VarStore::new(device);
            self.network(&vs.root(), config.map_sides([h, w]))?;
        }
        let maps = FeatureMaps::get(config, [h, w], &self.runtime)?;
        let features = maps.of(images, progress)?; // [n, k, rows, columns]
        Ok(FeatureScorer {
            description: self.description(),
            model: self.trained(features, seed, progress)?,
            maps,
            shape: [c, h, w],
        })
    }

    /// The untrained network.
    fn network(
        &self,
        vs: &nn::Path<'_>,
        [rows, columns]: [usize; 2],
    ) -> Result<Box<dyn Denoiser>, TrainingError> {
        // A damaged state may ask for any number.
        let tokens = rows.saturating_mul(columns);
        at_most("tokens of a map", tokens, MOST_TOKENS)?;
        let k = self.config.features.channels();
        (self.build)(vs, [k, rows, columns]).map_err(TrainingError::Network)
    }

    /// The untrained network with its loss and its score.
    fn model(
        &self,
        vs: &nn::Path<'_>,
        basis: TokenBasis,
        sides: [usize; 2],
    ) -> Result<FeatureModel, PatchesError> {
        Ok(FeatureModel {
            network: self.network(vs, sides)?,
            basis,
            sigmas: self.config.sigmas,
            flip: self.config.flip,
            sigma: self.config.score.sigma,
        })
    }

    /// A trained model of the maps of normal images, `[n, k, rows, columns]`, whose memory it takes over.
    fn trained(
        &self,
        maps: Tensor,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Trained<FeatureModel>, PatchesError> {
        let (_, _, rows, columns) = maps.size4()?;
        let sides = [rows as usize, columns as usize];
        let basis = {
            let _session = Session::begin(self.runtime.training.device)?;
            let basis = TokenBasis::fit(&maps)?;
            basis.rotate_all(&maps)?;
            basis
        };
        let build = |vs: &nn::Path<'_>| Ok(self.model(vs, basis, sides)?);
        Ok(fit(&self.plan(), &maps, seed, progress, build)?)
    }

    fn restored(&self, state: &State) -> Result<FeatureScorer, PatchesError> {
        let config = &self.config.features;
        FeatureScorer::restore(
            state,
            self.description(),
            config,
            &self.runtime,
            |state, sides| {
                let device = self.runtime.training.device;
                Ok(restore(&self.plan(), state, |vs, _| {
                    let basis = TokenBasis::stored(state, config.channels(), device)?;
                    Ok(self.model(vs, basis, sides)?)
                })?)
            },
        )
    }

    fn plan(&self) -> Plan<'_, (&str, &FeatureDdpmConfig)> {
        Plan {
            description: (&self.network, &self.config),
            train: &self.config.train,
            runtime: &self.runtime.training,
        }
    }

    fn description(&self) -> Value {
        json!([self.network, self.config])
    }
}

impl Detector for FeatureDdpm {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.fitted(x.images()?, seed, progress)?))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.restored(state)?))
    }
}

#[cfg(test)]
mod tests;
