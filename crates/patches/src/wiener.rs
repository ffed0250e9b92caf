use std::sync::Mutex;

use detector::{Detector, DetectorError, Input, Progress, Scorer, State, needs_memory};
use features::FeaturesError;
use ndarray::ArrayView4;
use serde_json::{Value, json};
use tch::{Kind, Tensor};
use training::{Session, TrainingError};

use crate::chosen::{Chosen, drawn, of_each_image, of_each_place};
use crate::gain::unexplained;
use crate::local_wiener::{LocalWiener, Places};
use crate::remembered::Remembered;
use crate::scorer::{Fitted, LAYOUT, PatchScorer, Settings};
use crate::side_by_side::side_by_side;
use crate::space::PatchSpace;
use crate::weights::Weights;
use crate::{Align, PatchRuntime, PatchWienerConfig, PatchesError};

/// Drawn patches that are compared together.
const DRAWS: usize = 256;

/// A local Wiener denoiser of patches: what one noiseless step of a diffusion would take away from a patch, under
/// the model that it is Gaussian around the mean of the nearest normal patches, with one covariance for all.
/// Nothing is trained. It is `wiener` of the crate `analytic` with patches as rows; with one neighbour and
/// without the covariance (`noise` towards infinity) it is [`PatchKnn`](crate::PatchKnn).
///
/// # Formula
/// 1. A memory `M` holds a share of all training patches, as many of each image, spread over it: of a quarter one
///    of every square of 2 × 2, drawn at random.
/// 2. For 4,000 drawn training patches, `δ = x − mean of the K = 3 nearest patches of M from other images`;
///    `Σ` is the mean of `δδᵀ`, not centred, with eigenpairs `e_j`, `v_j`; `σ² = 3 · mean of e`.
/// 3. A patch `x` has `δ = x − mean of its K nearest patches of M` and the distance
///    `√(Σ_j (σ²/(e_j + σ²))² (v_j·δ)²)`, that is `|(I − W)δ|` with the Wiener gain `W = Σ(Σ + σ²I)⁻¹`.
///
/// Under [`Align::PrincipalAxis`] the part is turned first, `M` holds as many patches of each place as of the
/// others, and a patch is compared with those of its place and the eight places around it.
///
/// # Source
/// Ours. The gain is Wiener's (*Extrapolation, Interpolation, and Smoothing of Stationary Time Series*, 1949), the
/// memory that of Roth et al. 2022 (PatchCore, arXiv:2106.08265).
///
/// # Memory
/// At most `most` patches are held, with 128 components and the default 128 MiB. What they take is asked for
/// before it is taken.
#[derive(Debug, Clone)]
pub struct PatchWiener {
    config: PatchWienerConfig,
    runtime: PatchRuntime,
}

impl PatchWiener {
    /// A detector with checked settings; nothing is downloaded before [`fit`](Detector::fit).
    ///
    /// # Errors
    /// [`PatchesError::Setting`].
    pub fn new(config: PatchWienerConfig, runtime: PatchRuntime) -> Result<Self, PatchesError> {
        config.check()?;
        Ok(Self { config, runtime })
    }

