use detector::settings::check;
use std::sync::Mutex;

use detector::{Detector, DetectorError, Input, Progress, Scorer, State};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use training::{Session, TrainingError, tensor_of};

use crate::coreset::greedy;
use crate::scorer::{Fitted, LAYOUT, PatchScorer, Settings, Turn};
use crate::space::PatchSpace;
use crate::weights::Weights;
use crate::{Align, MapConfig, PatchConfig, PatchRuntime, PatchesError};

/// Patches of the memory that are compared at once: 32 MiB for the patches of an image.
const BLOCK: i64 = 8192;
/// Their name in a stored state.
const PATCHES: &str = "patches";

/// Settings of [`PatchKnn`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PatchKnnConfig {
    /// Share of the training patches that is remembered.
    pub share: f64,
    /// Which ones.
    pub subset: Subset,
    /// What a patch is.
    pub patches: PatchConfig,
    /// How distances become a map.
    pub map: MapConfig,
}

/// Which training patches are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subset {
    /// Drawn at random.
    Random,
    /// The greedy coreset, slow: each next one farthest from those taken.
    ///
    /// Its time grows with the product of all patches and those taken.
    Coreset,
}

impl Default for PatchKnnConfig {
    fn default() -> Self {
        Self {
            share: 0.05,
            subset: Subset::Random,
            patches: PatchConfig::default(),
            map: MapConfig::default(),
        }
    }
}

/// A memory of normal patches (Roth et al. 2022, PatchCore, arXiv:2106.08265): the distance to the
/// nearest one as the map.
///
/// # Differences from the paper
/// The network is EfficientNet-Lite0, patches are whitened principal components, a random
/// subset is the default, and an image's score is the largest value of its map, without the paper's
/// factor for sparse neighbourhoods.
#[derive(Debug, Clone)]
pub struct PatchKnn {
    config: PatchKnnConfig,
    runtime: PatchRuntime,
}

impl PatchKnn {
    /// A detector with checked settings; nothing is downloaded before [`fit`](Detector::fit).
    ///
    /// # Errors
    /// [`PatchesError::Setting`].
    pub fn new(config: PatchKnnConfig, runtime: PatchRuntime) -> Result<Self, PatchesError> {
        config.patches.check()?;
        config.map.check()?;
        let fine = config.share > 0.0 && config.share <= 1.0;
        check("share", config.share, fine, "above 0, at most 1")?;
        Ok(Self { config, runtime })
    }

    fn fitted(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<PatchScorer<Mutex<Memory>>, PatchesError> {
        let images = x.images()?;
        let (_, c, h, w) = images.dim();
        let (config, device) = (&self.config, self.runtime.training.device);
        let weights = Weights::get(&self.runtime, &config.patches)?;
        let frame = (&config.patches, config.patches.square());
        let space = PatchSpace::fit(frame, weights, images, seed, device, progress)?;
        let patches = space.project(images, progress)?.f_flatten(0, 1)?; // [n·p, k]
        let _session = Session::begin(device)?;
        Ok(PatchScorer {
            description: self.description(),
            model: Mutex::new(Memory::new(&patches, config, seed, progress)?),
            space,
            map: config.map.clone(),
            align: Align::None,
            shape: [c, h, w],
        })
    }

    fn description(&self) -> Value {
        json!(["patch-knn", self.config])
    }

    fn restored(&self, state: &State) -> Result<PatchScorer<Mutex<Memory>>, PatchesError> {
        let (patches, device) = (&self.config.patches, self.runtime.training.device);
        let settings = Settings {
            description: self.description(),
            patches,
            map: &self.config.map,
            align: Align::None,
            runtime: &self.runtime,
        };
        PatchScorer::restore(state, settings, |state| {
            state.expect(Memory::KIND, LAYOUT)?;
            let _session = Session::begin(device)?;
            let memory = Memory::stored(state, patches.width(), device)?;
            Ok(Mutex::new(memory))
        })
    }
}

impl Detector for PatchKnn {
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

/// The remembered patches and their squared lengths, block by block.
#[derive(Debug)]
struct Memory {
    blocks: Vec<(Tensor, Tensor)>, // [m, k], [m]
}

impl Memory {
    fn new(
        patches: &Tensor,
        config: &PatchKnnConfig,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Self, PatchesError> {
        let n = patches.size()[0] as usize;
        let count = ((n as f64 * config.share).round() as usize).clamp(1, n);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let rows: Vec<i64> = match config.subset {
            Subset::Random => {
                let mut rows = index::sample(&mut random, n, count).into_vec();
                rows.sort_unstable();
                rows.into_iter().map(|row| row as i64).collect()
            }
            Subset::Coreset => {
                let first = index::sample(&mut random, n, 1).index(0) as i64;
                let interrupted = |done: usize| {
                    progress.update("coreset", done as u64, count as u64, "");
                    progress.interrupted()
                };
                greedy(patches, first, count, interrupted)?.ok_or(TrainingError::Interrupted)?
            }
        };
        let rows = Tensor::f_from_slice(&rows)?.f_to_device(patches.device())?;
        Self::of(&patches.f_index_select(0, &rows)?)
    }

    /// Of the patches to remember, `[m, k]`.
    fn of(all: &Tensor) -> Result<Self, PatchesError> {
        let blocks = all.f_split(BLOCK, 0)?.into_iter().map(|block| {
            let squares = squares(&block)?;
            Ok((block, squares))
        });
        let blocks = blocks.collect::<Result<_, PatchesError>>()?;
        Ok(Self { blocks })
    }

    /// That in `state`, of patches of `k` numbers.
    fn stored(state: &State, k: usize, device: Device) -> Result<Self, PatchesError> {
        let m = state.stored(PATCHES)?.shape().first().copied().unwrap_or(0);
        if m == 0 {
            return Err(state.wrong(PATCHES, "there are none").into());
        }
        Self::of(&tensor_of(state, PATCHES, &[m as i64, k as i64], device)?)
    }
}

impl Fitted for Memory {
    const KIND: &'static str = "memory";

