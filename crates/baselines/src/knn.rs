use detector::settings::at_least;
use detector::{Detector, DetectorError, Input, Number, Progress, Rows, Scorer, State};
use ndarray::{Array1, ArrayView2};
use neighbours::Neighbours;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of [`Knn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct KnnConfig {
    /// Nearest training rows `k`, at least 1; all rows where there are fewer.
    pub neighbours: usize,
    /// What the distances to them become.
    pub score: KnnScore,
}

impl Default for KnnConfig {
    /// PyOD's defaults.
    fn default() -> Self {
        Self {
            neighbours: 5,
            score: KnnScore::Largest,
        }
    }
}

/// What [`Knn`] makes of the distances to the nearest training rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KnnScore {
    /// The distance to the `k`-th, PyOD's default (Ramaswamy et al. 2000).
    Largest,
    /// The mean distance (Angiulli & Pizzuti 2002).
    Mean,
    /// The median distance.
    Median,
    /// The mean of the squared distances, as in DTE's tables.
    MeanOfSquares,
}

/// Distance to the nearest training rows: rows far from all others are anomalous.
///
/// # Formula
/// With `d_1 ≤ … ≤ d_k` the Euclidean distances to the `k` nearest training rows, the score is `d_k`,
/// their mean, their median or the mean of their squares ([`KnnScore`]).
///
/// Distances are exact to f64 rounding, those of near duplicates too. A training row that is scored has
/// itself for a neighbour. There is no randomness in it; the seed is not used.
///
/// ```
/// use baselines::{Knn, KnnConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::array;
///
/// let x = array![[0.0f32], [1.0], [2.0], [3.0], [4.0], [5.0]];
/// let scorer = Knn::new(KnnConfig::default())?.fit(Input::Rows(x.view()), 0, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[2.0f32], [9.0]].view()), &Silent)?;
/// assert_eq!(scores, array![2.0, 8.0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Knn {
    config: KnnConfig,
}

impl Knn {
    /// A detector of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] for no neighbours.
    pub fn new(config: KnnConfig) -> Result<Self, DetectorError> {
        at_least("neighbours", config.neighbours, 1)?;
        Ok(Self { config })
    }
}

impl Detector for Knn {
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(match x.rows()? {
            Rows::F32(x) => Box::new(Fitted::new(x, self.config)),
            Rows::F64(x) => Box::new(Fitted::new(x, self.config)),
        })
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("knn", 1)?;
        let stored = Self::new(state.settings()?);
        let config = stored.map_err(|e| state.wrong("the settings", e))?.config;
        Ok(match state.rows("rows")? {
            Rows::F32(x) => Box::new(Fitted::new(x, config)),
            Rows::F64(x) => Box::new(Fitted::new(x, config)),
        })
    }
}

#[derive(Debug)]
struct Fitted<T> {
    table: Neighbours<T>,
    config: KnnConfig,
}

impl<T: Number> Fitted<T> {
    fn new(x: ArrayView2<'_, T>, config: KnnConfig) -> Self {
        Self {
            table: Neighbours::new(x),
            config,
        }
    }
}

impl<T: Number> Scorer for Fitted<T> {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_like::<T>(self.table.width())?;
        let KnnConfig { neighbours, score } = self.config;
        let scores = match score {
            KnnScore::Largest => {
                let mut scores =
                    self.table
                        .kth_squared_distances(x.view(), neighbours, progress)?;
                scores.iter_mut().for_each(|square| *square = square.sqrt());
                scores
            }
            _ => self
                .table
                .map_nearest(x.view(), neighbours, progress, |nearest| score.of(nearest))?,
        };
        Ok(Array1::from_vec(scores))
    }

    fn state(&self) -> Result<State, DetectorError> {
        Ok(State::new("knn", 1)
            .with_config(&self.config)
            .with_array("rows", &self.table.table()))
    }
}

impl KnnScore {
    /// Of the nearest rows with their squared distances, ascending, at least one.
    fn of(self, nearest: &[(f64, u32)]) -> f64 {
        let k = nearest.len();
        let squares = || nearest.iter().map(|(square, _)| *square);
        match self {
            Self::Largest => nearest[k - 1].0.sqrt(),
            Self::Mean => squares().map(f64::sqrt).sum::<f64>() / k as f64,
            Self::Median => (nearest[(k - 1) / 2].0.sqrt() + nearest[k / 2].0.sqrt()) / 2.0,
            Self::MeanOfSquares => squares().sum::<f64>() / k as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use detector::{Silent, conformance};
    use ndarray::array;

    use super::*;

    const ALL: [KnnScore; 4] = [
        KnnScore::Largest,
        KnnScore::Mean,
        KnnScore::Median,
        KnnScore::MeanOfSquares,
    ];

    fn knn(neighbours: usize, score: KnnScore) -> Knn {
        Knn::new(KnnConfig { neighbours, score }).unwrap()
    }

    #[test]
    fn every_score_conforms() {
        for score in ALL {
            assert_eq!(conformance::check(&knn(5, score)), Ok(()));
        }
    }

    #[test]
    fn scores_are_what_their_names_say() {
        let x = array![
            [0.0f32, 0.0],
            [3.0, 4.0],
            [0.0, 1.0],
            [0.0, -2.0],
            [50.0, 0.0]
        ];
        let origin = array![[0.0f32, 0.0]]; // distances 0, 1, 2, 5, 50
        let found = |k, score| {
            let scorer = knn(k, score).fit(Input::Rows(x.view()), 0, &Silent);
            scorer
                .unwrap()
                .score(Input::Rows(origin.view()), &Silent)
                .unwrap()[0]
        };
        assert_eq!(ALL.map(|score| found(4, score)), [5.0, 2.0, 1.5, 7.5]);
        assert_eq!(ALL.map(|score| found(3, score)), [2.0, 1.0, 1.0, 5.0 / 3.0]);
        assert_eq!(found(9, KnnScore::Largest), 50.0); // all there are
    }

    #[test]
    fn no_neighbours_are_refused() {
        let config = KnnConfig {
            neighbours: 0,
            ..KnnConfig::default()
        };
        assert!(matches!(
            Knn::new(config),
            Err(DetectorError::Setting(setting)) if setting.name == "neighbours"
        ));
    }
}
