use std::path::PathBuf;

use ndarray::{Array2, Array3};
use numpy_random::RandomState;

use crate::data::count;
use crate::{Data, DatasetError, Label, OfficialPart, PassedOver, Protocol, Skipped, hash};

/// One labelled data set, checked: as many labels as samples, at least one sample of at least one
/// value, all values finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    name: String,
    data: Data,
    labels: Vec<Label>,
    sha256: Option<String>,
    masks: Option<Array3<bool>>,
    official: Option<(Protocol, Vec<OfficialPart>)>,
    files: Vec<PathBuf>,
    skipped: Vec<Skipped>,
    passed_over: PassedOver,
    rounded: usize,
    note: Option<String>,
}

impl Dataset {
    /// A data set made in memory.
    ///
    /// # Errors
    /// [`DatasetError::LengthMismatch`], [`DatasetError::Empty`] or [`DatasetError::NotFinite`].
    ///
    /// # Example
    /// ```
    /// use datasets::{Data, Dataset, Label};
    /// let x = ndarray::array![[0.0, 1.0], [9.0, 9.0]];
    /// let set = Dataset::new("two", Data::Rows(x), vec![Label::Normal, Label::Anomaly])?;
    /// assert_eq!((set.n(), set.d(), set.n_anomalies()), (2, 2, 1));
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn new(
        name: impl Into<String>,
        data: Data,
        labels: Vec<Label>,
    ) -> Result<Self, DatasetError> {
        let name = name.into();
        Self::checked(&name.clone(), name, data, labels, None)
    }

    /// As [`new`](Self::new), with errors that name `origin` (a file) and the hash of the files.
    pub(crate) fn checked(
        origin: &str,
        name: String,
        data: Data,
        labels: Vec<Label>,
        sha256: Option<String>,
    ) -> Result<Self, DatasetError> {
        let origin = || origin.to_owned();
        if data.is_empty() || data.width() == 0 {
            return Err(DatasetError::Empty {
                origin: origin(),
                n: data.len(),
                d: data.width(),
            });
        }
        if labels.len() != data.len() {
            return Err(DatasetError::LengthMismatch {
                origin: origin(),
                rows: data.len(),
                labels: labels.len(),
            });
        }
        if let Some((row, column, value)) = data.first_not_finite() {
            return Err(DatasetError::NotFinite {
                origin: origin(),
                row,
                column,
                value,
            });
        }
        Ok(Self {
            name,
            data,
            labels,
            sha256,
            masks: None,
            official: None,
            files: Vec::new(),
            skipped: Vec::new(),
            passed_over: PassedOver::default(),
            rounded: 0,
            note: None,
        })
    }

    /// The same images with a mask for each, `[n, h, w]`, true where a pixel is anomalous.
    ///
    /// # Errors
    /// [`DatasetError::Masks`] where the shape is another than the images', where there are no
    /// images, or where a normal image has an anomalous pixel.
    pub fn with_masks(mut self, masks: Array3<bool>) -> Result<Self, DatasetError> {
        let wrong = |found: String, expected: String| DatasetError::Masks {
            origin: self.name.clone(),
            found,
            expected,
        };
        let Data::Images(images) = &self.data else {
            return Err(wrong("rows".to_owned(), "images".to_owned()));
        };
        let (n, _, h, w) = images.dim();
        if masks.dim() != (n, h, w) {
            return Err(wrong(
                format!("shape {:?}", masks.dim()),
                format!("{:?}", (n, h, w)),
            ));
        }
        let stained = self
            .labels
            .iter()
            .zip(masks.outer_iter())
            .position(|(&label, mask)| label == Label::Normal && mask.iter().any(|&m| m));
        if let Some(row) = stained {
            return Err(wrong(
                format!("anomalous pixels in the normal image {row}"),
                "none".to_owned(),
            ));
        }
        self.masks = Some(masks);
        Ok(self)
    }

    /// The same samples with an official division, which `protocol` follows.
    ///
    /// # Errors
    /// [`DatasetError::LengthMismatch`] where there are not as many parts as samples.
    pub fn with_official(
        mut self,
        protocol: Protocol,
        parts: Vec<OfficialPart>,
    ) -> Result<Self, DatasetError> {
        if parts.len() != self.n() {
            return Err(DatasetError::LengthMismatch {
                origin: self.name,
                rows: self.data.len(),
                labels: parts.len(),
            });
        }
        self.official = Some((protocol, parts));
        Ok(self)
    }

