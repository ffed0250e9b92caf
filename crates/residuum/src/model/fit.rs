use conformal::{Calibration, ConformalError, Threshold};
use detector::{Detector, DetectorError, Input, Progress, Scorer};
use pictures::Scale;

use crate::data::{Data, DataError, Findings, Layout, findings};
use crate::method::{Method, Takes};
use crate::model::auto::{Choice, caps, choose};
use crate::model::calibrated::Model;
use crate::model::error::ModelError;
use crate::model::held_out::divide;
use crate::model::manifest::{Manifest, NamedColumns};
use crate::model::options::{FitOptions, Target};
use crate::model::rows::{Samples, anomalies, copies, sha256};

/// A fitted model and what was seen on the way.
#[derive(Debug)]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// What is odd about the columns of a table.
    pub findings: Findings,
    /// Rows that the label called anomalies, which were left out.
    pub labelled: usize,
    /// Rows that were left out because a value is missing.
    pub incomplete: usize,
    /// Of the rows that were scored, those with the highest scores, highest first.
    pub odd: Vec<OddRow>,
}

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

/// So many odd rows are listed.
const ODD: usize = 5;
/// Training rows are scored where there are no more than these.
const MOST_SCORED: usize = 20_000;

impl Model {
    /// Fits a method to most of the rows, all assumed normal, and calibrates it on the others.
    ///
    /// The method is chosen by the kind and the size of the rows alone where none is given. The same seed
    /// gives the same model.
    ///
    /// # Errors
    /// [`ModelError`]: data that the method cannot take, a share that leaves no rows, a target that the
    /// calibration rows cannot keep.
    ///
    /// # Example
    /// ```
    /// use detector::Silent;
    /// use residuum::data::{Column, Columns, Data, Values};
    /// use residuum::{FitOptions, Model};
    ///
    /// let wave = |i: u64| (i as f64 * 0.7).sin();
    /// let table = Columns::new(vec![
    ///     Column::new("width", Values::Float64((0..500).map(wave).collect())),
    ///     Column::new("depth", Values::Float64((0..500).map(|i| 2.0 * wave(i)).collect())),
    /// ])?;
    /// let options = FitOptions::new(residuum::methods());
    /// let model = Model::fit(Data::Columns(&table), &options, &Silent)?.model;
    ///
    /// let new = Columns::new(vec![
    ///     Column::new("width", Values::Float64(vec![0.5, 0.5])),
    ///     Column::new("depth", Values::Float64(vec![1.0, -1.0])),
    /// ])?;
    /// let rows = model.score(Data::Columns(&new), &Silent)?;
    /// let (good, odd) = (rows[0].unwrap(), rows[1].unwrap());
    /// assert!(!good.is_anomaly.unwrap() && odd.is_anomaly.unwrap());
    /// assert!(odd.p_value < 0.02);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fit(
        data: Data<'_>,
        options: &FitOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<Fitted, ModelError> {
        let table = match data {
            Data::Columns(table) => Some(table),
            _ => None,
        };
        let normal = normal_rows(data, options)?;
        let labelled = data.len() - normal.len();
        let n = normal.len();
        let roles = &options.roles;
        let most = caps(options.method.is_none());
        let division = divide(
            table,
            normal,
            roles,
            options.calibration,
            options.seed,
            most,
        )?;
        // What the calibration rows look like must not decide how training rows are treated.
        let train = Samples::of(data, &division.train);
        let trained = |error: DataError| error.with_row(|row| division.train[row]);
        let layout = Layout::learn(train.data(), roles, options.missing).map_err(trained)?;
        let encoded = layout.encode(train.data()).map_err(trained)?;
        let input = encoded.input();
        let Choice {
            method,
            config,
            reason,
            kind,
        } = choose(
            options.methods,
            options.method.as_ref(),
            options.kind,
            input,
        )?;
        check_takes(method, input)?;
        check_inductive(&config)?;
        let detector = method.detector(&config, &options.runtime)?;
        let scorer = detector.fit(input, options.seed, progress)?;

        let held_out = Samples::of(data, &division.calibrate);
        let held_out_encoded = (layout.encode(held_out.data()))
            .map_err(|error| error.with_row(|row| division.calibrate[row]))?;
        let held_out_input = held_out_encoded.input();
        let scores = scored(&*scorer, held_out_input, progress)?;
        let mut warnings = scorer.warnings();
        let repeated = copies(input, held_out_input);
        if repeated > 0 {
            warnings.push(format!(
                "{repeated} of {} calibration rows equal a training row: where new rows are no such copies, \
                 there will be more false alarms",
                scores.len()
            ));
        }
        let odd = {
            let places = |division: &[usize], kept: &Option<Vec<usize>>| match kept {
                Some(kept) => kept.iter().map(|&at| division[at]).collect(),
                None => division.to_vec(),
            };
            let mut rows: Vec<OddRow> = places(&division.calibrate, &held_out_encoded.kept)
                .into_iter()
                .zip(&scores)
                .map(|(row, &score)| OddRow {
                    row,
                    score,
                    held_out: true,
                })
                .collect();
            if input.len() <= MOST_SCORED {
                let own = scored(&*scorer, input, progress)?;
                let train = places(&division.train, &encoded.kept).into_iter().zip(own);
                rows.extend(train.map(|(row, score)| OddRow {
                    row,
                    score,
                    held_out: false,
                }));
            }
            rows.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
            rows.truncate(ODD);
            rows
        };
        let medians = match input {
            Input::Images(_) => Vec::new(),
            rows => detector::medians(rows)?,
        };
        let calibration = Calibration::new(scores)?;
        let threshold = threshold(&calibration, options.target, &mut warnings)?;
        let found = match (&layout, table) {
            (Layout::Table(layout), Some(table)) => findings(table, layout),
            _ => Findings::default(),
        };
        let capped = division.train.len() + division.calibrate.len() < n;
        let incomplete =
            division.train.len() + division.calibrate.len() - input.len() - held_out_input.len();
        let mut reason = reason;
        if capped {
            reason.push_str(&format!("; trained on {} of {n} rows, drawn", input.len()));
        }
        let manifest = Manifest {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            method: method.name.to_owned(),
            config: config.values().clone(),
            reason,
            kind,
            columns: NamedColumns {
                key: roles.key.clone(),
                label: roles.label.clone(),
                group: roles.group.clone(),
                time: roles.time.clone(),
            },
            trained: input.len(),
            calibrated: held_out_input.len(),
            trained_sha256: sha256(input),
            calibrated_sha256: sha256(held_out_input),
            seed: options.seed,
            threshold,
            warnings,
            map_scale: map_scale(&*scorer, held_out_input, progress)?,
            layout,
        };
        Ok(Fitted {
            model: Self::new(manifest, calibration, medians, scorer),
            findings: found,
            labelled,
            incomplete,
            odd,
        })
    }
}

