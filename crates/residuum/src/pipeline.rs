use datasets::flatten;
use detector::{Detector, DetectorError, Element, Input, Number, Progress, Scorer, State};
use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::scaling::{RowScaler, RowScaling};

/// The number type that a method computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Numbers {
    /// That of the rows as they came.
    File,
    /// 32-bit floats, to which rows are rounded after scaling.
    Float32,
}

impl Numbers {
    /// The name used in configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Float32 => "float32",
        }
    }
}

/// A detector with the preprocessing in front of it. For a detector of rows, images are flattened to rows
/// in [0, 1] and rows are scaled by what the training rows say, in the number type they came in; one of
/// images is given images as they are.
pub struct Pipeline {
    /// Where the detector takes rows.
    rows: Option<(RowScaling, Numbers)>,
    detector: Box<dyn Detector>,
}

impl Pipeline {
    /// Puts `rows` in front of a detector of rows, which is given numbers of the type that they came in.
    pub fn new(rows: RowScaling, detector: Box<dyn Detector>) -> Self {
        Self::in_numbers(rows, Numbers::File, detector)
    }

    pub(crate) fn in_numbers(
        rows: RowScaling,
        numbers: Numbers,
        detector: Box<dyn Detector>,
    ) -> Self {
        Self {
            rows: Some((rows, numbers)),
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
        let Some((rows, numbers)) = self.rows else {
            return self.detector.fit(x, seed, progress);
        };
        let fit = Fit {
            rows,
            numbers,
            detector: &*self.detector,
            seed,
            progress,
        };
        match x {
            Input::Rows(x) => fit.to(x),
            Input::Rows64(x) => fit.to(x),
            Input::Images(images) => fit.to(flatten(images).view()),
        }
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        let Some(own) = self.rows else {
            return self.detector.restore(state);
        };
        state.expect(KIND, LAYOUT)?;
        let stored: (RowScaling, Numbers) = state.settings()?;
        if stored != own {
            let reason = format!("{stored:?}, expected {own:?}");
            return Err(state.wrong("the settings", reason).into());
        }
        let number: String = state.value(NUMBER)?;
        match number.as_str() {
            <f32 as Element>::NAME => self.restored::<f32>(state, own),
            <f64 as Element>::NAME => self.restored::<f64>(state, own),
            other => Err(state
                .wrong(NUMBER, format!("`{other}`, expected f32 or f64"))
                .into()),
        }
    }
}

const KIND: &str = "pipeline";
const LAYOUT: u32 = 1;
/// The number type of the rows it was fitted to.
const NUMBER: &str = "number";
const DETECTOR: &str = "detector";

impl Pipeline {
    fn restored<T: Number>(
        &self,
        state: &State,
        (rows, numbers): (RowScaling, Numbers),
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let width = state.value("width")?;
        if width == 0 {
            return Err(state.wrong("width", "rows without columns").into());
        }
        Ok(Box::new(PipelineScorer {
            rows,
            scaler: RowScaler::<T>::stored(rows, width, state)?,
            width,
            numbers,
            scorer: self.detector.restore(state.part(DETECTOR)?)?,
        }))
    }
}

/// What a fit needs besides the rows.
struct Fit<'a> {
    rows: RowScaling,
    numbers: Numbers,
    detector: &'a dyn Detector,
    seed: u64,
    progress: &'a dyn Progress,
}

impl Fit<'_> {
    fn to<T: Number>(&self, x: ArrayView2<'_, T>) -> Result<Box<dyn Scorer>, DetectorError> {
        let scaler = RowScaler::fit(self.rows, x)?;
        let scaled = scaler.transform(x)?;
        let fit = |x: Input<'_>| self.detector.fit(x, self.seed, self.progress);
        let scorer = with_numbers(self.numbers, scaled, fit)?;
        Ok(Box::new(PipelineScorer {
            rows: self.rows,
            scaler,
            width: x.ncols(),
            numbers: self.numbers,
            scorer,
        }))
    }
}

