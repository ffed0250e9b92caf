use residuum::RowScore;

use super::labelled::Labelled;

/// Rows of a class that are shown.
const MOST: usize = 10;

/// The rows that the scores order worst.
pub(super) struct Misses {
    /// Anomalies, the lowest score first.
    pub(super) anomalies: Vec<Miss>,
    /// Normal rows, the highest score first.
    pub(super) normals: Vec<Miss>,
}

/// A row and what the model says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Miss {
    /// Its place, from 0.
    pub(super) row: usize,
    pub(super) score: RowScore,
}

impl Misses {
    pub(super) fn of(rows: &Labelled) -> Self {
        let class = |wanted: bool| {
            let rows = rows
                .scored()
                .filter(move |(_, anomaly, _)| *anomaly == wanted);
            rows.map(|(row, _, score)| Miss { row, score })
        };
        Self {
            anomalies: worst(class(true).collect(), |miss| miss.score.score),
            normals: worst(class(false).collect(), |miss| -miss.score.score),
        }
    }
}

/// The rows of the lowest order, equal ones as they stand in the data.
fn worst(mut rows: Vec<Miss>, order: fn(&Miss) -> f64) -> Vec<Miss> {
    rows.sort_by(|a, b| order(a).total_cmp(&order(b)));
    rows.truncate(MOST);
    rows
}
