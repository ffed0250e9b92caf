use statrs::distribution::{ContinuousCDF, Normal};

/// An estimate and the interval around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The estimate, from the data as they are.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The standard normal distribution.
pub(super) fn normal() -> Normal {
    Normal::standard()
}

/// How many standard errors an interval of this level reaches to each side.
pub(super) fn normal_width(level: f64) -> f64 {
    normal().inverse_cdf(0.5 + level / 2.0)
}

/// The chance of a standard normal number at least as far from 0 as `z`.
pub(super) fn two_sided(z: f64) -> f64 {
    (2.0 * normal().sf(z.abs())).min(1.0)
}
