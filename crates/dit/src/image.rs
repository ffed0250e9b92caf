use diffusion_core::{Denoiser, Prediction};
use settings::{Setting, at_least, multiple_of_other};
use tch::Tensor;
use tch::nn::{self, Init};

use crate::time::Level;
use crate::transformer::Transformer;
use crate::{DitConfig, positions};

/// The diffusion transformer over patches of images, unconditional (Peebles & Xie, Scalable Diffusion
/// Models with Transformers, 2023, arXiv:2212.09748, adaLN-Zero).
///
/// Parameter names and shapes are the reference's (facebookresearch/DiT, `models.py`), so that its
/// `state_dict` loads but for the label embedder. The positions are fixed; they stand among the
/// variables, untrained, because the reference stores them.
///
/// # Shapes
/// `x_t`: `[b, c, h, w]`, `t`: `[b]` or `[1]` → mean `[b, c, h, w]`, and where learned the variance,
/// as large.
#[derive(Debug)]
pub struct Dit {
    proj_weight: Tensor, // [width, c, patch, patch]
    proj_bias: Tensor,   // [width]
    pos_embed: Tensor,   // [1, n, width]
    transformer: Transformer,
    image: [i64; 3],
    patch: i64,
    outputs: i64,
}

impl Dit {
    /// A network for images of `[c, h, w]` with its parameters under `vs`, drawn from libtorch's
    /// generator (seed it before).
    ///
    /// # Errors
    /// [`Setting`] where a setting is out of range, `c` is 0, or the patch does not divide `h` or
    /// `w`.
    pub fn new(vs: &nn::Path, image: [usize; 3], config: &DitConfig) -> Result<Self, Setting> {
        Self::told(vs, image, config, Level::Step)
    }

    /// The same network told of the noise by `ln σ/4` instead of by a step, through 32 frequencies from 0.5 to 32:
    /// for a denoiser of Karras et al. (2022, arXiv:2206.00364), whose noise has any standard deviation `σ`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_log_sigma(
        vs: &nn::Path,
        image: [usize; 3],
        config: &DitConfig,
    ) -> Result<Self, Setting> {
        Self::told(vs, image, config, Level::LogSigma)
    }

    fn told(
        vs: &nn::Path,
        image: [usize; 3],
        config: &DitConfig,
        level: Level,
    ) -> Result<Self, Setting> {
        config.check()?;
        let ([c, h, w], patch, width) = (image, config.patch, config.width);
        for (name, value) in [("channels", c), ("height", h), ("width of the image", w)] {
            at_least(name, value, 1)?;
        }
        config.check_parameters(c)?;
        multiple_of_other("height", h, ("patch", patch))?;
        multiple_of_other("width of the image", w, ("patch", patch))?;

        let size = config.size();
        let d_token = c * patch * patch;
        // Xavier on the weight seen as the matrix [width, c·patch²] that it is.
        let bound = (6.0 / (d_token + width) as f64).sqrt();
        let init = Init::Uniform {
            lo: -bound,
            up: bound,
        };
        let proj = vs / "x_embedder" / "proj";
        let side = patch as i64;
        let shape = [width as i64, c as i64, side, side];
        let positions = positions::grid(h / patch, w / patch, width, vs.device());
        Ok(Self {
            proj_weight: proj.var("weight", &shape, init),
            proj_bias: proj.var("bias", &[width as i64], Init::Const(0.0)),
            pos_embed: vs.add("pos_embed", positions, false),
            transformer: Transformer::new(vs, &size, size.outputs() * d_token, level),
            image: image.map(|side| side as i64),
            patch: side,
            outputs: size.outputs() as i64,
        })
    }

    /// `[b, c, h, w]` → `[b, n, width]`. A convolution whose stride is its kernel is a linear layer
    /// over patches, and as one it is faster.
    fn embed(&self, x: &Tensor) -> Tensor {
        let ([c, h, w], p) = (self.image, self.patch);
        let (rows, columns) = (h / p, w / p);
        let patches = x
            .reshape([-1, c, rows, p, columns, p])
            .permute([0, 2, 4, 1, 3, 5]) // [b, rows, columns, c, p, p]
            .reshape([-1, rows * columns, c * p * p]);
        let weight = self.proj_weight.flatten(1, -1);
        patches.linear(&weight, Some(&self.proj_bias)) + &self.pos_embed
    }

    /// `[b, n, patch·patch·outputs·c]` → `[b, outputs·c, h, w]`.
    fn unpatchify(&self, x: &Tensor) -> Tensor {
        let ([c, h, w], p) = (self.image, self.patch);
        x.view([-1, h / p, w / p, p, p, self.outputs * c])
            .permute([0, 5, 1, 3, 2, 4]) // [b, outputs·c, rows, p, columns, p]
            .reshape([-1, self.outputs * c, h, w])
    }
}

