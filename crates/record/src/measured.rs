use serde::{Deserialize, Serialize};

use crate::Audit;

/// The level of every interval in a cell.
pub const LEVEL: f64 = 0.95;

/// What a finished experiment gave. What older cells did not keep is absent.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Training rows.
    pub n_train: Option<u64>,
    /// Test rows.
    pub n_test: Option<u64>,
    /// Anomalies among the test rows.
    pub n_anomalies: Option<u64>,
    /// Of the scores.
    pub metrics: Metrics,
    /// For the AUROC, over the test rows.
    pub auroc_interval: Option<AurocInterval>,
    /// Of the maps, where there are maps and masks.
    pub pixels: Option<Pixels>,
    /// What it took.
    pub seconds: Option<Seconds>,
    /// Parameters of the network.
    pub params: Option<u64>,
    /// Network evaluations per scored row.
    pub n_evaluations: Option<u64>,
    /// Spearman's correlation of the scores with the squared length of the row.
    pub norm_spearman: Option<f64>,
    /// What the audit of the split found.
    pub audit: Option<Audit>,
    /// Points of the ROC curve.
    pub curve: Option<Curve>,
    /// Of the scores, by class.
    pub histogram: Option<Histogram>,
    /// The losses of the training, where it went in epochs.
    pub training: Option<Training>,
}

/// Fractions in [0, 1] at full precision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Area under the ROC curve.
    pub auroc: f64,
    /// Average precision.
    pub ap: Option<f64>,
    /// F1 of the k highest scores, k the number of anomalies.
    pub f1_at_k: Option<f64>,
    /// False-positive rate at a true-positive rate of 95 %.
    pub fpr95: Option<f64>,
    /// Partial AUROC, standardised.
    pub pauc: Option<f64>,
}

/// How well maps find anomalous pixels: fractions in [0, 1] at full precision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pixels {
    /// Area under the ROC curve of the pixels.
    pub auroc: f64,
    /// Average precision of the pixels.
    pub ap: f64,
    /// Area under the curve of the per-region overlap.
    pub aupro: f64,
}

/// What an experiment took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// To load and split.
    pub load: Option<f64>,
    /// To fit.
    pub fit: Option<f64>,
    /// To score.
    pub score: Option<f64>,
}

impl Seconds {
    /// All of it, where each part was measured.
    pub fn total(&self) -> Option<f64> {
        Some(self.load? + self.fit? + self.score?)
    }
}

/// Interval of [`LEVEL`] for an AUROC: fractions. Training and its seed are taken as given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AurocInterval {
    /// [`LEVEL`].
    pub level: f64,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Whose it is.
    pub by: By,
}

/// Whose interval over test rows it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// DeLong et al. (1988), from the scores.
    Delong,
    /// Newcombe (2006), from the AUROC and the number of rows.
    Newcombe,
}

/// Points of the ROC curve by their counts, rows of each class that score some threshold or more: from no row
/// to all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Anomalies.
    pub true_positives: Vec<u64>,
    /// Normal rows.
    pub false_positives: Vec<u64>,
}

/// How many rows of each class score within each of some equal bins between `low` and `high`; the outermost
/// bins are open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The lower end of the first bin.
    pub low: f64,
    /// The upper end of the last bin.
    pub high: f64,
    /// Normal rows.
    pub normals: Vec<u64>,
    /// Anomalies.
    pub anomalies: Vec<u64>,
}

/// The mean loss of some epochs of a training, counted from 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Ascending.
    pub epochs: Vec<u64>,
    /// One for each.
    pub losses: Vec<f64>,
}

impl Measured {
    /// What is wrong with the numbers, where something is.
    pub(crate) fn check(&self) -> Result<(), String> {
        let auroc = self.metrics.auroc;
        if !(0.0..=1.0).contains(&auroc) {
            return Err(format!("AUROC {auroc}, expected a fraction in [0, 1]"));
        }
        (self.auroc_interval.as_ref()).map_or(Ok(()), |interval| interval.check(auroc))?;
        (self.curve.as_ref()).map_or(Ok(()), Curve::check)?;
        (self.histogram.as_ref()).map_or(Ok(()), Histogram::check)?;
        (self.training.as_ref()).map_or(Ok(()), Training::check)
    }
}

impl AurocInterval {
    fn check(&self, auroc: f64) -> Result<(), String> {
        let &Self {
            level, low, high, ..
        } = self;
        if level != LEVEL {
            return Err(format!("interval of level {level}, expected {LEVEL}"));
        }
        if 0.0 <= low && low <= auroc && auroc <= high && high <= 1.0 {
            return Ok(());
        }
        Err(format!(
            "interval from {low} to {high}, expected around the AUROC {auroc}"
        ))
    }
}

impl Curve {
    fn check(&self) -> Result<(), String> {
        let (tp, fp) = (&self.true_positives, &self.false_positives);
        let ends = |counts: &[u64]| counts.first() == Some(&0) && counts.last() > Some(&0);
        if tp.len() == fp.len() && tp.is_sorted() && fp.is_sorted() && ends(tp) && ends(fp) {
            return Ok(());
        }
        Err("curve: expected two lists of counts that grow from 0, of one length".to_owned())
    }
}

impl Histogram {
    fn check(&self) -> Result<(), String> {
        let bins = self.normals.len();
        let rows: u64 = self.normals.iter().chain(&self.anomalies).sum();
        if bins == self.anomalies.len() && rows > 0 && self.low <= self.high {
            return Ok(());
        }
        Err("histogram: expected as many bins for both classes, and rows in them".to_owned())
    }
}

impl Training {
    fn check(&self) -> Result<(), String> {
        let found = (self.epochs.len(), self.losses.len());
        if found.0 == found.1 && found.0 > 0 && self.epochs.is_sorted() {
            return Ok(());
        }
        Err("training: expected one loss for each epoch, in their order".to_owned())
    }
}
