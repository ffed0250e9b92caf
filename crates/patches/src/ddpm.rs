use std::fmt;

use detector::{Detector, DetectorError, Input, Progress, Scorer};
use diffusion_core::{Process, Schedule, ScheduleConfig, Target};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, nn};
use training::{Decay, Optimizer, Purpose, Run, Session, TrainConfig, probe_rows, train};

use crate::config::check;
use crate::network::{PatchMlp, PatchMlpConfig};
use crate::objective::PatchDenoising;
use crate::padim::check_shrinkage;
use crate::probe::Probe;
use crate::scorer::{PatchModel, PatchScorer};
use crate::space::PatchSpace;
use crate::whitening::Whitener;
use crate::{MapConfig, PatchConfig, PatchRuntime, PatchesError, Whitening};

/// Settings of [`PatchDdpm`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PatchDdpmConfig {
    /// How patches are whitened before the diffusion.
    pub whitening: Whitening,
    /// Share of the identity in each covariance, under `position`.
    pub shrinkage: f64,
    /// Diffusion steps `T`.
    pub steps: usize,
    /// β of each step.
    pub schedule: ScheduleConfig,
    /// Places of an image in one optimiser step; a batch is as many images, each at one noise level.
    pub places: usize,
    /// What a patch is.
    pub patches: PatchConfig,
    /// The network's size.
    pub network: PatchMlpConfig,
    /// How it is trained; 0 epochs leave it untrained.
    pub train: TrainConfig,
    /// How a patch is scored; no part of what decides about the weights.
    pub score: PatchScoreConfig,
    /// How distances become a map.
    pub map: MapConfig,
}

/// How a trained [`PatchDdpm`] or [`MaskedDdpm`](crate::MaskedDdpm) scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PatchScoreConfig {
    /// The noise levels at which the network is asked; squared errors are averaged over them.
    pub levels: Vec<usize>,
    /// Draws of noise, half of them the negatives of the others.
    pub draws: usize,
}

impl Default for PatchScoreConfig {
    fn default() -> Self {
        Self {
            levels: vec![250],
            draws: 4,
        }
    }
}

impl Default for PatchDdpmConfig {
    fn default() -> Self {
        Self {
            whitening: Whitening::Position,
            shrinkage: 0.1,
            steps: 1000,
            schedule: ScheduleConfig::Cosine {},
            places: 32,
            patches: PatchConfig::default(),
            network: PatchMlpConfig::default(),
            train: TrainConfig {
                // The steps are what ends it.
                epochs: 1_000_000,
                steps: 2000,
                batch_size: 32,
                optimizer: Optimizer::AdamW,
                learning_rate: 1e-3,
                weight_decay: 0.0,
                warm_up: 100,
                decay: Decay::Cosine,
                ema: 0.998,
                early_stop_after: 1_000_000,
                ..TrainConfig::default()
            },
            score: PatchScoreConfig::default(),
            map: MapConfig::default(),
        }
    }
}

/// Diffusion on patches of pretrained feature maps: a network learns to denoise single patches of
/// normal images, given their place, and a patch is as anomalous as what it makes of it is wrong.
///
/// # Formula
/// Training: `v`-prediction over all noise levels. Score of a patch `x` at the levels `t` with the
/// noise vectors `e` and `−e`, the same for all places and images:
/// `√(mean over t and e of ‖x̂_0(√ᾱ_t·x + √(1−ᾱ_t)·e) − x‖²)`.
pub struct PatchDdpm {
    config: PatchDdpmConfig,
    runtime: PatchRuntime,
}

impl fmt::Debug for PatchDdpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchDdpm")
            .field("config", &self.config)
            .field("runtime", &self.runtime)
            .finish()
    }
}

impl PatchDdpm {
    /// A detector with checked settings; nothing is downloaded before [`fit`](Detector::fit).
    ///
    /// # Errors
    /// [`PatchesError::Config`], [`PatchesError::Training`].
    pub fn new(config: PatchDdpmConfig, runtime: PatchRuntime) -> Result<Self, PatchesError> {
        config.patches.check()?;
        config.map.check()?;
        config.network.check()?;
        config.train.check()?;
        check_shrinkage(config.shrinkage)?;
        check_steps(config.steps)?;
        let places = config.places > 0;
        check("places", &config.places, places, "expected at least 1")?;
        config.score.check(config.steps)?;
        build_schedule(&config.schedule, config.steps)?;
        Ok(Self { config, runtime })
    }

