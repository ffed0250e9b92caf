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

    fn score_gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array2<f32>>, DetectorError> {
        let Input::Rows(_) = x else {
            return Ok(None);
        };
        let x = x.rows_of_width(self.width)?;
        let scaled = self.scaler.transform(x).map_err(scaling)?;
        let gradient = self
            .scorer
            .score_gradient(Input::Rows(scaled.view()), progress)?;
        let back = |g: Array2<f32>| self.scaler.pull_back(x, g.view()).map_err(scaling);
        gradient.map(back).transpose()
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

#[cfg(test)]
mod tests {
    use detector::Silent;
    use detector::conformance::check_gradient;
    use ndarray::{Axis, array};

    use super::*;

    /// The sum over columns of the number times its place, squared: no two columns alike.
    struct Weighted;

    impl Detector for Weighted {
        fn fit(
            &self,
            _x: Input<'_>,
            _seed: u64,
            _progress: &dyn Progress,
        ) -> Result<Box<dyn Scorer>, DetectorError> {
            Ok(Box::new(Self))
        }
    }

    impl Scorer for Weighted {
        fn score(
            &self,
            x: Input<'_>,
            _progress: &dyn Progress,
        ) -> Result<Array1<f64>, DetectorError> {
            let weighted = |row: ndarray::ArrayView1<'_, f32>| {
                let terms = row.iter().enumerate();
                terms
                    .map(|(j, &v)| (f64::from(v) * (j + 1) as f64).powi(2))
                    .sum::<f64>()
            };
            Ok(x.rows()?.map_axis(Axis(1), weighted))
        }

        fn score_gradient(
            &self,
            x: Input<'_>,
            _progress: &dyn Progress,
        ) -> Result<Option<Array2<f32>>, DetectorError> {
            let mut gradient = x.rows()?.to_owned();
            for (j, mut column) in gradient.columns_mut().into_iter().enumerate() {
                column *= 2.0 * ((j + 1) as f32).powi(2);
            }
            Ok(Some(gradient))
        }
    }

    #[test]
    fn gradients_go_through_every_scaling() {
        let train = array![
            [1.0f32, 5.0, 2.0],
            [2.0, 5.0, -4.0],
            [4.0, 5.0, 3.0],
            [0.5, 5.0, 0.0]
        ];
        let test = array![[3.0f32, 4.0, 1.0], [-1.0, 6.0, 2.5]];
        for scaling in RowScaling::all() {
            let pipeline = Pipeline::new(scaling, Box::new(Weighted));
            let scorer = pipeline.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
            check_gradient(&*scorer, test.view(), 0.01, 1e-3)
                .unwrap_or_else(|why| panic!("{scaling}: {why}"));
        }
    }
}
