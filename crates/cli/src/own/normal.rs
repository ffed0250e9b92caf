//! Rows of an array that the labels of its own file call normal.

use std::path::Path;

use datasets::{Label, load_labels};

use crate::failure::Failure;

/// The rows to learn from, or to calibrate on.
pub(super) struct Normal {
    /// Where anomalies were left out: the others, and their places in the file.
    kept: Option<(datasets::Data, Vec<usize>)>,
    /// Anomalies that were left out.
    pub(super) labelled: usize,
    /// Whether the file has labels.
    pub(super) has_labels: bool,
}

impl Normal {
    /// Of `data`, the rows of the file at `path`: those that the array `y` of an `.npz` does not call anomalies.
    pub(super) fn of(path: &Path, data: &datasets::Data) -> Result<Self, Failure> {
        let labels = match data {
            datasets::Data::Images(_) => None,
            _ => load_labels(path, data.len()).map_err(|error| {
                let failure = Failure::from(error);
                let others =
                    "to take all rows without labels, save them alone: numpy.save('X.npy', X)";
                let hint = failure.hint.as_ref();
                let hint =
                    hint.map_or_else(|| others.to_owned(), |hint| format!("{hint}; {others}"));
                failure.hint(hint)
            })?,
        };
        let is_normal = |row: &usize| {
            let label = labels.as_ref().and_then(|labels| labels.get(*row));
            label != Some(&Label::Anomaly)
        };
        let places: Vec<usize> = (0..data.len()).filter(is_normal).collect();
        let labelled = data.len() - places.len();
        Ok(Self {
            kept: (labelled > 0).then(|| (data.select(&places), places)),
            labelled,
            has_labels: labels.is_some(),
        })
    }

    /// The normal rows of `data`, from which they were taken.
    pub(super) fn rows<'a>(&'a self, data: &'a datasets::Data) -> &'a datasets::Data {
        self.kept.as_ref().map_or(data, |(rows, _)| rows)
    }

    /// The place in the file, from 0, of a normal row.
    pub(super) fn place(&self, row: usize) -> usize {
        let place = self.kept.as_ref().and_then(|(_, places)| places.get(row));
        place.copied().unwrap_or(row)
    }
}
