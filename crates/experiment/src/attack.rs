use datasets::{Data, Label, Split, column_spreads};
use detector::{Detector, Input, Number, Progress, Scorer};
use ndarray::{Array2, ArrayView2, Zip};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ExperimentError, Machine};

/// Test rows moved along the gradient of a score, anomalies downwards and normal rows upwards, none of
/// their numbers further than `epsilon` standard deviations of its column over the training rows. A
/// column that is constant there stays.
///
/// One step is the fast gradient sign method (Goodfellow et al. 2015, arXiv:1412.6572), more are
/// projected gradient descent (Madry et al. 2018, arXiv:1706.06083) from the row itself, in steps of
/// `2.5·epsilon/steps`. It knows the labels and the fitted model: what comes out is a lower bound of the
/// AUROC, no forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// Radius of the ball.
    pub epsilon: f64,
    /// Steps along the gradient.
    pub steps: usize,
    /// Whose score is followed: that of another method, fitted to the same rows by the same seed, where
    /// the attacked one has no gradient. Absent: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surrogate: Option<Surrogate>,
}

/// A method with settings that differ from its defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surrogate {
    /// Its name.
    pub method: String,
    /// The settings that differ.
    #[serde(default)]
    pub set: Map<String, Value>,
}

impl Attack {
    /// Checks the settings that can be wrong before anything is fitted.
    pub(crate) fn check(&self, machine: &Machine) -> Result<(), ExperimentError> {
        let refuse = |name, found, expected| {
            Err(ExperimentError::AttackSetting {
                name,
                found,
                expected,
            })
        };
        if !(0.0..=1e6).contains(&self.epsilon) {
            return refuse("epsilon", self.epsilon.to_string(), "0 to 1000000");
        }
        if !(1..=10_000).contains(&self.steps) {
            return refuse("steps", self.steps.to_string(), "1 to 10000");
        }
        self.surrogate_detector(machine).map(|_| ())
    }

