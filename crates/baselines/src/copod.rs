use detector::{Detector, DetectorError, Input, Progress, Scorer, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tails::{ConstantColumns, Ecdf, Rule, fit, restore};

/// Settings of [`Copod`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct CopodConfig {
    /// Rows that the distribution functions count.
    pub ecdf: Ecdf,
    /// What a constant column does.
    pub constant_columns: ConstantColumns,
}

impl Default for CopodConfig {
    /// The formula of Li et al. 2020, made to hold the contract: a row's score depends on the
    /// training rows and on itself.
    fn default() -> Self {
        Self {
            ecdf: Ecdf::Train,
            constant_columns: ConstantColumns::ZeroSkewness,
        }
    }
}

/// Copula-based outlier detection (Li et al. 2020, arXiv 2009.09463): rows far in the tails of many
/// columns are anomalous.
///
/// # Formula
/// In each column, with `F` the share of rows at or below a value and `F̄` the share at or above it,
/// `U_l = −ln F(x)`, `U_r = −ln F̄(x)`, and `b = m₃ / m₂^(3/2)` the column's skewness (biased),
/// `U_s` is `U_l` where `b < 0`, `U_r` where `b > 0` and `U_l + U_r` where `b = 0`. The score is
/// `Σ max(U_s, (U_l + U_r)/2)` over the columns.
///
/// By default `F`, `F̄` count the `n` training rows and the scored row itself, so that shares lie
/// in `1/(n + 1) ..= 1`, and `b` is that of the training rows: PyOD's score of a batch of one row,
/// but for the skewness. See [`Ecdf`] for the published form. There is no randomness in it; the seed
/// is not used.
///
/// ```
/// use baselines::{Copod, CopodConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// let x = Array2::from_shape_fn((50, 2), |(i, j)| ((i * (j + 3)) % 11) as f32);
/// let scorer = Copod::new(CopodConfig::default()).fit(Input::Rows(x.view()), 0, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[5.0, 5.0], [40.0, -40.0]].view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Copod {
    config: CopodConfig,
}

impl Copod {
    /// A detector of these settings; every combination is valid.
    pub fn new(config: CopodConfig) -> Self {
        Self { config }
    }
}

impl Detector for Copod {
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let CopodConfig {
            ecdf,
            constant_columns,
        } = self.config;
        Ok(fit(x.rows()?, Rule::Copod, ecdf, constant_columns))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        restore(state, Rule::Copod)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use detector::{ContributionKind, Silent, conformance};
    use ndarray::{Array1, Array2, ArrayView2, Axis, array};

    use super::*;

    fn scores(
        config: CopodConfig,
        train: ArrayView2<'_, f32>,
        test: ArrayView2<'_, f32>,
    ) -> Array1<f64> {
        let scorer = Copod::new(config).fit(Input::Rows(train), 0, &Silent);
        scorer.unwrap().score(Input::Rows(test), &Silent).unwrap()
    }

