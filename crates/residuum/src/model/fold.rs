use conformal::{Calibration, CrossCalibration};
use detector::{Detector, Input, Progress};
use ndarray::{Array2, Array4, Axis};

use crate::data::{Data, DataError, Layout};
use crate::model::error::ModelError;
use crate::model::folds::Folds;
use crate::model::held_out::deal;
use crate::model::learned::{Learned, OddRow, chosen, medians, places};
use crate::model::options::FitOptions;
use crate::model::rows::{Samples, sha256};
use crate::model::scored::scored;
use crate::model::seen::Seen;

/// Fits one detector for each of `folds` parts of the rows at `normal`, without that part, and scores the part by
/// it. The layout is that of all rows.
pub(super) fn fold<'a>(
    data: Data<'_>,
    normal: Vec<usize>,
    folds: usize,
    options: &FitOptions<'a>,
    progress: &dyn Progress,
) -> Result<Learned<'a>, ModelError> {
    let table = match data {
        Data::Columns(table) => Some(table),
        _ => None,
    };
    let roles = &options.roles;
    let all = Samples::of(data, &normal);
    let of_data = |error: DataError| error.with_row(|row| normal[row]);
    let layout = Layout::learn(all.data(), roles, options.missing).map_err(of_data)?;
    let encoded = layout.encode(all.data()).map_err(of_data)?;
    let input = encoded.input();
    let rows = places(&normal, encoded.kept.as_deref());
    let (choice, detector) = chosen(options, input, normal.len())?;
    let fold_of = deal(table, &rows, roles, folds, options.seed)?;
    let (mut scorers, mut calibrations, mut odd) = (Vec::new(), Vec::new(), Vec::new());
    for fold in 0..folds {
        let of = |inside: bool| -> Vec<usize> {
            let places = 0..rows.len();
            places.filter(|&i| (fold_of[i] == fold) == inside).collect()
        };
        let (part, others) = (of(true), of(false));
        let train = Selected::of(input, &others);
        let scorer = detector.fit(train.input(), options.seed, progress)?;
        let scores = scored(&*scorer, Selected::of(input, &part).input(), progress)
            .map_err(|error| error.with_row(|row| rows[part[row]]))?;
        odd.extend(part.iter().zip(&scores).map(|(&i, &score)| OddRow {
            row: rows[i],
            score,
            held_out: true,
        }));
        calibrations.push(Calibration::new(scores)?);
        scorers.push(scorer);
    }
    let pooled = calibrations.iter().flat_map(|fold| fold.scores().to_vec());
    let scorers = Folds::new(scorers);
    Ok(Learned {
        method: choice.method,
        config: choice.config,
        reason: choice.reason,
        kind: choice.kind,
        calibration: Calibration::new(pooled.collect())?,
        cross: Some(CrossCalibration::new(calibrations)?),
        medians: medians(input)?,
        map_scale: None,
        trained: input.len(),
        seen: Seen::of(input, table, roles.key.as_deref(), &rows)?.in_folds(input, &fold_of),
        trained_sha256: sha256(input),
        calibrated_sha256: sha256(input),
        incomplete: normal.len() - rows.len(),
        is_capped: false,
        odd,
        warnings: detector::Scorer::warnings(&scorers),
        scorers,
        layout,
    })
}

/// Some rows of an input, on their own.
enum Selected {
    Rows(Array2<f32>),
    Rows64(Array2<f64>),
    Images(Array4<u8>),
}

impl Selected {
    fn of(input: Input<'_>, rows: &[usize]) -> Self {
        match input {
            Input::Rows(x) => Self::Rows(x.select(Axis(0), rows)),
            Input::Rows64(x) => Self::Rows64(x.select(Axis(0), rows)),
            Input::Images(x) => Self::Images(x.select(Axis(0), rows)),
        }
    }

    fn input(&self) -> Input<'_> {
        match self {
            Self::Rows(x) => Input::Rows(x.view()),
            Self::Rows64(x) => Input::Rows64(x.view()),
            Self::Images(x) => Input::Images(x.view()),
        }
    }
}
