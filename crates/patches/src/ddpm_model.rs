use diffusion_core::Process;
use tch::{Kind, Reduction, Tensor};
use training::{BoxError, Question, Trainable, TrainingObjective, mean_square, probe_rows};

use crate::network::PatchMlp;
use crate::noised::{Noised, first, noised, velocity};
use crate::prepared::NOISE;
use crate::whitening::Whitener;

/// A denoiser of single patches: its loss over white patches, its score of patches as they come.
#[derive(Debug)]
pub(crate) struct DdpmModel {
    pub(crate) network: PatchMlp,
    /// Its target is `v`.
    pub(crate) process: Process,
    /// Places of an image in one step.
    pub(crate) places: usize,
    pub(crate) whitener: Whitener,
    pub(crate) noise: Tensor, // [draws, k]
    pub(crate) levels: Vec<usize>,
}

impl DdpmModel {
    /// `[1, p, k]` → `[1, p]`.
    fn distances_of_one(&self, x: &Tensor) -> Result<Tensor, BoxError> {
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

impl TrainingObjective for DdpmModel {
    /// The mean square of what `v` is missed by, at some places of each image, all places of an image at one
    /// noise level: one embedding of the time serves them all.
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        let (b, p, k) = x.size3()?;
        let (m, steps) = (self.places as i64, self.process.steps() as i64);
        let ints = (Kind::Int64, x.device());
        let places = Tensor::f_randint(p, [b, m], ints)?;
        let t = Tensor::f_randint(steps, [b], ints)?;
        let at = places.f_unsqueeze(2)?.f_expand([b, m, k], false)?;
        let x_0 = x.f_gather(1, &at, false)?; // [b, m, k]
        let eps = x_0.f_randn_like()?;
        let x_t = self.process.q_sample(&x_0, &t, &eps)?;
        let v = velocity(&self.process, &x_0, &t, &eps)?;
        let predicted = self.network.at(&x_t, &t.f_to_kind(Kind::Float)?, &places);
        Ok(predicted.f_mse_loss(&v, Reduction::Mean)?)
    }
}

impl Trainable for DdpmModel {
    type Input = Noised;

    fn questions(&self, x: &Tensor, _seed: u64) -> Result<Vec<Question<Noised>>, BoxError> {
        let x_0 = first(&probe_rows(x)?)?;
        let (x_t, v, t) = noised(&self.process, &x_0)?;
        Ok(vec![Question {
            input: Noised { input: x_t, t },
            target: mean_square(&v)?,
        }])
    }

    fn answer(&self, input: &Noised) -> Result<Tensor, BoxError> {
        Ok(input.answer(&self.network)?)
    }

    /// How far each patch is from normal: `[n, p, k]` → `[n, p]`, float.
    fn score(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let images = self.whitener.whiten(x)?.f_split(1, 0)?;
        let each = images.iter().map(|image| self.distances_of_one(image));
        Ok(Tensor::f_cat(&each.collect::<Result<Vec<_>, _>>()?, 0)?)
    }

    fn constants(&self) -> Vec<(&'static str, &Tensor)> {
        let whitener = self.whitener.tensors();
        whitener.chain([(NOISE, &self.noise)]).collect()
    }

    fn n_evaluations(&self) -> u64 {
        self.noise.size()[0] as u64 * self.levels.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use diffusion_core::Target;
    use tch::{Device, nn};

    use super::*;
    use crate::PatchDdpmConfig;
    use crate::ddpm_config::build_schedule;

    /// A model whose network was not trained, on white patches.
    fn untrained(levels: Vec<usize>) -> DdpmModel {
        tch::manual_seed(2);
        let config = PatchDdpmConfig::default();
        let schedule = build_schedule(&config.schedule, config.steps).unwrap();
        let process = Process::new(schedule, Device::Cpu).unwrap();
        let vs = nn::VarStore::new(Device::Cpu);
        let network = PatchMlp::new(&vs.root(), 6, 3, &config.network);
        let noise = Tensor::randn([2, 6], (Kind::Float, Device::Cpu));
        DdpmModel {
            whitener: Whitener(None),
            process: process.with_target(Target::V),
            places: config.places,
            network,
            noise: Tensor::cat(&[&noise, &-&noise], 0),
            levels,
        }
    }

    #[test]
    fn an_untrained_network_ranks_by_length() {
        // x̂_0 = √ᾱ·x_t: the error is −(1−ᾱ)·x + √(ᾱ(1−ᾱ))·e, and the cross terms of ±e cancel:
        // (1−ᾱ)²·|x|² + ᾱ(1−ᾱ)·mean|e|².
        let model = untrained(vec![200]);
        let x = Tensor::randn([3, 9, 6], (Kind::Float, Device::Cpu)) * 3.0;
        let found = model.score(&x).unwrap();
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
        let all = model.score(&x).unwrap();
        let alone = model.score(&x.narrow(0, 3, 1)).unwrap();
        assert!(all.narrow(0, 3, 1).equal(&alone));
    }
}
