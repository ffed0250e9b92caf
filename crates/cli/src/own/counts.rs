use residuum::RowScore;

/// How many rows were scored and what came of it.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    rows: u64,
    anomalies: u64,
    left_out: u64,
}

impl Counts {
    /// Rows without a score.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    pub(super) fn add(&mut self, rows: &[Option<RowScore>]) {
        self.rows += rows.len() as u64;
        for row in rows {
            match row {
                None => self.left_out += 1,
                Some(row) => self.anomalies += u64::from(row.is_anomaly == Some(true)),
            }
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            rows, anomalies, ..
        } = self;
        write!(f, "{rows} rows scored, {anomalies} anomalies")
    }
}
