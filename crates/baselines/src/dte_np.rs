mod posterior;

use std::num::NonZeroUsize;

use detector::settings::at_least;
use detector::{Detector, DetectorError, Input, Number, Progress, Rows, Scorer, State, StateError};
use ndarray::{Array1, ArrayView2};
use neighbours::Neighbours;
use schedules::{Schedule, ScheduleConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use posterior::TimePosterior;

/// DTE-NP: the diffusion time of a row, estimated without a network from its distance to the training
/// rows (Livernoche et al., arXiv:2305.18593, section 3.2).
///
/// # Formula
/// `dist²` is the mean of the squared distances to the `K` nearest training rows, `p(t | x)` the
/// [`TimePosterior`] at that distance; the score is its mode, its mean, or `dist²` itself
/// ([`NonParametricScore`]).
///
/// Distances are exact, those of near duplicates too, and neither the seed nor the number of threads
/// nor the batch has any part in a score. Fewer than `K` training rows are all taken.
///
/// # Differences from the reference
/// The authors' code (vicliv/DTE, `diffusion/non_param_dte.py`) works in f32, where rounding may move
/// the mode by a step; it gives NaN, and so 0, for rows that equal `K` training rows and for rows of one
/// or two numbers, where only the continuous density is undefined; and it fails below `K` training rows.
///
/// ```
/// use baselines::{DteNonParametric, DteNonParametricConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// let train = Array2::from_shape_fn((50, 2), |(i, j)| ((i * (j + 3)) % 7) as f32 / 7.0);
/// let detector = DteNonParametric::new(DteNonParametricConfig::default())?;
/// let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent)?;
/// let test = array![[0.5f32, 0.4], [0.5, 1.6]];
/// let scores = scorer.score(Input::Rows(test.view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DteNonParametric {
    config: DteNonParametricConfig,
    schedule: Schedule,
}

/// Settings of [`DteNonParametric`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DteNonParametricConfig {
    /// Diffusion steps `T`.
    pub steps: usize,
    /// Nearest training rows `K` whose squared distances are averaged, at least 1.
    pub neighbours: usize,
    /// What is reported of the posterior over diffusion times `t`.
    pub score: NonParametricScore,
    /// β of each step.
    pub schedule: ScheduleConfig,
}

/// What [`DteNonParametric`] reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NonParametricScore {
    /// The most probable `t`, as published: whole numbers with many ties.
    ///
    /// Among the ties are all rows beyond the last noise level.
    Argmax,
    /// The mean of `t`: the same order without the ties, up to the last noise level.
    PosteriorMean,
    /// The mean squared distance: the same order, without ties anywhere.
    Distance,
}

impl Default for DteNonParametricConfig {
    /// The authors' code (vicliv/DTE, `diffusion/non_param_dte.py`).
    fn default() -> Self {
        Self {
            steps: 300,
            neighbours: 5,
            score: NonParametricScore::Argmax,
            schedule: ScheduleConfig::Linear {
                first: 1e-4,
                last: 0.01,
            },
        }
    }
}

impl DteNonParametric {
    /// A detector with checked settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] for no neighbours, [`DetectorError::Method`] for a schedule that cannot
    /// be built.
    pub fn new(config: DteNonParametricConfig) -> Result<Self, DetectorError> {
        at_least("neighbours", config.neighbours, 1)?;
        let schedule = config.schedule.build(config.steps);
        let schedule =
            schedule.map_err(|error| DetectorError::method(format!("schedule: {error}")))?;
        Ok(Self { config, schedule })
    }
}

impl Detector for DteNonParametric {
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(match x.rows()? {
            Rows::F32(x) => Box::new(self.fit_rows(x)),
            Rows::F64(x) => Box::new(self.fit_rows(x)),
        })
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("dte-np", 1)?;
        Ok(match state.rows("rows")? {
            Rows::F32(x) => Box::new(Fitted::restore(x, state)?),
            Rows::F64(x) => Box::new(Fitted::restore(x, state)?),
        })
    }
}

impl DteNonParametric {
    fn fit_rows<T: Number>(&self, x: ArrayView2<'_, T>) -> Fitted<T> {
        Fitted {
            posterior: TimePosterior::new(&self.schedule, x.ncols()),
            table: Neighbours::new(x),
            neighbours: self.config.neighbours,
            score: self.config.score,
        }
    }
}

