use detector::settings::positive;
use detector::{
    ContributionKind, Contributions, Detector, DetectorError, Input, Number, Progress, Rows,
    Scorer, State,
};
use ndarray::{Array1, Array2, ArrayView2, Ix1};
use neighbours::{Neighbours, needs_two_rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::noise_level::{RANK, noise_level};
use crate::rows::{Centre, Deltas, in_units, mean, stored_unit, unit};
use crate::unexplained::{LOG_FLOOR, Unexplained, needs_squares};

/// The denoiser that is exact for Gaussian rows, as a detector: what one noiseless step of a diffusion
/// would take away from a row, were the training rows one Gaussian.
///
/// # Formula
/// With `m` the mean and `Σ` the covariance (divisor `n`) of the training rows, the posterior mean of
/// `x` given `y = x + σε` is `m + W(y − m)`, `W = Σ(Σ + σ²I)⁻¹`. The score is
/// `ln(|(I − W)(x − m)|² + 10⁻⁶d)`: `σ⁴` times the squared score of the noised Gaussian, its logarithm
/// only for the scale. `σ` is [`noise`](LinearDenoiserConfig::noise) times the noise level of
/// [`Wiener`](crate::Wiener), of which this is the case of all rows as neighbours without the local
/// comparison.
///
/// Rows that vary by less than a thousandth are counted in larger units, a power of two.
/// Everything is in f64; there is no randomness, and the seed is not used. Constant columns, duplicates
/// and fewer rows than columns need no care: `σ > 0`.
///
/// ```
/// use analytic::{LinearDenoiser, LinearDenoiserConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// // Rows near a line: off it is stranger than far along it.
/// let x = Array2::from_shape_fn((60, 2), |(i, j)| (i as f32 * 1.7).sin() + (i * j % 3) as f32 / 50.0);
/// let scorer = LinearDenoiser::new(LinearDenoiserConfig::default())?
///     .fit(Input::Rows(x.view()), 0, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[1.5, 1.5], [0.3, -0.3]].view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LinearDenoiser {
    config: LinearDenoiserConfig,
}

/// Settings of [`LinearDenoiser`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LinearDenoiserConfig {
    /// Noise level in units of that of the training rows, positive: 1 is the median distance to the
    /// fifth neighbour over `√d`.
    pub noise: f64,
}

impl Default for LinearDenoiserConfig {
    /// As [`WienerConfig`](crate::WienerConfig).
    fn default() -> Self {
        Self { noise: 2.0 }
    }
}

impl LinearDenoiser {
    /// A detector of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] for a noise that is not positive and finite.
    pub fn new(config: LinearDenoiserConfig) -> Result<Self, DetectorError> {
        positive("noise", config.noise)?;
        Ok(Self { config })
    }
}

impl Detector for LinearDenoiser {
    /// # Errors
    /// As the contract says, and [`DetectorError::Method`] for a single row, which has no neighbour to
    /// take a noise level from.
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(match x.rows()? {
            Rows::F32(x) => self.fit_rows(x, progress)?,
            Rows::F64(x) => self.fit_rows(x, progress)?,
        }))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("linear-denoiser", 1)?;
        let d = state.list::<f64>("mean")?.len();
        if d == 0 {
            return Err(state.wrong("mean", "no columns").into());
        }
        Ok(Box::new(Fitted {
            unit: stored_unit(state)?,
            mean: state.finite::<f64, Ix1>("mean", d)?.to_vec(),
            unexplained: Unexplained::restore(state.part("unexplained")?, d)?,
        }))
    }
}

impl LinearDenoiser {
    fn fit_rows<T: Number>(
        &self,
        x: ArrayView2<'_, T>,
        progress: &dyn Progress,
    ) -> Result<Fitted, DetectorError> {
        let (n, d) = x.dim();
        needs_two_rows(n)?;
        needs_squares(n, d)?;
        let unit = unit(x);
        let x = in_units(x.into(), unit);
        let nearest = Neighbours::new(x.view()).nearest_of_own(RANK, progress)?;
        let sigma = self.config.noise * noise_level(&nearest, n, d);
        let mean = mean(x.view());
        let unexplained = Unexplained::new(&deltas(&x.view(), &mean), sigma * sigma);
        Ok(Fitted {
            unit,
            mean,
            unexplained,
        })
    }
}

#[derive(Debug)]
struct Fitted {
    /// What rows are multiplied by first.
    unit: f64,
    mean: Vec<f64>,
    unexplained: Unexplained,
}

impl Scorer for Fitted {
    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        Ok(match x.rows_of_width(self.mean.len())? {
            Rows::F32(x) => self.scores(x),
            Rows::F64(x) => self.scores(x),
        })
    }

    fn state(&self) -> Result<State, DetectorError> {
        Ok(State::new("linear-denoiser", 1)
            .with_value("unit", self.unit)
            .with_list("mean", &self.mean)
            .with_part("unexplained", self.unexplained.state()))
    }

    /// `((I − W)(x − m))_j²`, whose sum and a constant the score is the logarithm of.
    fn contributions(
        &self,
        x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let squares = match x.rows_of_width(self.mean.len())? {
            Rows::F32(x) => self.squares(x),
            Rows::F64(x) => self.squares(x),
        };
        let kind = ContributionKind::SquaredResidual;
        Ok(Some(Contributions::new(squares, kind)))
    }
}

impl Fitted {
    fn scores<T: Number>(&self, x: ArrayView2<'_, T>) -> Array1<f64> {
        let x = in_units(x.into(), self.unit);
        let squared = self.unexplained.squared(&deltas(&x.view(), &self.mean));
        let log = |r: f64| (r + LOG_FLOOR * self.mean.len() as f64).ln();
        squared.into_iter().map(log).collect()
    }

    fn squares<T: Number>(&self, x: ArrayView2<'_, T>) -> Array2<f64> {
        let x = in_units(x.into(), self.unit);
        let squares = self.unexplained.squares(&deltas(&x.view(), &self.mean));
        squares / self.unit.powi(2)
    }
}

fn deltas<'a, T: Number>(x: &'a ArrayView2<'_, T>, mean: &'a [f64]) -> Deltas<'a, T> {
    Deltas {
        x: x.view(),
        centre: Centre::Point(mean),
    }
}
