use std::collections::HashMap;

use columns::Columns;
use detector::Progress;
use ndarray::{Array2, Axis};
use residuum::data::Data;
use residuum::{Model, ModelError};

use super::misses::Misses;
use crate::failure::{Failure, exit};
use crate::own::why::whys;

/// Columns that are named for a miss.
const TOP: usize = 3;

/// The rows that may be among the worst misses, kept while the data are read: the reasons for their scores are
/// looked for once the worst are known. Images have none.
#[derive(Default)]
pub(super) struct Candidates {
    /// Their places in the data.
    rows: Vec<usize>,
    kept: Option<Kept>,
}

enum Kept {
    Columns(Columns),
    Rows(Array2<f32>),
    Rows64(Array2<f64>),
}

impl Candidates {
    /// The worst `misses` of an array.
    pub(super) fn of_array(data: &datasets::Data, misses: &Misses) -> Self {
        let rows = misses.rows();
        let kept = match data {
            datasets::Data::Rows(x) => Some(Kept::Rows(x.select(Axis(0), &rows))),
            datasets::Data::Rows64(x) => Some(Kept::Rows64(x.select(Axis(0), &rows))),
            datasets::Data::Images(_) => None,
        };
        Self { rows, kept }
    }

    /// The worst `misses` of some rows of a table, whose places count from its `first` row on.
    pub(super) fn add(
        &mut self,
        chunk: &Columns,
        first: usize,
        misses: &Misses,
    ) -> Result<(), Failure> {
        let rows = misses.rows();
        let some = chunk.select(&rows);
        self.rows.extend(rows.into_iter().map(|row| first + row));
        match &mut self.kept {
            Some(Kept::Columns(all)) => all
                .append(some)
                .map_err(|error| Failure::new(exit::INTERNAL, error.to_string())),
            kept => {
                *kept = Some(Kept::Columns(some));
                Ok(())
            }
        }
    }

    /// Why the rows of `misses` have their scores, by their places.
    pub(super) fn whys(
        &self,
        model: &Model,
        misses: &Misses,
        progress: &dyn Progress,
    ) -> Result<HashMap<usize, String>, ModelError> {
        let wanted = misses.rows();
        let place_of = |row: &usize| self.rows.iter().position(|kept| kept == row);
        let places: Vec<usize> = wanted.iter().filter_map(place_of).collect();
        let reasons = match &self.kept {
            None => return Ok(HashMap::new()),
            Some(Kept::Columns(all)) => {
                whys(model, Data::Columns(&all.select(&places)), TOP, progress)
            }
            Some(Kept::Rows(all)) => {
                let some = all.select(Axis(0), &places);
                whys(model, Data::Rows(some.view()), TOP, progress)
            }
            Some(Kept::Rows64(all)) => {
                let some = all.select(Axis(0), &places);
                whys(model, Data::Rows64(some.view()), TOP, progress)
            }
        };
        let rows = places.iter().map(|&place| self.rows[place]);
        Ok(rows
            .zip(reasons?)
            .filter_map(|(row, why)| Some((row, why?)))
            .collect())
    }
}
