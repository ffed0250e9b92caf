//! Which rows of a stream are anomalies, and when that is known.

use std::collections::VecDeque;

use conformal::{ConformalError, Lord, Window};
use residuum::{Model, ModelError, RowScore};
use tables::Lines;

use crate::failure::{Failure, exit};
use crate::own::choices::FOLDS_AND_FDR;
use crate::own_args::{Online, Score};

/// Rows that came together, with the text that they came as.
type Rows = (Option<Lines>, Vec<Option<RowScore>>);

/// Rows of a window where nobody says how many.
const WINDOW: usize = 1000;

/// Takes rows and gives them back once they are decided about.
pub(super) struct Decided {
    by: By,
    waiting: VecDeque<Rows>,
    /// Decisions about the rows with a score that wait, the first first.
    decisions: VecDeque<bool>,
}

enum By {
    /// The model's threshold, at once.
    Threshold,
    /// Benjamini and Hochberg, when the window is full.
    Window(Window),
    /// LORD++, at once.
    Lord {
        lord: Lord,
        /// Calibration scores.
        n: usize,
        /// Whether it was said that no p-value is as small as the levels have become.
        warned: bool,
    },
}

impl Decided {
    pub(super) fn new(args: &Score, model: &Model) -> Result<Self, Failure> {
        let by = match (args.fdr, args.online) {
            (None, _) => By::Threshold,
            (Some(rate), None) => window(model, args.window.map_or(WINDOW, Into::into), rate)?,
            (Some(rate), Some(Online::Lord)) => {
                let n = model.calibration()?.n();
                let lord = Lord::new(rate, n).map_err(usage)?;
                By::Lord {
                    lord,
                    n,
                    warned: false,
                }
            }
        };
        if args.fdr.is_some() && model.manifest().cross.is_some() {
            tracing::warn!("{FOLDS_AND_FDR}");
        }
        Ok(Self {
            by,
            waiting: VecDeque::new(),
            decisions: VecDeque::new(),
        })
    }

    /// Takes rows, the first of which has this place in the stream, from 0.
    pub(super) fn take(
        &mut self,
        first: u64,
        lines: Option<Lines>,
        rows: Vec<Option<RowScore>>,
    ) -> Result<(), Failure> {
        let scored = (first + 1..).zip(&rows);
        for (number, row) in scored.filter_map(|(number, row)| Some((number, row.as_ref()?))) {
            match &mut self.by {
                By::Threshold => {}
                By::Window(window) => {
                    let decided = window.push(p_value(row)?).map_err(usage)?;
                    self.decisions.extend(decided.into_iter().flatten());
                }
                By::Lord { lord, n, warned } => {
                    let step = lord.push(p_value(row)?).map_err(usage)?;
                    self.decisions.push_back(step.rejected);
                    if !step.reachable && !*warned {
                        *warned = true;
                        tracing::warn!(
                            "row {number}: the level of LORD++ fell below 1/(n + 1), the smallest p-value of {n} \
                             calibration rows: no row is called an anomaly any more; more calibration rows, or \
                             windows (--window), find more"
                        );
                    }
                }
            }
        }
        self.waiting.push_back((lines, rows));
        Ok(())
    }

    /// Decides about the rows of the window that is not full.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        if let By::Window(window) = &mut self.by {
            let decided = window.flush().map_err(usage)?;
            self.decisions.extend(decided.into_iter().flatten());
        }
        Ok(())
    }

    /// The first rows that wait, once all of them are decided about.
    pub(super) fn next(&mut self) -> Option<Rows> {
        if let By::Threshold = self.by {
            return self.waiting.pop_front();
        }
        let (_, rows) = self.waiting.front()?;
        if rows.iter().flatten().count() > self.decisions.len() {
            return None;
        }
        let (lines, mut rows) = self.waiting.pop_front()?;
        for row in rows.iter_mut().flatten() {
            row.is_anomaly = self.decisions.pop_front();
        }
        Some((lines, rows))
    }
}

fn p_value(row: &RowScore) -> Result<f64, ModelError> {
    row.p_value.ok_or(ModelError::NotCalibrated)
}

fn window(model: &Model, size: usize, rate: f64) -> Result<By, Failure> {
    let window = Window::new(size, rate).map_err(usage)?;
    let n = model.calibration()?.n();
    if let Ok(None) = conformal::can_reject(n, size, rate) {
        tracing::warn!(
            "with {n} calibration rows a false discovery rate of {rate} in windows of {size} rows allows no \
             anomalies at all: smaller windows, more calibration rows or a larger rate would"
        );
    }
    Ok(By::Window(window))
}

fn usage(error: ConformalError) -> Failure {
    Failure::new(exit::USAGE, error.to_string())
}
