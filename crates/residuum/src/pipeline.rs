use datasets::{DatasetError, RowScaler, RowScaling, flatten};
use detector::{Detector, DetectorError, Input, Progress, Scorer};
use ndarray::{Array1, Array2};

/// A detector with the preprocessing in front of it. For a detector of rows, images are flattened to rows
/// in [0, 1] and rows are scaled by what the training rows say; one of images is given images as they are.
pub struct Pipeline {
    /// Where the detector takes rows.
    rows: Option<RowScaling>,
    detector: Box<dyn Detector>,
}

impl Pipeline {
    /// Puts `rows` in front of a detector of rows.
    pub fn new(rows: RowScaling, detector: Box<dyn Detector>) -> Self {
        Self {
            rows: Some(rows),
            detector,
        }
    }

    /// Nothing in front of a detector of images.
    pub fn of_images(detector: Box<dyn Detector>) -> Self {
        Self {
            rows: None,
            detector,
        }
    }
}

impl Detector for Pipeline {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let Some(rows) = self.rows else {
            return self.detector.fit(x, seed, progress);
        };
        let x = as_rows(x);
        let x = Input::Rows(x.view()).rows()?;
        let scaler = RowScaler::fit(rows, x).map_err(scaling)?;
        let scaled = scaler.transform(x).map_err(scaling)?;
        let scorer = self
            .detector
            .fit(Input::Rows(scaled.view()), seed, progress)?;
        Ok(Box::new(PipelineScorer {
            scaler,
            width: x.ncols(),
            scorer,
        }))
    }
}

struct PipelineScorer {
    scaler: RowScaler,
    width: usize,
    scorer: Box<dyn Scorer>,
}

impl Scorer for PipelineScorer {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = as_rows(x);
        let x = Input::Rows(x.view()).rows_of_width(self.width)?;
        let scaled = self.scaler.transform(x).map_err(scaling)?;
        self.scorer.score(Input::Rows(scaled.view()), progress)
    }

    fn n_params(&self) -> Option<u64> {
        self.scorer.n_params()
    }

    fn n_evaluations(&self) -> Option<u64> {
        self.scorer.n_evaluations()
    }

    fn losses(&self) -> &[f64] {
        self.scorer.losses()
    }

    fn warnings(&self) -> Vec<String> {
        self.scorer.warnings()
    }
}

fn scaling(error: DatasetError) -> DetectorError {
    DetectorError::Method(error.to_string())
}

fn as_rows(x: Input<'_>) -> Array2<f32> {
    match x {
        Input::Rows(rows) => rows.to_owned(),
        Input::Images(images) => flatten(&images.to_owned()),
    }
}
