//! Rows that cannot be read or scored: the first of them ends the work, or all are left without a score and counted.

use std::collections::BTreeMap;

use detector::Progress;
use ndarray::Axis;
use residuum::data::Data;
use residuum::{Model, ModelError, RowScore};
use tables::BadRow;

use crate::failure::Failure;
use crate::own::input::located;

/// Scores rows of which some may be bad.
pub(super) struct BadRows<'a> {
    model: &'a Model,
    file: String,
    skip: bool,
    count: u64,
}

/// The scores of rows; those of the rows before a bad one, and its failure, where it ends the work.
pub(super) type Scored = (Vec<Option<RowScore>>, Option<Failure>);

impl<'a> BadRows<'a> {
    /// Of a file with this name in messages. With `skip` bad rows have no score.
    pub(super) fn new(model: &'a Model, file: &str, skip: bool) -> Self {
        Self {
            model,
            file: file.to_owned(),
            skip,
            count: 0,
        }
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// As [`score`](Self::score), but a bad row is an error where it ends the work, whatever comes before it.
    pub(super) fn all(
        &mut self,
        data: Data<'_>,
        first: u64,
        unread: Vec<BadRow>,
        progress: &dyn Progress,
    ) -> Result<Vec<Option<RowScore>>, Failure> {
        if self.skip {
            return self
                .score(data, first, unread, progress)
                .map(|(rows, _)| rows);
        }
        let scored = self.model.score(data, progress);
        scored.map_err(|error| located(&self.file, first, error))
    }

    /// Scores `data`, the first row of which has the number `first` in the file. `unread` could not be read.
    pub(super) fn score(
        &mut self,
        data: Data<'_>,
        first: u64,
        unread: Vec<BadRow>,
        progress: &dyn Progress,
    ) -> Result<Scored, Failure> {
        let located = |error: ModelError| located(&self.file, first, error);
        let unread = unread.into_iter();
        let mut bad: BTreeMap<usize, Failure> = unread
            .map(|row| (row.row, Failure::from(row.error)))
            .collect();
        if bad.is_empty()
            && let Ok(scored) = self.model.score(data, progress)
        {
            return Ok((scored, None));
        }
        for (row, error) in self.model.manifest().layout.refused(data) {
            bad.entry(row).or_insert_with(|| located(error.into()));
        }
        loop {
            let upto = match bad.keys().next() {
                Some(&row) if !self.skip => row,
                _ => data.len(),
            };
            let good: Vec<usize> = (0..upto).filter(|row| !bad.contains_key(row)).collect();
            let scored = match good.len() {
                0 if upto > 0 || !bad.is_empty() => Ok(Vec::new()),
                n if n == data.len() => self.model.score(data, progress),
                _ => with_rows(data, &good, |some| self.model.score(some, progress)),
            };
            match scored {
                Ok(scored) => {
                    let mut rows = vec![None; upto];
                    for (row, score) in good.into_iter().zip(scored) {
                        rows[row] = score;
                    }
                    return Ok((rows, self.end(bad)));
                }
                Err(error) => {
                    // Some scores are beyond all numbers, which no one can tell beforehand.
                    let mut at = None;
                    let error = error.with_row(|row| {
                        at = good.get(row).copied();
                        at.unwrap_or(row)
                    });
                    match at {
                        Some(row) => bad.insert(row, located(error)),
                        None => return Err(located(error)),
                    };
                }
            }
        }
    }

    /// Counts the bad rows; or the failure of the first.
    fn end(&mut self, bad: BTreeMap<usize, Failure>) -> Option<Failure> {
        let n = bad.len() as u64;
        let (_, first) = bad.into_iter().next()?;
        if !self.skip {
            return Some(first);
        }
        if self.count == 0 {
            tracing::warn!(
                "{}: the row has no score, nor have others like it",
                first.message
            );
        }
        self.count += n;
        None
    }
}

/// What `then` makes of some rows of `data`.
pub(super) fn with_rows<T>(data: Data<'_>, rows: &[usize], then: impl FnOnce(Data<'_>) -> T) -> T {
    match data {
        Data::Columns(columns) => then(Data::Columns(&columns.select(rows))),
        Data::Rows(x) => then(Data::Rows(x.select(Axis(0), rows).view())),
        Data::Rows64(x) => then(Data::Rows64(x.select(Axis(0), rows).view())),
        Data::Images(x) => then(Data::Images(x.select(Axis(0), rows).view())),
    }
}
