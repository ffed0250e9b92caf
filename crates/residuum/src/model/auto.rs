use std::fmt;

use detector::{Input, Rows};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::RegistryError;
use crate::method::{Method, Takes};
use crate::registry::find_among;
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
const LOOKED_AT: usize = 1000;
/// Fitting `auto`'s method compares each row with all others: more training rows than these are drawn from.
const MOST_TRAINED: usize = 20_000;
/// Calibration rows beyond these change a threshold no more.
const MOST_CALIBRATED: usize = 100_000;

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

    fn scaling(self) -> RowScaling {
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

/// A method with its settings, chosen or given.
pub(super) struct Choice<'a> {
    pub(super) method: &'a Method,
    pub(super) config: Config,
    /// Why this one, in a sentence.
    pub(super) reason: String,
    /// What the rows were taken for.
    pub(super) kind: Option<RowKind>,
}

/// How many rows to train on and to calibrate with, of `rows` where `auto` chooses.
pub(super) fn caps(is_auto: bool) -> (usize, usize) {
    match is_auto {
        true => (MOST_TRAINED, MOST_CALIBRATED),
        false => (usize::MAX, usize::MAX),
    }
}

/// The method for `input`, training rows: the one given, or one by their kind and size alone.
pub(super) fn choose<'a>(
    methods: &'a [Method],
    given: Option<&Config>,
    kind: Option<RowKind>,
    input: Input<'_>,
) -> Result<Choice<'a>, RegistryError> {
    let kind = match input {
        Input::Rows(x) => Some(kind.unwrap_or_else(|| RowKind::of(Rows::F32(x)))),
        Input::Rows64(x) => Some(kind.unwrap_or_else(|| RowKind::of(Rows::F64(x)))),
        Input::Images(_) => None,
    };
    let (method, mut config, mut reason) = match (given, kind) {
        (Some(config), _) => {
            let method = find_among(methods, config.method())?;
            (method, config.clone(), "asked for".to_owned())
        }
        (None, Some(kind)) => {
            let method = find_among(methods, "wiener")?;
            let reason = format!("leads the comparison of methods on {kind}s");
            (method, method.config(), reason)
        }
        (None, None) => {
            let method = find_among(methods, "patch-knn")?;
            let reason = "finds small defects on photographs of parts".to_owned();
            (method, method.config(), reason)
        }
    };
    if let (Some(kind), Takes::Rows(default, _)) = (kind, method.takes) {
        // A scaling that was asked for stays.
        let untouched = config.values().get("rows") == Some(&default.as_str().into());
        if untouched && kind == RowKind::Embedding {
            config.set("rows", kind.scaling().as_str().into())?;
            reason.push_str("; rows over their length, as embeddings want");
        }
    }
    Ok(Choice {
        method,
        config,
        reason,
        kind,
    })
}