impl Denoiser for Dit {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let x = self.embed(x_t); // [b, n, width]
        let x = self.transformer.forward(x, t); // [b, n, patch·patch·outputs·c]
        let out = self.unpatchify(&x); // [b, outputs·c, h, w]
        prediction(out, self.outputs)
    }
}

/// Splits the channels, or the halves of a vector, into mean and variance.
pub(crate) fn prediction(out: Tensor, outputs: i64) -> Prediction {
    match outputs {
        1 => Prediction::new(out),
        _ => {
            let mut parts = out.chunk(2, 1).into_iter();
            match (parts.next(), parts.next()) {
                (Some(mean), Some(v)) => Prediction::with_variance(mean, v),
                _ => unreachable!("an output of two halves"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    fn small() -> DitConfig {
        DitConfig {
            patch: 2,
            depth: 2,
            width: 24,
            heads: 3,
            mlp_ratio: 2,
            learn_variance: false,
        }
    }

    fn images(b: i64) -> Tensor {
        Tensor::randn([b, 3, 6, 4], (Kind::Float, Device::Cpu))
    }

    #[test]
    fn a_fresh_network_answers_zero() {
        let vs = nn::VarStore::new(Device::Cpu);
        let config = DitConfig {
            learn_variance: true,
            ..small()
        };
        let network = Dit::new(&vs.root(), [3, 6, 4], &config).unwrap();
        let t = Tensor::from_slice(&[0.0f32, 999.0]);
        let prediction = network.predict(&images(2), &t, true);
        for out in [prediction.mean, prediction.variance.unwrap()] {
            assert_eq!(out.size(), [2, 3, 6, 4]);
            assert_eq!(out.abs().max().double_value(&[]), 0.0);
        }
    }

    #[test]
    fn the_logarithm_of_sigma_tells_noise_levels_apart() {
        tch::manual_seed(1);
        let vs = nn::VarStore::new(Device::Cpu);
        let network = Dit::of_log_sigma(&vs.root(), [3, 6, 4], &small()).unwrap();
        assert_eq!(vs.variables()["t_embedder.mlp.0.weight"].size(), [24, 64]);
        let _no_grad = tch::no_grad_guard();
        for mut variable in vs.trainable_variables() {
            let _ = variable.normal_(0.0, 0.1);
        }
        let x = images(2);
        let at = |sigma: f32| {
            let level = Tensor::from_slice(&[sigma.ln() / 4.0]);
            network.predict(&x, &level, false).mean
        };
        let gap = (at(2.0) - at(0.5)).abs().max().double_value(&[]);
        assert!(gap > 0.05, "{gap}");
    }

    #[test]
    fn it_starts_as_published() {
        tch::manual_seed(0);
        let vs = nn::VarStore::new(Device::Cpu);
        Dit::new(&vs.root(), [3, 6, 4], &small()).unwrap();
        let variables = vs.variables();
        let largest = |name: &str| variables[name].abs().max().double_value(&[]);
        for (name, variable) in &variables {
            let zero = name.contains("adaLN") || name.contains("final_layer");
            if zero || name.ends_with("bias") {
                assert_eq!(largest(name), 0.0, "{name}");
            } else if name.starts_with("t_embedder") {
                let std = variable.std(true).double_value(&[]);
                assert!((std / 0.02 - 1.0).abs() < 0.15, "{name}: {std}"); // 576 draws or more
            } else if name != "pos_embed" {
                let size = variable.size();
                let (d_in, d_out) = (size[1..].iter().product::<i64>(), size[0]);
                let bound = (6.0 / (d_in + d_out) as f64).sqrt();
                let found = largest(name);
                assert!(found <= bound && found > 0.95 * bound, "{name}: {found}");
            }
        }
        assert_eq!(variables.len(), 2 + 1 + 4 + 2 * 10 + 4); // no name was taken twice
    }

    #[test]
    fn a_row_does_not_depend_on_its_batch() {
        tch::manual_seed(1);
        let vs = nn::VarStore::new(Device::Cpu);
        let network = Dit::new(&vs.root(), [3, 6, 4], &small()).unwrap();
        let _no_grad = tch::no_grad_guard();
        for mut variable in vs.trainable_variables() {
            let _ = variable.normal_(0.0, 0.1); // wakes up what starts at zero
        }
        let x = images(5);
        let t = Tensor::from_slice(&[40.0f32]);
        let all = network.predict(&x, &t.expand([5], false), false).mean;
        assert!(all.std(true).double_value(&[]) > 0.05, "nothing to compare");
        let shared = network.predict(&x, &t, false).mean;
        let alone = network.predict(&x.narrow(0, 3, 1), &t, false).mean;
        // f32 sums in another order, numbers of size 1.
        assert!((&all - shared).abs().max().double_value(&[]) < 1e-5);
        assert!((all.narrow(0, 3, 1) - alone).abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn large_images_and_any_number_of_channels() {
        tch::manual_seed(1);
        for (image, patch, tokens) in [
            ([3, 224, 224], 16, 196),
            ([7, 32, 48], 8, 24),
            ([1, 28, 28], 4, 49),
        ] {
            let vs = nn::VarStore::new(Device::Cpu);
            let config = DitConfig {
                depth: 1,
                ..DitConfig::s(patch)
            };
            let network = Dit::new(&vs.root(), image, &config).unwrap();
            let [c, h, w] = image.map(|side| side as i64);
            let x = Tensor::randn([2, c, h, w], (Kind::Float, Device::Cpu));
            assert_eq!(network.embed(&x).size(), [2, tokens, 384]);
            let _no_grad = tch::no_grad_guard();
            for mut variable in vs.trainable_variables() {
                let _ = variable.normal_(0.0, 0.1); // wakes up what starts at zero
            }
            let t = Tensor::from_slice(&[7.0f32]);
            let prediction = network.predict(&x, &t, false);
            assert_eq!(prediction.mean.size(), [2, c, h, w]);
            assert!(prediction.mean.std(true).double_value(&[]) > 0.05);
            assert_eq!(prediction.variance.unwrap().size(), [2, c, h, w]);
            // Each token of the first layer sees its own patch: one other pixel moves one of them.
            let other = x.copy();
            let _ = other.get(0).get(c - 1).get(h - 1).get(w - 1).fill_(9.0);
            let moved = (network.embed(&other) - network.embed(&x))
                .abs()
                .sum_dim_intlist([0, 2].as_slice(), false, Kind::Float);
            assert_eq!(moved.count_nonzero(None::<i64>).int64_value(&[]), 1);
            assert!(moved.double_value(&[tokens - 1]) > 0.0);
        }
    }

    #[test]
    fn images_that_the_patch_does_not_divide() {
        let vs = nn::VarStore::new(Device::Cpu);
        for (image, message) in [
            ([3, 7, 4], "height = 7: expected a multiple of patch = 2"),
            (
                [3, 6, 5],
                "width of the image = 5: expected a multiple of patch = 2",
            ),
            ([0, 6, 4], "channels = 0: expected at least 1"),
            ([3, 0, 4], "height = 0: expected at least 1"),
        ] {
            let error = Dit::new(&vs.root(), image, &small()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        assert!(vs.is_empty());
    }
}
