use detector::{Progress, State};
use features::FeaturesError;
use ndarray::{ArrayView4, Ix1};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::grid::Grids;
use crate::weights::Weights;
use crate::{PatchConfig, PatchRuntime, PatchesError};

/// Numbers of patches in a few principal components of normal ones.
///
/// # Formula
/// Each channel is standardised over all training patches; the components are those of the correlation
/// matrix, by falling eigenvalue `λ`, whitened: `y_j = v_jᵀ·((x − mean)/sd)/√λ_j`.
#[derive(Debug)]
pub(crate) struct PatchSpace {
    grids: Grids,
    /// Mean of each channel.
    mean: Vec<f32>,
    /// `[c, k]` row by row: standardisation, rotation and whitening in one.
    basis: Vec<f32>,
}

const KIND: &str = "patch-space";
const LAYOUT: u32 = 1;

/// What one batch adds to the statistics.
struct Part {
    sum: Tensor,    // [c], f64
    square: Tensor, // [c], f64
    sample: Tensor, // [m, c]
}

impl PatchSpace {
    /// The space of the training images, of so many rows and columns of patches.
    pub(crate) fn fit(
        (config, grid): (&PatchConfig, [usize; 2]),
        weights: Weights,
        images: ArrayView4<'_, u8>,
        seed: u64,
        device: Device,
        progress: &dyn Progress,
    ) -> Result<Self, PatchesError> {
        let (c, k) = (config.channels(), config.width());
        let n_images = images.dim().0;
        if n_images < 2 {
            return Err(PatchesError::TooFewImages { n: n_images });
        }
        let n_patches = grid[0] * grid[1];
        let per_image = config.sample.div_ceil(n_images).min(n_patches);
        let grids = Grids {
            config: config.clone(),
            grid,
            weights,
            device,
        };
        let parts = grids.for_each(
            images,
            progress,
            || Ok(()),
            |(), patches| Ok(patches),
            |first, patches| part(first, &patches, per_image, seed),
        )?;
        let n = (n_images * n_patches) as f64;
        let total = |of: fn(&Part) -> &Tensor| -> Result<Tensor, PatchesError> {
            let all: Vec<&Tensor> = parts.iter().map(of).collect();
            Ok(Tensor::f_stack(&all, 0)?.f_sum_dim_intlist(0, false, Kind::Double)?)
        };
        let mean = total(|p| &p.sum)?.f_div_scalar(n)?;
        let square = total(|p| &p.square)?.f_div_scalar(n)?;
        let variance = square.f_sub(&mean.f_square()?)?.f_clamp_min(0.0)?;
        // A channel that never changes carries no information: it is left at 0.
        let sd = variance.f_sqrt()?;
        let sd = sd.f_where_self(&sd.f_gt(1e-12)?, &sd.f_ones_like()?)?;

        let sample: Vec<&Tensor> = parts.iter().map(|p| &p.sample).collect();
        let sample = Tensor::f_cat(&sample, 0)?.f_to_kind(Kind::Double)?;
        let z = sample.f_sub(&mean)?.f_div(&sd)?; // [m, c]
        let covariance = z.f_tr()?.f_matmul(&z)?.f_div_scalar(z.size()[0] as f64)?;
        let (values, vectors) = covariance.f_linalg_eigh("L")?; // rising
        let (c, k) = (c as i64, k as i64);
        let vectors = vectors.f_narrow(1, c - k, k)?.f_flip([1])?; // [c, k]
        let values = values.f_narrow(0, c - k, k)?.f_flip([0])?;
        // Their mean is 1. A direction in which the sample does not vary is no measure of other patches, and
        // divided by what rounding left of its spread would be the loudest: it is left out.
        let varies = values.f_gt(1e-6)?.f_to_kind(Kind::Double)?;
        let scale = varies.f_div(&values.f_clamp_min(1e-6)?.f_sqrt()?)?;
        let basis = vectors.f_div(&sd.f_unsqueeze(1)?)?.f_mul(&scale)?;
        Ok(Self {
            grids,
            mean: numbers(&mean)?,
            basis: numbers(&basis)?,
        })
    }