/// Images that fix the scale of the maps.
const SCALED_BY: usize = 32;

/// The ends of the scale that maps are drawn on, from maps of images that are normal and not trained on;
/// `None` for rows and for methods without maps.
fn map_scale(
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
    // Maps of one number everywhere have no scale of their own.
    let ends = Scale::of_normals(maps.view()).map(Scale::ends);
    Ok(Some(ends.unwrap_or([0.0, 1.0])))
}

/// The rows that no label calls anomalies.
fn normal_rows(data: Data<'_>, options: &FitOptions<'_>) -> Result<Vec<usize>, ModelError> {
    let all = 0..data.len();
    match (data, &options.roles.label) {
        (Data::Columns(table), Some(label)) => {
            let anomalies = anomalies(table, label)?;
            Ok(all.filter(|&row| !anomalies[row]).collect())
        }
        _ => Ok(all.collect()),
    }
}

fn check_takes(method: &Method, input: Input<'_>) -> Result<(), ModelError> {
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
fn check_inductive(config: &crate::Config) -> Result<(), ModelError> {
    match config.values().get("ecdf").and_then(|value| value.as_str()) {
        Some(ecdf @ "train-and-test") => Err(ModelError::Transductive {
            setting: format!("ecdf = {ecdf}"),
        }),
        _ => Ok(()),
    }
}

/// Samples that are scored at once: each row's score is its own, so this bounds memory and nothing else.
const ROWS_AT_ONCE: usize = 1 << 14;
const IMAGES_AT_ONCE: usize = 64;

/// The scores of `input`, in pieces.
pub(super) fn scored(
    scorer: &dyn Scorer,
    input: Input<'_>,
    progress: &dyn Progress,
) -> Result<Vec<f64>, DetectorError> {
    let n = input.len();
    let at_once = match input {
        Input::Images(_) => IMAGES_AT_ONCE,
        _ => ROWS_AT_ONCE,
    };
    let mut scores = Vec::with_capacity(n);
    for from in (0..n).step_by(at_once) {
        if progress.interrupted() {
            return Err(DetectorError::Interrupted);
        }
        let to = n.min(from + at_once);
        scores.extend(scorer.score(input.slice(from, to), progress)?);
        progress.update("rows scored", to as u64, n as u64, "");
    }
    Ok(scores)
}

/// The threshold for `target`; what it does not keep is said in `warnings`.
pub(super) fn threshold(
    calibration: &Calibration,
    target: Target,
    warnings: &mut Vec<String>,
) -> Result<Option<Threshold>, ConformalError> {
    match target {
        Target::Certified { rate, confidence } => {
            Threshold::certified(calibration, rate, confidence).map(Some)
        }
        Target::OnAverage { rate } => Threshold::marginal(calibration, rate).map(Some),
        Target::AsFarAsPossible { rate, confidence } => {
            let n = calibration.n();
            let needed = match Threshold::certified(calibration, rate, confidence) {
                Err(ConformalError::TooFew { needed, .. }) => needed,
                certain => return certain.map(Some),
            };
            let percent = |share: f64| format!("{} %", (share * 1e6).round() / 1e4);
            let (rate_text, sure) = (percent(rate), percent(confidence));
            match Threshold::marginal(calibration, rate) {
                Err(ConformalError::TooFew { .. }) => {
                    warnings.push(format!(
                        "{n} calibration rows are too few for a false-positive rate of {rate_text}: \
                         {needed} would hold it with {sure} confidence; the threshold is their highest score"
                    ));
                    let least = 1.0 / (n + 1) as f64;
                    // Rounded up: the rank is one.
                    Threshold::marginal(calibration, least * (1.0 + 1e-9)).map(Some)
                }
                on_average => {
                    warnings.push(format!(
                        "the false-positive rate of {rate_text} holds on average, not with {sure} \
                         confidence: that takes {needed} calibration rows, and there are {n}"
                    ));
                    on_average.map(Some)
                }
            }
        }
    }
}
