use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::ProcessError;
use crate::simplex::Octaves;
use crate::splitmix::splitmix64;

/// The noise `ε` of the process: mean 0 and variance 1 in every number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// Independent normal numbers.
    #[default]
    Gaussian,
    /// Simplex noise, whose neighbouring pixels go together (Wyatt et al. 2022, AnoDDPM).
    ///
    /// In six octaves over the pixels of an image, so that a walk back has to undo large shapes too. Each
    /// image and each of its channels has noise of its own.
    ///
    /// # Formula
    /// `ε = Σ_o γ^o·n_o(ν·2^o·pixel)/√(Σ_o γ^(2o))` with the frequency `ν = 2^−6`, `γ = 0.8` and
    /// `o = 0, …, 5`, each octave `n_o` of variance 1.
    ///
    /// # Differences from the reference
    /// Julian-Wyatt/AnoDDPM takes slices of noise in three dimensions and leaves the sum as it is; here
    /// it is noise in two dimensions, scaled to variance 1, which the process's tables assume.
    Simplex,
}

impl Noise {
    /// Noise for a training batch, shaped like `x`, from libtorch's generator.
    ///
    /// # Shapes
    /// `x`: `[b, ..]`, for simplex noise `[b, c, h, w]` → like `x`, f32.
    ///
    /// # Errors
    /// [`ProcessError::Shape`] for simplex noise over anything but images, [`ProcessError::Torch`] where
    /// libtorch has no memory.
    pub fn like(self, x: &Tensor) -> Result<Tensor, ProcessError> {
        if self == Self::Gaussian {
            return Ok(x.f_randn_like()?);
        }
        let shape = x.size();
        let (Some(&rows), Some(row)) = (shape.first(), shape.get(1..)) else {
            return Err(not_images(&shape));
        };
        // Drawn on the CPU, so that nothing waits for the device.
        let seeds = Tensor::f_randint(i64::MAX, [rows], (Kind::Int64, Device::Cpu))?;
        let mut noise = Vec::with_capacity(x.numel());
        for seed in Vec::<i64>::try_from(seeds)? {
            let key = splitmix64(0, seed.cast_unsigned());
            self.extend(&mut noise, row, &mut ChaCha8Rng::seed_from_u64(key))?;
        }
        let noise = Tensor::f_from_slice(&noise)?;
        Ok(noise.f_view(shape.as_slice())?.f_to_device(x.device())?)
    }

    /// Appends the next noise of one row of the shape `row`.
    pub(crate) fn extend(
        self,
        to: &mut Vec<f32>,
        row: &[i64],
        stream: &mut ChaCha8Rng,
    ) -> Result<(), ProcessError> {
        let width: i64 = row.iter().product();
        match (self, row) {
            (Self::Gaussian, _) => {
                to.extend((0..width).map(|_| -> f32 { StandardNormal.sample(stream) }));
            }
            (Self::Simplex, &[c, h, w]) => {
                for _ in 0..c {
                    let octaves = Octaves::new(stream.random());
                    let rows = (0..h).flat_map(|y| (0..w).map(move |x| (x, y)));
                    to.extend(rows.map(|(x, y)| octaves.at(x as f64, y as f64) as f32));
                }
            }
            (Self::Simplex, _) => return Err(not_images(row)),
        }
        Ok(())
    }
}

fn not_images(found: &[i64]) -> ProcessError {
    ProcessError::Shape {
        name: "simplex noise",
        found: found.to_vec(),
        expected: vec![-1, -1, -1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RowNoise;

    fn images(b: i64) -> Tensor {
        Tensor::arange(b * 2 * 20 * 30, (Kind::Float, Device::Cpu)).view([b, 2, 20, 30])
    }

    #[test]
    fn simplex_noise_belongs_to_the_image() {
        let x = images(3);
        let draw = |x: &Tensor| {
            let noise = RowNoise::new(x, 5).unwrap().with_noise(Noise::Simplex);
            { noise }.draw().unwrap()
        };
        let (all, alone) = (draw(&x), draw(&x.narrow(0, 1, 1)));
        assert_eq!(all.size(), [3, 2, 20, 30]);
        assert_eq!(all.get(1), alone.get(0));
        assert_ne!(all.get(0), all.get(1));
        assert_ne!(all.get(0).get(0), all.get(0).get(1)); // channels too
    }

    #[test]
    fn a_batch_comes_from_libtorchs_generator() {
        let x = images(2);
        for noise in [Noise::Gaussian, Noise::Simplex] {
            let draw = |seed| {
                tch::manual_seed(seed);
                noise.like(&x).unwrap()
            };
            assert_eq!(draw(1), draw(1));
            assert_ne!(draw(1), draw(2));
            assert_eq!(draw(1).size(), x.size());
        }
    }

    #[test]
    fn simplex_noise_has_the_moments_the_process_assumes() {
        tch::manual_seed(0);
        let x = Tensor::zeros([400, 1, 24, 24], (Kind::Float, Device::Cpu));
        let noise = Noise::Simplex.like(&x).unwrap();
        // The largest octave hardly varies over 24 pixels: 400 images are 400 to 1600 independent
        // draws of it, whose share of the variance is 1/2.6.
        let mean = noise.mean(Kind::Double).double_value(&[]);
        assert!(mean.abs() < 0.15, "{mean}");
        let variance = noise.square().mean(Kind::Double).double_value(&[]);
        assert!((variance - 1.0).abs() < 0.15, "{variance}");
        // Neighbours go together, which they do not in Gaussian noise.
        let right = noise.narrow(3, 1, 23) * noise.narrow(3, 0, 23);
        assert!(right.mean(Kind::Double).double_value(&[]) > 0.7);
    }

    #[test]
    fn simplex_noise_is_for_images() {
        let rows = Tensor::zeros([3, 7], (Kind::Float, Device::Cpu));
        let error = Noise::Simplex.like(&rows).unwrap_err().to_string();
        assert_eq!(
            error,
            "simplex noise has the shape [7], expected [-1, -1, -1]"
        );
        let noise = RowNoise::new(&rows, 0).unwrap().with_noise(Noise::Simplex);
        assert!({ noise }.draw().is_err());
    }
}
