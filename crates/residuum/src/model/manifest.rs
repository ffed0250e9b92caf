use conformal::Threshold;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::data::{Layout, Roles};
use crate::model::row_kind::RowKind;

/// What a model says about itself: everything but its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the program that fitted it.
    pub program: String,
    /// The method.
    pub method: String,
    /// Its full configuration.
    pub config: Map<String, Value>,
    /// Why this method, in a sentence.
    pub reason: String,
    /// What the rows were taken for; `None` for images.
    pub kind: Option<RowKind>,
    /// The data and how they become numbers.
    pub layout: Layout,
    /// The column that names each row, the one that says which are anomalies, the one of groups, that of time.
    #[serde(default, skip_serializing_if = "NamedColumns::is_empty")]
    pub columns: NamedColumns,
    /// Rows it was trained on.
    pub trained: usize,
    /// Rows that were held out for calibration and scored; 0 where all rows were trained on.
    pub calibrated: usize,
    /// SHA-256 of the rows it was trained on, as numbers.
    pub trained_sha256: String,
    /// SHA-256 of the calibration rows, as numbers; empty where there are none.
    pub calibrated_sha256: String,
    /// The seed.
    pub seed: u64,
    /// The score above which a row is an anomaly; `None` where p-values decide.
    pub threshold: Option<Threshold>,
    /// The p-value up to which a row is an anomaly, where the model was calibrated in folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross: Option<CrossRate>,
    /// The values of maps that are drawn darkest and brightest; `None` where there are no maps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map_scale: Option<[f32; 2]>,
    /// What makes its scores or decisions weaker than they look, one sentence each.
    pub warnings: Vec<String>,
}

/// Columns that are not learned from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NamedColumns {
    /// Names each row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Says which rows are anomalies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Rows of one group stayed together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Ordered the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

impl NamedColumns {
    pub(super) fn of(roles: &Roles) -> Self {
        let Roles {
            key,
            label,
            group,
            time,
            ..
        } = roles.clone();
        Self {
            key,
            label,
            group,
            time,
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A decision by cross-conformal p-values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossRate {
    /// A row is an anomaly where its p-value is at most this; the false-positive rate to expect.
    pub rate: f64,
    /// The false-positive rate that is proved.
    pub bound: f64,
    /// Detectors that score each row.
    pub folds: usize,
}
