use diffusion_core::{Denoiser, Prediction};
use layers::{Conv2d, GroupNorm, Linear, TimestepEmbedding};
use settings::Setting;
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use crate::UnetConfig;
use crate::layout::channels_last;
use crate::plan::{Layer, Plan};
use crate::stage::Stage;

/// The residual U-Net with attention (Ho et al. 2020, arXiv:2006.11239; with the time embedding as
/// scale and shift Nichol & Dhariwal 2021, arXiv:2102.09672).
///
/// Parameter names and shapes are those of openai/improved-diffusion and openai/guided-diffusion
/// (`unet.py`), so that a `state_dict` of an unconditional network loads.
///
/// # Shapes
/// `x_t`: `[b, c, h, w]`, `t`: `[b]` or `[1]` → mean `[b, c, h, w]`, and where learned the variance,
/// as large.
#[derive(Debug)]
pub struct Unet {
    frequencies: TimestepEmbedding,
    time: [Linear; 2],
    input: Vec<Stage>,
    middle: Stage,
    output: Vec<Stage>,
    norm: GroupNorm,
    conv: Conv2d,
    learn_variance: bool,
    channels_last: bool,
}

impl Unet {
    /// A network for images of `[c, h, w]` with its parameters under `vs`, drawn from libtorch's
    /// generator (seed it before).
    ///
    /// # Errors
    /// [`Setting`] where a setting is out of range, a side of the image is not a multiple of
    /// [`down_sampling`](UnetConfig::down_sampling), or attention is asked for at a resolution that no
    /// level has.
    pub fn new(vs: &nn::Path, image: [usize; 3], config: &UnetConfig) -> Result<Self, Setting> {
        let plan = Plan::new(config, image)?;
        config.check_parameters(plan.n_parameters(config))?;
        let stages = |name: &str, groups: &[Vec<Layer>]| -> Vec<Stage> {
            let vs = vs / name;
            let groups = groups.iter().enumerate();
            groups
                .map(|(i, layers)| Stage::new(&(&vs / i), layers, config))
                .collect()
        };
        let (d_time, time) = (config.d_time(), vs / "time_embed");
        let first = config.channels * config.multipliers[0];
        let outputs = config.outputs() * plan.image_channels;
        Ok(Self {
            frequencies: TimestepEmbedding::new(config.channels, vs.device()),
            time: [
                Linear::new(&(&time / 0), config.channels, d_time),
                Linear::new(&(&time / 2), d_time, d_time),
            ],
            input: stages("input_blocks", &plan.input),
            middle: Stage::new(&(vs / "middle_block"), &plan.middle, config),
            output: stages("output_blocks", &plan.output),
            norm: GroupNorm::new(&(vs / "out" / 0), config.groups, first),
            conv: Conv2d::zero(&(vs / "out" / 2), first, outputs, 3),
            learn_variance: config.learn_variance,
            channels_last: config.channels_last,
        })
    }

    /// `[b]` → `[b, 4C]`, with the SiLU that every block begins with.
    fn embed(&self, t: &Tensor) -> Tensor {
        let t = self.frequencies.forward(&t.to_kind(Kind::Float)); // [b, C]
        let t = self.time[0].forward(&t).silu();
        self.time[1].forward(&t).silu()
    }
}

