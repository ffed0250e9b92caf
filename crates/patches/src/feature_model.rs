use diffusion_core::Denoiser;
use tch::{Kind, TchError, Tensor};
use training::{BoxError, Question, Trainable, TrainingObjective, mean_square};

use crate::token_basis::TokenBasis;

/// Training maps that a network is asked for, at most.
const MOST: i64 = 8;

/// A denoiser of feature maps: its loss over maps in the tokens' eigenbasis, its score of maps as they come.
///
/// # Formula
/// `D_j(y, σ) = λ_j/(λ_j+σ²)·y_j + √(λ_jσ²/(λ_j+σ²))·F_j(y/√(λ+σ²), ln σ/4)` for the component `j` of each
/// token: Karras et al. (2022, arXiv:2206.00364) with a variance of the data for each component.
#[derive(Debug)]
pub(crate) struct FeatureModel {
    /// Its noise level is given as `ln σ/4`.
    pub(crate) network: Box<dyn Denoiser>,
    pub(crate) basis: TokenBasis,
    pub(crate) sigmas: [f64; 2],
    pub(crate) flip: bool,
    /// That of scores.
    pub(crate) sigma: f64,
}

/// What the network is asked, with its noise level.
#[derive(Debug)]
pub(crate) struct Asked {
    input: Tensor, // [b, k, rows, columns]
    parts: Parts,
}

impl FeatureModel {
    /// `[b, 1, 1, 1]`, or a single one.
    fn parts(&self, sigma: &Tensor) -> Result<Parts, TchError> {
        let (lambda, square) = (self.basis.eigenvalues(), sigma.f_square()?);
        let total = lambda.f_add(&square)?;
        Ok(Parts {
            signal: lambda.f_div(&total)?,
            change: lambda.f_mul(&square)?.f_div(&total)?.f_sqrt()?,
            size: total.f_sqrt()?,
            level: sigma.f_log()?.f_div_scalar(4.0)?.f_flatten(0, -1)?,
        })
    }

    /// `x̂`, `[b, k, rows, columns]`.
    fn denoised(&self, y: &Tensor, sigma: &Tensor) -> Result<Tensor, TchError> {
        let parts = self.parts(sigma)?;
        let answer = self
            .network
            .predict(&y.f_div(&parts.size)?, &parts.level, false);
        let linear = parts.signal.f_mul(y)?;
        linear.f_add(&parts.change.f_mul(&answer.mean)?)
    }

    /// `|x − D(x; σ)|²` of each token of one map, f64: `[1, k, rows, columns]` → `[1, rows, columns]`.
    fn residual_of_one(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let sigma = Tensor::f_full([1, 1, 1, 1], self.sigma, (Kind::Float, x.device()))?;
        let missed = self
            .denoised(x, &sigma)?
            .f_sub(x)?
            .f_to_kind(Kind::Double)?;
        missed.f_square()?.f_sum_dim_intlist(1, false, Kind::Double)
    }

    /// A standard deviation for each of `n` maps, log-uniform, `[n, 1, 1, 1]`.
    fn draw_sigmas(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let [first, last] = self.sigmas.map(f64::ln);
        let u = Tensor::f_rand([x.size()[0], 1, 1, 1], (Kind::Float, x.device()))?;
        u.f_mul_scalar(last - first)?.f_add_scalar(first)?.f_exp()
    }
}

/// The parts of the denoiser at some noise levels.
#[derive(Debug)]
struct Parts {
    signal: Tensor, // [b, k, 1, 1]
    change: Tensor, // [b, k, 1, 1]
    size: Tensor,   // [b, k, 1, 1]
    level: Tensor,  // [b]
}

impl TrainingObjective for FeatureModel {
    /// `Σ_j |x_j − D_j|²` over the mean of what the network can change, for each map: the loss of `F` against its
    /// target, weighted by the squares of its factors over their mean.
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        let mut x = x.shallow_clone();
        if self.flip {
            let half = Tensor::f_rand([x.size()[0], 1, 1, 1], (Kind::Float, x.device()))?;
            x = x.f_flip([3])?.f_where_self(&half.f_lt(0.5)?, &x)?;
        }
        let sigma = self.draw_sigmas(&x)?;
        let y = x.f_randn_like()?.f_mul(&sigma)?.f_add(&x)?;
        let parts = self.parts(&sigma)?;
        let answer = self
            .network
            .predict(&y.f_div(&parts.size)?, &parts.level, true);
        let rest = x.f_sub(&parts.signal.f_mul(&y)?)?;
        let missed = rest.f_sub(&parts.change.f_mul(&answer.mean)?)?;
        let weight = parts.change.f_square()?.f_mean_dim(1, true, Kind::Float)?; // [b, 1, 1, 1]
        Ok(missed.f_square()?.f_div(&weight)?.f_mean(Kind::Float)?)
    }
}

impl Trainable for FeatureModel {
    type Input = Asked;

    /// The first maps at the noise level of scores.
    fn questions(&self, x: &Tensor, _seed: u64) -> Result<Vec<Question<Asked>>, BoxError> {
        let x = x.f_narrow(0, 0, x.size()[0].min(MOST))?;
        let sigma = Tensor::f_full([1, 1, 1, 1], self.sigma, (Kind::Float, x.device()))?;
        let y = x.f_randn_like()?.f_mul(&sigma)?.f_add(&x)?;
        let parts = self.parts(&sigma)?;
        let target = mean_square(&x.f_sub(&parts.signal.f_mul(&y)?)?)?;
        let input = y.f_div(&parts.size)?;
        Ok(vec![Question {
            input: Asked { input, parts },
            target,
        }])
    }

    /// What the network adds to the linear denoiser.
    fn answer(&self, asked: &Asked) -> Result<Tensor, BoxError> {
        let Asked { input, parts } = asked;
        let answer = self.network.predict(input, &parts.level, false);
        let change = parts.change.f_mul(&answer.mean)?;
        Ok(change.f_to_kind(Kind::Double)?)
    }

    /// The residual of each token: `[n, k, rows, columns]` → `[n, rows, columns]` f64. Each map is asked alone, so that
    /// no sum depends on the others.
    fn score(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let each = x.f_split(1, 0)?;
        let each = each.iter().map(|map| {
            let map = self.basis.rotate(map)?;
            Ok::<_, BoxError>(self.residual_of_one(&map)?)
        });
        Ok(Tensor::f_cat(&each.collect::<Result<Vec<_>, _>>()?, 0)?)
    }

    fn constants(&self) -> Vec<(&'static str, &Tensor)> {
        self.basis.tensors().to_vec()
    }
}
