use std::error::Error;
use std::fmt;

use detector::{Detector, DetectorError, Input, Progress, Scorer};
use diffusion_core::{Denoiser, Process, ScheduleConfig, Target};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, nn};
use training::{Decay, Optimizer, Purpose, Run, Session, TrainConfig, TrainingError, train};

use crate::ddpm::{build_schedule, check_steps};
use crate::masked_objective::{MaskedDenoising, partly_hidden};
use crate::padim::check_shrinkage;
use crate::probe::Probe;
use crate::scorer::{PatchModel, PatchScorer};
use crate::space::PatchSpace;
use crate::whitening::Whitener;
use crate::{
    MapConfig, MaskConfig, PatchConfig, PatchRuntime, PatchScoreConfig, PatchesError, Whitening,
};

/// Settings of [`MaskedDdpm`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MaskedDdpmConfig {
    /// How patches are whitened before the diffusion.
    pub whitening: Whitening,
    /// Share of the identity in each covariance, under `position`.
    pub shrinkage: f64,
    /// Diffusion steps `T`.
    pub steps: usize,
    /// β of each step.
    pub schedule: ScheduleConfig,
    /// Which patches are hidden together.
    pub mask: MaskConfig,
    /// What a patch is.
    pub patches: PatchConfig,
    /// How the network is trained; 0 epochs leave it untrained.
    pub train: TrainConfig,
    /// How a patch is scored; no part of what decides about the weights.
    pub score: PatchScoreConfig,
    /// How distances become a map.
    pub map: MapConfig,
}

impl Default for MaskedDdpmConfig {
    /// Whitening, noise and score of [`PatchDdpmConfig`](crate::PatchDdpmConfig); squares and training from
    /// a budget of minutes of one core, none of them chosen by the labels of a test set.
    fn default() -> Self {
        Self {
            whitening: Whitening::Position,
            shrinkage: 0.1,
            steps: 1000,
            schedule: ScheduleConfig::Cosine {},
            mask: MaskConfig::default(),
            patches: PatchConfig::default(),
            train: TrainConfig {
                // The steps are what ends it.
                epochs: 1_000_000,
                steps: 1000,
                batch_size: 8,
                optimizer: Optimizer::AdamW,
                learning_rate: 2e-3,
                weight_decay: 0.0,
                warm_up: 100,
                decay: Decay::Cosine,
                clip: 1.0,
                ema: 0.99,
                early_stop_after: 1_000_000,
                ..TrainConfig::default()
            },
            score: PatchScoreConfig::default(),
            map: MapConfig::default(),
        }
    }
}

