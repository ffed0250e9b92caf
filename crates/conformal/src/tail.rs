use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use crate::calibration::Calibration;
use crate::error::{ConformalError, check_score};
use crate::pareto::GeneralisedPareto;

/// Largest scores that a tail is fitted to: a tenth of all, between these bounds.
const LEAST: usize = 20;
const MOST: usize = 1000;

/// Samples of the fitted tail that its fit is held against.
const SAMPLES: usize = 199;

/// The tail of the calibration scores, for p-values below `1 / (n + 1)`: the largest tenth of the scores
/// (20 to 1,000 of them) over the next one, fitted by a generalised Pareto distribution (Pickands 1975).
///
/// This is **extrapolation**: it rests on the tail going on as it does among the calibration scores, and has
/// no guarantee. [`Goodness`] shows how well the distribution fits where there are scores. A tail that the
/// fit would end at a finite score is taken as exponential instead, since beyond its end every p-value
/// would be 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Tail {
    start: f64,
    excesses: usize,
    n: usize,
    distribution: GeneralisedPareto,
    estimated_shape: f64,
    goodness: Goodness,
}

/// How well a distribution fits the scores of the tail.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goodness {
    /// The distance of Anderson and Darling.
    pub anderson_darling: f64,
    /// The share of samples of the fitted tail, each fitted again, with a distance at least as large: below
    /// 0.05 the distribution does not fit.
    pub p_value: f64,
}

/// A p-value and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PValue {
    /// Counted among calibration scores, with their guarantee.
    Counted(f64),
    /// Above all calibration scores, from the fitted tail, without a guarantee; at most `1 / (n + 1)`.
    Extrapolated(f64),
}

impl PValue {
    /// The number.
    pub fn value(self) -> f64 {
        match self {
            Self::Counted(p) | Self::Extrapolated(p) => p,
        }
    }

    /// Whether it comes from the fitted tail.
    pub fn is_extrapolated(self) -> bool {
        matches!(self, Self::Extrapolated(_))
    }
}

impl Tail {
    /// Fits the largest scores.
    ///
    /// # Errors
    /// Fewer than 200 scores; fewer than 20 scores of the tail above its start.
    pub fn fit(calibration: &Calibration) -> Result<Self, ConformalError> {
        let n = calibration.n();
        let needed = 10 * LEAST;
        if n < needed {
            return Err(ConformalError::TooFew { rows: n, needed });
        }
        let count = (n / 10).min(MOST);
        let start = calibration
            .largest(count + 1)
            .ok_or(ConformalError::Empty)?;
        let distinct = calibration.above(start);
        let tied = ConformalError::TiedTail {
            distinct,
            count,
            needed: LEAST,
        };
        if distinct < LEAST {
            return Err(tied);
        }
        let largest = &calibration.scores()[n - distinct..];
        let excesses: Vec<f64> = largest.iter().map(|score| score - start).collect();
        let (distribution, estimated_shape) = fit(&excesses).ok_or(tied)?;
        let goodness = goodness(distribution, &excesses);
        Ok(Self {
            start,
            excesses: distinct,
            n,
            distribution,
            estimated_shape,
            goodness,
        })
    }

    /// The p-value of a score among the calibration scores that the tail was fitted to: counted where a
    /// calibration score is as large, else `(excesses / n) P(X > score - start)`, at most `1 / (n + 1)`.
    ///
    /// # Errors
    /// A score that is not finite; calibration scores of another number.
    pub fn p_value(&self, calibration: &Calibration, score: f64) -> Result<PValue, ConformalError> {
        check_score(0, score)?;
        if calibration.n() != self.n {
            let what = format!(
                "tail of {} scores beside a calibration of {}",
                self.n,
                calibration.n()
            );
            return Err(ConformalError::Stored { what });
        }
        if calibration.at_least(score) > 0 {
            return calibration.p_value(score).map(PValue::Counted);
        }
        let share = self.excesses as f64 / self.n as f64;
        let p = share * self.distribution.survival(score - self.start);
        let p = p.clamp(f64::MIN_POSITIVE, calibration.smallest_p());
        Ok(PValue::Extrapolated(p))
    }

    /// The score that the tail starts above.
    pub fn start(&self) -> f64 {
        self.start
    }

    /// Calibration scores of the tail.
    pub fn excesses(&self) -> usize {
        self.excesses
    }

    /// The distribution of `score - start`.
    pub fn distribution(&self) -> GeneralisedPareto {
        self.distribution
    }

    /// The shape as estimated; where it is negative, that of the distribution is 0.
    pub fn estimated_shape(&self) -> f64 {
        self.estimated_shape
    }

