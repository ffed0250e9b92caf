use std::io;
use std::path::PathBuf;

/// As many pixels as a picture may have.
pub(crate) const MAX_PIXELS: usize = 1 << 27;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// Pictures have a pixel at least and no more than 2²⁷.
    #[error(
        "a picture of {width} x {height} pixels, expected 1 to {} in all",
        MAX_PIXELS
    )]
    Size {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Images are grey or have red, green and blue.
    #[error("an image of {channels} channels, expected 1 or 3")]
    Channels {
        /// Channels found.
        channels: usize,
    },
    /// A map or a mask lies over an image of its size.
    #[error(
        "{what} of {width} x {height} pixels over a picture of {expected_width} x {expected_height}"
    )]
    SizeMismatch {
        /// `a map` or `a mask`.
        what: &'static str,
        /// Columns found.
        width: usize,
        /// Rows found.
        height: usize,
        /// Columns of the picture.
        expected_width: usize,
        /// Rows of the picture.
        expected_height: usize,
    },
    /// A value of a map or an image is NaN or infinite.
    #[error("value {value} at row {row}, column {column}, expected a finite number")]
    NotFinite {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value there.
        value: f32,
    },
    /// The ends of a scale are finite and in order.
    #[error("a scale from {low} to {high}, expected finite numbers in increasing order")]
    Scale {
        /// Where the colours begin.
        low: f32,
        /// Where they end.
        high: f32,
    },
    /// Opacities lie between nothing and everything.
    #[error("an opacity of {found}, expected 0 to 1")]
    Opacity {
        /// What was passed.
        found: f32,
    },
    /// Pictures are enlarged by whole numbers.
    #[error("enlarged 0 times, expected at least once")]
    NotEnlarged,
    /// A row of a contact sheet has a picture for each column.
    #[error("{found} pictures in row `{row}` of a contact sheet of {expected} columns")]
    Columns {
        /// The row's label.
        row: String,
        /// Pictures found.
        found: usize,
        /// Columns of the sheet.
        expected: usize,
    },
    /// A sheet without pictures.
    #[error("a contact sheet without rows or columns")]
    EmptySheet,
    /// The encoder refused the picture.
    #[error("cannot encode a picture as PNG")]
    Encode(#[source] png::EncodingError),
    /// The file was not written; what was there before is untouched.
    #[error("cannot write {path:?}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
