use detector::Progress;

use crate::data::{Data, Findings, Layout, findings};
use crate::model::auto::{caps, kind_of_many};
use crate::model::calibrated::Model;
use crate::model::decide::{cross_rate, threshold};
use crate::model::error::ModelError;
use crate::model::fold::fold;
use crate::model::held_out::repeated_keys;
use crate::model::hold_out::hold_out;
use crate::model::learned::{Learned, OddRow};
use crate::model::manifest::{Manifest, NamedColumns};
use crate::model::normal::normal_rows;
use crate::model::options::{Calibrating, FitOptions, Target};
use crate::registry::find_among;

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

/// So many odd rows are listed.
const ODD: usize = 5;

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
    /// assert!(odd.p_value.unwrap() < 0.02);
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
        let normal = normal_rows(data, options.roles.label.as_deref())?;
        let labelled = data.len() - normal.len();
        let n = normal.len();
        let options = &FitOptions {
            kind: kind_of_many(data, &normal, options),
            ..options.clone()
        };
        let most = caps(options.method.is_none(), options.kind, n);
        let repeated = repeated_keys(table, &normal, &options.roles)?;
        let learned = match calibrating(data, options, n) {
            Calibrating::Folds(folds) => fold(data, normal, folds, options, progress)?,
            Calibrating::Share(share) => hold_out(data, normal, share, most, options, progress)?,
        };
        let Learned {
            layout,
            method,
            config,
            mut reason,
            kind,
            mut warnings,
            calibration,
            cross,
            ..
        } = learned;
        let roles = &options.roles;
        if repeated > 0 && roles.group.is_none() && roles.time.is_none() {
            warnings.push(format!(
                "{repeated} rows share their key with another row: rows of one key were held out together"
            ));
        }
        let (threshold, cross_rate) = match &cross {
            None => (
                threshold(&calibration, options.target, &mut warnings)?,
                None,
            ),
            Some(cross) => (
                None,
                Some(cross_rate(cross, options.target, &mut warnings)?),
            ),
        };
        let found = match (&layout, table) {
            (Layout::Table(layout), Some(table)) => findings(table, layout),
            _ => Findings::default(),
        };
        if learned.is_capped {
            reason.push_str(&format!(
                "; trained on {} of {n} rows, drawn",
                learned.trained
            ));
        }
        let manifest = Manifest {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            method: method.name.to_owned(),
            config: config.values().clone(),
            reason,
            kind,
            columns: NamedColumns::of(&options.roles),
            trained: learned.trained,
            calibrated: calibration.n(),
            trained_sha256: learned.trained_sha256,
            calibrated_sha256: learned.calibrated_sha256,
            seed: options.seed,
            threshold,
            cross: cross_rate,
            warnings,
            map_scale: learned.map_scale,
            layout,
        };
        Ok(Fitted {
            model: Self::new(
                manifest,
                Some(calibration),
                cross,
                learned.medians,
                learned.seen,
                learned.scorers,
            ),
            findings: found,
            labelled,
            incomplete: learned.incomplete,
            odd: odd(learned.odd),
        })
    }
}

/// Fewer held-out rows than these promise a rate of 1 % with 95 % confidence no more.
const ENOUGH: usize = 299;
/// The share that is held out, and the folds where that leaves too few.
const SHARE: f64 = 0.2;
const FOLDS: usize = 5;

/// How `n` rows are to calibrate: as asked, else a share of them where that gives enough, else in folds where
/// the method is cheap.
fn calibrating(data: Data<'_>, options: &FitOptions<'_>, n: usize) -> Calibrating {
    if let Some(asked) = options.calibration {
        return asked;
    }
    let is_cheap = match &options.method {
        None => !matches!(data, Data::Images(_)),
        Some(config) => {
            find_among(options.methods, config.method()).is_ok_and(|method| !method.needs_libtorch)
        }
    };
    let is_certified = matches!(options.target, Target::Certified { .. });
    let is_few = SHARE * (n as f64) < ENOUGH as f64 && n >= 2 * FOLDS;
    match is_few && is_cheap && !is_certified && options.roles.time.is_none() {
        true => Calibrating::Folds(FOLDS),
        false => Calibrating::Share(SHARE),
    }
}

/// The rows with the highest scores, highest first.
fn odd(mut rows: Vec<OddRow>) -> Vec<OddRow> {
    rows.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
    rows.truncate(ODD);
    rows
}
