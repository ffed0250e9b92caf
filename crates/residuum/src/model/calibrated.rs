use std::fmt;

use conformal::{Calibration, CrossCalibration, benjamini_hochberg};
use detector::{DetectorError, Progress, Scorer};

use crate::data::Data;
use crate::model::decide::threshold;
use crate::model::error::ModelError;
use crate::model::folds::Folds;
use crate::model::manifest::Manifest;
use crate::model::options::Target;
use crate::model::rows::sha256;
use crate::model::scored::scored;
use crate::model::seen::{Seen, repeated};

/// A fitted detector with its calibration.
pub struct Model {
    manifest: Manifest,
    calibration: Calibration,
    /// Where there is one detector for each fold: the scores of its fold.
    cross: Option<CrossCalibration>,
    /// Of the columns of the training rows, as numbers; none of images.
    medians: Vec<f64>,
    seen: Seen,
    scorers: Folds,
}

/// What a model says of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowScore {
    /// Higher means more anomalous.
    pub score: f64,
    /// The conformal p-value, (1 + number of calibration scores that reach it)/(n + 1): of normal rows at
    /// most a share p has one of p or less.
    pub p_value: f64,
    /// Whether the score is above the threshold; `None` where the model has none.
    pub is_anomaly: Option<bool>,
}

impl Model {
    pub(super) fn new(
        manifest: Manifest,
        calibration: Calibration,
        cross: Option<CrossCalibration>,
        medians: Vec<f64>,
        seen: Seen,
        scorers: Folds,
    ) -> Self {
        Self {
            manifest,
            calibration,
            cross,
            medians,
            seen,
            scorers,
        }
    }

    /// What it says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The scores of rows that the detector has not seen, which decisions are made by; those of all folds
    /// together where the model was calibrated in folds.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    pub(super) fn cross(&self) -> Option<&CrossCalibration> {
        self.cross.as_ref()
    }

    pub(super) fn scorers(&self) -> &Folds {
        &self.scorers
    }

    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    pub(super) fn medians(&self) -> &[f64] {
        &self.medians
    }

    /// The fitted detector, which takes rows as [`Layout::encode`](crate::data::Layout::encode) makes them.
    pub fn scorer(&self) -> &dyn Scorer {
        &self.scorers
    }

    /// A score for each row, in order; `None` for rows that are left out because a value is missing. A row's
    /// score does not depend on the others.
    ///
    /// # Errors
    /// [`ModelError`] for data that the model was not fitted to.
    pub fn score(
        &self,
        data: Data<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Option<RowScore>>, ModelError> {
        let encoded = self.manifest.layout.encode(data)?;
        let input = encoded.input();
        let mut rows = vec![None; data.len()];
        if input.is_empty() {
            return Ok(rows);
        }
        let by_fold = self.scorers.iter();
        let by_fold: Vec<Vec<f64>> = by_fold
            .map(|scorer| scored(scorer, input, progress))
            .collect::<Result<_, _>>()
            .map_err(|error: DetectorError| {
                error.with_row(|row| encoded.kept.as_ref().map_or(row, |kept| kept[row]))
            })?;
        for i in 0..input.len() {
            let row = encoded.kept.as_ref().map_or(i, |kept| kept[i]);
            let scores: Vec<f64> = by_fold.iter().map(|scores| scores[i]).collect();
            rows[row] = Some(self.row_score(&scores)?);
        }
        Ok(rows)
    }

    /// What a row's score by each detector means.
    fn row_score(&self, scores: &[f64]) -> Result<RowScore, ModelError> {
        // As the scores of all detectors together ([`Folds`]) are made.
        let score = scores.iter().sum::<f64>() / scores.len() as f64;
        let p_value = match &self.cross {
            Some(cross) => cross.p_value(scores)?,
            None => self.calibration.p_value(score)?,
        };
        let is_anomaly = match (&self.manifest.threshold, &self.manifest.cross) {
            (Some(threshold), _) => Some(threshold.alarm(score)?),
            (None, Some(cross)) => Some(p_value <= cross.rate),
            (None, None) => None,
        };
        Ok(RowScore {
            score,
            p_value,
            is_anomaly,
        })
    }

    /// Decides by the share of false ones among all anomalies: at most `rate` on average over data whose normal rows
    /// are like the calibration rows (Benjamini and Hochberg 1995, on conformal p-values: Bates et al. 2023).
    ///
    /// # Errors
    /// A rate outside (0, 1).
    pub fn false_discovery_rate(
        rows: &mut [Option<RowScore>],
        rate: f64,
    ) -> Result<(), ModelError> {
        let p_values: Vec<f64> = rows.iter().flatten().map(|row| row.p_value).collect();
        let anomalies = benjamini_hochberg(&p_values, rate)?;
        for (row, anomaly) in rows.iter_mut().flatten().zip(anomalies) {
            row.is_anomaly = Some(anomaly);
        }
        Ok(())
    }

    /// The same detector calibrated on other rows, all normal, that it has not seen. Rows that equal a training row
    /// are counted in a warning: new rows can be copies too.
    ///
    /// # Errors
    /// [`ModelError::Seen`] for the rows it was trained on, [`ModelError::SeenKeys`] for rows with their keys; a
    /// target that the rows cannot keep.
    pub fn calibrate(
        self,
        data: Data<'_>,
        target: Target,
        progress: &dyn Progress,
    ) -> Result<Self, ModelError> {
        let encoded = self.manifest.layout.encode(data)?;
        let input = encoded.input();
        let hash = sha256(input);
        if hash == self.manifest.trained_sha256 {
            return Err(ModelError::Seen(
                "these are the rows it was trained on".to_owned(),
            ));
        }
        let place = |row: usize| encoded.kept.as_ref().map_or(row, |kept| kept[row]);
        if let (Data::Columns(table), Some(key)) = (data, &self.manifest.columns.key) {
            let places = (0..input.len()).map(place);
            self.seen.check_keys(table, key, places)?;
        }
        let scores = scored(&self.scorers, input, progress);
        let calibration = Calibration::new(scores.map_err(|error| error.with_row(place))?)?;
        let mut warnings = self.scorers.warnings();
        warnings.extend(repeated(self.seen.copies(input), input.len()));
        let threshold = threshold(&calibration, target, &mut warnings)?;
        let manifest = Manifest {
            calibrated: input.len(),
            calibrated_sha256: hash,
            threshold,
            cross: None,
            warnings,
            ..self.manifest
        };
        Ok(Self {
            manifest,
            calibration,
            cross: None,
            medians: self.medians,
            seen: self.seen,
            scorers: self.scorers,
        })
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Model");
        shown
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}
