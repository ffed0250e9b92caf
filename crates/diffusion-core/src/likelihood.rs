use std::f64::consts::{FRAC_2_PI, TAU};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::ProcessError;

/// Half a step between two of 256 grey values in `[−1, 1]`.
const HALF_BIN: f64 = 1.0 / 255.0;
/// Beyond it a value is the darkest or the brightest, whose bin has no outer edge.
const EDGE: f64 = 0.999;
/// Least probability, so that its logarithm stays finite.
const MIN_PROBABILITY: f64 = 1e-12;

/// How likely the data are under the model's `p(x_0 | x_1)`, a Gaussian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// The Gaussian's density, for real numbers such as embeddings.
    ///
    /// Bits per dimension then are of a density: they depend on the data's units and can be negative.
    #[default]
    Gaussian,
    /// The Gaussian's mass on one of 256 grey values, for 8-bit images.
    ///
    /// Of values scaled to `[−1, 1]` (Ho et al. 2020, arXiv:2006.11239, equation 13).
    ///
    /// # Differences from the equation
    /// As in improved-diffusion, on which published bits per dimension rest, the normal distribution
    /// function is `(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2`, off by up to 3e-4, and a probability
    /// is at least 1e-12.
    Discretised,
}

impl Likelihood {
    /// `−ln p(x)` of each number in nats.
    ///
    /// # Shapes
    /// `x` and `difference`, `x` minus the mean: alike; `log_variance`: broadcasts to them → like `x`.
    pub(crate) fn nll(
        self,
        x: &Tensor,
        difference: &Tensor,
        log_variance: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        match self {
            Self::Gaussian => {
                let precision = log_variance.f_neg()?.f_exp()?;
                let twice = difference
                    .f_square()?
                    .f_mul(&precision)?
                    .f_add(log_variance)?
                    .f_add_scalar(TAU.ln())?;
                Ok(twice.f_mul_scalar(0.5)?)
            }
            Self::Discretised => {
                let inverse_sd = log_variance.f_mul_scalar(-0.5)?.f_exp()?;
                let up_to = |shift: f64| -> Result<Tensor, ProcessError> {
                    normal_cdf(&difference.f_add_scalar(shift)?.f_mul(&inverse_sd)?)
                };
                let (below, above) = (up_to(-HALF_BIN)?, up_to(HALF_BIN)?);
                let inside = above.f_sub(&below)?;
                let mass = above.f_where_self(
                    &x.f_lt(-EDGE)?,
                    &below
                        .f_neg()?
                        .f_add_scalar(1.0)?
                        .f_where_self(&x.f_gt(EDGE)?, &inside)?,
                )?;
                Ok(mass.f_clamp_min(MIN_PROBABILITY)?.f_log()?.f_neg()?)
            }
        }
    }
}

/// The approximation of Page 1977, known from GELU.
fn normal_cdf(x: &Tensor) -> Result<Tensor, ProcessError> {
    let cubic = x.f_pow_tensor_scalar(3)?.f_mul_scalar(0.044715)?;
    let inner = x.f_add(&cubic)?.f_mul_scalar(FRAC_2_PI.sqrt())?;
    Ok(inner.f_tanh()?.f_add_scalar(1.0)?.f_mul_scalar(0.5)?)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    fn greys() -> Tensor {
        Tensor::arange(256, (Kind::Double, Device::Cpu)) * (2.0 / 255.0) - 1.0
    }

    #[test]
    fn all_grey_values_together_have_probability_1() {
        for (mean, sd) in [(0.1, 0.5), (-0.97, 0.02), (0.4, 0.003), (3.0, 1.0)] {
            let log_variance = Tensor::from(2.0 * f64::ln(sd));
            let nll = Likelihood::Discretised
                .nll(&greys(), &(greys() - mean), &log_variance)
                .unwrap();
            let sum = (-nll).exp().sum(Kind::Double).double_value(&[]);
            // The sum telescopes; 256 probabilities may be lifted to 1e-12.
            assert!((sum - 1.0).abs() < 1e-9, "{mean}, {sd}: {sum}");
        }
    }

    #[test]
    fn a_wide_gaussian_has_its_density_times_the_bin() {
        let (mean, log_variance) = (0.2, Tensor::from(2.0 * f64::ln(0.3)));
        let inside = greys().narrow(0, 60, 120);
        let difference = &inside - mean;
        let density = Likelihood::Gaussian
            .nll(&inside, &difference, &log_variance)
            .unwrap();
        let mass = Likelihood::Discretised
            .nll(&inside, &difference, &log_variance)
            .unwrap();
        let gap = (density - mass - (2.0 / 255.0f64).ln()).abs().max();
        // The slope of the approximated distribution function is off by up to 1 %.
        assert!(gap.double_value(&[]) < 0.02, "{gap}");
    }
}
