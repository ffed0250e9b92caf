use std::sync::atomic::{AtomicU64, Ordering};

use detector::settings::{at_least, in_range};
use detector::{Detector, DetectorError, Input, Number, Progress, Rows, Scorer, State};
use ndarray::ArrayView2;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod fast;
mod forest;
mod impurity;
mod sklearn;
mod tree;

use crate::numpy_seed::numpy_seed;
use forest::Forest;
use tree::Tree;

/// More trees than this only fill the memory: the score's error falls with their square root.
const MAX_TREES: usize = 100_000;

/// Settings of [`IsolationForest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct IsolationForestConfig {
    /// Number of trees, 1 to 100,000.
    pub trees: usize,
    /// Rows drawn for each tree, at least 2; all rows where there are fewer.
    pub sample_size: usize,
    /// Which random numbers grow the trees.
    pub rng: Rng,
}

impl Default for IsolationForestConfig {
    /// Liu, Ting & Zhou 2008 ("Isolation Forest", ICDM, §4.1), which scikit-learn and PyOD follow;
    /// our own generator.
    fn default() -> Self {
        Self {
            trees: 100,
            sample_size: 256,
            rng: Rng::Fast,
        }
    }
}

/// Which random numbers grow the trees of an [`IsolationForest`]. The trees have the same
/// distribution either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rng {
    /// Fast ones, a ChaCha8 stream for each tree.
    Fast,
    /// Those of scikit-learn with `random_state = RandomState(seed)`, draw for draw; its trees see rows
    /// in 32 bits.
    ///
    /// The scores are also the ones of `random_state=None` after `numpy.random.seed(seed)`. Seeds have
    /// 32 bits.
    Sklearn,
    /// Those of scikit-learn with `random_state = seed`, draw for draw; its trees see rows in 32 bits.
    ///
    /// An integer starts NumPy's stream anew for the trees, which then are others.
    SklearnInteger,
}

/// Isolation forest (Liu, Ting & Zhou 2008): rows that random splits set apart early are anomalous.
///
/// # Formula
/// Each tree is grown on `ψ` rows drawn without replacement: a column that varies within the node is
/// drawn at random and cut at a uniform point between its extremes, down to single rows or to depth
/// `⌈log₂ ψ⌉`. With `h(x)` the depth of the leaf that `x` falls into plus `c(m)` for the `m` training
/// rows in it, the score is `2^(−E[h(x)] / c(ψ))`, in (0, 1), where
/// `c(m) = 2(ln(m − 1) + γ) − 2(m − 1)/m`, `c(2) = 1`, `c(1) = 0`.
///
/// ```
/// use baselines::{IsolationForest, IsolationForestConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// let x = Array2::from_shape_fn((50, 2), |(i, j)| ((i * (j + 3)) % 11) as f32);
/// let forest = IsolationForest::new(IsolationForestConfig::default())?;
/// let scorer = forest.fit(Input::Rows(x.view()), 44, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[5.0, 5.0], [40.0, -40.0]].view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct IsolationForest {
    config: IsolationForestConfig,
}

impl IsolationForest {
    /// A forest of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] for a setting outside its range.
    pub fn new(config: IsolationForestConfig) -> Result<Self, DetectorError> {
        in_range("trees", config.trees, 1..=MAX_TREES)?;
        at_least("sample-size", config.sample_size, 2)?;
        Ok(Self { config })
    }
}

impl Detector for IsolationForest {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let x = x.rows()?;
        let (n, d) = x.dim();
        if n < 2 {
            return Err(DetectorError::method(format!(
                "an isolation tree needs at least 2 rows, found {n}"
            )));
        }
        if u32::try_from(d).is_err() {
            return Err(DetectorError::method(format!(
                "isolation trees take up to {} columns, found {d}",
                u32::MAX
            )));
        }
        Ok(match (self.config.rng, x) {
            (Rng::Fast, Rows::F32(x)) => Box::new(self.fast(x, seed, progress)?),
            (Rng::Fast, Rows::F64(x)) => Box::new(self.fast(x, seed, progress)?),
            // scikit-learn's trees see rows rounded to 32 bits, whatever they came in.
            (Rng::Sklearn | Rng::SklearnInteger, x) => {
                Box::new(self.sklearn(x.to().view(), seed, progress)?)
            }
        })
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("iforest", 1)?;
        Ok(if state.is_wide("thresholds")? {
            Box::new(Forest::<f64>::restore(state)?)
        } else {
            Box::new(Forest::<f32>::restore(state)?)
        })
    }
}

impl IsolationForest {
    fn fast<T: Number>(
        &self,
        x: ArrayView2<'_, T>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Forest<T>, DetectorError> {
        let x = x.as_standard_layout();
        let sample_size = self.config.sample_size.min(x.nrows());
        self.grow(x.ncols(), sample_size, progress, |tree| {
            fast::grow(x.view(), sample_size, seed, tree as u64)
        })
    }

    fn sklearn(
        &self,
        x: ArrayView2<'_, f32>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Forest<f32>, DetectorError> {
        let seed = numpy_seed(seed)?;
        let sample_size = self.config.sample_size.min(x.nrows());
        let restarts = self.config.rng == Rng::SklearnInteger;
        let draws = sklearn::Draws::new(seed, x.nrows(), self.config.trees, restarts);
        self.grow(x.ncols(), sample_size, progress, |tree| {
            draws.grow(x, sample_size, tree)
        })
    }