    /// The same samples under another name as `rows` made of them: labels and official division stay,
    /// masks do not. The hash becomes one of the files and of the name.
    ///
    /// # Errors
    /// [`DatasetError::LengthMismatch`] where there are not as many rows as samples,
    /// [`DatasetError::Empty`], [`DatasetError::NotFinite`].
    pub fn with_rows(self, name: &str, rows: Array2<f32>) -> Result<Self, DatasetError> {
        let sha256 = self.sha256.map(|files| sha256_of_rows(&files, name));
        let set = Self::checked(name, name.to_owned(), Data::Rows(rows), self.labels, sha256)?;
        Ok(Self {
            official: self.official,
            files: self.files,
            skipped: self.skipped,
            passed_over: self.passed_over,
            ..set
        })
    }

    /// At most `rows` of the samples, under the name `NAME@rows`, so that methods whose time grows with the square
    /// of the rows can be compared on large sets: NumPy's `RandomState(44).choice(n, rows,
    /// replace=False)`, in file order. The draw is the same whatever the seeds of a run; a set that is
    /// no larger stays whole. The hash is that of the files.
    ///
    /// # Errors
    /// [`DatasetError::Empty`] for no rows, [`DatasetError::NoDraw`] for images and for sets with an
    /// official division, whose parts would be thinned unevenly.
    pub fn drawn(mut self, rows: usize) -> Result<Self, DatasetError> {
        if matches!(self.data, Data::Images(_)) || self.official.is_some() {
            return Err(DatasetError::NoDraw { name: self.name });
        }
        let name = format!("{}@{rows}", self.name);
        if rows == 0 {
            let (origin, d) = (name, self.d());
            return Err(DatasetError::Empty { origin, n: 0, d });
        }
        if self.n() > rows {
            let mut drawn = RandomState::new(44).choice_without_replacement(self.n(), rows)?;
            drawn.sort_unstable();
            self.data = self.data.select(&drawn);
            self.labels = drawn.iter().map(|&row| self.labels[row]).collect();
        }
        self.name = name;
        Ok(self)
    }

    /// With the file of each sample.
    pub(crate) fn with_files(mut self, files: Vec<PathBuf>) -> Self {
        self.files = files;
        self
    }

    pub(crate) fn with_skipped(mut self, skipped: Vec<Skipped>) -> Self {
        self.skipped = skipped;
        self
    }

    pub(crate) fn with_passed_over(mut self, passed_over: PassedOver) -> Self {
        self.passed_over = passed_over;
        self
    }

    /// With what was taken of a file, in a sentence, where that is not plain.
    pub(crate) fn with_note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }

    /// With the count of whole numbers that a 64-bit float cannot hold.
    pub(crate) fn with_rounded(mut self, rounded: usize) -> Self {
        self.rounded = rounded;
        self
    }

    /// What reading left out, passed over or rounded, a sentence each: a result on the set has to say so.
    pub fn notes(&self) -> Vec<String> {
        let rounded = (self.rounded > 0).then(|| {
            format!(
                "{} whole numbers of 2^53 and more were rounded to 64-bit floats: rows that differ in the file may be equal here",
                self.rounded
            )
        });
        left_out(&self.skipped)
            .into_iter()
            .chain(self.passed_over.warning())
            .chain(rounded)
            .chain(self.note.clone())
            .collect()
    }

    /// The catalogue's name, or the file's name without its ending.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The samples, in file order.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// One label per sample.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The hash of the file's bytes, 64 hex digits; for a set of several files the hash of the lines
    /// that `sha256sum` prints for them. `None` for a set made in memory.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// `[n, h, w]`, true where a pixel is anomalous; all false in a normal image. `None` for sets
    /// that have no masks.
    pub fn masks(&self) -> Option<&Array3<bool>> {
        self.masks.as_ref()
    }

    /// The official part of every sample, and the protocol that follows it.
    pub fn official(&self) -> Option<(Protocol, &[OfficialPart])> {
        let (protocol, parts) = self.official.as_ref()?;
        Some((*protocol, parts))
    }

    /// The image file of every sample; empty where samples are not files of their own.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Files that were left out because they are damaged or no images.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// What systems leave in folders, which was passed over.
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed_over
    }

    /// The number of samples.
    pub fn n(&self) -> usize {
        self.data.len()
    }

    /// Values in one sample: `d`, or `c·h·w`.
    pub fn d(&self) -> usize {
        self.data.width()
    }

    /// The number of anomalies.
    pub fn n_anomalies(&self) -> usize {
        count(&self.labels, Label::Anomaly)
    }
}

