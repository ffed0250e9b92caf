use detector::{Detector, DetectorError, Input, Progress, Scorer, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tails::{ConstantColumns, Ecdf, Rule, fit, restore};

/// Settings of [`Ecod`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct EcodConfig {
    /// Rows that the distribution functions count.
    pub ecdf: Ecdf,
    /// What a constant column does.
    pub constant_columns: ConstantColumns,
}

impl Default for EcodConfig {
    /// PyOD's formula, made to hold the contract: a row's score depends on the training rows and on
    /// itself.
    fn default() -> Self {
        Self {
            ecdf: Ecdf::Train,
            constant_columns: ConstantColumns::ZeroSkewness,
        }
    }
}

/// Empirical cumulative outlier detection (Li et al. 2022, arXiv 2201.00382): rows far in either tail
/// of many columns are anomalous.
///
/// # Formula
/// With `U_l`, `U_r` and `U_s` of each column as in [`Copod`](crate::Copod), the score is
/// `Σ max(U_l, U_r, U_s)` over the columns: the larger tail, or both where the column is symmetric.
///
/// By default shares count the `n` training rows and the scored row itself. See [`Ecdf`] for the
/// published form. There is no randomness in it; the seed is not used.
///
/// # Differences from the paper
/// The paper takes the largest of three sums over columns (`Σ U_l`, `Σ U_r`, `Σ U_s`); PyOD, whose
/// numbers are in every table, sums the largest of each column. This is PyOD's.
///
/// ```
/// use baselines::{Ecod, EcodConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// let x = Array2::from_shape_fn((50, 2), |(i, j)| ((i * (j + 3)) % 11) as f32);
/// let scorer = Ecod::new(EcodConfig::default()).fit(Input::Rows(x.view()), 0, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[5.0, 5.0], [40.0, -40.0]].view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ecod {
    config: EcodConfig,
}

impl Ecod {
    /// A detector of these settings; every combination is valid.
    pub fn new(config: EcodConfig) -> Self {
        Self { config }
    }
}

impl Detector for Ecod {
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let EcodConfig {
            ecdf,
            constant_columns,
        } = self.config;
        Ok(fit(x.rows()?, Rule::Ecod, ecdf, constant_columns))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        restore(state, Rule::Ecod)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use detector::{ContributionKind, Silent, conformance};
    use ndarray::array;

    use super::*;

    #[test]
    fn the_inductive_form_conforms() {
        let detector = Ecod::new(EcodConfig::default());
        assert_eq!(conformance::check(&detector), Ok(()));
    }

    #[test]
    fn contributions_sum_to_scores() {
        let detector = Ecod::new(EcodConfig::default());
        let found = conformance::check_contributions(&detector, ContributionKind::Exact);
        assert_eq!(found, Ok(()));
    }

    #[test]
    fn the_published_form_moves_a_row_with_its_batch() {
        let error = conformance::check(&Ecod::new(EcodConfig {
            ecdf: Ecdf::TrainAndTest,
            ..EcodConfig::default()
        }));
        assert!(error.unwrap_err().starts_with("rows scored one by one"));
    }

    #[test]
    fn the_larger_tail_counts_whatever_the_skewness() {
        // Skewed to the right; 0 is below all four training rows: one of five at or below it.
        let train = array![[1.0f32], [2.0], [2.0], [9.0]];
        let detector = Ecod::new(EcodConfig::default());
        let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
        let rows = array![[0.0f32], [10.0], [2.0]];
        let found = scorer.score(Input::Rows(rows.view()), &Silent).unwrap();
        assert_relative_eq!(found[0], 5f64.ln(), max_relative = 1e-15);
        assert_relative_eq!(found[1], 5f64.ln(), max_relative = 1e-15);
        assert_relative_eq!(found[2], -(0.8f64).ln(), max_relative = 1e-15);
    }
}
