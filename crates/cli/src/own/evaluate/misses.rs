use residuum::RowScore;

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
    /// Of rows with their places, whether they are anomalies, and their scores.
    pub(super) fn of(rows: impl Iterator<Item = (usize, bool, RowScore)>) -> Self {
        let (mut anomalies, mut normals) = (Vec::new(), Vec::new());
        for (row, anomaly, score) in rows {
            let class = if anomaly {
                &mut anomalies
            } else {
                &mut normals
            };
            class.push(Miss { row, score });
        }
        Self {
            anomalies: worst(anomalies, |miss| miss.score.score),
            normals: worst(normals, |miss| -miss.score.score),
        }
    }

    /// The places of all of them.
    pub(super) fn rows(&self) -> Vec<usize> {
        let all = self.anomalies.iter().chain(&self.normals);
        all.map(|miss| miss.row).collect()
    }
}

/// The rows of the lowest order, equal ones as they stand in the data.
fn worst(mut rows: Vec<Miss>, order: fn(&Miss) -> f64) -> Vec<Miss> {
    rows.sort_by(|a, b| order(a).total_cmp(&order(b)));
    rows.truncate(MOST);
    rows
}