    /// Moves the test rows of `split`.
    pub(crate) fn apply(
        &self,
        split: &mut Split,
        scorer: &dyn Scorer,
        seed: u64,
        machine: &Machine,
        progress: &dyn Progress,
    ) -> Result<(), ExperimentError> {
        if let Data::Images(_) = split.train {
            return Err(ExperimentError::AttackOnImages);
        }
        let fitted = match self.surrogate_detector(machine)? {
            Some(detector) => Some(detector.fit(split.train.input(), seed, progress)?),
            None => None,
        };
        let followed = fitted.as_deref().unwrap_or(scorer);
        let signs = split.test_labels.iter().map(|&label| match label {
            Label::Anomaly => -1.0,
            Label::Normal => 1.0,
        });
        let signs: Vec<f32> = signs.collect();
        match (&split.train, &mut split.test) {
            (Data::Rows(train), Data::Rows(test)) => {
                let radius = self.radius(train.view());
                *test = self.moved(test.view(), &signs, &radius, followed, progress)?;
            }
            (Data::Rows64(train), Data::Rows64(test)) => {
                let radius = self.radius(train.view());
                *test = self.moved(test.view(), &signs, &radius, followed, progress)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// How far each column may go.
    fn radius<T: Number>(&self, train: ArrayView2<'_, T>) -> Vec<T> {
        let spreads = column_spreads(train).into_iter();
        spreads.map(|s| T::nearest(s * self.epsilon)).collect()
    }

    /// `signs` says for each row whether its score shall grow (1) or fall (−1), `radius` how far each of
    /// its numbers may go.
    fn moved<T: Number>(
        &self,
        start: ArrayView2<'_, T>,
        signs: &[f32],
        radius: &[T],
        scorer: &dyn Scorer,
        progress: &dyn Progress,
    ) -> Result<Array2<T>, ExperimentError> {
        let step = match self.steps {
            1 => 1.0,
            steps => 2.5 / steps as f32,
        };
        let mut x = start.to_owned();
        for _ in 0..self.steps {
            let gradient = scorer.score_gradient(Input::of(x.view()), progress)?;
            let gradient = gradient.ok_or(ExperimentError::NoGradient)?;
            for (i, mut row) in x.rows_mut().into_iter().enumerate() {
                Zip::from(&mut row)
                    .and(gradient.row(i))
                    .and(start.row(i))
                    .and(radius)
                    .for_each(|v, &g, &from, &r| {
                        let along = <T as From<f32>>::from(signs[i] * step * direction(g));
                        let to = *v + along * r;
                        *v = to.max(from - r).min(from + r);
                    });
            }
        }
        Ok(x)
    }

    fn surrogate_detector(
        &self,
        machine: &Machine,
    ) -> Result<Option<residuum::Pipeline>, ExperimentError> {
        let Some(surrogate) = &self.surrogate else {
            return Ok(None);
        };
        let method = machine.find(&surrogate.method)?;
        let mut config = method.config();
        config.set_all(&surrogate.set)?;
        Ok(Some(method.detector(&config, &machine.runtime)?))
    }
}

/// The sign, 0 of a 0: a number that the score does not depend on stays.
fn direction(gradient: f32) -> f32 {
    if gradient == 0.0 {
        0.0
    } else {
        gradient.signum()
    }
}

#[cfg(test)]
mod tests {
    use detector::{DetectorError, Silent};
    use ndarray::{Array1, Axis, array};
    use residuum::Runtime;

    use super::*;

    /// The squared distance from the point (1, 0, 0), blind to the last column.
    struct Distance;

    impl Scorer for Distance {
        fn state(&self) -> Result<detector::State, DetectorError> {
            Ok(detector::State::new("distance", 1))
        }

        fn score(&self, x: Input<'_>, _: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
            let distance = |row: ndarray::ArrayView1<'_, f32>| {
                f64::from((row[0] - 1.0).powi(2) + row[1].powi(2))
            };
            Ok(x.rows()?.to::<f32>().map_axis(Axis(1), distance))
        }

        fn score_gradient(
            &self,
            x: Input<'_>,
            _: &dyn Progress,
        ) -> Result<Option<Array2<f32>>, DetectorError> {
            let mut gradient = &x.rows()?.to::<f32>() * 2.0;
            gradient.column_mut(0).mapv_inplace(|v| v - 2.0);
            gradient.column_mut(2).fill(0.0);
            Ok(Some(gradient))
        }
    }

    fn attack(steps: usize) -> Attack {
        Attack {
            epsilon: 1.0,
            steps,
            surrogate: None,
        }
    }

    #[test]
    fn anomalies_fall_and_normal_rows_rise_within_the_ball() {
        let start = array![[5.0f32, -3.0, 7.0], [1.5, 0.2, 7.0], [1.1, 3.0, 7.0]];
        let radius = [0.5f32, 0.25, 1.0];
        let signs = [-1.0, 1.0, -1.0];
        let one = attack(1);
        let one = one
            .moved(start.view(), &signs, &radius, &Distance, &Silent)
            .unwrap();
        // One step goes to a corner of the ball, and in the last row past the point.
        assert_eq!(
            one,
            array![[4.5f32, -2.75, 7.0], [2.0, 0.45, 7.0], [0.6, 2.75, 7.0]]
        );
        let many = attack(20);
        let many = many
            .moved(start.view(), &signs, &radius, &Distance, &Silent)
            .unwrap();
        let score = |x: &Array2<f32>| Distance.score(Input::Rows(x.view()), &Silent).unwrap();
        let (before, one, after) = (score(&start), score(&one), score(&many));
        assert!(after[0] < before[0] && after[1] > before[1] && after[2] < one[2]);
        for (moved, from) in many.rows().into_iter().zip(start.rows()) {
            for ((v, f), r) in moved.iter().zip(from).zip(&radius) {
                assert!((v - f).abs() <= r * 1.0001, "{v} from {f} within {r}");
            }
        }
    }

    #[test]
    fn settings_and_surrogates_are_checked() {
        let machine = Machine {
            runtime: Runtime::cpu(),
            threads: 1,
            networks: None,
        };
        for (text, message) in [
            (
                "epsilon = nan\nsteps = 1",
                "epsilon of an attack: found NaN, expected 0 to 1000000",
            ),
            (
                "epsilon = 0.1\nsteps = 0",
                "steps of an attack: found 0, expected 1 to 10000",
            ),
            (
                "epsilon = 0.1\nsteps = 1\nsurrogate = { method = 'ddmp' }",
                "unknown method `ddmp`",
            ),
            (
                "epsilon = 0.1\nsteps = 1\nsurrogate = { method = 'norm', set = { k = 1 } }",
                "method `norm` has no setting `k`",
            ),
        ] {
            let attack: Attack = toml::from_str(text).unwrap();
            assert_eq!(attack.check(&machine).unwrap_err().to_string(), message);
        }
        assert!(toml::from_str::<Attack>("epsilon = 0.1\nstep = 1").is_err());
    }
}
