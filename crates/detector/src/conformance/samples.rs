//! What holds for samples of every kind.

use ndarray::{Array1, Axis};

use super::restored::check_restored;
use super::tolerance::Tolerance;
use crate::{Detector, DetectorError, Input, Scorer, Silent};

const SEED: u64 = 7;

/// Samples to check a detector with.
pub(super) struct Samples<'a> {
    pub(super) train: Input<'a>,
    /// Planted outliers, then normal samples.
    pub(super) test: Input<'a>,
    pub(super) n_outliers: usize,
    /// In messages.
    pub(super) name: &'static str,
}

impl Samples<'_> {
    /// Fits and scores: one finite number per sample, outliers above normal samples, a sample alone as in
    /// the batch, and the same from the stored state.
    pub(super) fn check(
        &self,
        detector: &dyn Detector,
        tolerance: Tolerance,
    ) -> Result<(Box<dyn Scorer>, Array1<f64>), String> {
        let Self { test, name, .. } = *self;
        let scorer = fit(detector, self.train)?;
        let scores = score(&*scorer, test)?;
        if scores.len() != test.len() {
            return Err(format!(
                "{} scores for {} {name}s",
                scores.len(),
                test.len()
            ));
        }
        if let Some((i, value)) = scores.iter().enumerate().find(|(_, v)| !v.is_finite()) {
            return Err(format!("score {value} for {name} {i}"));
        }
        self.check_ranking(&scores, tolerance.auroc)?;

        let alone = (0..test.len()).map(|i| Ok(score(&*scorer, test.slice(i, i + 1))?[0]));
        let alone = alone.collect::<Result<Array1<f64>, String>>()?;
        let what = format!("{name}s scored one by one");
        check_close(&what, &scores, &alone, tolerance)?;
        check_restored(detector, &*scorer, test)?;
        Ok((scorer, scores))
    }

    /// Another fit with the same seed scores as the first.
    pub(super) fn check_second_fit(
        &self,
        detector: &dyn Detector,
        scores: &Array1<f64>,
        tolerance: Tolerance,
    ) -> Result<(), String> {
        let again = score(&*fit(detector, self.train)?, self.test)?;
        check_close("a second fit with the same seed", scores, &again, tolerance)
    }

    fn check_ranking(&self, scores: &Array1<f64>, floor: f64) -> Result<(), String> {
        let (outliers, normal) = scores.view().split_at(Axis(0), self.n_outliers);
        let share = |a: &f64, b: &f64| if a == b { 0.5 } else { f64::from(a > b) };
        let pairs = outliers
            .iter()
            .map(|a| normal.iter().map(|b| share(a, b)).sum::<f64>());
        let ordered: f64 = pairs.sum();
        let auroc = ordered / (outliers.len() * normal.len()) as f64;
        if auroc < floor {
            let name = self.name;
            return Err(format!(
                "AUROC {auroc:.4} on planted outliers ({name}s), expected at least {floor}"
            ));
        }
        Ok(())
    }
}

pub(super) fn fit(detector: &dyn Detector, x: Input<'_>) -> Result<Box<dyn Scorer>, String> {
    let fitted = detector.fit(x, SEED, &Silent);
    fitted.map_err(|e| format!("fit failed: {e}"))
}

pub(super) fn score(scorer: &dyn Scorer, x: Input<'_>) -> Result<Array1<f64>, String> {
    let scored = scorer.score(x, &Silent);
    scored.map_err(|e| format!("score failed: {e}"))
}

pub(super) fn check_close(
    what: &str,
    expected: &Array1<f64>,
    found: &Array1<f64>,
    tolerance: Tolerance,
) -> Result<(), String> {
    for (i, (e, f)) in expected.iter().zip(found).enumerate() {
        let allowed = tolerance.relative * e.abs().max(f.abs());
        if (e - f).abs() > allowed {
            return Err(format!("{what}: row {i} scores {f}, before {e}"));
        }
    }
    Ok(())
}

/// `fit` of `x` ends with this error.
pub(super) fn fit_refuses(
    detector: &dyn Detector,
    x: Input<'_>,
    expected: &str,
    is: fn(&DetectorError) -> bool,
) -> Result<(), String> {
    match detector.fit(x, SEED, &Silent).map(|_| ()) {
        Err(error) if is(&error) => Ok(()),
        other => Err(format!("fit: expected {expected}, found {other:?}")),
    }
}

/// `score` of `x` ends with this error.
pub(super) fn score_refuses(
    scorer: &dyn Scorer,
    x: Input<'_>,
    expected: &str,
    is: fn(&DetectorError) -> bool,
) -> Result<(), String> {
    match scorer.score(x, &Silent).map(|_| ()) {
        Err(error) if is(&error) => Ok(()),
        other => Err(format!("score: expected {expected}, found {other:?}")),
    }
}

/// The finaliser of SplitMix64 as a hash: one number in [0, 1) per counter.
pub(super) fn uniform(counter: u64) -> f64 {
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}