    fn first(x: &Array2<f32>, n: usize) -> ArrayView2<'_, f32> {
        x.view().split_at(Axis(0), n).0
    }

    fn config(ecdf: Ecdf, constant_columns: ConstantColumns) -> CopodConfig {
        CopodConfig {
            ecdf,
            constant_columns,
        }
    }

    #[test]
    fn the_inductive_form_conforms() {
        let detector = Copod::new(CopodConfig::default());
        assert_eq!(conformance::check(&detector), Ok(()));
    }

    #[test]
    fn contributions_sum_to_scores() {
        let detector = Copod::new(CopodConfig::default());
        let found = conformance::check_contributions(&detector, ContributionKind::Exact);
        assert_eq!(found, Ok(()));
    }

    #[test]
    fn the_published_form_moves_a_row_with_its_batch_and_nothing_else() {
        let error = conformance::check(&Copod::new(config(
            Ecdf::TrainAndTest,
            ConstantColumns::ZeroSkewness,
        )));
        assert!(error.unwrap_err().starts_with("rows scored one by one"));
    }

    #[test]
    fn the_published_form_is_restored_too() {
        let train = Array2::from_shape_fn((40, 3), |(i, j)| ((i * (2 * j + 3)) % 17) as f32);
        let copod = Copod::new(config(Ecdf::TrainAndTest, ConstantColumns::NanToZero));
        let x = Input::Rows(train.view());
        let scorer = copod.fit(x, 0, &Silent).unwrap();
        assert_eq!(conformance::check_restored(&copod, &*scorer, x), Ok(()));
        // One form of a stored state is no other, nor is one method another.
        let state = scorer.state().unwrap();
        assert!(state.array::<f32, ndarray::Ix2>("rows").is_ok());
        let ecod = crate::Ecod::new(crate::EcodConfig::default());
        assert!(matches!(ecod.restore(&state), Err(DetectorError::State(_))));
    }

    #[test]
    fn one_row_scores_as_the_formula_says() {
        // Train 1, 2, 2, 9 is skewed to the right; 2 has three of five at or below it, itself
        // included, and four at or above it.
        let train = array![[1.0], [2.0], [2.0], [9.0]];
        let found = scores(CopodConfig::default(), train.view(), array![[2.0]].view());
        let (u_l, u_r) = (-(4.0f64 / 5.0).ln(), -(4.0f64 / 5.0).ln());
        assert_relative_eq!(found[0], u_r.max((u_l + u_r) / 2.0), max_relative = 1e-15);
        let found = scores(CopodConfig::default(), train.view(), array![[10.0]].view());
        assert_relative_eq!(found[0], 5f64.ln(), max_relative = 1e-15);
        let found = scores(CopodConfig::default(), train.view(), array![[0.0]].view());
        assert_relative_eq!(found[0], 5f64.ln() / 2.0, max_relative = 1e-15);
    }

    #[test]
    fn a_batch_of_one_agrees_where_one_row_does_not_turn_the_skewness() {
        // Squares are skewed to the right too far for one row to matter.
        let train = Array2::from_shape_fn((200, 4), |(i, j)| ((i * i + j * i) % 103).pow(2) as f32);
        let test = array![[5.0, 3000.0, 17.5, -2.0]];
        let constant = ConstantColumns::ZeroSkewness;
        let inductive = scores(config(Ecdf::Train, constant), train.view(), test.view());
        let batch = scores(
            config(Ecdf::TrainAndTest, constant),
            train.view(),
            test.view(),
        );
        assert_relative_eq!(inductive[0], batch[0], max_relative = 1e-12);
    }

    #[test]
    fn a_constant_column_zeroes_the_published_scores_only() {
        let mut train = Array2::from_shape_fn((30, 3), |(i, j)| ((i * (j + 3)) % 11) as f32);
        train.column_mut(1).fill(4.0);
        let test = first(&train, 7);
        for ecdf in [Ecdf::Train, Ecdf::TrainAndTest] {
            let artefact = scores(config(ecdf, ConstantColumns::NanToZero), train.view(), test);
            assert_eq!(artefact, Array1::<f64>::zeros(7));
            let corrected = config(ecdf, ConstantColumns::ZeroSkewness);
            let with = scores(corrected, train.view(), test);
            let rest = train.select(Axis(1), &[0, 2]);
            let without = scores(corrected, rest.view(), first(&rest, 7));
            assert_relative_eq!(
                with.as_slice().unwrap(),
                without.as_slice().unwrap(),
                max_relative = 1e-14
            );
        }
        // Constant in training alone is not constant in the published form, which stacks.
        let mut moved = test.to_owned();
        moved[[3, 1]] = 5.0;
        let published = config(Ecdf::TrainAndTest, ConstantColumns::NanToZero);
        assert!(scores(published, train.view(), moved.view())[0] > 0.0);
    }

    #[test]
    fn zeros_of_either_sign_are_one_value() {
        let signed = array![[0.0f32], [-0.0], [1.0], [-0.0], [3.0]];
        let unsigned = signed.mapv(f32::abs);
        for ecdf in [Ecdf::Train, Ecdf::TrainAndTest] {
            let config = config(ecdf, ConstantColumns::ZeroSkewness);
            assert_eq!(
                scores(config, signed.view(), signed.view()),
                scores(config, unsigned.view(), unsigned.view())
            );
        }
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let x = Array2::from_shape_fn((300, 70), |(i, j)| ((i * (2 * j + 3)) % 97) as f32);
        for ecdf in [Ecdf::Train, Ecdf::TrainAndTest] {
            let config = config(ecdf, ConstantColumns::ZeroSkewness);
            let on = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                let pool = pool.build().unwrap();
                pool.install(|| scores(config, x.view(), first(&x, 77)))
            };
            assert_eq!(on(1), on(2), "{ecdf:?}");
        }
    }

    #[test]
    fn the_default_settings_read_as_documented() {
        let text = "ecdf = \"train\"\nconstant-columns = \"zero-skewness\"\n";
        assert_eq!(toml::to_string(&CopodConfig::default()).unwrap(), text);
        let read: CopodConfig = toml::from_str("ecdf = \"train-and-test\"").unwrap();
        assert_eq!(read.ecdf, Ecdf::TrainAndTest);
        assert!(toml::from_str::<CopodConfig>("ecdf = \"test\"").is_err());
        assert!(toml::from_str::<CopodConfig>("edcf = \"train\"").is_err());
    }
}