    fn fitted(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<PatchScorer<Fitted>, PatchesError> {
        let images = x.images()?;
        let (_, c, h, w) = images.dim();
        let (config, device) = (&self.config, self.runtime.training.device);
        let weights = self.runtime.lite0()?;
        let space = PatchSpace::fit(&config.patches, weights, images, seed, device, progress)?;
        let patches = space.project(images, progress)?; // [n, p, k]

        let session = Session::begin(device)?;
        let whitener = Whitener::fit(config.whitening, &patches, config.shrinkage)?;
        let patches = whitener.whiten(&patches)?;
        let schedule = build_schedule(&config.schedule, config.steps)?;
        let process = Process::new(schedule, device)?.with_target(Target::V);
        session.seed(seed, Purpose::Weights, 0);
        let vs = nn::VarStore::new(device);
        let (k, grid) = (config.patches.width(), config.patches.grid);
        let network = PatchMlp::new(&vs.root(), k, grid, &config.network);

        session.seed(seed, Purpose::Probe, 0);
        let probe = probe(&process, &patches)?;
        let before = probe.ask(&network)?;
        let folder = {
            let model = ("patch-mlp", config);
            self.runtime
                .training
                .folder(&model, seed, &patches, progress)?
        };
        let run = Run {
            session: &session,
            progress,
            folder: folder.as_ref(),
        };
        let mut objective = PatchDenoising {
            network: &network,
            process: &process,
            places: config.places,
        };
        let history = train(&vs, &mut objective, &patches, &config.train, seed, &run)?;

        session.seed(seed, Purpose::Walk, 0);
        let half = (config.score.draws / 2) as i64;
        let noise = Tensor::f_randn([half, k as i64], (Kind::Float, device))?;
        Ok(PatchScorer {
            model: Fitted {
                warnings: probe.warnings(&before, &probe.ask(&network)?)?,
                losses: history.losses,
                noise: Tensor::f_cat(&[&noise, &noise.f_neg()?], 0)?,
                levels: config.score.levels.clone(),
                whitener,
                process,
                network,
                vs,
            },
            space,
            map: config.map.clone(),
            shape: [c, h, w],
        })
    }
}

pub(crate) fn check_steps(steps: usize) -> Result<(), PatchesError> {
    let fine = (2..=diffusion_core::MAX_STEPS).contains(&steps);
    check("steps", &steps, fine, "expected 2 to 1000000")
}

pub(crate) fn build_schedule(
    config: &ScheduleConfig,
    steps: usize,
) -> Result<Schedule, PatchesError> {
    Ok(config.build(steps)?)
}

impl PatchScoreConfig {
    pub(crate) fn check(&self, steps: usize) -> Result<(), PatchesError> {
        let Self { levels, draws } = self;
        let fine = !levels.is_empty() && levels.iter().all(|&t| t < steps);
        let expected = "expected one or more noise levels below the number of steps";
        check("score.levels", levels, fine, expected)?;
        let fine = *draws > 0 && draws.is_multiple_of(2);
        check(
            "score.draws",
            draws,
            fine,
            "expected an even number above 0",
        )
    }
}

impl Detector for PatchDdpm {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.fitted(x, seed, progress)?))
    }
}

/// A trained network with what stands before it.
#[derive(Debug)]
struct Fitted {
    whitener: Whitener,
    process: Process,
    network: PatchMlp,
    vs: nn::VarStore,
    noise: Tensor, // [draws, k]
    levels: Vec<usize>,
    warnings: Vec<String>,
    losses: Vec<f64>,
}

impl Fitted {
    /// `[1, p, k]` → `[1, p]`.
    fn distances_of_one(&self, x: &Tensor) -> Result<Tensor, PatchesError> {
        let mut sum = Tensor::f_zeros(&x.size()[..2], (Kind::Float, x.device()))?;
        for &t in &self.levels {
            let signal = self.process.schedule().sqrt_alpha_bars()[t];
            let spread = self.process.schedule().sqrt_one_minus_alpha_bars()[t];
            let noise = self.noise.f_mul_scalar(spread)?.f_unsqueeze(1)?; // [draws, 1, k]
            let x_t = x.f_mul_scalar(signal)?.f_add(&noise)?; // [draws, p, k]
            let x_0 = self.process.reverse(&self.network, &x_t, t)?.x_0()?;
            let error = x_0.f_sub(x)?.f_square()?;
            let error = error.f_sum_dim_intlist(2, false, Kind::Float)?; // [draws, p]
            sum = sum.f_add(&error.f_mean_dim(&[0i64][..], true, Kind::Float)?)?;
        }
        Ok(sum.f_div_scalar(self.levels.len() as f64)?.f_sqrt()?)
    }
}

impl PatchModel for Fitted {
    fn distances(&self, x: &Tensor) -> Result<Tensor, PatchesError> {
        let x = self.whitener.whiten(x)?;
        let images = x.f_split(1, 0)?;
        let each = images.iter().map(|image| self.distances_of_one(image));
        let each = each.collect::<Result<Vec<_>, _>>()?;
        Ok(Tensor::f_cat(&each, 0)?)
    }

    fn n_params(&self) -> Option<u64> {
        let variables = self.vs.trainable_variables();
        Some(variables.iter().map(|v| v.numel() as u64).sum())
    }

