use std::collections::HashMap;

use detector::Progress;
use experiment::Evaluation;
use residuum::Model;

use super::labelled::Labelled;
use super::misses::Misses;
use crate::failure::{Failure, exit};
use crate::own_args::Evaluate;

/// What was found, for the terminal, for JSON and for the page.
pub(super) struct Found<'a> {
    pub(super) args: &'a Evaluate,
    pub(super) model: &'a Model,
    pub(super) rows: &'a Labelled,
    pub(super) evaluation: Evaluation,
    pub(super) misses: Misses,
    /// Why these have their scores, by the places of their rows.
    pub(super) whys: HashMap<usize, String>,
    /// Pairs of t and the share of the normal rows with a p-value of t or less.
    pub(super) p_values: Vec<(f64, f64)>,
    /// No p-value is smaller.
    pub(super) smallest_p: f64,
}

impl<'a> Found<'a> {
    pub(super) fn of(
        args: &'a Evaluate,
        model: &'a Model,
        rows: &'a Labelled,
        progress: &dyn Progress,
    ) -> Result<Self, Failure> {
        let calibration = model.calibration()?;
        let scored = || rows.scored().map(|(_, anomaly, score)| (anomaly, score));
        let labels: Vec<bool> = scored().map(|(anomaly, _)| anomaly).collect();
        both_classes(args, &labels)?;
        let scores: Vec<f64> = scored().map(|(_, row)| row.score).collect();
        let alarms: Option<Vec<bool>> = scored().map(|(_, row)| row.is_anomaly).collect();
        let normals = scored().filter(|(anomaly, _)| !anomaly);
        let p_values: Vec<f64> = normals.filter_map(|(_, row)| row.p_value).collect();
        let misses = Misses::of(rows.scored());
        Ok(Self {
            args,
            model,
            rows,
            evaluation: Evaluation::of(&scores, &labels, alarms.as_deref())?,
            whys: rows.candidates.whys(model, &misses, progress)?,
            misses,
            smallest_p: calibration.smallest_p(),
            p_values: experiment::p_value_curve(&p_values, calibration.n()),
        })
    }
}

/// Figures need normal rows and anomalies.
fn both_classes(args: &Evaluate, labels: &[bool]) -> Result<(), Failure> {
    let n = labels.len();
    let what = match labels.iter().filter(|&&anomaly| anomaly).count() {
        _ if n == 0 => "no row has a score".to_owned(),
        0 => format!("all {n} rows with a score are normal"),
        anomalies if anomalies == n => format!("all {n} rows with a score are anomalies"),
        _ => return Ok(()),
    };
    let message = format!("{}: {what}", args.input.display());
    Err(Failure::new(exit::BAD_DATA, message)
        .hint("give data with normal rows and anomalies; `residuum score` needs no labels"))
}
