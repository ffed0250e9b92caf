use detector::settings::{at_least, in_range};
use detector::{Detector, DetectorError, Input, Number, Progress, Rows, Scorer, State, StateError};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use numpy_random::RandomState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lof::{Densities, copies_warning};
use crate::numpy_seed::numpy_seed;

/// Settings of [`FeatureBagging`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct FeatureBaggingConfig {
    /// Sets of columns drawn, 1 to 10,000; each has half of the columns to all.
    pub estimators: usize,
    /// Nearest training rows of each local outlier factor, at least 1.
    pub neighbours: usize,
}

impl Default for FeatureBaggingConfig {
    /// PyOD's defaults.
    fn default() -> Self {
        Self {
            estimators: 10,
            neighbours: 20,
        }
    }
}

const MAX_ESTIMATORS: usize = 10_000;

/// Feature bagging (Lazarevic & Kumar 2005) over [`Lof`](crate::Lof): the mean of the local outlier
/// factors in random sets of columns.
///
/// # Formula
/// Each set has `⌊d/2⌋` to `d` columns, every number equally likely, drawn without replacement (at
/// least one); the score is the mean over the sets of the factor of the row cut to these columns.
///
/// The draws are those of PyOD 3.6 over scikit-learn 1.9 with `random_state = seed`, so that its scores
/// come out row for row. Seeds have 32 bits.
///
/// # Differences from the reference
/// PyOD refuses a single column; here every set is that column, and the score its local outlier factor.
///
/// ```
/// use baselines::{FeatureBagging, FeatureBaggingConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// let x = Array2::from_shape_fn((50, 4), |(i, j)| ((i * (j + 3)) % 11) as f32);
/// let bagging = FeatureBagging::new(FeatureBaggingConfig::default())?;
/// let scorer = bagging.fit(Input::Rows(x.view()), 44, &Silent)?;
/// let test = array![[5.0, 5.0, 5.0, 5.0], [40.0, -40.0, 5.0, 5.0]];
/// let scores = scorer.score(Input::Rows(test.view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FeatureBagging {
    config: FeatureBaggingConfig,
}

impl FeatureBagging {
    /// A detector of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] for a setting outside its range.
    pub fn new(config: FeatureBaggingConfig) -> Result<Self, DetectorError> {
        at_least("neighbours", config.neighbours, 1)?;
        in_range("estimators", config.estimators, 1..=MAX_ESTIMATORS)?;
        Ok(Self { config })
    }
}

impl Detector for FeatureBagging {
    /// # Errors
    /// As the contract says, [`DetectorError::Setting`] for a seed beyond 32 bits, and
    /// [`DetectorError::Method`] for a single row.
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let seed = numpy_seed(seed)?;
        Ok(match x.rows()? {
            Rows::F32(x) => Box::new(self.fit_rows(x, seed, progress)?),
            Rows::F64(x) => Box::new(self.fit_rows(x, seed, progress)?),
        })
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("feature-bagging", 1)?;
        Ok(match state.rows("rows")? {
            Rows::F32(x) => Box::new(Fitted::restore(x, state)?),
            Rows::F64(x) => Box::new(Fitted::restore(x, state)?),
        })
    }
}

impl FeatureBagging {
    fn fit_rows<T: Number>(
        &self,
        x: ArrayView2<'_, T>,
        seed: u32,
        progress: &dyn Progress,
    ) -> Result<Fitted<T>, DetectorError> {
        let d = x.ncols();
        let bags = column_sets(seed, self.config.estimators, d).into_iter();
        let bags = bags.map(|columns| {
            let densities =
                Densities::of(cut(x, &columns).view(), self.config.neighbours, progress)?;
            Ok(Bag { columns, densities })
        });
        let bags = bags.collect::<Result<_, DetectorError>>()?;
        Ok(Fitted { d, bags })
    }
}

/// The columns of each set, ascending: their order has no part in a distance.
fn column_sets(seed: u32, estimators: usize, d: usize) -> Vec<Vec<usize>> {
    const MAX_INT: u64 = i32::MAX as u64;
    let mut state = RandomState::new(seed);
    let seeds: Vec<u32> = (0..estimators)
        .map(|_| state.interval(MAX_INT - 1) as u32)
        .collect();
    let sets = seeds.into_iter().map(|seed| {
        let mut state = RandomState::new(seed);
        let least = d / 2;
        let count = least + state.interval((d - least) as u64) as usize;
        let mut columns = without_replacement(&mut state, d, count.max(1));
        columns.sort_unstable();
        columns
    });
    sets.collect()
}

/// scikit-learn's `sample_without_replacement(d, count)` for `count ≥ d/2`: the head of a permutation,
/// or reservoir sampling where nearly all are taken.
fn without_replacement(state: &mut RandomState, d: usize, count: usize) -> Vec<usize> {
    let share = count as f64 / d as f64;
    if share < 0.99 {
        let mut columns = state.permutation(d);
        columns.truncate(count);
        return columns;
    }
    let mut columns: Vec<usize> = (0..count).collect();
    for column in count..d {
        let place = state.interval(column as u64) as usize;
        if let Some(old) = columns.get_mut(place) {
            *old = column;
        }
    }
    columns
}

fn cut<T: Number>(x: ArrayView2<'_, T>, columns: &[usize]) -> Array2<T> {
    x.select(Axis(1), columns)
}

