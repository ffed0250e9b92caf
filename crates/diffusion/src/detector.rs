use std::fmt;
use std::sync::OnceLock;

use detector::{Detector, DetectorError, Input, Progress, Scorer, State, where_ok};
use diffusion_core::{Combine, Denoiser, Process, Scoring};
use tch::nn;
use training::{
    BoxError, Plan, Runtime, SampleShape, Trained, TrainingError, TrainingSet, fit, fit_together,
    restore,
};

use crate::model::Model;
use crate::reference::Reference;
use crate::scorer::{self, DiffusionScorer};
use crate::{Denoising, DiffusionConfig, DiffusionError, ImagesConfig};

type Network = Result<Box<dyn Denoiser>, BoxError>;
type Build = dyn Fn(&nn::Path<'_>, SampleShape) -> Network + Send + Sync;

/// The diffusion detector: trains a denoiser on normal samples and scores a sample by one of the rules of
/// [`ScoreConfig`](diffusion_core::ScoreConfig). Its defaults are the DDPM of Livernoche et al.
/// (arXiv:2305.18593, section 5): how far a walk back from the row itself ends from it.
///
/// After training the network is compared with what it was before, on noised training samples: where it
/// answers all alike or as before, [`Scorer::warnings`] says so.
///
/// It knows no network: `build` makes one for rows of `d` numbers, or for images of `[c, h, w]` whose
/// bytes become numbers in [−1, 1], under the given path.
pub struct DiffusionDetector {
    config: DiffusionConfig,
    /// Where it takes images.
    images: Option<ImagesConfig>,
    network: String,
    runtime: Runtime,
    build: Box<Build>,
}

impl DiffusionDetector {
    /// A detector of rows with checked settings; nothing touches the device before
    /// [`fit`](Detector::fit).
    ///
    /// `network` says what `build` makes, with all its settings: kept models are found by it.
    ///
    /// # Errors
    /// [`DiffusionError::Setting`] or [`DiffusionError::Schedule`] for settings out of range.
    pub fn new<F>(
        config: DiffusionConfig,
        network: impl Into<String>,
        runtime: Runtime,
        build: F,
    ) -> Result<Self, DiffusionError>
    where
        F: Fn(&nn::Path<'_>, usize) -> Network + Send + Sync + 'static,
    {
        config.check()?;
        Ok(Self {
            config,
            images: None,
            network: network.into(),
            runtime,
            build: Box::new(move |vs, shape| build(vs, shape.numbers())),
        })
    }

    /// A detector of images; else as [`new`](Self::new).
    ///
    /// Its [maps](Scorer::maps) are the scoring rule's, computed for each pixel
    /// ([`Scoring::maps`](diffusion_core::Scoring::maps)): the mean over its noise levels, whatever
    /// `score.combine` makes of them for the image, smoothed by a Gaussian and divided by one number, the
    /// quantile `map-quantile` of the pixels of the maps of 256 evenly spaced training images at most, 32 of
    /// large ones. So hardly a pixel of a normal image reaches 1, in any image. Where that quantile is 0,
    /// maps are left undivided. Its [reconstructions](Scorer::reconstructions) are where a walk from
    /// the first of `score.start` ends; other rules than `reconstruction` have none.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn over_images<F>(
        config: DiffusionConfig,
        images: ImagesConfig,
        network: impl Into<String>,
        runtime: Runtime,
        build: F,
    ) -> Result<Self, DiffusionError>
    where
        F: Fn(&nn::Path<'_>, [usize; 3]) -> Network + Send + Sync + 'static,
    {
        config.check()?;
        config.train.check_alone()?;
        images.check()?;
        Ok(Self {
            config,
            images: Some(images),
            network: network.into(),
            runtime,
            build: Box::new(move |vs, shape| build(vs, shape.image())),
        })
    }

    fn plan(&self) -> Plan<'_, (&str, &DiffusionConfig, &Option<ImagesConfig>)> {
        Plan {
            description: (&self.network, &self.config, &self.images),
            train: &self.config.train,
            runtime: &self.runtime,
        }
    }

    fn shape(&self, x: Input<'_>) -> Result<SampleShape, DetectorError> {
        match self.images {
            None => SampleShape::of_rows(x),
            Some(_) => SampleShape::of_images(x),
        }
    }

    fn scoring(&self) -> Result<Scoring, DiffusionError> {
        let steps = self.config.build_schedule()?.steps();
        let scoring = Scoring::new(self.config.score.clone(), steps)?;
        Ok(scoring.with_likelihood(self.config.likelihood))
    }

    /// The untrained network with its loss and its score.
    fn model(
        &self,
        vs: &nn::Path<'_>,
        shape: SampleShape,
        scoring: &Scoring,
        seed: u64,
    ) -> Result<Model, BoxError> {
        let config = &self.config;
        let process = Process::new(config.build_schedule()?, vs.device())?
            .with_target(config.target)
            .with_variance(config.variance);
        let images = self.images.clone().unwrap_or_default();
        let denoiser = (self.build)(vs, shape).map_err(TrainingError::Network)?;
        let (objective, sampling) = (config.objective(), config.step_sampling);
        let denoising = Denoising::new(denoiser, process, objective, sampling)?;
        Ok(Model {
            denoising: denoising.with_noise(images.noise).with_flip(images.flip),
            scoring: scoring.clone(),
            seed,
        })
    }

    fn train(
        &self,
        x: Input<'_>,
        shape: SampleShape,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<DiffusionScorer, DiffusionError> {
        let scoring = self.scoring()?;
        let set = TrainingSet::new(x, shape, seed, self.runtime.device)?;
        let trained = fit(&self.plan(), &set.samples, seed, progress, |vs| {
            self.model(vs, shape, &scoring, seed)
        })?;
        self.trained(&set, scoring, trained)
    }

    fn train_together(
        &self,
        sets: &[TrainingSet],
        progress: &dyn Progress,
    ) -> Vec<Result<DiffusionScorer, DiffusionError>> {
        let trained = fit_together(&self.plan(), sets, progress, |vs, set| {
            self.model(vs, set.shape, &self.scoring()?, set.seed)
        });
        let both = sets.iter().zip(trained);
        both.map(|(set, trained)| self.trained(set, self.scoring()?, trained?))
            .collect()
    }

    fn trained(
        &self,
        set: &TrainingSet,
        scoring: Scoring,
        trained: Trained<Model>,
    ) -> Result<DiffusionScorer, DiffusionError> {
        let reference = match self.needs_reference() {
            true => Some(Reference::of(&set.samples, set.shape).map_err(TrainingError::from)?),
            false => None,
        };
        Ok(self.scorer(set.shape, scoring, trained, reference))
    }

    fn restored(&self, state: &State) -> Result<DiffusionScorer, DiffusionError> {
        scorer::expect(state)?;
        let shape = SampleShape::stored(state)?;
        if matches!(shape, SampleShape::Image(_)) != self.images.is_some() {
            return Err(state
                .wrong("shape", "it is of the other kind of samples")
                .into());
        }
        let reference = match self.needs_reference() {
            true => Some(Reference::stored(state, shape)?),
            false => None,
        };
        let scoring = self.scoring()?;
        let network = state.part(scorer::NETWORK)?;
        let trained = restore(&self.plan(), network, |vs, seed| {
            self.model(vs, shape, &scoring, seed)
        })?;
        Ok(self.scorer(shape, scoring, trained, reference))
    }

    /// Whether scores or maps are relative to training samples.
    fn needs_reference(&self) -> bool {
        self.images.is_some() || self.config.score.combine == Combine::Typicality
    }

    fn scorer(
        &self,
        shape: SampleShape,
        scoring: Scoring,
        trained: Trained<Model>,
        reference: Option<Reference>,
    ) -> DiffusionScorer {
        DiffusionScorer {
            shape,
            scoring,
            images: self.images.clone().unwrap_or_default(),
            trained,
            reference,
            typicality: OnceLock::new(),
            map_scale: OnceLock::new(),
        }
    }
}

impl fmt::Debug for DiffusionDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiffusionDetector")
            .field("config", &self.config)
            .field("images", &self.images)
            .field("network", &self.network)
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

impl Detector for DiffusionDetector {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.train(x, self.shape(x)?, seed, progress)?))
    }

    fn fit_together(
        &self,
        sets: &[(Input<'_>, u64)],
        progress: &dyn Progress,
    ) -> Vec<Result<Box<dyn Scorer>, DetectorError>> {
        let set = |&(x, seed): &(Input<'_>, u64)| {
            let shape = self.shape(x)?;
            Ok(TrainingSet::new(x, shape, seed, self.runtime.device)?)
        };
        where_ok(sets.iter().map(set).collect(), |sets| {
            let scorers = self.train_together(&sets, progress).into_iter();
            scorers.map(|scorer| Ok(Box::new(scorer?) as _)).collect()
        })
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.restored(state)?))
    }
}
