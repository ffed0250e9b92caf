use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// How much each column of a row has to do with the row's score; higher means more.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// `[m, d]`, finite.
    pub values: Array2<f64>,
    /// What the values are.
    pub kind: ContributionKind,
    /// Whether the columns are those of the row over its length, as methods of embeddings see it, rather than
    /// those of the row itself.
    pub over_length: bool,
}

/// What the values of [`Contributions`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContributionKind {
    /// Terms of the score, one for each column: they sum to it. A term may be negative.
    Exact,
    /// The squares of what a denoiser takes away from the row, in the units of the rows that the method sees. The
    /// score grows with their sum.
    SquaredResidual,
    /// By how much the score falls when the column alone is set to a reference value
    /// ([`occlusion`](crate::occlusion)). The values do not sum to the score.
    Occlusion,
}

impl ContributionKind {
    /// The name used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::SquaredResidual => "squared-residual",
            Self::Occlusion => "occlusion",
        }
    }
}

impl fmt::Display for ContributionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Contributions {
    /// Of the columns that the method was given.
    pub fn new(values: Array2<f64>, kind: ContributionKind) -> Self {
        let over_length = false;
        Self {
            values,
            kind,
            over_length,
        }
    }

    /// The columns of row `i` by descending contribution, the first of equal ones first; none where there is
    /// no such row.
    pub fn ranked(&self, i: usize) -> Vec<usize> {
        let Some(row) = self.values.outer_iter().nth(i) else {
            return Vec::new();
        };
        let mut columns: Vec<usize> = (0..row.len()).collect();
        columns.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        columns
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_largest_contribution_comes_first() {
        let values = array![[1.0, 3.0, -2.0, 3.0], [0.0, 0.0, 0.0, 1.0]];
        let of = Contributions::new(values, ContributionKind::Exact);
        assert_eq!(of.ranked(0), [1, 3, 0, 2]);
        assert_eq!(of.ranked(1), [3, 0, 1, 2]);
        assert!(of.ranked(2).is_empty());
    }

    #[test]
    fn names_are_those_of_files() {
        for kind in [
            ContributionKind::Exact,
            ContributionKind::SquaredResidual,
            ContributionKind::Occlusion,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
