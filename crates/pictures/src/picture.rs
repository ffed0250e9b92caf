use ndarray::ArrayView3;

use crate::error::{MAX_PIXELS, PictureError};

/// A picture in memory: red, green and blue in 8 bits each (sRGB), rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// `height` rows of `width` pixels.
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// The most pixels a picture may have, 2²⁷ (400 MB).
    pub const MAX_PIXELS: usize = MAX_PIXELS;

    /// A picture of one colour.
    ///
    /// # Errors
    /// [`PictureError::Size`] without pixels or with more than [`Picture::MAX_PIXELS`].
    pub fn filled(width: usize, height: usize, colour: [u8; 3]) -> Result<Self, PictureError> {
        match width.checked_mul(height) {
            Some(pixels @ 1..=Self::MAX_PIXELS) => Ok(Self {
                width,
                height,
                pixels: vec![colour; pixels],
            }),
            _ => Err(PictureError::Size { width, height }),
        }
    }

    /// The picture of an image.
    ///
    /// # Shapes
    /// `[c, h, w]` with c = 1 (grey) or 3 (red, green, blue).
    ///
    /// # Errors
    /// [`PictureError`] for another number of channels, no pixels, or too many.
    pub fn from_image(image: ArrayView3<'_, u8>) -> Result<Self, PictureError> {
        let (channels, height, width) = image.dim();
        if channels != 1 && channels != 3 {
            return Err(PictureError::Channels { channels });
        }
        let mut picture = Self::filled(width, height, [0; 3])?;
        for (index, pixel) in picture.pixels.iter_mut().enumerate() {
            let (row, column) = (index / width, index % width);
            *pixel = [0, 1, 2].map(|channel| image[(channel % channels, row, column)]);
        }
        Ok(picture)
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels in rows from the top.
    pub fn pixels(&self) -> &[[u8; 3]] {
        &self.pixels
    }

    pub(crate) fn pixels_mut(&mut self) -> &mut [[u8; 3]] {
        &mut self.pixels
    }

    /// Each pixel as a square of `times` by `times`, so that small images stay sharp.
    ///
    /// # Errors
    /// [`PictureError`] where `times` is 0 or the result would be too large.
    pub fn enlarged(&self, times: usize) -> Result<Self, PictureError> {
        if times == 0 {
            return Err(PictureError::NotEnlarged);
        }
        let (width, height) = (
            self.width.saturating_mul(times),
            self.height.saturating_mul(times),
        );
        let mut large = Self::filled(width, height, [0; 3])?;
        for (row, line) in large.pixels.chunks_exact_mut(width).enumerate() {
            let from = row / times * self.width;
            let source = &self.pixels[from..from + self.width];
            for (square, colour) in line.chunks_exact_mut(times).zip(source) {
                square.fill(*colour);
            }
        }
        Ok(large)
    }

    /// Puts `other` with its upper left corner at (`left`, `top`). What would lie outside is a bug.
    pub(crate) fn paste(&mut self, other: &Self, left: usize, top: usize) {
        for (row, line) in other.pixels.chunks_exact(other.width).enumerate() {
            let from = (top + row) * self.width + left;
            self.pixels[from..from + other.width].copy_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, Axis, Slice};

    use super::*;

    #[test]
    fn rows_stay_rows() {
        let image = Array3::from_shape_fn((3, 2, 4), |(c, y, x)| (100 * c + 10 * y + x) as u8);
        let picture = Picture::from_image(image.view()).unwrap();
        assert_eq!((picture.width(), picture.height()), (4, 2));
        assert_eq!(picture.pixels()[5], [11, 111, 211]); // row 1, column 1
        let grey = Picture::from_image(image.slice_axis(Axis(0), Slice::from(1..2))).unwrap();
        assert_eq!(grey.pixels()[7], [113; 3]);
    }

    #[test]
    fn enlarging_repeats_pixels() {
        let image = Array3::from_shape_fn((1, 2, 3), |(_, y, x)| (10 * y + x) as u8);
        let picture = Picture::from_image(image.view()).unwrap();
        let large = picture.enlarged(2).unwrap();
        let grey: Vec<u8> = large.pixels().iter().map(|pixel| pixel[0]).collect();
        let (upper, lower) = ([0, 0, 1, 1, 2, 2], [10, 10, 11, 11, 12, 12]);
        assert_eq!(grey, [upper, upper, lower, lower].concat());
        assert_eq!(picture.enlarged(1).unwrap(), picture);
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        let text = |error: PictureError| error.to_string();
        let of = |shape| Picture::from_image(Array3::zeros(shape).view()).unwrap_err();
        assert_eq!(
            text(of((2, 3, 3))),
            "an image of 2 channels, expected 1 or 3"
        );
        assert_eq!(
            text(of((3, 0, 3))),
            "a picture of 3 x 0 pixels, expected 1 to 134217728 in all"
        );
        let dot = Picture::filled(1, 1, [0; 3]).unwrap();
        assert!(matches!(dot.enlarged(0), Err(PictureError::NotEnlarged)));
        for times in [20_000, usize::MAX] {
            assert!(matches!(
                dot.enlarged(times),
                Err(PictureError::Size { .. })
            ));
        }
    }
}