/// What `then` makes of the rows as numbers of the wanted type.
fn with_numbers<T: Number, R>(
    numbers: Numbers,
    scaled: Array2<T>,
    then: impl FnOnce(Input<'_>) -> Result<R, DetectorError>,
) -> Result<R, DetectorError> {
    let input = Input::of(scaled.view());
    match (numbers, input) {
        (Numbers::Float32, Input::Rows64(_)) => {
            let narrow = input.rows()?.to::<f32>().into_owned();
            drop(scaled);
            then(Input::Rows(narrow.view()))
        }
        _ => then(input),
    }
}

struct PipelineScorer<T> {
    rows: RowScaling,
    scaler: RowScaler<T>,
    width: usize,
    numbers: Numbers,
    scorer: Box<dyn Scorer>,
}

impl<T: Number> PipelineScorer<T> {
    /// What `then` makes of the scaled rows.
    fn with_scaled<R>(
        &self,
        x: Input<'_>,
        then: impl FnOnce(Input<'_>) -> Result<R, DetectorError>,
    ) -> Result<R, DetectorError> {
        if let Input::Images(images) = x {
            let flat = flatten(images);
            return self.with_scaled(Input::Rows(flat.view()), then);
        }
        let x = x.rows_like::<T>(self.width)?;
        let scaled = self.scaler.transform(x.view())?;
        with_numbers(self.numbers, scaled, then)
    }
}

impl<T: Number> Scorer for PipelineScorer<T> {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        self.with_scaled(x, |scaled| self.scorer.score(scaled, progress))
    }

    fn state(&self) -> Result<State, DetectorError> {
        let state = State::new(KIND, LAYOUT)
            .with_config(&(self.rows, self.numbers))
            .with_value("width", self.width)
            .with_value(NUMBER, T::NAME)
            .with_part(DETECTOR, self.scorer.state()?);
        Ok(self.scaler.store(state))
    }

    fn score_gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array2<f32>>, DetectorError> {
        if let Input::Images(_) = x {
            return Ok(None);
        }
        let gradient =
            self.with_scaled(x, |scaled| self.scorer.score_gradient(scaled, progress))?;
        let Some(gradient) = gradient else {
            return Ok(None);
        };
        let x = x.rows_like::<T>(self.width)?;
        self.scaler.pull_back(x.view(), gradient.view()).map(Some)
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

#[cfg(test)]
mod tests {
    use detector::Silent;
    use detector::conformance::{check_gradient, check_restored};
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

        fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
            state.expect("weighted", 1)?;
            Ok(Box::new(Self))
        }
    }

    impl Scorer for Weighted {
        fn state(&self) -> Result<State, DetectorError> {
            Ok(State::new("weighted", 1))
        }

        fn score(
            &self,
            x: Input<'_>,
            _progress: &dyn Progress,
        ) -> Result<Array1<f64>, DetectorError> {
            let weighted = |row: ndarray::ArrayView1<'_, f64>| {
                let terms = row.iter().enumerate();
                terms
                    .map(|(j, v)| (v * (j + 1) as f64).powi(2))
                    .sum::<f64>()
            };
            Ok(x.rows()?.to::<f64>().map_axis(Axis(1), weighted))
        }

        fn score_gradient(
            &self,
            x: Input<'_>,
            _progress: &dyn Progress,
        ) -> Result<Option<Array2<f32>>, DetectorError> {
            let mut gradient = x.rows()?.to::<f32>().into_owned();
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

    #[test]
    fn every_scaling_of_either_number_type_is_restored() {
        let wide = array![[1.0, 5.0, 2.0], [2.0, 5.1, -4.0], [4.0, 5.0, 3.0]];
        let narrow = wide.mapv(|v| v as f32);
        for scaling in RowScaling::all() {
            for numbers in [Numbers::File, Numbers::Float32] {
                let pipeline = Pipeline::in_numbers(scaling, numbers, Box::new(Weighted));
                for x in [Input::Rows(narrow.view()), Input::Rows64(wide.view())] {
                    let scorer = pipeline.fit(x, 0, &Silent).unwrap();
                    check_restored(&pipeline, &*scorer, x)
                        .unwrap_or_else(|why| panic!("{scaling} {numbers:?}: {why}"));
                }
            }
        }
    }

    #[test]
    fn states_that_are_not_whole_are_refused() {
        let x = array![[1.0f32, 5.0], [2.0, 5.1], [4.0, 5.0]];
        let pipeline = |scaling| Pipeline::new(scaling, Box::new(Weighted));
        let standard = pipeline(RowScaling::Standard);
        let scorer = standard.fit(Input::Rows(x.view()), 0, &Silent).unwrap();
        let state = scorer.state().unwrap();
        let refused = |pipeline: &Pipeline, state: &State| {
            let found = pipeline.restore(state).map(|_| ());
            assert!(matches!(found, Err(DetectorError::State(_))), "{found:?}");
        };
        refused(&pipeline(RowScaling::Minmax), &state);
        refused(&standard, &state.clone().with_value("width", 3));
        refused(&standard, &state.clone().with_value("width", 0));
        refused(&standard, &state.clone().with_value(NUMBER, "f64"));
        refused(&standard, &state.clone().with_value(NUMBER, "f16"));
        refused(
            &standard,
            &state.clone().with_list("scale", &[f32::NAN, 1.0]),
        );
        refused(
            &standard,
            &state.with_part(DETECTOR, State::new("other", 1)),
        );
        standard.restore(&scorer.state().unwrap()).unwrap();
    }

    #[test]
    fn rows_keep_their_numbers_unless_32_bits_are_wanted() {
        /// Passes where rows are of this type.
        struct Takes(&'static str);

        impl Takes {
            fn check(&self, x: Input<'_>) -> Result<Array1<f64>, DetectorError> {
                let found = match x {
                    Input::Rows(_) => "f32",
                    Input::Rows64(_) => "f64",
                    Input::Images(_) => "u8",
                };
                assert_eq!(found, self.0);
                Ok(x.rows()?.to::<f64>().sum_axis(Axis(1)))
            }
        }

        impl Detector for Takes {
            fn fit(
                &self,
                x: Input<'_>,
                _: u64,
                _: &dyn Progress,
            ) -> Result<Box<dyn Scorer>, DetectorError> {
                self.check(x)
                    .map(|_| Box::new(Self(self.0)) as Box<dyn Scorer>)
            }

            fn restore(&self, _: &State) -> Result<Box<dyn Scorer>, DetectorError> {
                Ok(Box::new(Self(self.0)))
            }
        }

        impl Scorer for Takes {
            fn state(&self) -> Result<State, DetectorError> {
                Ok(State::new("takes", 1))
            }

            fn score(&self, x: Input<'_>, _: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
                self.check(x)
            }
        }

        let wide = array![
            [1_700_000_000.5, 5.0],
            [1_700_000_001.0, 7.0],
            [1_700_000_000.0, 3.0]
        ];
        let narrow = wide.mapv(|v| v as f32);
        for (numbers, wide_as, narrow_as) in [
            (Numbers::File, "f64", "f32"),
            (Numbers::Float32, "f32", "f32"),
        ] {
            let fitted = |takes, x: Input<'_>| {
                let pipeline =
                    Pipeline::in_numbers(RowScaling::Standard, numbers, Box::new(Takes(takes)));
                pipeline.fit(x, 0, &Silent).unwrap()
            };
            let scorer = fitted(wide_as, Input::Rows64(wide.view()));
            let scores = scorer.score(Input::Rows64(wide.view()), &Silent).unwrap();
            // Centred in 64 bits: the half seconds are not lost.
            assert!(scores[0] < scores[1] && scores[0] > scores[2], "{scores}");
            fitted(narrow_as, Input::Rows(narrow.view()));
        }
    }
}