#[derive(Debug)]
struct Fitted<T> {
    table: Neighbours<T>,
    posterior: TimePosterior,
    neighbours: usize,
    score: NonParametricScore,
}

impl<T: Number> Fitted<T> {
    /// Of the training rows `x`.
    fn restore(x: ArrayView2<'_, T>, state: &State) -> Result<Self, StateError> {
        Ok(Self {
            table: Neighbours::new(x),
            posterior: TimePosterior::restore(state)?,
            neighbours: state.value::<NonZeroUsize>("neighbours")?.get(),
            score: state.value("score")?,
        })
    }
}

impl<T: Number> Scorer for Fitted<T> {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_like::<T>(self.table.width())?;
        let score = |nearest: &[(f64, u32)]| {
            let squares = nearest.iter().map(|(square, _)| *square);
            let distance = squares.sum::<f64>() / nearest.len() as f64;
            match self.score {
                NonParametricScore::Argmax => self.posterior.mode(distance) as f64,
                NonParametricScore::PosteriorMean => self.posterior.mean(distance),
                NonParametricScore::Distance => distance,
            }
        };
        let scores = self
            .table
            .map_nearest(x.view(), self.neighbours, progress, score)?;
        Ok(Array1::from_vec(scores))
    }

    fn state(&self) -> Result<State, DetectorError> {
        let state = State::new("dte-np", 1)
            .with_value("neighbours", self.neighbours)
            .with_value("score", self.score)
            .with_array("rows", &self.table.table());
        Ok(self.posterior.store(state))
    }
}

#[cfg(test)]
mod tests {
    use detector::{Silent, conformance};
    use ndarray::array;

    use super::*;

    #[test]
    fn it_conforms() {
        for score in [
            NonParametricScore::Argmax,
            NonParametricScore::PosteriorMean,
            NonParametricScore::Distance,
        ] {
            let config = DteNonParametricConfig {
                score,
                ..Default::default()
            };
            let detector = DteNonParametric::new(config).unwrap();
            // Five columns of variance 1: all rows lie beyond the last noise level but for a few, so
            // the published score and the mean separate the outliers from some of the rows only.
            let auroc = match score {
                NonParametricScore::Distance => 0.99,
                _ => 0.9,
            };
            let tolerance = conformance::Tolerance {
                auroc,
                ..Default::default()
            };
            assert_eq!(conformance::check_within(&detector, tolerance), Ok(()));
        }
    }

    #[test]
    fn fewer_rows_than_neighbours_are_all_taken() {
        let config = DteNonParametricConfig {
            score: NonParametricScore::Distance,
            ..Default::default()
        };
        let detector = DteNonParametric::new(config).unwrap();
        let train = array![[0.0f32, 0.0], [2.0, 0.0]];
        let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
        let x = array![[1.0f32, 0.0], [0.0, 1.0]];
        let scores = scorer.score(Input::Rows(x.view()), &Silent).unwrap();
        assert_eq!(scores, array![1.0, 3.0]);
    }

    #[test]
    fn interrupted_work_says_so() {
        struct Stop;
        impl Progress for Stop {
            fn update(&self, _: &str, _: u64, _: u64, _: &str) {}
            fn interrupted(&self) -> bool {
                true
            }
        }
        let x = array![[0.0f32], [1.0]];
        let detector = DteNonParametric::new(DteNonParametricConfig::default()).unwrap();
        let scorer = detector.fit(Input::Rows(x.view()), 0, &Silent).unwrap();
        let error = scorer.score(Input::Rows(x.view()), &Stop).unwrap_err();
        assert!(matches!(error, DetectorError::Interrupted));
    }

    #[test]
    fn the_defaults_are_the_published_ones() {
        let text = toml::to_string(&DteNonParametricConfig::default()).unwrap();
        let expected = "\
steps = 300
neighbours = 5
score = \"argmax\"

[schedule]
kind = \"linear\"
first = 0.0001
last = 0.01
";
        assert_eq!(text, expected);
    }

    #[test]
    fn impossible_settings_are_named() {
        for (text, message) in [
            ("neighbours = 0", "neighbours = 0: expected at least 1"),
            ("steps = 0", "schedule: a schedule needs at least one step"),
        ] {
            let config: DteNonParametricConfig = toml::from_str(text).unwrap();
            let error = DteNonParametric::new(config).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        assert!(toml::from_str::<DteNonParametricConfig>("k = 3").is_err());
    }
}
