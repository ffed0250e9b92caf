use conformal::Calibration;
use detector::{Detector, Progress};

use crate::data::{Data, DataError, Layout};
use crate::model::error::ModelError;
use crate::model::folds::Folds;
use crate::model::held_out::divide;
use crate::model::learned::{Learned, OddRow, chosen, map_scale, medians, places};
use crate::model::options::FitOptions;
use crate::model::rows::{Samples, sha256};
use crate::model::scored::scored;
use crate::model::seen::{Seen, repeated};

/// Training rows are scored where there are no more than these.
const MOST_SCORED: usize = 20_000;

/// Fits to most of the rows at `normal` and scores the `share` that is held out.
pub(super) fn hold_out<'a>(
    data: Data<'_>,
    normal: Vec<usize>,
    share: f64,
    most: (usize, usize),
    options: &FitOptions<'a>,
    progress: &dyn Progress,
) -> Result<Learned<'a>, ModelError> {
    let table = match data {
        Data::Columns(table) => Some(table),
        _ => None,
    };
    let n = normal.len();
    let roles = &options.roles;
    let division = divide(table, normal, roles, share, options.seed, most)?;
    // What the calibration rows look like must not decide how training rows are treated.
    let train = Samples::of(data, &division.train);
    let trained = |error: DataError| error.with_row(|row| division.train[row]);
    let layout = Layout::learn(train.data(), roles, options.missing).map_err(trained)?;
    let encoded = layout.encode(train.data()).map_err(trained)?;
    let input = encoded.input();
    let (choice, detector) = chosen(options, input, n)?;
    let scorer = detector.fit(input, options.seed, progress)?;

    let held_out = Samples::of(data, &division.calibrate);
    let held_out_encoded = (layout.encode(held_out.data()))
        .map_err(|error| error.with_row(|row| division.calibrate[row]))?;
    let held_out_input = held_out_encoded.input();
    let calibrate = places(&division.calibrate, held_out_encoded.kept.as_deref());
    let scores = scored(&*scorer, held_out_input, progress)
        .map_err(|error| error.with_row(|row| calibrate[row]))?;
    let mut warnings = scorer.warnings();
    let key = roles.key.as_deref();
    let train_places = places(&division.train, encoded.kept.as_deref());
    let seen = Seen::of(input, table, key, &train_places)?;
    if let (Some(table), Some(key)) = (table, key) {
        seen.check_keys(table, key, calibrate.iter().copied())?;
    }
    warnings.extend(repeated(seen.copies(held_out_input), scores.len()));
    let odd = |rows: Vec<usize>, scores: &[f64], held_out| {
        let rows = rows.into_iter().zip(scores);
        rows.map(|(row, &score)| OddRow {
            row,
            score,
            held_out,
        })
        .collect::<Vec<_>>()
    };
    let mut scored_rows = odd(calibrate, &scores, true);
    if input.len() <= MOST_SCORED {
        let own = scored(&*scorer, input, progress)
            .map_err(|error| error.with_row(|row| train_places[row]))?;
        scored_rows.extend(odd(train_places, &own, false));
    }
    let used = division.train.len() + division.calibrate.len();
    Ok(Learned {
        method: choice.method,
        config: choice.config,
        reason: choice.reason,
        kind: choice.kind,
        calibration: Calibration::new(scores)?,
        cross: None,
        medians: medians(input)?,
        map_scale: map_scale(&*scorer, held_out_input, progress)?,
        trained: input.len(),
        seen,
        trained_sha256: sha256(input),
        calibrated_sha256: sha256(held_out_input),
        incomplete: used - input.len() - held_out_input.len(),
        is_capped: used < n,
        odd: scored_rows,
        warnings,
        scorers: Folds::new(vec![scorer]),
        layout,
    })
}