    fn n_evaluations(&self) -> Option<u64> {
        Some(self.noise.size()[0] as u64 * self.levels.len() as u64)
    }

    fn losses(&self) -> &[f64] {
        &self.losses
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}

/// Patches of some training images, at one noise level.
fn probe(process: &Process, patches: &Tensor) -> Result<Probe, PatchesError> {
    let rows = probe_rows(patches)?.f_narrow(0, 0, patches.size()[0].min(8))?;
    let middle = process.steps() / 2;
    let t = Tensor::f_full(
        [rows.size()[0]],
        middle as i64,
        (Kind::Int64, rows.device()),
    )?;
    let eps = rows.f_randn_like()?;
    let v = process.q_sample(&eps, &t, &rows.f_neg()?)?;
    Ok(Probe {
        input: process.q_sample(&rows, &t, &eps)?,
        t: middle,
        target: v.f_square()?.f_mean(Kind::Double)?.f_double_value(&[])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    fn runtime() -> PatchRuntime {
        PatchRuntime {
            training: training::Runtime::new(Device::Cpu),
            weights: None,
        }
    }

    /// A model whose network was not trained, on white patches.
    fn untrained(levels: Vec<usize>) -> Fitted {
        tch::manual_seed(2);
        let config = PatchDdpmConfig::default();
        let schedule = build_schedule(&config.schedule, config.steps).unwrap();
        let process = Process::new(schedule, Device::Cpu).unwrap();
        let vs = nn::VarStore::new(Device::Cpu);
        let network = PatchMlp::new(&vs.root(), 6, 3, &config.network);
        let noise = Tensor::randn([2, 6], (Kind::Float, Device::Cpu));
        Fitted {
            whitener: Whitener(None),
            process: process.with_target(Target::V),
            network,
            vs,
            noise: Tensor::cat(&[&noise, &-&noise], 0),
            levels,
            warnings: Vec::new(),
            losses: Vec::new(),
        }
    }

    #[test]
    fn an_untrained_network_ranks_by_length() {
        // x̂_0 = √ᾱ·x_t: the error is −(1−ᾱ)·x + √(ᾱ(1−ᾱ))·e, and the cross terms of ±e cancel:
        // (1−ᾱ)²·|x|² + ᾱ(1−ᾱ)·mean|e|².
        let model = untrained(vec![200]);
        let x = Tensor::randn([3, 9, 6], (Kind::Float, Device::Cpu)) * 3.0;
        let found = model.distances(&x).unwrap();
        let alpha_bar = model.process.schedule().alpha_bars()[200];
        let noise = model.noise.square().sum(Kind::Double).double_value(&[]) / 4.0;
        let squares = x.square().sum_dim_intlist(2, false, Kind::Double);
        let (rest, cross) = ((1.0 - alpha_bar).powi(2), alpha_bar * (1.0 - alpha_bar));
        let expected = (squares * rest + cross * noise).sqrt();
        assert!((found - expected).abs().max().double_value(&[]) < 1e-4); // f32
    }

    #[test]
    fn an_image_scores_alone_as_among_others() {
        let model = untrained(vec![100, 300]);
        let x = Tensor::randn([5, 9, 6], (Kind::Float, Device::Cpu));
        let all = model.distances(&x).unwrap();
        let alone = model.distances(&x.narrow(0, 3, 1)).unwrap();
        assert!(all.narrow(0, 3, 1).equal(&alone));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (text, message) in [
            ("steps = 1", "steps = 1: expected 2 to 1000000"),
            ("places = 0", "places = 0: expected at least 1"),
            ("shrinkage = 1.5", "shrinkage = 1.5: expected 0 to 1"),
            (
                "score.draws = 3",
                "score.draws = 3: expected an even number above 0",
            ),
            (
                "score.levels = [1000]",
                "score.levels = [1000]: expected one or more noise levels below the number of steps",
            ),
            (
                "patches.blocks = [16]",
                "blocks = [16]: expected numbers from 0 to 15",
            ),
            ("patches.grid = 0", "grid = 0: expected 1 to 512"),
            (
                "map.smoothing = -1.0",
                "smoothing = -1.0: expected 0 to 256 pixels",
            ),
            (
                "network.depth = 0",
                "network.depth = 0: expected at least 1",
            ),
            (
                "train.batch-size = 1",
                "batch-size = 1: expected at least 2, batch statistics need two rows",
            ),
        ] {
            let config: PatchDdpmConfig = toml::from_str(text).unwrap();
            let error = PatchDdpm::new(config, runtime()).unwrap_err();
            assert_eq!(DetectorError::from(error).to_string(), message);
        }
        assert!(toml::from_str::<PatchDdpmConfig>("whitening = 'zca'").is_err());
        PatchDdpm::new(PatchDdpmConfig::default(), runtime()).unwrap();
    }
}
