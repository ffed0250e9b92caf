use conformal::{Calibration, CrossCalibration};
use detector::{DetectorError, Input, Number, Progress, Scorer};
use ndarray::{ArrayView2, Axis, Slice};
use pictures::{PictureError, Scale};
use rayon::prelude::*;

use crate::config::Config;
use crate::data::Layout;
use crate::method::{Method, Takes};
use crate::model::auto::{Choice, choose};
use crate::model::error::ModelError;
use crate::model::folds::Folds;
use crate::model::options::FitOptions;
use crate::model::row_kind::RowKind;
use crate::model::seen::Seen;
use crate::pipeline::Pipeline;

/// A row of the data that looks odd itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OddRow {
    /// Its place in the data, from 0.
    pub row: usize,
    /// Its score.
    pub score: f64,
    /// Whether it was held out; otherwise the model was trained on it, which makes its score low.
    pub held_out: bool,
}

/// What comes of a fit, before anything is decided.
pub(super) struct Learned<'a> {
    pub(super) layout: Layout,
    pub(super) method: &'a Method,
    pub(super) config: Config,
    pub(super) reason: String,
    pub(super) kind: Option<RowKind>,
    pub(super) scorers: Folds,
    /// The scores of rows that the detector which scored them has not seen.
    pub(super) calibration: Calibration,
    /// The same by fold.
    pub(super) cross: Option<CrossCalibration>,
    pub(super) medians: Vec<f64>,
    pub(super) map_scale: Option<[f32; 2]>,
    pub(super) trained: usize,
    pub(super) seen: Seen,
    pub(super) trained_sha256: String,
    pub(super) calibrated_sha256: String,
    /// Rows left out because a value is missing.
    pub(super) incomplete: usize,
    /// Whether there were more rows than were used.
    pub(super) is_capped: bool,
    pub(super) odd: Vec<OddRow>,
    pub(super) warnings: Vec<String>,
}

/// The method for `input`, training rows of `n` normal ones, and its detector.
pub(super) fn chosen<'a>(
    options: &FitOptions<'a>,
    input: Input<'_>,
    n: usize,
) -> Result<(Choice<'a>, Pipeline), ModelError> {
    let choice = choose(options, input, n)?;
    check_takes(choice.method, input)?;
    check_inductive(&choice.config)?;
    let detector = choice.method.detector(&choice.config, &options.runtime)?;
    Ok((choice, detector))
}

/// The places in the data of the rows of a division that stayed.
pub(super) fn places(division: &[usize], kept: Option<&[usize]>) -> Vec<usize> {
    match kept {
        Some(kept) => kept.iter().map(|&at| division[at]).collect(),
        None => division.to_vec(),
    }
}

/// The medians of the columns of training rows; none of images.
pub(super) fn medians(input: Input<'_>) -> Result<Vec<f64>, DetectorError> {
    fn of<T: Number>(x: ArrayView2<'_, T>) -> Result<Vec<f64>, DetectorError> {
        let median = |j: usize| {
            let column = x.slice_axis(Axis(1), Slice::from(j..j + 1));
            Ok(detector::medians(Input::of(column))?[0])
        };
        (0..x.ncols()).into_par_iter().map(median).collect()
    }
    match input {
        Input::Images(_) => Ok(Vec::new()),
        Input::Rows(x) => of(x),
        Input::Rows64(x) => of(x),
    }
}

/// Images that fix the scale of the maps.
const SCALED_BY: usize = 32;

/// The ends of the scale that maps are drawn on, from maps of images that are normal and not trained on;
/// `None` for rows and for methods without maps.
pub(super) fn map_scale(
    scorer: &dyn Scorer,
    held_out: Input<'_>,
    progress: &dyn Progress,
) -> Result<Option<[f32; 2]>, DetectorError> {
    let Input::Images(_) = held_out else {
        return Ok(None);
    };
    let some = held_out.slice(0, held_out.len().min(SCALED_BY));
    let Some(maps) = scorer.maps(some, progress)? else {
        return Ok(None);
    };
    match Scale::of_normals(maps.view()) {
        Ok(scale) => Ok(Some(scale.ends())),
        // Maps of one number everywhere have no scale of their own.
        Err(PictureError::Scale { .. }) => Ok(Some([0.0, 1.0])),
        Err(error) => Err(DetectorError::Method(Box::new(error))),
    }
}

pub(super) fn check_takes(method: &Method, input: Input<'_>) -> Result<(), ModelError> {
    let (takes, found) = match (method.takes, input) {
        (Takes::Images, Input::Rows(_) | Input::Rows64(_)) => ("images", "rows of numbers"),
        _ => return Ok(()),
    };
    Err(ModelError::Takes {
        method: method.name,
        takes,
        found,
    })
}

/// COPOD's and ECOD's published forms rank a row among those scored with it.
pub(super) fn check_inductive(config: &Config) -> Result<(), ModelError> {
    match config.values().get("ecdf").and_then(|value| value.as_str()) {
        Some(ecdf @ "train-and-test") => Err(ModelError::Transductive {
            setting: format!("ecdf = {ecdf}"),
        }),
        _ => Ok(()),
    }
}
