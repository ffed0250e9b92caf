use residuum::RowScore;

/// How many rows were scored and what came of it.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    rows: u64,
    anomalies: u64,
    left_out: u64,
    bad: u64,
}

impl Counts {
    /// Rows without a score because a value is missing.
    fn left_out(&self) -> u64 {
        self.left_out.saturating_sub(self.bad)
    }

    /// That so many of the rows were bad ones.
    pub(super) fn with_bad(self, bad: u64) -> Self {
        Self { bad, ..self }
    }

    /// Says how many rows have no score, and why.
    pub(super) fn warn(&self) {
        let (left_out, bad) = (self.left_out(), self.bad);
        if left_out > 0 {
            tracing::warn!("{left_out} rows have no score: a value is missing");
        }
        if bad > 0 {
            tracing::warn!("{bad} rows have no score: they cannot be read or scored");
        }
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
