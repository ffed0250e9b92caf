use metrics::statistics::newcombe_interval;

/// The level of every interval in a report.
pub(crate) const LEVEL: f64 = record::LEVEL;

/// Where a number may lie, with a chance of [`LEVEL`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) by: By,
}

/// What an interval is over, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// Over seeds: Student's.
    Student,
    /// Over test rows: DeLong et al. (1988), from the scores.
    Delong,
    /// Over test rows: Newcombe (2006), from the AUROC and the number of rows.
    Newcombe,
}

impl From<record::By> for By {
    fn from(by: record::By) -> Self {
        match by {
            record::By::Delong => Self::Delong,
            record::By::Newcombe => Self::Newcombe,
        }
    }
}

impl By {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Student => "Student",
            Self::Delong => "DeLong",
            Self::Newcombe => "Newcombe",
        }
    }

    /// What varies, in a word.
    pub(crate) fn over(self) -> &'static str {
        match self {
            Self::Student => "seeds",
            Self::Delong | Self::Newcombe => "rows",
        }
    }

    /// For columns of files.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Delong => "delong",
            Self::Newcombe => "newcombe",
        }
    }
}

impl Interval {
    /// Of an AUROC whose scores were not kept; `None` where a class has no row.
    pub(crate) fn of_counts(auroc: f64, anomalies: u64, normals: u64) -> Option<Self> {
        let count = |n: u64| usize::try_from(n).ok();
        let found = newcombe_interval(auroc, count(anomalies)?, count(normals)?, LEVEL).ok()?;
        Some(Self {
            low: found.low,
            high: found.high,
            by: By::Newcombe,
        })
    }

    /// From fractions to percent.
    pub(crate) fn percent(self) -> Self {
        Self {
            low: 100.0 * self.low,
            high: 100.0 * self.high,
            ..self
        }
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}