    fn tensors(&self) -> Result<Vec<(&'static str, Tensor)>, PatchesError> {
        let blocks: Vec<&Tensor> = self.blocks.iter().map(|(block, _)| block).collect();
        Ok(vec![(PATCHES, Tensor::f_cat(&blocks, 0)?)])
    }

    fn distances(&self, x: &Tensor, _turn: &Turn<'_>) -> Result<Tensor, PatchesError> {
        self.to_nearest(x)
    }
}

impl Memory {
    /// The distance of each patch to the nearest that is remembered, `[n, p, k]` → `[n, p]`.
    fn to_nearest(&self, x: &Tensor) -> Result<Tensor, PatchesError> {
        let (n, p, _) = x.size3()?;
        let mut distances = Vec::with_capacity(n as usize);
        for image in 0..n {
            let x = x.f_get(image)?; // [p, k]
            let options = (Kind::Float, x.device());
            let mut nearest = Tensor::f_full([p], f64::INFINITY, options)?;
            for (block, squares) in &self.blocks {
                // |m|² − 2·x·m, to which |x|² is added once the smallest is known.
                let partial = squares.f_addmm(&x, &block.f_tr()?.f_mul_scalar(-2.0)?)?;
                nearest = nearest.f_minimum(&partial.f_amin([1], false)?)?;
            }
            let squared = nearest.f_add(&self::squares(&x)?)?;
            distances.push(squared.f_clamp_min(0.0)?.f_sqrt()?);
        }
        match distances.is_empty() {
            true => Ok(Tensor::f_zeros([0, p], (Kind::Float, Device::Cpu))?),
            false => Ok(Tensor::f_stack(&distances, 0)?),
        }
    }
}

/// `[m, k]` → `[m]`.
fn squares(x: &Tensor) -> Result<Tensor, PatchesError> {
    Ok(x.f_square()?.f_sum_dim_intlist(1, false, Kind::Float)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use detector::Silent;

    #[test]
    fn distances_are_those_to_the_nearest_patch() {
        tch::manual_seed(5);
        let options = (Kind::Float, Device::Cpu);
        let normal = Tensor::randn([9000, 6], options); // more than a block
        let config = PatchKnnConfig {
            share: 1.0,
            ..PatchKnnConfig::default()
        };
        let memory = Memory::new(&normal, &config, 0, &Silent).unwrap();
        assert_eq!(memory.blocks.len(), 2);
        let x = Tensor::randn([2, 5, 6], options) * 2.0;
        let found = memory.to_nearest(&x).unwrap();
        let expected = Tensor::cdist(&x, &normal.unsqueeze(0), 2.0, 2).amin([2], false);
        assert!((found - expected).abs().max().double_value(&[]) < 1e-4); // f32 cancellation
        // A remembered patch is at distance 0 but for rounding.
        let own = normal.narrow(0, 100, 4).unsqueeze(0);
        assert!(memory.to_nearest(&own).unwrap().max().double_value(&[]) < 3e-3);
    }

    #[test]
    fn as_many_are_remembered_as_asked_for() {
        let patches = Tensor::arange(200, (Kind::Float, Device::Cpu)).view([200, 1]);
        for subset in [Subset::Random, Subset::Coreset] {
            let config = PatchKnnConfig {
                share: 0.05,
                subset,
                ..PatchKnnConfig::default()
            };
            let memory = Memory::new(&patches, &config, 1, &Silent).unwrap();
            assert_eq!(memory.blocks[0].0.size(), [10, 1]);
        }
    }
}
