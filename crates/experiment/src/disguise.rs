//! Whether learned scores are the length of the row in disguise: a network that predicts zero gives just that.

use datasets::Split;
use detector::{Detector, Progress};
use residuum::{Config, Runtime};

/// The method whose score is `‖x‖²`.
const NORM: &str = "norm";
/// A method that often ranks as `‖x‖²` does without any failure, for comparison.
const OCSVM: &str = "ocsvm";

/// Above this rank correlation with `‖x‖²` a score says nothing of its own.
const IN_DISGUISE: f64 = 0.99;

/// Training rows above which OCSVM is not fitted for a comparison alone.
const MANY: usize = 5000;

/// Scores beside the squared length of the rows.
pub(crate) struct Disguise {
    /// Spearman's correlation of the two; `None` where either is constant.
    pub(crate) spearman: Option<f64>,
    /// Where they are nearly the same.
    pub(crate) warning: Option<String>,
}

impl Disguise {
    /// Of the scores of the test rows by the method of `config`. The length is that of rows as the method sees
    /// them; `seed` is the model's.
    pub(crate) fn of(
        scores: &[f64],
        config: &Config,
        split: &Split,
        seed: u64,
        progress: &dyn Progress,
    ) -> Self {
        let scores_of = |method: &str| scores_by(method, config, split, seed, progress);
        let nothing = Self {
            spearman: None,
            warning: None,
        };
        let Some(norm) = scores_of(NORM) else {
            return nothing;
        };
        let Ok(found) = metrics::spearman(scores, &norm) else {
            return nothing;
        };
        let in_disguise = config.method() != NORM && found > IN_DISGUISE;
        let warning = in_disguise.then(|| {
            // OCSVM beside itself says nothing, and beside many rows costs more than what is measured.
            let wanted = config.method() != OCSVM && split.train_rows.len() <= MANY;
            let ocsvm = wanted.then(|| scores_of(OCSVM)).flatten();
            let ocsvm = ocsvm.and_then(|ocsvm| metrics::spearman(&ocsvm, &norm).ok());
            let beside = ocsvm.map_or_else(String::new, |r| {
                format!("; {r:.2} for OCSVM on the same rows")
            });
            format!(
                "the scores rank as the squared length of the row does (Spearman {found:.4}{beside})"
            )
        });
        Self {
            spearman: Some(found),
            warning,
        }
    }
}

/// The test rows' scores by another method with its defaults, on rows scaled as `config` says. They stand
/// beside a result that is there already: what goes wrong with them is not a failure of it.
fn scores_by(
    method: &str,
    config: &Config,
    split: &Split,
    seed: u64,
    progress: &dyn Progress,
) -> Option<Vec<f64>> {
    let method = residuum::find(method).ok()?;
    let mut defaults = method.config();
    if let Some(rows) = config.values().get("rows") {
        defaults.set("rows", rows.clone()).ok()?;
    }
    let detector = method.detector(&defaults, &Runtime::cpu()).ok()?;
    let scorer = detector.fit(split.train.input(), seed, progress).ok()?;
    let scores = scorer.score(split.test.input(), progress).ok()?;
    Some(scores.to_vec())
}
