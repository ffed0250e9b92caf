use columns::Columns;
use detector::Input;
use ndarray::{Array2, Array4, Axis};
use sha2::{Digest, Sha256};

use crate::data::Data;

/// Some of the samples, on their own.
pub(super) enum Samples {
    Columns(Columns),
    Rows(Array2<f32>),
    Rows64(Array2<f64>),
    Images(Array4<u8>),
}

impl Samples {
    pub(super) fn of(data: Data<'_>, rows: &[usize]) -> Self {
        match data {
            Data::Columns(x) => Self::Columns(x.select(rows)),
            Data::Rows(x) => Self::Rows(x.select(Axis(0), rows)),
            Data::Rows64(x) => Self::Rows64(x.select(Axis(0), rows)),
            Data::Images(x) => Self::Images(x.select(Axis(0), rows)),
        }
    }

    pub(super) fn data(&self) -> Data<'_> {
        match self {
            Self::Columns(x) => Data::Columns(x),
            Self::Rows(x) => Data::Rows(x.view()),
            Self::Rows64(x) => Data::Rows64(x.view()),
            Self::Images(x) => Data::Images(x.view()),
        }
    }
}

/// SHA-256, in hex, of the numbers of `input`, little end first, row by row.
pub(super) fn sha256(input: Input<'_>) -> String {
    let mut hash = Sha256::new();
    each_row(input, |bytes| hash.update(bytes));
    let digits = hash.finalize();
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of each row, little end first, in order.
pub(super) fn each_row(input: Input<'_>, mut with: impl FnMut(&[u8])) {
    let mut bytes: Vec<u8> = Vec::new();
    match input {
        Input::Rows(x) => x.rows().into_iter().for_each(|row| {
            bytes.clear();
            row.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
            with(&bytes);
        }),
        Input::Rows64(x) => x.rows().into_iter().for_each(|row| {
            bytes.clear();
            row.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
            with(&bytes);
        }),
        Input::Images(x) => x.outer_iter().for_each(|image| {
            bytes.clear();
            bytes.extend(image.iter());
            with(&bytes);
        }),
    }
}