    /// What [`restore`](Self::restore) takes; the network's weights with it.
    pub(crate) fn state(&self) -> State {
        let weights = &self.grids.weights;
        (weights.put(State::new(KIND, LAYOUT)))
            .with_list("mean", &self.mean)
            .with_list("basis", &self.basis)
    }

    /// The space that was stored.
    pub(crate) fn restore(
        (config, grid): (&PatchConfig, [usize; 2]),
        runtime: &PatchRuntime,
        state: &State,
    ) -> Result<Self, PatchesError> {
        state.expect(KIND, LAYOUT)?;
        let (c, k) = (config.channels(), config.width());
        let numbers = |name, len| state.finite::<f32, Ix1>(name, len).map(|x| x.to_vec());
        Ok(Self {
            mean: numbers("mean", c)?,
            basis: numbers("basis", c * k)?,
            grids: Grids {
                config: config.clone(),
                grid,
                weights: Weights::stored(state, runtime, config)?,
                device: runtime.training.device,
            },
        })
    }

    /// The patches of `images`: `[n, c, h, w]` → `[n, p, k]`.
    pub(crate) fn project(
        &self,
        images: ArrayView4<'_, u8>,
        progress: &dyn Progress,
    ) -> Result<Tensor, PatchesError> {
        let parts = self.each_batch(images, progress, |_, patches| Ok(patches))?;
        Ok(Tensor::f_cat(&parts, 0)?)
    }

    /// What `finish` makes of the patches of each batch of `images`, `[b, p, k]`, and the number of its first image.
    pub(crate) fn each_batch<T: Send>(
        &self,
        images: ArrayView4<'_, u8>,
        progress: &dyn Progress,
        finish: impl Fn(usize, Tensor) -> Result<T, FeaturesError> + Sync,
    ) -> Result<Vec<T>, PatchesError> {
        let (c, k) = (self.mean.len() as i64, self.grids.config.width() as i64);
        let device = self.grids.device;
        self.grids.for_each(
            images,
            progress,
            || {
                let mean = Tensor::f_from_slice(&self.mean)?.f_to_device(device)?;
                let basis = Tensor::f_from_slice(&self.basis)?.f_view([c, k])?;
                Ok([mean, basis.f_to_device(device)?])
            },
            |[mean, basis], patches| Ok(patches.f_sub(mean)?.f_matmul(basis)?),
            finish,
        )
    }

    /// Rows and columns of patches.
    pub(crate) fn grid(&self) -> [usize; 2] {
        self.grids.grid
    }

    /// Patches along each side of an image that stays as it is.
    pub(crate) fn side(&self) -> usize {
        self.grids.config.grid
    }

    pub(crate) fn device(&self) -> Device {
        self.grids.device
    }
}

/// Sums over the patches of a batch, and some of them: which is decided by the image's number alone.
fn part(
    first: usize,
    patches: &Tensor,
    per_image: usize,
    seed: u64,
) -> Result<Part, FeaturesError> {
    let (b, p, c) = patches.size3()?;
    let flat = patches.f_reshape([b * p, c])?;
    let places: Vec<i64> = (0..b as usize)
        .flat_map(|image| {
            let seed = training::splitmix64(seed, (first + image) as u64);
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let chosen = index::sample(&mut random, p as usize, per_image);
            let chosen: Vec<i64> = chosen.iter().map(|i| i as i64 + image as i64 * p).collect();
            chosen
        })
        .collect();
    let places = Tensor::f_from_slice(&places)?.f_to_device(patches.device())?;
    let sample = flat.f_index_select(0, &places)?;
    let flat = flat.f_to_kind(Kind::Double)?;
    Ok(Part {
        sum: flat.f_sum_dim_intlist(0, false, Kind::Double)?,
        square: flat.f_square()?.f_sum_dim_intlist(0, false, Kind::Double)?,
        sample,
    })
}

fn numbers(x: &Tensor) -> Result<Vec<f32>, PatchesError> {
    let x = x.f_to_kind(Kind::Float)?.f_contiguous()?;
    Ok(Vec::<f32>::try_from(x.f_flatten(0, -1)?)?)
}
