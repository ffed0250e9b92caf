use datasets::flatten;
use detector::{
    Contributions, Detector, DetectorError, Element, Input, Number, Progress, Rows, Scorer, State,
    where_ok,
};
use ndarray::{Array1, Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scaling::{RowScaler, RowScaling};

/// The number type that a method computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Numbers {
    /// That of the rows as they came, 32 or 64 bits; networks compute in 32.
    File,
    /// 32-bit floats, to which rows are rounded after scaling.
    Float32,
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
        let front = Front::of(rows, numbers, x)?;
        let scorer = self.detector.fit(front.scaled.input(), seed, progress)?;
        Ok((front.before)(scorer))
    }

    fn fit_together(
        &self,
        sets: &[(Input<'_>, u64)],
        progress: &dyn Progress,
    ) -> Vec<Result<Box<dyn Scorer>, DetectorError>> {
        let Some((rows, numbers)) = self.rows else {
            return self.detector.fit_together(sets, progress);
        };
        let fronts = (sets.iter()).map(|&(x, seed)| Ok((Front::of(rows, numbers, x)?, seed)));
        where_ok(fronts.collect(), |fronts| {
            let scaled = fronts
                .iter()
                .map(|(front, seed)| (front.scaled.input(), *seed));
            let scorers = self
                .detector
                .fit_together(&scaled.collect::<Vec<_>>(), progress);
            let both = fronts.into_iter().zip(scorers);
            both.map(|((front, _), scorer)| Ok((front.before)(scorer?)))
                .collect()
        })
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

type Before = dyn FnOnce(Box<dyn Scorer>) -> Box<dyn Scorer>;

/// The training rows, scaled, and what puts the scaling before the scorer that is fitted to them.
struct Front {
    scaled: Scaled,
    before: Box<Before>,
}

/// Rows in the number type that the detector is given.
enum Scaled {
    F32(Array2<f32>),
    F64(Array2<f64>),
}

impl Scaled {
    fn input(&self) -> Input<'_> {
        match self {
            Self::F32(rows) => Input::Rows(rows.view()),
            Self::F64(rows) => Input::Rows64(rows.view()),
        }
    }
}

impl Front {
    fn of(rows: RowScaling, numbers: Numbers, x: Input<'_>) -> Result<Self, DetectorError> {
        match x {
            Input::Rows(x) => Self::new(rows, numbers, x, Scaled::F32),
            Input::Rows64(x) => match numbers {
                Numbers::File => Self::new(rows, numbers, x, Scaled::F64),
                Numbers::Float32 => Self::new(rows, numbers, x, |scaled| {
                    Scaled::F32(Rows::F64(scaled.view()).to().into_owned())
                }),
            },
            Input::Images(images) => Self::new(rows, numbers, flatten(images).view(), Scaled::F32),
        }
    }

    fn new<T: Number>(
        rows: RowScaling,
        numbers: Numbers,
        x: ArrayView2<'_, T>,
        scaled: impl FnOnce(Array2<T>) -> Scaled,
    ) -> Result<Self, DetectorError> {
        let scaler = RowScaler::fit(rows, x)?;
        let scaled = scaled(scaler.transform(x)?);
        let width = x.ncols();
        let before = move |scorer| {
            Box::new(PipelineScorer {
                rows,
                scaler,
                width,
                numbers,
                scorer,
            }) as _
        };
        Ok(Self {
            scaled,
            before: Box::new(before),
        })
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

    /// Scaling keeps the columns: those of the scaled rows are the file's, of the row over its length with
    /// [`RowScaling::L2`].
    fn contributions(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let found = self.with_scaled(x, |scaled| self.scorer.contributions(scaled, progress))?;
        Ok(found.map(|mut found| {
            found.over_length |= self.rows == RowScaling::L2;
            found
        }))
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
mod tests;
