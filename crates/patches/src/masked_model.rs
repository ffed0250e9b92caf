use diffusion_core::{Denoiser, Process};
use tch::{Kind, TchError, Tensor};
use training::{BoxError, Question, Trainable, TrainingObjective, mean_square};

use crate::noised::{Noised, first, noised, velocity};
use crate::prepared::NOISE;
use crate::whitening::Whitener;

/// A denoiser of whole maps some patches of which are hidden: its loss over white patches, its score of
/// patches as they come.
#[derive(Debug)]
pub(crate) struct MaskedModel {
    pub(crate) network: Box<dyn Denoiser>,
    /// Its target is `v`.
    pub(crate) process: Process,
    /// Each hides a part of a map, `[m, 1, g, g]`.
    pub(crate) masks: Tensor,
    pub(crate) whitener: Whitener,
    pub(crate) noise: Tensor, // [draws, k, g, g]
    pub(crate) levels: Vec<usize>,
}

impl MaskedModel {
    /// `[n, g², k]`, patches row by row → `[n, k, g, g]`.
    pub(crate) fn as_maps(&self, patches: &Tensor) -> Result<Tensor, TchError> {
        let (n, _, k) = patches.size3()?;
        let (g, patches) = (self.masks.size()[2], patches.f_transpose(1, 2)?);
        patches.f_contiguous()?.f_view([n, k, g, g])
    }

    /// `[1, k, g, g]` → `[1, p]`.
    fn distances_of_one(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let mut sum = Tensor::f_zeros_like(&x.f_narrow(1, 0, 1)?)?; // [1, 1, g, g]
        for &t in &self.levels {
            for hidden in self.masks.f_split(1, 0)? {
                let error = self.predict_hidden(x, &hidden, t)?.f_sub(x)?.f_square()?;
                let error = error.f_sum_dim_intlist(1, true, Kind::Float)?;
                sum = sum.f_addcmul(&error, &hidden)?;
            }
        }
        let mean = sum.f_div_scalar(self.levels.len() as f64)?;
        Ok(mean.f_sqrt()?.f_flatten(1, -1)?)
    }

    /// The hidden patches of an image as predicted from its others, the mean over the draws; what is
    /// predicted of the others means nothing.
    ///
    /// # Shapes
    /// `x`: `[1, k, g, g]`, `hidden`: `[1, 1, g, g]` → `[1, k, g, g]`.
    pub(crate) fn predict_hidden(
        &self,
        x: &Tensor,
        hidden: &Tensor,
        t: usize,
    ) -> Result<Tensor, BoxError> {
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

impl TrainingObjective for MaskedModel {
    /// The mean square of what `v` of the hidden patches is missed by.
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        let x = &self.as_maps(x)?;
        let (b, k, ..) = x.size4()?;
        let ints = (Kind::Int64, x.device());
        let which = Tensor::f_randint(self.masks.size()[0], [b], ints)?;
        let hidden = self.masks.f_index_select(0, &which)?; // [b, 1, g, g]
        let t = Tensor::f_randint(self.process.steps() as i64, [b], ints)?;
        let eps = x.f_randn_like()?;
        let x_t = self.process.q_sample(x, &t, &eps)?; // [b, k, g, g]
        let v = velocity(&self.process, x, &t, &eps)?;
        let input = partly_hidden(x, &x_t, &hidden)?;
        let t = t.f_to_kind(Kind::Float)?;
        let answer = self.network.predict(&input, &t, true).mean;
        let error = answer.f_narrow(1, 0, k)?.f_sub(&v)?.f_square()?;
        let n = hidden.f_sum(Kind::Float)?.f_mul_scalar(k)?;
        Ok(error.f_mul(&hidden)?.f_sum(Kind::Float)?.f_div(&n)?)
    }
}

impl Trainable for MaskedModel {
    type Input = Noised;

    /// The first images behind the first mask.
    fn questions(&self, x: &Tensor, _seed: u64) -> Result<Vec<Question<Noised>>, BoxError> {
        let x_0 = self.as_maps(&first(x)?)?;
        let (x_t, v, t) = noised(&self.process, &x_0)?;
        let (b, _, g, _) = x_0.size4()?;
        let hidden = self.masks.f_narrow(0, 0, 1)?;
        let hidden = hidden.f_expand([b, 1, g, g], false)?;
        let input = partly_hidden(&x_0, &x_t, &hidden)?;
        Ok(vec![Question {
            input: Noised { input, t },
            target: mean_square(&v)?,
        }])
    }

    fn answer(&self, input: &Noised) -> Result<Tensor, BoxError> {
        Ok(input.answer(&*self.network)?)
    }

    /// How far each patch is from normal: `[n, p, k]` → `[n, p]`, float.
    fn score(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let maps = self.as_maps(&self.whitener.whiten(x)?)?;
        let each = maps.f_split(1, 0)?;
        let each = each.iter().map(|image| self.distances_of_one(image));
        Ok(Tensor::f_cat(&each.collect::<Result<Vec<_>, _>>()?, 0)?)
    }

    fn constants(&self) -> Vec<(&'static str, &Tensor)> {
        let whitener = self.whitener.tensors();
        whitener.chain([(NOISE, &self.noise)]).collect()
    }

    fn n_evaluations(&self) -> u64 {
        let [draws, masks] = [&self.noise, &self.masks].map(|x| x.size()[0] as u64);
        draws * masks * self.levels.len() as u64
    }
}

/// What the network is given: noised patches where they are hidden, the patches themselves elsewhere, and
/// which is which in one more channel.
///
/// # Shapes
/// `x`, `x_t`: `[b, k, g, g]`, `hidden`: `[b, 1, g, g]`, 0 or 1 → `[b, k + 1, g, g]`.
fn partly_hidden(x: &Tensor, x_t: &Tensor, hidden: &Tensor) -> Result<Tensor, TchError> {
    let seen = x_t.f_where_self(&hidden.f_gt(0.5)?, x)?;
    Tensor::f_cat(&[&seen, hidden], 1)
}
