use std::fmt;

use conformal::{Calibration, CrossCalibration, benjamini_hochberg};
use detector::{DetectorError, Progress, Scorer};

use crate::data::{Data, DataError};
use crate::model::decide::threshold;
use crate::model::error::ModelError;
use crate::model::folds::Folds;
use crate::model::manifest::Manifest;
use crate::model::normal::normal_rows;
use crate::model::options::Target;
use crate::model::rows::{Samples, sha256};
use crate::model::scored::scored;
use crate::model::seen::{Seen, repeated};

/// A fitted detector with its calibration. A clone shares the detector.
#[derive(Clone)]
pub struct Model {
    manifest: Manifest,
    /// None where all rows were trained on.
    calibration: Option<Calibration>,
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
    /// most a share p has one of p or less. `None` where the model is not calibrated.
    pub p_value: Option<f64>,
    /// Whether the score is above the threshold; `None` where the model has none.
    pub is_anomaly: Option<bool>,
}

impl Model {
    pub(super) fn new(
        manifest: Manifest,
        calibration: Option<Calibration>,
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
    ///
    /// # Errors
    /// [`ModelError::NotCalibrated`] of one that [`train`](Self::train) made.
    pub fn calibration(&self) -> Result<&Calibration, ModelError> {
        self.calibration.as_ref().ok_or(ModelError::NotCalibrated)
    }

    pub(super) fn find_calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
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

    /// A score for each row, in order, with what it means; `None` for rows that are left out because a value is
    /// missing. A row's score does not depend on the others.
    ///
    /// # Errors
    /// [`ModelError`] for data that the model was not fitted to.
    pub fn score(
        &self,
        data: Data<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Option<RowScore>>, ModelError> {
        self.each(data, progress, false, |scores, _| self.row_score(scores))
    }

    /// The scores of [`score`](Self::score) alone.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn scores(
        &self,
        data: Data<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Option<f64>>, ModelError> {
        self.each(data, progress, false, |scores, _| Ok(mean(scores)))
    }

    /// The scores of [`scores`](Self::scores), but for rows that equal one that calibrated the model in folds: they have
    /// the score by the detector of that fold, which had not seen it, or the mean where several folds hold such a row.
    /// So training rows are judged as new ones are, and their scores are those of [`calibration`](Self::calibration).
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn held_out_scores(
        &self,
        data: Data<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Option<f64>>, ModelError> {
        self.each(data, progress, true, |scores, folds| {
            let of_folds = folds.iter().map(|&fold| scores[fold as usize]);
            Ok(match folds.len() {
                0 => mean(scores),
                n => of_folds.sum::<f64>() / n as f64,
            })
        })
    }

    /// What `of` makes of each row's scores by all detectors, and where asked for of the folds with rows equal to it.
    fn each<T: Clone>(
        &self,
        data: Data<'_>,
        progress: &dyn Progress,
        in_folds: bool,
        of: impl Fn(&[f64], &[u32]) -> Result<T, ModelError>,
    ) -> Result<Vec<Option<T>>, ModelError> {
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
        let folds = match in_folds {
            true => self.seen.folds(input),
            false => Vec::new(),
        };
        let mut scores = vec![0.0; by_fold.len()];
        for i in 0..input.len() {
            let row = encoded.kept.as_ref().map_or(i, |kept| kept[i]);
            for (score, of_fold) in scores.iter_mut().zip(&by_fold) {
                *score = of_fold[i];
            }
            rows[row] = Some(of(&scores, folds.get(i).copied().unwrap_or_default())?);
        }
        Ok(rows)
    }

    /// What a row's score by each detector means.
    fn row_score(&self, scores: &[f64]) -> Result<RowScore, ModelError> {
        let score = mean(scores);
        let p_value = match (&self.cross, &self.calibration) {
            (Some(cross), _) => Some(cross.p_value(scores)?),
            (None, Some(calibration)) => Some(calibration.p_value(score)?),
            (None, None) => None,
        };
        let is_anomaly = match (&self.manifest.threshold, &self.manifest.cross) {
            (Some(threshold), _) => Some(threshold.alarm(score)?),
            (None, Some(cross)) => p_value.map(|p| p <= cross.rate),
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
    /// A rate outside (0, 1); [`ModelError::NotCalibrated`] for rows without p-values.
    pub fn false_discovery_rate(
        rows: &mut [Option<RowScore>],
        rate: f64,
    ) -> Result<(), ModelError> {
        let p_values = rows.iter().flatten().map(|row| row.p_value);
        let p_values: Option<Vec<f64>> = p_values.collect();
        let p_values = p_values.ok_or(ModelError::NotCalibrated)?;
        let anomalies = benjamini_hochberg(&p_values, rate)?;
        for (row, anomaly) in rows.iter_mut().flatten().zip(anomalies) {
            row.is_anomaly = Some(anomaly);
        }
        Ok(())
    }

    /// The same detector calibrated on other rows, all normal, that it has not seen. Rows that the model's label column
    /// calls anomalies are left out, where the table has that column. Rows that equal a training row are counted in a
    /// warning: new rows can be copies too.
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
        let normal = match (data, &self.manifest.columns.label) {
            (Data::Columns(table), Some(label)) if table.get(label).is_some() => {
                normal_rows(data, Some(label))?
            }
            _ => normal_rows(data, None)?,
        };
        if normal.len() == data.len() {
            return self.calibrate_on(data, target, progress);
        }
        if normal.is_empty() {
            return Err(DataError::NoRows.into());
        }
        self.calibrate_on(Samples::of(data, &normal).data(), target, progress)
            .map_err(|error| error.with_row(|row| normal[row]))
    }

    /// Calibrated on all rows of `data`.
    fn calibrate_on(
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
            calibration: Some(calibration),
            cross: None,
            medians: self.medians,
            seen: self.seen,
            scorers: self.scorers,
        })
    }
}

/// As the scores of all detectors together ([`Folds`]) are made.
fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / scores.len() as f64
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Model");
        shown
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}
