use ndarray::{ArrayView2, ArrayView4, Axis, CowArray, Ix2, Slice};

use crate::error::DetectorError;
use crate::rows::{Number, Rows};

/// What a detector is given: rows of numbers or images.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// `[n, d]` of 32-bit floats, one row per sample.
    Rows(ArrayView2<'a, f32>),
    /// `[n, d]` of 64-bit floats, one row per sample.
    Rows64(ArrayView2<'a, f64>),
    /// `[n, c, h, w]`, 8-bit channels.
    Images(ArrayView4<'a, u8>),
}

impl<'a> Input<'a> {
    /// Rows of either number type, `[n, d]`.
    pub fn of<T: Number>(x: ArrayView2<'a, T>) -> Self {
        match T::rows(x) {
            Rows::F32(x) => Self::Rows(x),
            Rows::F64(x) => Self::Rows64(x),
        }
    }

    /// The rows, checked: at least one, all finite.
    ///
    /// # Errors
    /// [`DetectorError::NotRows`] for images, [`DetectorError::Empty`] without rows or columns,
    /// [`DetectorError::NotFinite`] naming the first NaN or infinite value.
    pub fn rows(&self) -> Result<Rows<'a>, DetectorError> {
        let x = match *self {
            Self::Rows(x) => Rows::F32(x),
            Self::Rows64(x) => Rows::F64(x),
            Self::Images(_) => return Err(DetectorError::NotRows),
        };
        if x.is_empty() {
            let (n, d) = x.dim();
            return Err(DetectorError::Empty { n, d });
        }
        match x.first_not_finite() {
            Some((row, column, value)) => Err(DetectorError::NotFinite { row, column, value }),
            None => Ok(x),
        }
    }

    /// The images, checked: at least one, of at least one pixel.
    ///
    /// # Errors
    /// [`DetectorError::NotImages`] for rows, [`DetectorError::Empty`] without images or pixels.
    pub fn images(&self) -> Result<ArrayView4<'a, u8>, DetectorError> {
        let Self::Images(x) = self else {
            return Err(DetectorError::NotImages);
        };
        let (n, c, h, w) = x.dim();
        if x.is_empty() {
            return Err(DetectorError::Empty { n, d: c * h * w });
        }
        Ok(*x)
    }

    /// [`images`](Self::images) of the channels, height and width seen in training.
    ///
    /// # Errors
    /// As [`images`](Self::images), and [`DetectorError::Shape`] where they differ.
    pub fn images_of_shape(
        &self,
        trained: [usize; 3],
    ) -> Result<ArrayView4<'a, u8>, DetectorError> {
        let x = self.images()?;
        let (_, c, h, w) = x.dim();
        let found = [c, h, w];
        if found != trained {
            return Err(DetectorError::Shape { trained, found });
        }
        Ok(x)
    }

    /// [`rows`](Self::rows) of the width seen in training.
    ///
    /// # Errors
    /// As [`rows`](Self::rows), and [`DetectorError::Width`] where the width differs.
    pub fn rows_of_width(&self, trained: usize) -> Result<Rows<'a>, DetectorError> {
        let x = self.rows()?;
        if x.ncols() != trained {
            return Err(DetectorError::Width {
                trained,
                found: x.ncols(),
            });
        }
        Ok(x)
    }

    /// [`rows_of_width`](Self::rows_of_width) as numbers of type `T`, that of the training rows
    /// ([`Rows::to`]).
    ///
    /// # Errors
    /// As [`rows_of_width`](Self::rows_of_width).
    pub fn rows_like<T: Number>(
        &self,
        trained: usize,
    ) -> Result<CowArray<'a, T, Ix2>, DetectorError> {
        Ok(self.rows_of_width(trained)?.to())
    }

    /// The samples from `from` up to `to`.
    ///
    /// # Panics
    /// Where there are fewer than `to` samples, or `from` is beyond `to`.
    #[must_use]
    pub fn slice(self, from: usize, to: usize) -> Self {
        let cut = Slice::from(from..to);
        match self {
            Self::Rows(x) => Self::Rows(x.slice_axis_move(Axis(0), cut)),
            Self::Rows64(x) => Self::Rows64(x.slice_axis_move(Axis(0), cut)),
            Self::Images(x) => Self::Images(x.slice_axis_move(Axis(0), cut)),
        }
    }

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
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array4, array};

    use super::*;

    #[test]
    fn finite_rows_pass() {
        let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(Input::Rows(x.view()).rows().unwrap().dim(), (2, 3));
    }

    #[test]
    fn the_first_value_that_is_not_finite_is_named() {
        let x = array![[1.0, 2.0, 3.0], [4.0, f32::NAN, f32::INFINITY]];
        let error = Input::Rows(x.view()).rows().unwrap_err();
        assert_eq!(
            error.to_string(),
            "NaN at row 1, column 1: scores need finite values"
        );
        let x = array![[1.0, 1e300], [4.0, f64::NEG_INFINITY]];
        let error = Input::Rows64(x.view()).rows().unwrap_err();
        assert_eq!(
            error.to_string(),
            "-inf at row 1, column 1: scores need finite values"
        );
    }

    #[test]
    fn empty_rows_images_and_another_width_are_errors() {
        let empty = Array2::<f32>::zeros((0, 3));
        assert!(matches!(
            Input::Rows(empty.view()).rows(),
            Err(DetectorError::Empty { n: 0, d: 3 })
        ));
        let images = Array4::<u8>::zeros((2, 1, 4, 5));
        let images = Input::Images(images.view());
        assert_eq!(images.len(), 2);
        assert!(matches!(images.rows(), Err(DetectorError::NotRows)));
        assert_eq!(images.images_of_shape([1, 4, 5]).unwrap().dim().0, 2);
        assert_eq!(
            images.images_of_shape([3, 4, 5]).unwrap_err().to_string(),
            "images of 1 channels, 4 x 5 pixels, but the detector was fitted to 3 channels, 4 x 5"
        );
        assert!(matches!(
            Input::Rows(array![[1.0f32]].view()).images(),
            Err(DetectorError::NotImages)
        ));
        let none = Array4::<u8>::zeros((0, 1, 4, 5));
        assert!(matches!(
            Input::Images(none.view()).images(),
            Err(DetectorError::Empty { n: 0, d: 20 })
        ));
        let x = array![[1.0f32, 2.0]];
        assert!(matches!(
            Input::Rows(x.view()).rows_of_width(3),
            Err(DetectorError::Width {
                trained: 3,
                found: 2
            })
        ));
    }
}
