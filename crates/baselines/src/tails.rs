//! Scores by the empirical tails of each column, which COPOD and ECOD sum differently.

use detector::{
    ContributionKind, Contributions, DetectorError, Input, Progress, Rows, Scorer, State,
};
use ndarray::{Array, Array1, Array2, ArrayView2, Dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod columns;
mod ranks;
mod search;
mod stacked;
mod tail;

use columns::{Keyed, SortedColumns};
use ranks::Ranks;
pub(crate) use tail::Rule;

/// The rows that the empirical distribution functions of [`Copod`](crate::Copod) and
/// [`Ecod`](crate::Ecod) count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ecdf {
    /// The training rows and the row that is scored, so that no share is 0.
    Train,
    /// The training rows and all rows scored together, as in PyOD: a score depends on the rows scored
    /// with it.
    ///
    /// **Breaks the contract.** Published tables need it.
    TrainAndTest,
}

/// What a constant column does to the scores of [`Copod`](crate::Copod) and [`Ecod`](crate::Ecod).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConstantColumns {
    /// It counts as symmetric, as in PyOD since 1.0.9.
    ///
    /// Its skewness, 0/0, is taken as 0.
    ZeroSkewness,
    /// It turns all scores into 0: the published artefact.
    ///
    /// Before PyOD 1.0.9 the undefined skewness made every score NaN, and the published run replaced
    /// NaN by 0: the 50.00 in its tables. Only for showing that.
    NanToZero,
}

/// Fits to the training rows `x`, `[n, d]`.
pub(crate) fn fit(
    x: Rows<'_>,
    rule: Rule,
    ecdf: Ecdf,
    constant_columns: ConstantColumns,
) -> Box<dyn Scorer> {
    match x {
        Rows::F32(x) => fit_rows(x, rule, ecdf, constant_columns),
        Rows::F64(x) => fit_rows(x, rule, ecdf, constant_columns),
    }
}

fn fit_rows<T: Keyed>(
    x: ArrayView2<'_, T>,
    rule: Rule,
    ecdf: Ecdf,
    constant_columns: ConstantColumns,
) -> Box<dyn Scorer> {
    match ecdf {
        Ecdf::Train => Box::new(Inductive {
            ranks: Ranks::new(SortedColumns::new(x), rule),
            rule,
            constant_columns,
        }),
        Ecdf::TrainAndTest => Box::new(Transductive {
            train: x.to_owned(),
            rule,
            constant_columns,
        }),
    }
}

/// Restores what [`fit`] made by `rule`.
///
/// # Errors
/// [`DetectorError::State`] for another or a damaged state.
pub(crate) fn restore(state: &State, rule: Rule) -> Result<Box<dyn Scorer>, DetectorError> {
    state.expect(rule.name(), 1)?;
    let constant_columns = state.value("constant-columns")?;
    match state.value("ecdf")? {
        Ecdf::Train => match state.rows("columns")? {
            Rows::F32(columns) => Inductive::restore(state, columns, rule, constant_columns),
            Rows::F64(columns) => Inductive::restore(state, columns, rule, constant_columns),
        },
        Ecdf::TrainAndTest => Ok(fit(
            state.rows("rows")?,
            rule,
            Ecdf::TrainAndTest,
            constant_columns,
        )),
    }
}

fn state(rule: Rule, ecdf: Ecdf, constant_columns: ConstantColumns) -> State {
    State::new(rule.name(), 1)
        .with_value("ecdf", ecdf)
        .with_value("constant-columns", constant_columns)
}

#[derive(Debug)]
struct Inductive<T: Keyed> {
    ranks: Ranks<T>,
    rule: Rule,
    constant_columns: ConstantColumns,
}

impl<T: Keyed> Inductive<T> {
    fn restore(
        state: &State,
        columns: ArrayView2<'_, T>,
        rule: Rule,
        constant_columns: ConstantColumns,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let columns = SortedColumns::of_sorted(columns);
        let columns = columns.ok_or_else(|| state.wrong("columns", "one of them is not sorted"))?;
        Ok(Box::new(Self {
            ranks: Ranks::new(columns, rule),
            rule,
            constant_columns,
        }))
    }
}

impl<T: Keyed> Scorer for Inductive<T> {
    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_like::<T>(self.ranks.width())?;
        let scores = self.ranks.score(x.view());
        Ok(self
            .constant_columns
            .apply(self.ranks.any_constant(), scores))
    }

    fn state(&self) -> Result<State, DetectorError> {
        let state = state(self.rule, Ecdf::Train, self.constant_columns);
        Ok(state.with_array("columns", &self.ranks.columns().to_array()))
    }

    /// The tail of each column.
    fn contributions(
        &self,
        x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let x = x.rows_like::<T>(self.ranks.width())?;
        let parts = self.ranks.parts(x.view());
        let parts = self
            .constant_columns
            .apply(self.ranks.any_constant(), parts);
        Ok(Some(Contributions::new(parts, ContributionKind::Exact)))
    }
}

#[derive(Debug)]
struct Transductive<T: Keyed> {
    train: Array2<T>,
    rule: Rule,
    constant_columns: ConstantColumns,
}

impl<T: Keyed> Scorer for Transductive<T> {
    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_like::<T>(self.train.ncols())?;
        let (scores, any_constant) = stacked::score(self.train.view(), x.view(), self.rule);
        Ok(self.constant_columns.apply(any_constant, scores))
    }

    fn state(&self) -> Result<State, DetectorError> {
        let state = state(self.rule, Ecdf::TrainAndTest, self.constant_columns);
        Ok(state.with_array("rows", &self.train))
    }
}

impl ConstantColumns {
    /// To scores, or to their parts.
    fn apply<D: Dimension>(self, any_constant: bool, mut scores: Array<f64, D>) -> Array<f64, D> {
        if self == Self::NanToZero && any_constant {
            scores.fill(0.0);
        }
        scores
    }
}
