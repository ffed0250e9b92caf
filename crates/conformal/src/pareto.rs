use serde::{Deserialize, Serialize};

/// The generalised Pareto distribution of excesses `x >= 0`:
/// `P(X > x) = (1 + shape x / scale)^(-1 / shape)`, `exp(-x / scale)` for shape 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneralisedPareto {
    /// How heavy the tail is: 0 for an exponential one, negative for one that ends.
    pub shape: f64,
    /// Above 0, in units of the scores.
    pub scale: f64,
}

impl GeneralisedPareto {
    /// `P(X > x)`; 1 below 0.
    pub fn survival(&self, x: f64) -> f64 {
        self.log_survival(x).exp()
    }

    /// `ln P(X > x)`, minus infinity beyond the end of a tail that ends.
    pub(crate) fn log_survival(&self, x: f64) -> f64 {
        let x = x.max(0.0) / self.scale;
        if self.shape == 0.0 {
            return -x;
        }
        // The product is below -1 beyond the end of the tail.
        -(self.shape * x).max(-1.0).ln_1p() / self.shape
    }

    /// The estimate of Zhang and Stephens ("A new and efficient estimation method for the generalized
    /// Pareto distribution", Technometrics 51, 2009) from ascending, positive excesses: a posterior mean
    /// over a grid of `theta = -shape / scale`, weighted by the profile likelihood.
    pub(crate) fn fit(ascending: &[f64]) -> Option<Self> {
        let n = ascending.len();
        let largest = *ascending.last()?;
        let quartile = *ascending.get(((n as f64 / 4.0 + 0.5) as usize).max(1) - 1)?;
        let m = 20 + (n as f64).sqrt() as usize;
        let grid: Vec<f64> = (1..=m)
            .map(|j| {
                1.0 / largest + (1.0 - (m as f64 / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile)
            })
            .collect();
        let likelihoods: Vec<f64> = grid
            .iter()
            .map(|&theta| {
                let shape = shape(theta, ascending);
                n as f64 * ((-theta / shape).ln() - shape - 1.0)
            })
            .collect();
        let best = likelihoods
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = likelihoods.iter().map(|l| (l - best).exp()).collect();
        let theta = grid
            .iter()
            .zip(&weights)
            .map(|(theta, w)| theta * w)
            .sum::<f64>();
        let theta = theta / weights.iter().sum::<f64>();
        let shape = shape(theta, ascending);
        let fit = if theta == 0.0 {
            Self::exponential(ascending)
        } else {
            Self {
                shape,
                scale: -shape / theta,
            }
        };
        (fit.shape.is_finite() && fit.scale.is_finite() && fit.scale > 0.0).then_some(fit)
    }

    /// Shape 0, with the mean of the excesses.
    pub(crate) fn exponential(excesses: &[f64]) -> Self {
        let scale = excesses.iter().sum::<f64>() / excesses.len() as f64;
        Self { shape: 0.0, scale }
    }

    /// The distance of Anderson and Darling between ascending excesses and the distribution:
    /// `-n - 1/n sum over i of (2 i - 1) (ln F(x_i) + ln(1 - F(x_(n + 1 - i))))`.
    pub(crate) fn anderson_darling(&self, ascending: &[f64]) -> f64 {
        let n = ascending.len() as f64;
        let logs: Vec<f64> = ascending.iter().map(|&x| self.log_survival(x)).collect();
        let terms = logs.iter().zip(logs.iter().rev()).enumerate();
        let sum: f64 = terms
            .map(|(i, (low, high))| (2 * i + 1) as f64 * ((-low.exp_m1()).ln() + high))
            .sum();
        -n - sum / n
    }
}

/// The most likely shape where `theta = -shape / scale` is given: the mean of `ln(1 - theta x)`.
fn shape(theta: f64, excesses: &[f64]) -> f64 {
    excesses.iter().map(|x| (-theta * x).ln_1p()).sum::<f64>() / excesses.len() as f64
}
