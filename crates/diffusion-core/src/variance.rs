use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// The variance of the model's reverse step `p(x_{t−1} | x_t)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Variance {
    /// `β̃_t`, the lower bound: right for data in a single point.
    ///
    /// The variance of `q(x_{t−1} | x_t, x_0)` (Ho et al. 2020, arXiv:2006.11239, section 3.2).
    #[default]
    FixedSmall,
    /// `β_t`, the upper bound: right for data from `N(0, I)`.
    ///
    /// At `t = 0` it is `β̃_1`, as in improved-diffusion, for a better likelihood of the data.
    FixedLarge,
    /// Between the two, by the network's second output `v`.
    ///
    /// Nichol & Dhariwal 2021, arXiv:2102.09672, equation 15.
    ///
    /// # Formula
    /// `ln σ² = f·ln β_t + (1−f)·ln β̃_t` with `f = (v + 1)/2`, where `β̃_0` is taken as `β̃_1`.
    LearnedRange,
}

/// `ln σ²` of one reverse step, in nats.
#[derive(Debug)]
pub enum LogVariance {
    /// The same for every number of every row.
    Shared(f64),
    /// One for each number, shaped like `x_t`.
    Each(Tensor),
}
