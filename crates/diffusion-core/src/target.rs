use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the mean output of a [`Denoiser`](crate::Denoiser) stands for.
///
/// # Formula
/// With `x_t = √ᾱ_t·x_0 + √(1−ᾱ_t)·ε` each of the three gives the other two:
///
/// | target | `x_0` | `ε` |
/// | --- | --- | --- |
/// | `ε` | `√(1/ᾱ)·x_t − √(1/ᾱ − 1)·ε` | |
/// | `x_0` | | `(x_t − √ᾱ·x_0)/√(1−ᾱ)` |
/// | `v` | `√ᾱ·x_t − √(1−ᾱ)·v` | `√(1−ᾱ)·x_t + √ᾱ·v` |
///
/// Where `ᾱ_t = 0`, in the last step of a schedule with zero terminal SNR, `ε` says nothing about
/// `x_0`: a process over such a schedule refuses the target `ε`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The noise `ε`.
    ///
    /// Ho et al. 2020, arXiv:2006.11239.
    #[default]
    Epsilon,
    /// The clean `x_0`.
    X0,
    /// `√ᾱ_t·ε − √(1−ᾱ_t)·x_0`.
    ///
    /// Salimans & Ho 2022, arXiv:2202.00512, appendix D.
    V,
}
