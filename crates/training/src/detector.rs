use std::fmt;

use detector::{Detector, DetectorError, Input, Progress, Scorer};
use diffusion_core::{Denoiser, Process, RowNoise, Scoring};
use ndarray::{Array1, ArrayView2};
use tch::{Device, Tensor, nn};

use crate::degenerate::Probe;
use crate::random::mix;
use crate::rows::{score_blocks, to_tensor};
use crate::{Denoising, DiffusionConfig, Purpose, Run, Runtime, Session, TrainingError, train};

type BuildError = Box<dyn std::error::Error + Send + Sync>;
type Build = dyn Fn(&nn::Path<'_>, usize) -> Result<Box<dyn Denoiser>, BuildError> + Send + Sync;

/// The diffusion detector: trains a denoiser on normal rows and scores a row by one of the rules of
/// [`ScoreConfig`](diffusion_core::ScoreConfig). Its defaults are the DDPM of Livernoche et al.
/// (arXiv:2305.18593, section 5): how far a walk back from the row itself ends from it.
///
/// After training the network is compared with what it was before, on noised training rows; one that
/// answers all rows alike or as before is told by [`Scorer::warnings`].
///
/// It knows no network: `build` makes one for rows of `d` numbers under the given path.
pub struct DiffusionDetector {
    config: DiffusionConfig,
    network: String,
    runtime: Runtime,
    build: Box<Build>,
}

impl DiffusionDetector {
    /// A detector with checked settings; nothing touches the device before [`fit`](Detector::fit).
    ///
    /// `network` says what `build` makes, with all its settings: kept models are found by it.
    ///
    /// # Errors
    /// [`TrainingError::Config`] or [`TrainingError::Schedule`] for settings out of range.
    pub fn new<F>(
        config: DiffusionConfig,
        network: impl Into<String>,
        runtime: Runtime,
        build: F,
    ) -> Result<Self, TrainingError>
    where
        F: Fn(&nn::Path<'_>, usize) -> Result<Box<dyn Denoiser>, BuildError>
            + Send
            + Sync
            + 'static,
    {
        config.check()?;
        Ok(Self {
            config,
            network: network.into(),
            runtime,
            build: Box::new(build),
        })
    }

    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<DiffusionScorer, TrainingError> {
        let (config, device) = (&self.config, self.runtime.device);
        let process = Process::new(config.build_schedule()?, device)?
            .with_target(config.target)
            .with_variance(config.variance);
        let scoring = Scoring::new(config.score.clone(), process.steps())?;
        let session = Session::begin(device)?;
        session.seed(seed, Purpose::Weights, 0);
        let vs = nn::VarStore::new(device);
        let denoiser = (self.build)(&vs.root(), x.ncols()).map_err(TrainingError::Network)?;
        let rows = to_tensor(x, device)?;

        let probe = Probe::new(&process, &rows, mix(seed, Purpose::Probe, 0))?;
        let untrained = probe.ask(&*denoiser);
        let model = (&self.network, config.of_the_weights());
        let folder = self.runtime.folder(&model, seed, &rows, progress)?;
        let run = Run {
            session: &session,
            progress,
            folder: folder.as_ref(),
        };
        let mut objective = Denoising::new(
            &*denoiser,
            &process,
            config.objective(),
            config.step_sampling,
        )?;
        let history = train(&vs, &mut objective, &rows, &config.train, seed, &run)?;
        Ok(DiffusionScorer {
            width: x.ncols(),
            scoring: scoring.with_likelihood(config.likelihood),
            warnings: probe.warnings(&untrained, &probe.ask(&*denoiser))?,
            losses: history.losses,
            device,
            seed,
            vs,
            denoiser,
            process,
        })
    }
}

impl fmt::Debug for DiffusionDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiffusionDetector")
            .field("config", &self.config)
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
        Ok(Box::new(self.fit_rows(x.rows()?, seed, progress)?))
    }
}

/// A trained [`DiffusionDetector`].
#[derive(Debug)]
struct DiffusionScorer {
    width: usize,
    scoring: Scoring,
    warnings: Vec<String>,
    losses: Vec<f64>,
    device: Device,
    seed: u64,
    vs: nn::VarStore,
    denoiser: Box<dyn Denoiser>,
    process: Process,
}

impl DiffusionScorer {
    fn score_rows(
        &self,
        x: ArrayView2<'_, f32>,
        progress: &dyn Progress,
    ) -> Result<Array1<f64>, TrainingError> {
        let _session = Session::begin(self.device)?;
        score_blocks(x, progress, |rows| self.score_block(rows))
    }

    /// `[b, d]` → `[b]`, f64.
    fn score_block(&self, rows: ArrayView2<'_, f32>) -> Result<Tensor, TrainingError> {
        let x = to_tensor(rows, self.device)?;
        let mut noise = RowNoise::new(&x, mix(self.seed, Purpose::Walk, 0))?;
        let scoring = &self.scoring;
        Ok(scoring.score(&self.process, &*self.denoiser, &x, &mut noise)?)
    }
}

impl Scorer for DiffusionScorer {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        Ok(self.score_rows(x.rows_of_width(self.width)?, progress)?)
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