    fn fitted(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<PatchScorer<Mutex<LocalWiener>>, PatchesError> {
        let images = x.images()?;
        let (n, c, h, w) = images.dim();
        let (config, device) = (&self.config, self.runtime.training.device);
        let grid = config.align.grid(&config.patches);
        let p = grid[0] * grid[1];
        let remembered = self.remembered(n, grid, seed)?;
        let weights = Weights::get(&self.runtime, &config.patches)?;
        let (images, poses) = config.align.laid(images, progress)?;
        config.align.check(&poses)?;
        let (images, frame) = (images.view(), (&config.patches, grid));
        let space = PatchSpace::fit(frame, weights, images, seed, device, progress)?;
        let drawn = drawn(n, p, config.draws, seed);
        let taken = take(&space, images, [&remembered, &drawn], progress)?;
        let model = self.model([&remembered, &drawn], taken, self.places(), progress)?;
        Ok(PatchScorer {
            description: self.description(),
            model: Mutex::new(model),
            space,
            map: config.map.clone(),
            align: config.align,
            shape: [c, h, w],
        })
    }

    /// Which of `n` images' patches on a grid are remembered, once there is memory for them.
    fn remembered(&self, n: usize, grid: [usize; 2], seed: u64) -> Result<Chosen, PatchesError> {
        let (config, p) = (&self.config, grid[0] * grid[1]);
        let share = (n as f64 * p as f64 * config.share).round() as usize;
        let count = share.clamp(1, config.most);
        let k = config.patches.width();
        // As they are taken, in one piece, and with their lengths.
        let bytes = 3 * 4 * count as u128 * (k as u128 + 1);
        let what =
            format!("a memory of {count} patches of {k} numbers; a smaller share needs less");
        needs_memory(bytes, &what)?;
        Ok(match config.align {
            Align::None => of_each_image(n, grid, count, seed),
            Align::PrincipalAxis => of_each_place(n, p, count, seed),
        })
    }

    /// Of the patches that are remembered and of those that are drawn, both image by image.
    fn model(
        &self,
        [remembered, drawn]: [&Chosen; 2],
        [memory, draws]: [Tensor; 2],
        grid: Option<[usize; 2]>,
        progress: &dyn Progress,
    ) -> Result<LocalWiener, PatchesError> {
        let device = self.runtime.training.device;
        let session = Session::begin(device)?;
        let (mut order, places) = (by_image(remembered), by_image(drawn));
        let mut memory = memory;
        let mut by_place = None;
        if let Some(grid) = grid {
            let mut at: Vec<usize> = (0..order.len()).collect();
            at.sort_by_key(|&i| (order[i].1, order[i].0));
            order = at.iter().map(|&i| order[i]).collect();
            let at: Vec<i64> = at.into_iter().map(|i| i as i64).collect();
            let at = Tensor::f_from_slice(&at)?.f_to_device(memory.device())?;
            memory = memory.f_index_select(0, &at)?;
            let of_places = 0..=grid[0] * grid[1];
            let start = |place| order.partition_point(|(_, other)| *other < place);
            let starts = of_places.map(start).collect();
            by_place = Some(Places { grid, starts });
        }
        let k = draws.size()[1];
        let mut model = LocalWiener {
            remembered: Remembered::new(&memory)?,
            gain: Tensor::f_eye(k, (Kind::Float, device))?,
            neighbours: self.config.neighbours,
            places: by_place,
        };
        let images = |of: &[(i64, usize)]| -> Result<Tensor, PatchesError> {
            let images: Vec<i64> = of.iter().map(|(image, _)| *image).collect();
            Ok(Tensor::f_from_slice(&images)?.f_to_device(device)?)
        };
        let (theirs, own) = (images(&order)?, images(&places)?);
        let copy = Tensor::shallow_clone;
        let workers = (0..session.threads())
            .map(|_| (model.share(), copy(&draws), copy(&theirs), copy(&own)));
        let pieces = places.len().div_ceil(DRAWS);
        let parts = side_by_side(workers.collect(), pieces, |(model, x, theirs, own), i| {
            if progress.interrupted() {
                return Err(TrainingError::Interrupted.into());
            }
            let first = i * DRAWS;
            let here = &places[first..places.len().min(first + DRAWS)];
            let cut = |x: &Tensor| x.f_narrow(0, first as i64, here.len() as i64);
            let here: Vec<usize> = here.iter().map(|(_, place)| *place).collect();
            model.deviations(&cut(x)?, &here, Some([theirs, &cut(own)?]))
        })?;
        let deviations = Tensor::f_cat(&parts, 0)?;
        let compared = deviations.f_isfinite()?.f_all_dim(1, false)?;
        let compared = compared.f_nonzero()?.f_squeeze_dim(1)?;
        if compared.size()[0] == 0 {
            return Err(DetectorError::method(
                "no patch has a remembered one of another image to be compared with; a larger share helps",
            )
            .into());
        }
        let deviations = deviations.f_index_select(0, &compared)?;
        model.gain = unexplained(&deviations, self.config.noise)?;
        Ok(model)
    }

    /// Rows and columns of places, where patches are compared place by place.
    fn places(&self) -> Option<[usize; 2]> {
        let align = self.config.align;
        (align == Align::PrincipalAxis).then(|| align.grid(&self.config.patches))
    }

    fn description(&self) -> Value {
        json!(["patch-wiener", self.config])
    }

    fn restored(&self, state: &State) -> Result<PatchScorer<Mutex<LocalWiener>>, PatchesError> {
        let (config, device) = (&self.config, self.runtime.training.device);
        let settings = Settings {
            description: self.description(),
            patches: &config.patches,
            map: &config.map,
            align: config.align,
            runtime: &self.runtime,
        };
        PatchScorer::restore(state, settings, |state| {
            state.expect(LocalWiener::KIND, LAYOUT)?;
            let _session = Session::begin(device)?;
            let (k, places) = (config.patches.width(), self.places());
            let model = LocalWiener::stored(state, k, config.neighbours, places, device)?;
            Ok(Mutex::new(model))
        })
    }
}

impl Detector for PatchWiener {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.fitted(x, seed, progress)?))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.restored(state)?))
    }
}

/// The chosen patches of all images, `[m, k]` of each choice, image by image. No others are held.
fn take(
    space: &PatchSpace,
    images: ArrayView4<'_, u8>,
    chosen: [&Chosen; 2],
    progress: &dyn Progress,
) -> Result<[Tensor; 2], PatchesError> {
    let parts = space.each_batch(images, progress, |first, patches| {
        let (b, p, k) = patches.size3()?;
        let patches = patches.f_view([b * p, k])?;
        let of = |chosen: &Chosen| -> Result<Tensor, FeaturesError> {
            let places = (0..b).flat_map(|image| {
                let places = chosen[first + image as usize].iter();
                places.map(move |place| image * p + place)
            });
            let places: Vec<i64> = places.collect();
            let places = Tensor::f_from_slice(&places)?.f_to_device(patches.device())?;
            Ok(patches.f_index_select(0, &places)?)
        };
        Ok([of(chosen[0])?, of(chosen[1])?])
    })?;
    let all = |choice: usize| -> Result<Tensor, PatchesError> {
        let parts: Vec<&Tensor> = parts.iter().map(|part| &part[choice]).collect();
        Ok(Tensor::f_cat(&parts, 0)?)
    };
    Ok([all(0)?, all(1)?])
}

/// Image and place of each chosen patch, image by image.
fn by_image(chosen: &Chosen) -> Vec<(i64, usize)> {
    let images = (0i64..).zip(chosen);
    let of = images.flat_map(|(image, places)| places.iter().map(move |p| (image, *p as usize)));
    of.collect()
}