#[derive(Debug)]
struct Bag<T> {
    columns: Vec<usize>,
    densities: Densities<T>,
}

#[derive(Debug)]
struct Fitted<T> {
    d: usize,
    bags: Vec<Bag<T>>,
}

impl<T: Number> Fitted<T> {
    /// Of the training rows `x`.
    fn restore(x: ArrayView2<'_, T>, state: &State) -> Result<Self, StateError> {
        let d = x.ncols();
        let n_bags: usize = state.value("bags")?;
        if n_bags == 0 {
            return Err(state.wrong("bags", "there are none"));
        }
        let bags = (0..n_bags).map(|i| {
            let part = state.part(&bag_name(i))?;
            let columns: Vec<u64> = part.list("columns")?;
            let ascending = columns.is_sorted_by(|a, b| a < b);
            if !ascending || columns.last().is_none_or(|last| *last >= d as u64) {
                return Err(part.wrong("columns", format!("no set of columns of {d}")));
            }
            let columns: Vec<usize> = columns.into_iter().map(|j| j as usize).collect();
            let densities = Densities::restore(cut(x, &columns).view(), part)?;
            Ok(Bag { columns, densities })
        });
        let bags = bags.collect::<Result<_, StateError>>()?;
        Ok(Self { d, bags })
    }

    /// The training rows; zeros in the columns that no set has.
    fn rows(&self) -> Array2<T> {
        let n = self
            .bags
            .first()
            .map_or(0, |bag| bag.densities.rows().nrows());
        let mut rows = Array2::zeros((n, self.d));
        for bag in &self.bags {
            for (j, column) in bag.columns.iter().zip(bag.densities.rows().columns()) {
                rows.column_mut(*j).assign(&column);
            }
        }
        rows
    }
}

fn bag_name(i: usize) -> String {
    format!("bag-{i}")
}

impl<T: Number> Scorer for Fitted<T> {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_like::<T>(self.d)?;
        let mut scores = Array1::zeros(x.nrows());
        for bag in &self.bags {
            let factors = bag
                .densities
                .factors(cut(x.view(), &bag.columns).view(), progress)?;
            scores += &Array1::from_vec(factors);
        }
        Ok(scores / self.bags.len() as f64)
    }

    fn state(&self) -> Result<State, DetectorError> {
        let mut state = State::new("feature-bagging", 1)
            .with_value("bags", self.bags.len())
            .with_array("rows", &self.rows());
        for (i, bag) in self.bags.iter().enumerate() {
            let columns: Vec<u64> = bag.columns.iter().map(|j| *j as u64).collect();
            let part = bag.densities.state_without_rows();
            state = state.with_part(&bag_name(i), part.with_list("columns", &columns));
        }
        Ok(state)
    }

    fn warnings(&self) -> Vec<String> {
        let copies = self.bags.iter().filter_map(|bag| bag.densities.copies());
        copies.max().map(copies_warning).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use detector::settings::Setting;
    use detector::{Silent, conformance};

    use super::*;
    use crate::{Lof, LofConfig};

    fn bagging() -> FeatureBagging {
        FeatureBagging::new(FeatureBaggingConfig::default()).unwrap()
    }

    #[test]
    fn it_conforms() {
        assert_eq!(conformance::check(&bagging()), Ok(()));
    }

    #[test]
    fn sets_are_large_and_differ() {
        let sets = column_sets(44, 50, 9);
        assert!(sets.iter().all(|set| (4..=9).contains(&set.len())));
        assert!(
            sets.iter()
                .all(|set| set.is_sorted_by(|a, b| a < b) && set[set.len() - 1] < 9)
        );
        assert!(sets.iter().any(|set| set.len() == 9) && sets.iter().any(|set| set.len() == 4));
        assert_ne!(sets, column_sets(45, 50, 9));
    }

    #[test]
    fn nearly_all_columns_come_from_the_reservoir() {
        let columns = without_replacement(&mut RandomState::new(3), 200, 199);
        let mut sorted = columns.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 199);
    }

    #[test]
    fn of_one_column_it_is_the_local_outlier_factor() {
        let x = Array2::from_shape_fn((40, 1), |(i, _)| ((i * i) % 97) as f32);
        let lof = Lof::new(LofConfig::default()).unwrap();
        let detectors: [&dyn Detector; 2] = [&lof, &bagging()];
        let [one, other] = detectors.map(|detector| {
            let scorer = detector.fit(Input::Rows(x.view()), 1, &Silent).unwrap();
            scorer.score(Input::Rows(x.view()), &Silent).unwrap()
        });
        for (a, b) in one.iter().zip(&other) {
            // A mean of ten equal numbers.
            assert!((a - b).abs() <= 1e-15 * a);
        }
    }

    #[test]
    fn settings_and_seeds_out_of_range_are_refused() {
        let config = FeatureBaggingConfig {
            estimators: 0,
            ..Default::default()
        };
        assert!(FeatureBagging::new(config).is_err());
        let x = Array2::from_shape_fn((9, 2), |(i, j)| (i + j) as f32);
        let error = bagging().fit(Input::Rows(x.view()), 1 << 32, &Silent).err();
        assert!(matches!(
            error,
            Some(DetectorError::Setting(Setting { name, .. })) if name == "seed"
        ));
    }
}
