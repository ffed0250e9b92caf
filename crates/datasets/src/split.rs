use ndarray::{Array3, Axis};

use crate::data::count;
use crate::{Data, Dataset, DatasetError, Label, Protocol};

/// A data set split by a [`Protocol`]. The training rows carry no labels: no method can peek.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// What a method is fitted to.
    pub train: Data,
    /// What it scores.
    pub test: Data,
    /// The labels of the test rows, for metrics only.
    pub test_labels: Vec<Label>,
    /// The masks of the test rows, `[m, h, w]`, true where a pixel is anomalous; for metrics only.
    pub test_masks: Option<Array3<bool>>,
    /// Where the training rows stand in the file, from 0; resampling repeats rows.
    pub train_rows: Vec<usize>,
    /// Where the test rows stand in the file.
    pub test_rows: Vec<usize>,
}

impl Split {
    pub(crate) fn new(
        protocol: Protocol,
        set: &Dataset,
        train_rows: Vec<usize>,
        test_rows: Vec<usize>,
    ) -> Result<Self, DatasetError> {
        let test_labels: Vec<Label> = test_rows.iter().map(|&row| set.labels()[row]).collect();
        let anomalies = count(&test_labels, Label::Anomaly);
        let normals = test_labels.len() - anomalies;
        if train_rows.is_empty() || normals == 0 || anomalies == 0 {
            return Err(DatasetError::OneClass {
                name: set.name().to_owned(),
                protocol,
                train: train_rows.len(),
                normals,
                anomalies,
            });
        }
        Ok(Self {
            train: set.data().select(&train_rows),
            test: set.data().select(&test_rows),
            test_labels,
            test_masks: set.masks().map(|masks| masks.select(Axis(0), &test_rows)),
            train_rows,
            test_rows,
        })
    }

    /// The number of anomalies among the test rows.
    pub fn n_anomalies(&self) -> usize {
        count(&self.test_labels, Label::Anomaly)
    }
}