/// The hash of rows called `name` that were made of files with the hash `files` ([`Dataset::with_rows`]).
pub fn sha256_of_rows(files: &str, name: &str) -> String {
    hash::sha256_of_text(&format!("{files} {name}"))
}

/// What was left out of a folder, in a sentence; `None` where nothing was.
pub fn left_out(skipped: &[Skipped]) -> Option<String> {
    let first = skipped.first()?;
    let (n, reason) = (skipped.len(), &first.reason);
    Some(format!("{n} files were left out, the first: {reason}"))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array4, array};

    use super::*;

    const ONE_OF_EACH: [Label; 2] = [Label::Normal, Label::Anomaly];

    #[test]
    fn rows_are_drawn_as_numpy_draws_them() {
        let set = |n: usize| {
            let x = Array2::from_shape_fn((n, 1), |(i, _)| i as f32);
            let labels = (0..n).map(|i| [Label::Normal, Label::Anomaly][i % 2]);
            Dataset::new("s", Data::Rows(x), labels.collect()).unwrap()
        };
        // np.sort(np.random.RandomState(44).choice(10, 4, replace=False)), numpy 2.4.6.
        let expected = [0, 2, 7, 9];
        let drawn = set(10).drawn(4).unwrap();
        assert_eq!(drawn.name(), "s@4");
        let Data::Rows(x) = drawn.data() else {
            panic!("rows stay rows");
        };
        assert_eq!(x.column(0).to_vec(), expected.map(|row| row as f32));
        let labels = expected.map(|row| [Label::Normal, Label::Anomaly][row % 2]);
        assert_eq!(drawn.labels(), labels);
        let whole = set(4).drawn(4).unwrap();
        assert_eq!((whole.name(), whole.data()), ("s@4", set(4).data()));
        assert!(matches!(
            set(4).drawn(0),
            Err(DatasetError::Empty { n: 0, d: 1, .. })
        ));
        let images = Data::Images(Array4::zeros((2, 1, 2, 3)));
        let images = Dataset::new("i", images, ONE_OF_EACH.to_vec()).unwrap();
        assert!(matches!(images.drawn(1), Err(DatasetError::NoDraw { .. })));
    }

    #[test]
    fn the_constructor_refuses_what_no_method_could_use() {
        let new = |x, labels: &[Label]| Dataset::new("s", Data::Rows(x), labels.to_vec());
        assert!(matches!(
            new(Array2::zeros((0, 3)), &[]),
            Err(DatasetError::Empty { n: 0, d: 3, .. })
        ));
        assert!(matches!(
            new(Array2::zeros((2, 0)), &ONE_OF_EACH),
            Err(DatasetError::Empty { n: 2, d: 0, .. })
        ));
        assert!(matches!(
            new(Array2::zeros((3, 1)), &ONE_OF_EACH),
            Err(DatasetError::LengthMismatch {
                rows: 3,
                labels: 2,
                ..
            })
        ));
        let error = new(array![[0.0, 1.0, 2.0], [0.0, 1.0, f32::NAN]], &ONE_OF_EACH).unwrap_err();
        assert_eq!(
            error.to_string(),
            "s: found NaN at row 1, column 2, expected a finite number"
        );
    }

    #[test]
    fn other_rows_keep_labels_and_division() {
        let images = Data::Images(Array4::zeros((2, 1, 3, 3)));
        let parts = vec![OfficialPart::Train, OfficialPart::Test];
        let set = Dataset::checked(
            "f",
            "s".into(),
            images,
            ONE_OF_EACH.into(),
            Some("ab".into()),
        )
        .and_then(|set| set.with_official(Protocol::Mvtec, parts.clone()))
        .and_then(|set| set.with_masks(Array3::from_elem((2, 3, 3), false)))
        .unwrap();
        let rows = set.clone().with_rows("s@r", array![[1.0], [2.0]]).unwrap();
        assert_eq!((rows.name(), rows.d()), ("s@r", 1));
        assert_eq!(rows.labels(), ONE_OF_EACH);
        assert_eq!(rows.official(), Some((Protocol::Mvtec, &parts[..])));
        assert_eq!(rows.masks(), None);
        // hashlib.sha256(b"ab s@r").hexdigest().
        let expected = "6bbb316cdd7a43aad731bab7fec009cb3fe1a45fcbb89660ffea6abd63ed4409";
        assert_eq!(rows.sha256(), Some(expected));
        assert!(matches!(
            set.with_rows("s@r", array![[1.0]]),
            Err(DatasetError::LengthMismatch { .. })
        ));
    }
}