    /// The trees that `grow` makes, by number.
    fn grow<T: Number>(
        &self,
        width: usize,
        sample_size: usize,
        progress: &dyn Progress,
        grow: impl Fn(usize) -> Tree<T> + Sync,
    ) -> Result<Forest<T>, DetectorError> {
        let total = self.config.trees as u64;
        let done = AtomicU64::new(0);
        let grown = |tree| {
            if progress.interrupted() {
                return Err(DetectorError::Interrupted);
            }
            let tree = grow(tree);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.update("trees", done, total, "");
            Ok(tree)
        };
        let trees = (0..self.config.trees).into_par_iter().map(grown);
        Ok(Forest {
            trees: trees.collect::<Result<_, _>>()?,
            width,
            sample_size,
        })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;
    use detector::settings::Setting;
    use detector::{Silent, conformance};
    use ndarray::{Array2, array};

    use super::*;

    fn forest(rng: Rng) -> IsolationForest {
        IsolationForest::new(IsolationForestConfig {
            rng,
            ..Default::default()
        })
        .unwrap()
    }

    #[test]
    fn all_generators_conform() {
        for rng in [Rng::Fast, Rng::Sklearn, Rng::SklearnInteger] {
            assert_eq!(conformance::check(&forest(rng)), Ok(()), "{rng:?}");
        }
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let x = Array2::from_shape_fn((500, 6), |(i, j)| ((i * (2 * j + 3)) % 97) as f32);
        for rng in [Rng::Fast, Rng::Sklearn, Rng::SklearnInteger] {
            let scores = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                pool.build().unwrap().install(|| {
                    let scorer = forest(rng).fit(Input::Rows(x.view()), 3, &Silent).unwrap();
                    scorer.score(Input::Rows(x.view()), &Silent).unwrap()
                })
            };
            assert_eq!(scores(1), scores(2), "{rng:?}");
        }
    }

    #[test]
    fn another_seed_grows_other_trees() {
        let x = Array2::from_shape_fn((300, 3), |(i, j)| ((i * (2 * j + 3)) % 97) as f32);
        for rng in [Rng::Fast, Rng::Sklearn, Rng::SklearnInteger] {
            let scores = |seed| {
                let scorer = forest(rng).fit(Input::Rows(x.view()), seed, &Silent);
                scorer.unwrap().score(Input::Rows(x.view()), &Silent)
            };
            assert_ne!(scores(3).unwrap(), scores(4).unwrap(), "{rng:?}");
        }
    }

    #[test]
    fn rows_that_cannot_be_told_apart_score_one_half() {
        // Trees of one leaf: h = c(ψ) for every row, seen or not.
        let x = Array2::from_elem((20, 3), 1.5f32);
        for rng in [Rng::Fast, Rng::Sklearn, Rng::SklearnInteger] {
            let scorer = forest(rng).fit(Input::Rows(x.view()), 0, &Silent).unwrap();
            let scores = scorer.score(Input::Rows(array![[1.5, 1.5, 9.0]].view()), &Silent);
            // A hundred roundings of the sum of c(ψ).
            assert_abs_diff_eq!(scores.unwrap()[0], 0.5, epsilon = 1e-14);
        }
    }

    #[test]
    fn settings_seeds_and_tables_out_of_range_are_errors() {
        for (trees, sample_size, message) in [
            (0, 256, "trees = 0: expected 1 to 100000"),
            (100_001, 256, "trees = 100001: expected 1 to 100000"),
            (1, 1, "sample-size = 1: expected at least 2"),
        ] {
            let config = IsolationForestConfig {
                trees,
                sample_size,
                rng: Rng::Fast,
            };
            let error = IsolationForest::new(config).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let one = array![[1.0f32, 2.0]];
        let error = forest(Rng::Fast).fit(Input::Rows(one.view()), 0, &Silent);
        assert_eq!(
            error.err().unwrap().to_string(),
            "an isolation tree needs at least 2 rows, found 1"
        );
        let two = array![[1.0f32], [2.0]];
        let error = forest(Rng::Sklearn).fit(Input::Rows(two.view()), 1 << 32, &Silent);
        assert!(matches!(
            error.err(),
            Some(DetectorError::Setting(Setting { name, .. })) if name == "seed"
        ));
    }

    #[test]
    fn the_default_settings_read_as_documented() {
        let text = "trees = 100\nsample-size = 256\nrng = \"fast\"\n";
        let config = IsolationForestConfig::default();
        assert_eq!(toml::to_string(&config).unwrap(), text);
        let read: IsolationForestConfig = toml::from_str("rng = \"sklearn\"").unwrap();
        assert_eq!((read.trees, read.rng), (100, Rng::Sklearn));
        let read: IsolationForestConfig = toml::from_str("rng = \"sklearn-integer\"").unwrap();
        assert_eq!(read.rng, Rng::SklearnInteger);
        assert!(toml::from_str::<IsolationForestConfig>("tree = 3").is_err());
    }
}