type Network = Result<Box<dyn Denoiser>, Box<dyn Error + Send + Sync>>;
type Build = dyn Fn(&nn::Path<'_>, [usize; 3]) -> Network + Send + Sync;

/// Diffusion on whole maps of patches some of which are hidden: a network learns to tell them from the
/// others, and a patch is as anomalous as it differs from what its surroundings say.
///
/// # Formula
/// A mask `m` hides patches `x` by noise, `x_t = √ᾱ_t·x + √(1−ᾱ_t)·e`; the network gets these, the others
/// as they are, and `m`, and predicts `v` of the hidden ones. Training: all noise levels, `L_simple` over
/// the hidden patches. Score of a patch at the levels `t`, by the one mask that hides it:
/// `√(mean over t of ‖(mean over e of x̂_0) − x‖²)`, with draws `e` and `−e` for each place, the same for
/// all images. So a patch is never part of what it is judged by but for what noise leaves of it.
///
/// The mean over `±e` comes before the square: noise that the network passes on linearly cancels, where
/// `‖x̂_0 − x‖²` would add to each place what its own draws happen to weigh. An untrained network, which
/// answers 0, then ranks by `‖x‖` exactly.
///
/// It knows no network: `build` makes one for maps of `[k + 1, g, g]` under the given path, the last
/// channel of its input being the mask and that of its answer of no meaning.
pub struct MaskedDdpm {
    config: MaskedDdpmConfig,
    network: String,
    runtime: PatchRuntime,
    build: Box<Build>,
}

impl fmt::Debug for MaskedDdpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskedDdpm")
            .field("config", &self.config)
            .field("network", &self.network)
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

impl MaskedDdpm {
    /// A detector with checked settings; nothing is downloaded before [`fit`](Detector::fit).
    ///
    /// `network` says what `build` makes, with all its settings: kept models are found by it.
    ///
    /// # Errors
    /// [`PatchesError::Config`], [`PatchesError::Training`].
    pub fn new<F>(
        config: MaskedDdpmConfig,
        network: impl Into<String>,
        runtime: PatchRuntime,
        build: F,
    ) -> Result<Self, PatchesError>
    where
        F: Fn(&nn::Path<'_>, [usize; 3]) -> Network + Send + Sync + 'static,
    {
        config.patches.check()?;
        config.map.check()?;
        config.mask.check(config.patches.grid)?;
        config.train.check()?;
        check_shrinkage(config.shrinkage)?;
        check_steps(config.steps)?;
        config.score.check(config.steps)?;
        build_schedule(&config.schedule, config.steps)?;
        Ok(Self {
            config,
            network: network.into(),
            runtime,
            build: Box::new(build),
        })
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
        // First, so that a network that cannot be built is told before minutes of features.
        let network = self.network(seed)?;
        let weights = self.runtime.lite0()?;
        let space = PatchSpace::fit(&config.patches, weights, images, seed, device, progress)?;
        let patches = space.project(images, progress)?; // [n, p, k]
        Ok(PatchScorer {
            model: self.learned(network, &patches, seed, progress)?,
            space,
            map: config.map.clone(),
            shape: [c, h, w],
        })
    }

    /// The untrained network and its variables.
    fn network(&self, seed: u64) -> Result<(nn::VarStore, Box<dyn Denoiser>), PatchesError> {
        let PatchConfig { grid, .. } = self.config.patches;
        let session = Session::begin(self.runtime.training.device)?;
        session.seed(seed, Purpose::Weights, 0);
        let vs = nn::VarStore::new(self.runtime.training.device);
        let map = [self.config.patches.width() + 1, grid, grid];
        let network = (self.build)(&vs.root(), map).map_err(TrainingError::Network)?;
        Ok((vs, network))
    }

    /// A trained model of normal patches, `[n, p, k]`.
    fn learned(
        &self,
        (vs, network): (nn::VarStore, Box<dyn Denoiser>),
        patches: &Tensor,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Fitted, PatchesError> {
        let (config, device) = (&self.config, self.runtime.training.device);
        let session = Session::begin(device)?;
        let whitener = Whitener::fit(config.whitening, patches, config.shrinkage)?;
        let x = as_maps(&whitener.whiten(patches)?, config.patches.grid)?; // [n, k, g, g]
        let masks = config.mask.masks(config.patches.grid, device)?; // [m, 1, g, g]
        let schedule = build_schedule(&config.schedule, config.steps)?;
        let process = Process::new(schedule, device)?.with_target(Target::V);

        session.seed(seed, Purpose::Probe, 0);
        let probe = probe(&process, &x, &masks)?;
        let before = probe.ask(&*network)?;
        let folder = {
            let model = (&self.network, config);
            self.runtime.training.folder(&model, seed, &x, progress)?
        };
        let run = Run {
            session: &session,
            progress,
            folder: folder.as_ref(),
        };
        let mut objective = MaskedDenoising {
            network: &*network,
            process: &process,
            masks: &masks,
        };
        let history = train(&vs, &mut objective, &x, &config.train, seed, &run)?;

        session.seed(seed, Purpose::Walk, 0);
        let half = (config.score.draws / 2) as i64;
        let (_, k, g, _) = x.size4()?;
        let noise = Tensor::f_randn([half, k, g, g], (Kind::Float, device))?;
        Ok(Fitted {
            warnings: probe.warnings(&before, &probe.ask(&*network)?)?,
            losses: history.losses,
            noise: Tensor::f_cat(&[&noise, &noise.f_neg()?], 0)?,
            levels: config.score.levels.clone(),
            whitener,
            masks,
            process,
            network,
            vs,
        })
    }
}

impl Detector for MaskedDdpm {
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
    masks: Tensor, // [m, 1, g, g]
    process: Process,
    network: Box<dyn Denoiser>,
    vs: nn::VarStore,
    noise: Tensor, // [draws, k, g, g]
    levels: Vec<usize>,
    warnings: Vec<String>,
    losses: Vec<f64>,
}

impl Fitted {
    /// `[1, k, g, g]` → `[1, p]`.
    fn distances_of_one(&self, x: &Tensor) -> Result<Tensor, PatchesError> {
        let mut sum = Tensor::f_zeros_like(&x.f_narrow(1, 0, 1)?)?; // [1, 1, g, g]
        for &t in &self.levels {
            for hidden in self.masks.f_split(1, 0)? {
                let error = self.told(x, &hidden, t)?.f_sub(x)?.f_square()?;
                let error = error.f_sum_dim_intlist(1, true, Kind::Float)?;
                sum = sum.f_addcmul(&error, &hidden)?;
            }
        }
        let mean = sum.f_div_scalar(self.levels.len() as f64)?;
        Ok(mean.f_sqrt()?.f_flatten(1, -1)?)
    }

    /// The hidden patches of an image as its others tell them, the mean over the draws; the others as they
    /// come.
    ///
    /// # Shapes
    /// `x`: `[1, k, g, g]`, `hidden`: `[1, 1, g, g]` → `[1, k, g, g]`.
    fn told(&self, x: &Tensor, hidden: &Tensor, t: usize) -> Result<Tensor, PatchesError> {
        let signal = self.process.schedule().sqrt_alpha_bars()[t];
        let spread = self.process.schedule().sqrt_one_minus_alpha_bars()[t];
        let noise = self.noise.f_mul_scalar(spread)?;
        let x_t = x.f_mul_scalar(signal)?.f_add(&noise)?; // [draws, k, g, g]
        let (draws, k, g, _) = x_t.size4()?;
        let hidden = hidden.f_expand([draws, 1, g, g], false)?;
        let input = partly_hidden(x, &x_t, &hidden)?; // [draws, k + 1, g, g]
        let level = Tensor::f_full([1], t as f64, (Kind::Float, x.device()))?;
        let answer = self.network.predict(&input, &level, false).mean;
        let x_0 = self
            .process
            .x_0_from_v(&x_t, &answer.f_narrow(1, 0, k)?, t)?;
        Ok(x_0.f_mean_dim(&[0i64][..], true, Kind::Float)?)
    }
}

impl PatchModel for Fitted {
    fn distances(&self, x: &Tensor) -> Result<Tensor, PatchesError> {
        let g = self.masks.size()[2] as usize;
        let images = as_maps(&self.whitener.whiten(x)?, g)?.f_split(1, 0)?;
        let each = images.iter().map(|image| self.distances_of_one(image));
        let each = each.collect::<Result<Vec<_>, _>>()?;
        Ok(Tensor::f_cat(&each, 0)?)
    }

    fn n_params(&self) -> Option<u64> {
        let variables = self.vs.trainable_variables();
        Some(variables.iter().map(|v| v.numel() as u64).sum())
    }

    fn n_evaluations(&self) -> Option<u64> {
        let [draws, masks] = [&self.noise, &self.masks].map(|x| x.size()[0] as u64);
        Some(draws * masks * self.levels.len() as u64)
    }

    fn losses(&self) -> &[f64] {
        &self.losses
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}

/// `[n, g², k]`, patches row by row → `[n, k, g, g]`.
fn as_maps(patches: &Tensor, grid: usize) -> Result<Tensor, PatchesError> {
    let (n, _, k) = patches.size3()?;
    let (g, patches) = (grid as i64, patches.f_transpose(1, 2)?);
    Ok(patches.f_contiguous()?.f_view([n, k, g, g])?)
}

/// The first training images behind the first mask, at one noise level.
fn probe(process: &Process, x: &Tensor, masks: &Tensor) -> Result<Probe, PatchesError> {
    let rows = x.f_narrow(0, 0, x.size()[0].min(8))?;
    let (b, _, g, _) = rows.size4()?;
    let middle = process.steps() / 2;
    let t = Tensor::f_full([b], middle as i64, (Kind::Int64, rows.device()))?;
    let eps = rows.f_randn_like()?;
    let v = process.q_sample(&eps, &t, &rows.f_neg()?)?;
    let x_t = process.q_sample(&rows, &t, &eps)?;
    let hidden = masks.f_narrow(0, 0, 1)?.f_expand([b, 1, g, g], false)?;
    Ok(Probe {
        input: partly_hidden(&rows, &x_t, &hidden)?,
        t: middle,
        target: v.f_square()?.f_mean(Kind::Double)?.f_double_value(&[])?,
    })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use detector::Silent;
    use dit::{Dit, DitConfig};
    use tch::Device;

    use super::*;

    const GRID: usize = 8;
    const OPTIONS: (Kind, Device) = (Kind::Float, Device::Cpu);

    fn runtime() -> PatchRuntime {
        PatchRuntime {
            training: training::Runtime::new(Device::Cpu),
            weights: None,
        }
    }

    fn detector(config: MaskedDdpmConfig) -> Result<MaskedDdpm, PatchesError> {
        let size = DitConfig {
            patch: 1,
            depth: 2,
            width: 32,
            heads: 2,
            mlp_ratio: 2,
            learn_variance: false,
        };
        MaskedDdpm::new(config, "dit", runtime(), move |vs, map| {
            Ok(Box::new(Dit::new(vs, map, &size)?))
        })
    }

    /// Maps of 8 × 8 patches of two numbers, hidden one by one.
    fn small(steps: usize) -> MaskedDdpmConfig {
        let mut config = MaskedDdpmConfig::default();
        config.patches.grid = GRID;
        config.patches.components = 2;
        config.mask.block = 1;
        config.train.batch_size = 16;
        config.train.steps = steps;
        config.train.learning_rate = 3e-3;
        config.train.warm_up = 20;
        if steps == 0 {
            config.train.epochs = 0;
        }
        config
    }

    fn learned(config: MaskedDdpmConfig, patches: &Tensor) -> Fitted {
        let detector = detector(config).unwrap();
        let network = detector.network(4).unwrap();
        detector.learned(network, patches, 4, &Silent).unwrap()
    }

    fn distances(model: &Fitted, patches: &Tensor) -> Tensor {
        let _no_grad = tch::no_grad_guard();
        model.distances(patches).unwrap()
    }

    /// Points of a circle, `[n, 64, 2]`, whose angle rises slowly along a direction of the image's own,
    /// from an angle of its own: every point of the circle is as likely at every place.
    fn gradients(n: i64, seed: i64) -> Tensor {
        tch::manual_seed(seed);
        let place = |i: usize| [(i / GRID) as f32, (i % GRID) as f32];
        let places: Vec<f32> = (0..GRID * GRID).flat_map(place).collect();
        let places = Tensor::from_slice(&places).view([1, 64, 2]);
        let slope = (Tensor::rand([n, 1, 2], OPTIONS) - 0.5) * 0.8;
        let start = Tensor::rand([n, 1], OPTIONS) * TAU;
        let angle = (places * slope).sum_dim_intlist(2, false, Kind::Float) + start;
        points(&angle)
    }

    fn points(angle: &Tensor) -> Tensor {
        Tensor::stack(&[angle.cos(), angle.sin()], 2)
    }

    /// Place 27 of each image shows the opposite of what belongs there.
    fn out_of_place(x: &Tensor) -> Tensor {
        let x = x.copy();
        let mut at = x.select(1, 27);
        let _ = at.neg_();
        x
    }

    /// How often the patch out of place is above another, of any image that is as it should be.
    fn auroc(normal: &Tensor, out: &Tensor) -> f64 {
        let scores = |x: &Tensor| Vec::<f64>::try_from(x.to_kind(Kind::Double).flatten(0, -1));
        let (low, high) = (scores(normal).unwrap(), scores(&out.select(1, 27)).unwrap());
        let labels: Vec<bool> = (0..low.len() + high.len())
            .map(|i| i >= low.len())
            .collect();
        metrics::auroc(&[low, high].concat(), &labels).unwrap()
    }

    #[test]
    fn what_only_the_surroundings_tell_is_found() {
        let (train, normal) = (gradients(300, 1), gradients(40, 2));
        let out = out_of_place(&normal);
        let found = |steps| {
            let model = learned(small(steps), &train);
            auroc(&distances(&model, &normal), &distances(&model, &out))
        };
        let (untrained, trained) = (found(0), found(250));
        // All points are equally far from the middle of the circle.
        assert!((0.3..0.7).contains(&untrained), "{untrained}");
        assert!(trained > 0.95, "{trained}");
    }

    #[test]
    fn an_untrained_network_ranks_by_length() {
        let x = Tensor::randn([3, 64, 2], OPTIONS) * 3.0;
        let config = MaskedDdpmConfig {
            whitening: Whitening::Pca,
            ..small(0)
        };
        let model = learned(config, &x);
        assert!(!model.warnings.is_empty(), "it learned nothing");
        // x̂_0 = √ᾱ·x_t, and ±e cancel: (1−ᾱ)·|x|.
        let alpha_bar = model.process.schedule().alpha_bars()[250];
        let length = x.square().sum_dim_intlist(2, false, Kind::Float).sqrt();
        let gap = distances(&model, &x) - length * (1.0 - alpha_bar);
        assert!(gap.abs().max().double_value(&[]) < 1e-5); // f32
    }

    #[test]
    fn the_same_seed_gives_the_same_and_an_image_alone_what_it_gets_among_others() {
        let x = gradients(20, 3);
        let model = learned(small(10), &x);
        let all = distances(&model, &x);
        assert!(all.std(true).double_value(&[]) > 1e-3, "nothing to compare");
        let again = distances(&learned(small(10), &x), &x);
        assert!(all.equal(&again));
        let alone = distances(&model, &x.narrow(0, 7, 1));
        // Whitening multiplies matrices of other sizes.
        let gap = (all.narrow(0, 7, 1) - alone).abs().max();
        assert!(gap.double_value(&[]) < 1e-5);
    }

    #[test]
    fn a_hidden_patch_at_the_noisiest_level_says_nothing_to_its_own_reconstruction() {
        let mut config = small(100);
        config.score.levels = vec![999];
        let x = gradients(20, 3);
        let model = learned(config, &x);
        let told = |x: &Tensor| {
            let _no_grad = tch::no_grad_guard();
            let x = as_maps(&model.whitener.whiten(x).unwrap(), GRID).unwrap();
            let hidden = model.masks.narrow(0, 0, 1);
            let told = model.told(&x, &hidden, 999).unwrap() * &hidden;
            told.flatten(2, 3).transpose(1, 2) // [1, 64, 2]
        };
        let image = x.narrow(0, 0, 1);
        // The first mask hides the corner and not the patch beside it.
        let [own, other] = [0, 1].map(|place| {
            let changed = image.copy();
            let _ = changed.select(1, place).neg_();
            let gap = (told(&changed) - told(&image)).abs().max();
            gap.double_value(&[])
        });
        // ᾱ is 2.4e-9 there.
        assert!(own < 1e-3, "{own}");
        assert!(other > 1e-2, "{other}");
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (text, message) in [
            ("steps = 1", "steps = 1: expected 2 to 1000000"),
            ("shrinkage = 1.5", "shrinkage = 1.5: expected 0 to 1"),
            (
                "mask.block = 17",
                "mask.block = 17: expected at least 1, and two squares along the grid",
            ),
            (
                "mask.parts = 9",
                "mask.parts = 9: expected at least 2, at most the squares along the grid",
            ),
            (
                "score.draws = 3",
                "score.draws = 3: expected an even number above 0",
            ),
            (
                "patches.blocks = [16]",
                "blocks = [16]: expected numbers from 0 to 15",
            ),
            (
                "map.smoothing = -1.0",
                "smoothing = -1.0: expected 0 to 256 pixels",
            ),
        ] {
            let config: MaskedDdpmConfig = toml::from_str(text).unwrap();
            let error = detector(config).unwrap_err();
            assert_eq!(DetectorError::from(error).to_string(), message);
        }
        detector(MaskedDdpmConfig::default()).unwrap();
    }

    #[test]
    fn a_network_that_cannot_be_built_is_told_before_features() {
        let refuse =
            |_: &nn::Path<'_>, map: [usize; 3]| -> Network { Err(format!("{map:?}").into()) };
        let detector = MaskedDdpm::new(small(1), "none", runtime(), refuse).unwrap();
        let images = ndarray::Array4::<u8>::zeros((3, 3, 32, 32));
        let error = detector
            .fit(Input::Images(images.view()), 0, &Silent)
            .map(|_| ());
        assert_eq!(error.unwrap_err().to_string(), "network: [3, 8, 8]");
    }
}
