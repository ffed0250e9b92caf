use columns::Columns;
use ndarray::{ArrayView2, ArrayView4};

/// Samples of one's own.
#[derive(Debug, Clone, Copy)]
pub enum Data<'a> {
    /// A table of typed columns with names.
    Columns(&'a Columns),
    /// `[n, d]` of 32-bit floats.
    Rows(ArrayView2<'a, f32>),
    /// `[n, d]` of 64-bit floats.
    Rows64(ArrayView2<'a, f64>),
    /// `[n, c, h, w]`, 8-bit channels.
    Images(ArrayView4<'a, u8>),
}

impl Data<'_> {
    /// The number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::Columns(x) => x.rows(),
            Self::Rows(x) => x.nrows(),
            Self::Rows64(x) => x.nrows(),
            Self::Images(x) => x.dim().0,
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it is, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Columns(_) => "a table",
            Self::Rows(_) | Self::Rows64(_) => "an array of numbers",
            Self::Images(_) => "images",
        }
    }
}