impl Denoiser for Unet {
    fn predict(&self, x_t: &Tensor, t: &Tensor, train: bool) -> Prediction {
        let time = self.embed(t); // [b, 4C] or [1, 4C]
        let mut h = match self.channels_last {
            true => channels_last(x_t),
            false => x_t.shallow_clone(),
        };
        let mut skips = Vec::with_capacity(self.input.len());
        for stage in &self.input {
            h = stage.forward(h, &time, train); // down: [b, C·multiplier, h/2^level, w/2^level]
            skips.push(h.shallow_clone());
        }
        h = self.middle.forward(h, &time, train);
        for stage in &self.output {
            let skip = skips.pop().expect("as many stages up as down");
            h = stage.forward(Tensor::cat(&[h, skip], 1), &time, train); // up again
        }
        let out = self.conv.forward(&self.norm.forward(&h).silu()); // [b, outputs·c, h, w]
        match self.learn_variance {
            false => Prediction::new(out),
            true => {
                let c = out.size()[1] / 2;
                Prediction::with_variance(out.narrow(1, 0, c), out.narrow(1, c, c))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;
    use tch_ext::{Autocast, LowPrecision};

    use super::*;

    fn small() -> UnetConfig {
        UnetConfig {
            channels: 8,
            multipliers: vec![1, 2],
            blocks: 1,
            attention: vec![6],
            heads: 2,
            groups: 4,
            scale_shift: true,
            dropout: 0.0,
            learn_variance: true,
            ..UnetConfig::default()
        }
    }

    /// A network whose every layer counts, for images of 3 × 8 × 12.
    fn awake(config: &UnetConfig) -> (nn::VarStore, Unet) {
        tch::manual_seed(3);
        let vs = nn::VarStore::new(Device::Cpu);
        let network = Unet::new(&vs.root(), [3, 8, 12], config).unwrap();
        let mut variables: Vec<_> = vs.variables().into_iter().collect();
        variables.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, mut variable) in variables {
            let _ = tch::no_grad(|| variable.normal_(0.0, 0.2));
        }
        (vs, network)
    }

    fn images(b: i64) -> Tensor {
        tch::manual_seed(4);
        Tensor::randn([b, 3, 8, 12], (Kind::Float, Device::Cpu))
    }

    fn gap(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn a_fresh_network_answers_zero() {
        let vs = nn::VarStore::new(Device::Cpu);
        let network = Unet::new(&vs.root(), [3, 8, 12], &small()).unwrap();
        let t = Tensor::from_slice(&[0.0f32, 999.0]);
        let prediction = network.predict(&images(2), &t, true);
        for out in [prediction.mean, prediction.variance.unwrap()] {
            assert_eq!(out.size(), [2, 3, 8, 12]);
            assert_eq!(out.abs().max().double_value(&[]), 0.0);
        }
    }

    #[test]
    fn the_plan_counts_what_is_built() {
        for config in [
            small(),
            UnetConfig {
                scale_shift: false,
                learn_variance: false,
                attention: vec![],
                ..small()
            },
        ] {
            let (vs, _) = awake(&config);
            let built: usize = vs.trainable_variables().iter().map(Tensor::numel).sum();
            assert_eq!(config.n_parameters([3, 8, 12]).unwrap(), built);
        }
    }

    #[test]
    fn an_image_does_not_depend_on_its_batch_nor_on_a_shared_step() {
        let (_vs, network) = awake(&small());
        let _no_grad = tch::no_grad_guard();
        let (x, t) = (images(5), Tensor::from_slice(&[40.0f32]));
        let all = network.predict(&x, &t.expand([5], false), false).mean;
        assert!(all.std(true).double_value(&[]) > 0.05, "nothing to compare");
        let shared = network.predict(&x, &t, false).mean;
        let alone = network.predict(&x.narrow(0, 3, 1), &t, false).mean;
        // f32 sums in another order, numbers of size 1.
        assert!(gap(&all, &shared) < 1e-5);
        assert!(gap(&all.narrow(0, 3, 1), &alone) < 1e-5);
    }

    #[test]
    fn the_layout_in_memory_changes_rounding_only() {
        let last = UnetConfig {
            channels_last: true,
            ..small()
        };
        let ((_a, first), (_b, last)) = (awake(&small()), awake(&last));
        let (x, t) = (images(2), Tensor::from_slice(&[5.0f32, 700.0]));
        let [a, b] = [&first, &last].map(|network| network.predict(&x, &t, true).mean);
        assert!(gap(&a, &b) < 1e-4, "{}", gap(&a, &b)); // f32, numbers up to 10
    }

    #[test]
    fn dropout_is_for_training_alone() {
        let config = UnetConfig {
            dropout: 0.5,
            ..small()
        };
        let (_vs, network) = awake(&config);
        let (x, t) = (images(2), Tensor::from_slice(&[5.0f32]));
        let predict = |train| network.predict(&x, &t, train).mean;
        assert_eq!(predict(false), predict(false));
        assert!(gap(&predict(true), &predict(true)) > 1e-3);
    }

    #[test]
    fn low_precision_stays_near_and_every_parameter_has_a_gradient() {
        let (vs, network) = awake(&small());
        let (x, t) = (images(2), Tensor::from_slice(&[5.0f32, 700.0]));
        let full = network.predict(&x, &t, true);
        let low = {
            let _autocast = Autocast::begin(Device::Cpu, LowPrecision::BFloat16).unwrap();
            network.predict(&x, &t, true)
        };
        let relative = (low.mean.to_kind(Kind::Float) - &full.mean).std(true) / full.mean.std(true);
        assert!(relative.double_value(&[]) < 0.05); // bf16 keeps 8 bits
        let both = low.mean.square() + low.variance.unwrap().square();
        both.to_kind(Kind::Float).mean(Kind::Float).backward();
        for (name, variable) in vs.variables() {
            assert!(variable.grad().defined(), "{name}");
        }
    }
}
