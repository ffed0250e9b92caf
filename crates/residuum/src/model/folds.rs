use std::sync::Arc;

use detector::{Contributions, DetectorError, Input, Progress, Scorer, State};
use ndarray::{Array1, Array2, Array3, Array4};

/// One fitted detector, or those of several folds, whose scores are averaged. A clone shares them.
#[derive(Clone)]
pub(super) struct Folds {
    scorers: Arc<[Box<dyn Scorer>]>,
}

/// One part, as it is; more are named by their place.
const DETECTOR: &str = "detector";

impl Folds {
    /// One or more.
    pub(super) fn new(scorers: Vec<Box<dyn Scorer>>) -> Self {
        Self {
            scorers: scorers.into(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.scorers.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &dyn Scorer> {
        self.scorers.iter().map(|scorer| &**scorer)
    }

    /// The name of the part that holds detector `i` of `n`.
    pub(super) fn name(i: usize, n: usize) -> String {
        match n {
            1 => DETECTOR.to_owned(),
            _ => format!("{DETECTOR}-{i}"),
        }
    }

    /// `state` with the detectors as parts.
    pub(super) fn store(&self, mut state: State) -> Result<State, DetectorError> {
        for (i, scorer) in self.scorers.iter().enumerate() {
            state = state.with_part(&Self::name(i, self.len()), scorer.state()?);
        }
        Ok(state)
    }

    /// The first detector where there is no other: maps, pictures and gradients are of one.
    fn only(&self) -> Option<&dyn Scorer> {
        match &self.scorers[..] {
            [only] => Some(&**only),
            _ => None,
        }
    }
}

impl Scorer for Folds {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let mut sum = Array1::zeros(x.len());
        for scorer in &*self.scorers {
            sum += &scorer.score(x, progress)?;
        }
        Ok(sum / self.len() as f64)
    }

    fn state(&self) -> Result<State, DetectorError> {
        self.store(State::new("folds", 1))
    }

    fn maps(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array3<f32>>, DetectorError> {
        self.only().map_or(Ok(None), |only| only.maps(x, progress))
    }

    fn reconstructions(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array4<u8>>, DetectorError> {
        self.only()
            .map_or(Ok(None), |only| only.reconstructions(x, progress))
    }

    fn score_gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array2<f32>>, DetectorError> {
        self.only()
            .map_or(Ok(None), |only| only.score_gradient(x, progress))
    }

    /// The means of those of the folds.
    fn contributions(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let mut all: Option<Contributions> = None;
        for scorer in &*self.scorers {
            let Some(own) = scorer.contributions(x, progress)? else {
                return Ok(None);
            };
            match &mut all {
                None => all = Some(own),
                Some(all) => all.values += &own.values,
            }
        }
        Ok(all.map(|all| Contributions {
            values: all.values / self.len() as f64,
            ..all
        }))
    }

    fn warnings(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for warning in self.scorers.iter().flat_map(|scorer| scorer.warnings()) {
            if !all.contains(&warning) {
                all.push(warning);
            }
        }
        all
    }
}
