use std::fmt;

use detector::Rows;
use serde::{Deserialize, Serialize};

use crate::scaling::RowScaling;

/// What rows of numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowKind {
    /// Measurements: each column has a unit of its own.
    Table,
    /// Vectors of a network: only directions count.
    Embedding,
}

/// An embedding has so many columns or more.
const WIDE: usize = 64;
/// Spreads of an embedding's columns lie within this factor of each other, the extreme tenths apart.
const ALIKE: f64 = 20.0;
/// Rows that are looked at.
pub(super) const LOOKED_AT: usize = 1000;
impl RowKind {
    /// The name used in options and in stored models.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Embedding => "embedding",
        }
    }

    /// What the rows look like: an embedding where they have 64 columns or more whose standard deviations are
    /// alike (the extreme tenths apart within a factor of 20), fewer than half of them constant.
    pub fn of(rows: Rows<'_>) -> Self {
        let (n, d) = rows.dim();
        if d < WIDE || n < 2 {
            return Self::Table;
        }
        let step = n.div_ceil(LOOKED_AT);
        let some: Vec<usize> = (0..n).step_by(step).collect();
        let mut spreads: Vec<f64> = (0..d).map(|j| spread(rows, &some, j)).collect();
        spreads.retain(|spread| *spread > 0.0);
        spreads.sort_by(f64::total_cmp);
        let known = spreads.len();
        if 2 * known < d {
            return Self::Table;
        }
        let (low, high) = (spreads[known / 10], spreads[known - 1 - known / 10]);
        match high <= ALIKE * low {
            true => Self::Embedding,
            false => Self::Table,
        }
    }

    pub(super) fn scaling(self) -> RowScaling {
        match self {
            Self::Table => RowScaling::Standard,
            Self::Embedding => RowScaling::L2,
        }
    }
}

impl fmt::Display for RowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

fn spread(rows: Rows<'_>, some: &[usize], column: usize) -> f64 {
    let value = |row: &usize| match rows {
        Rows::F32(x) => f64::from(x[[*row, column]]),
        Rows::F64(x) => x[[*row, column]],
    };
    let n = some.len() as f64;
    let mean = some.iter().map(value).sum::<f64>() / n;
    let squares = some.iter().map(|row| (value(row) - mean).powi(2));
    (squares.sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn rows_are_an_embedding_where_there_are_many_columns_and_they_are_alike() {
        // Column j has the spread `scale(j)`.
        let kind = |n: usize, d: usize, scale: fn(usize) -> f64| {
            let value = |(i, j): (usize, usize)| scale(j) * ((i * (j + 3)) as f64).sin();
            RowKind::of(Rows::F64(Array2::from_shape_fn((n, d), value).view()))
        };
        assert_eq!(kind(500, 100, |_| 1.0), RowKind::Embedding);
        assert_eq!(kind(500, 63, |_| 1.0), RowKind::Table);
        assert_eq!(kind(1, 100, |_| 1.0), RowKind::Table);
        // Units of their own: millimetres beside pascals.
        let units = |j: usize| 10f64.powi((j % 5) as i32);
        assert_eq!(kind(500, 100, units), RowKind::Table);
        // A few columns of another size, as networks have them, are not units.
        let few = |j: usize| if j < 5 { 1e6 } else { 1.0 };
        assert_eq!(kind(500, 100, few), RowKind::Embedding);
        // Columns without a spread, as one-hot columns of rare categories are.
        let rare = |j: usize| {
            if j.is_multiple_of(2) && j > 2 {
                1.0
            } else {
                0.0
            }
        };
        assert_eq!(kind(500, 100, rare), RowKind::Table);
    }
}