    /// How well the distribution fits.
    pub fn goodness(&self) -> Goodness {
        self.goodness
    }
}

/// The distribution of ascending excesses and the estimated shape.
fn fit(ascending: &[f64]) -> Option<(GeneralisedPareto, f64)> {
    let estimate = GeneralisedPareto::fit(ascending)?;
    let kept = if estimate.shape < 0.0 {
        GeneralisedPareto::exponential(ascending)
    } else {
        estimate
    };
    Some((kept, estimate.shape))
}

/// By a parametric bootstrap with a fixed seed.
fn goodness(of: GeneralisedPareto, ascending: &[f64]) -> Goodness {
    let anderson_darling = of.anderson_darling(ascending);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut as_far = 0;
    for _ in 0..SAMPLES {
        let mut sample: Vec<f64> = (0..ascending.len())
            .map(|_| quantile(of, rng.random::<f64>()))
            .filter(|&x| x > 0.0)
            .collect();
        sample.sort_by(f64::total_cmp);
        let distance = fit(&sample).map(|(fitted, _)| fitted.anderson_darling(&sample));
        if distance.is_none_or(|distance| distance >= anderson_darling) {
            as_far += 1;
        }
    }
    let p_value = f64::from(1 + as_far) / (1 + SAMPLES) as f64;
    Goodness {
        anderson_darling,
        p_value,
    }
}

/// The excess with `P(X <= x) = q`, for a shape of 0 or more.
fn quantile(of: GeneralisedPareto, q: f64) -> f64 {
    let log = -(-q).ln_1p();
    if of.shape == 0.0 {
        of.scale * log
    } else {
        of.scale * (of.shape * log).exp_m1() / of.shape
    }
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    start: f64,
    excesses: usize,
    n: usize,
    distribution: GeneralisedPareto,
    estimated_shape: f64,
    goodness: Goodness,
}

impl From<Tail> for Stored {
    fn from(of: Tail) -> Self {
        let Tail {
            start,
            excesses,
            n,
            distribution,
            estimated_shape,
            goodness,
        } = of;
        Self {
            start,
            excesses,
            n,
            distribution,
            estimated_shape,
            goodness,
        }
    }
}

impl TryFrom<Stored> for Tail {
    type Error = ConformalError;

    fn try_from(of: Stored) -> Result<Self, ConformalError> {
        let Stored {
            start,
            excesses,
            n,
            distribution,
            estimated_shape,
            goodness,
        } = of;
        let GeneralisedPareto { shape, scale } = distribution;
        let numbers = [
            start,
            shape,
            scale,
            estimated_shape,
            goodness.anderson_darling,
            goodness.p_value,
        ];
        if numbers.iter().any(|number| !number.is_finite()) || shape < 0.0 || scale <= 0.0 {
            let what = format!("tail: start {start}, shape {shape}, scale {scale}");
            return Err(ConformalError::Stored { what });
        }
        if excesses == 0 || excesses > n {
            let what = format!("tail: {excesses} excesses of {n} scores");
            return Err(ConformalError::Stored { what });
        }
        Ok(Self {
            start,
            excesses,
            n,
            distribution,
            estimated_shape,
            goodness,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_and_tied_scores_are_refused() {
        let few = Calibration::new(vec![1.0; 199]).unwrap();
        assert_eq!(
            Tail::fit(&few),
            Err(ConformalError::TooFew {
                rows: 199,
                needed: 200
            })
        );
        let tied = Calibration::new([vec![0.0; 981], vec![1.0; 19]].concat()).unwrap();
        let error = Tail::fit(&tied).unwrap_err();
        assert_eq!(
            error,
            ConformalError::TiedTail {
                distinct: 19,
                count: 100,
                needed: 20
            }
        );
    }

    #[test]
    fn a_stored_tail_is_checked() {
        let scores = (1..=500).map(|i| -(f64::from(i) / 501.0).ln()).collect();
        let tail = Tail::fit(&Calibration::new(scores).unwrap()).unwrap();
        let text = serde_json::to_string(&tail).unwrap();
        assert_eq!(serde_json::from_str::<Tail>(&text).unwrap(), tail);
        for (right, wrong) in [
            ("\"scale\":", "\"scale\":-"),
            ("\"n\":500", "\"n\":5"),
            ("\"start\":", "\"begin\":"),
        ] {
            let bad = text.replace(right, wrong);
            assert_ne!(bad, text);
            assert!(serde_json::from_str::<Tail>(&bad).is_err(), "{bad}");
        }
    }
}
