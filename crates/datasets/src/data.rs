use detector::{Input, Number, Rows};
use ndarray::{Array2, Array4, ArrayView4, Axis};
use serde::{Deserialize, Serialize};

/// Whether a row is an anomaly. Only metrics may look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// Written as 0.
    Normal,
    /// Written as 1.
    Anomaly,
}

/// The samples of a data set.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `[n, d]` of 32-bit floats, one row per sample.
    Rows(Array2<f32>),
    /// `[n, d]` of 64-bit floats, one row per sample.
    Rows64(Array2<f64>),
    /// `[n, c, h, w]`, 8-bit channels.
    Images(Array4<u8>),
}

impl Data {
    /// The number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::Rows(x) => x.nrows(),
            Self::Rows64(x) => x.nrows(),
            Self::Images(x) => x.dim().0,
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values in one sample: `d`, or `c·h·w`.
    pub fn width(&self) -> usize {
        match self {
            Self::Rows(x) => x.ncols(),
            Self::Rows64(x) => x.ncols(),
            Self::Images(x) => x.dim().1 * x.dim().2 * x.dim().3,
        }
    }

    /// The samples at `rows`, in that order; an index may come more than once.
    ///
    /// # Panics
    /// Where an index is not below [`len`](Self::len).
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Rows(x) => Self::Rows(x.select(Axis(0), rows)),
            Self::Rows64(x) => Self::Rows64(x.select(Axis(0), rows)),
            Self::Images(x) => Self::Images(x.select(Axis(0), rows)),
        }
    }

    /// The samples as a detector takes them.
    pub fn input(&self) -> Input<'_> {
        match self {
            Self::Rows(x) => Input::Rows(x.view()),
            Self::Rows64(x) => Input::Rows64(x.view()),
            Self::Images(x) => Input::Images(x.view()),
        }
    }

    /// The same with rows rounded to 32-bit floats ([`Number::nearest`]).
    #[must_use]
    pub fn in_32_bits(self) -> Self {
        match self {
            Self::Rows64(x) => Self::Rows(x.mapv(Number::nearest)),
            other => other,
        }
    }

    /// The first number that is NaN or infinite: row, column, value. Images have none.
    pub(crate) fn first_not_finite(&self) -> Option<(usize, usize, f64)> {
        match self {
            Self::Rows(x) => Rows::F32(x.view()).first_not_finite(),
            Self::Rows64(x) => Rows::F64(x.view()).first_not_finite(),
            Self::Images(_) => None,
        }
    }
}

/// The part of an official division that a sample belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OfficialPart {
    /// To train on; anomalies among them are left out.
    Train,
    /// To test.
    Test,
}

/// How many of `labels` are `label`.
pub(crate) fn count(labels: &[Label], label: Label) -> usize {
    labels.iter().filter(|&&l| l == label).count()
}

/// Images as rows: `[n, c, h, w]` 8-bit → `[n, c·h·w]` in `[0, 1]` (each value over 255).
pub fn flatten(images: ArrayView4<'_, u8>) -> Array2<f32> {
    let (n, c, h, w) = images.dim();
    let values = images.iter().map(|&v| f32::from(v) / 255.0);
    let mut rows = Array2::zeros((n, c * h * w));
    for (to, from) in rows.iter_mut().zip(values) {
        *to = from;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flatten_keeps_channel_row_column_order() {
        let images = Array4::from_shape_fn((2, 3, 2, 5), |(n, c, h, w)| {
            (n * 30 + c * 10 + h * 5 + w) as u8
        });
        let rows = flatten(images.view());
        assert_eq!(rows.dim(), (2, 30));
        assert_eq!(rows[[1, 17]], 47.0 / 255.0);
    }
}
