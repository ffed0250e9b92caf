//! Floats of a state, checked as those of a fit: a stored NaN would become a score.

use ndarray::{Array, Dimension, Ix2};

use super::{Element, State, StateError, StoredArray};
use crate::rows::{Number, Rows};

impl State {
    /// The array `name` as rows: 32- or 64-bit floats, at least one row and one column, all finite.
    ///
    /// # Errors
    /// [`StateError::Content`] where it is missing or something else.
    pub fn rows(&self, name: &str) -> Result<Rows<'_>, StateError> {
        let stored = self.stored(name)?;
        let shape = || {
            let reason = format!(
                "shape {:?}, expected one or more rows and columns",
                stored.shape()
            );
            self.wrong(name, reason)
        };
        let rows = match stored {
            StoredArray::F32(x) => x.view().into_dimensionality::<Ix2>().map(Rows::F32),
            StoredArray::F64(x) => x.view().into_dimensionality::<Ix2>().map(Rows::F64),
            _ => return Err(self.no_floats(name, stored)),
        };
        let rows = rows.map_err(|_| shape())?;
        if rows.is_empty() {
            return Err(shape());
        }
        match rows.first_not_finite() {
            Some((row, column, value)) => {
                Err(self.wrong(name, format!("{value} at row {row}, column {column}")))
            }
            None => Ok(rows),
        }
    }

    /// Whether the array `name` has 64-bit floats rather than 32-bit ones.
    ///
    /// # Errors
    /// [`StateError::Content`] where it is missing or has no floats.
    pub fn is_wide(&self, name: &str) -> Result<bool, StateError> {
        match self.stored(name)? {
            StoredArray::F32(_) => Ok(false),
            StoredArray::F64(_) => Ok(true),
            other => Err(self.no_floats(name, other)),
        }
    }

    /// An [`array_of`](Self::array_of) this shape whose floats are all finite.
    ///
    /// # Errors
    /// As [`array_of`](Self::array_of), and for NaN or infinity.
    pub fn finite<T: Number, D: Dimension>(
        &self,
        name: &str,
        shape: D::Pattern,
    ) -> Result<Array<T, D>, StateError>
    where
        D::Pattern: PartialEq + std::fmt::Debug,
    {
        let array = self.array_of::<T, D>(name, shape)?;
        match array.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(self.wrong(name, format!("{value}, expected finite numbers"))),
            None => Ok(array),
        }
    }

    fn no_floats(&self, name: &str, stored: &StoredArray) -> StateError {
        let expected = format!("{} or {}", f32::NAME, f64::NAME);
        let reason = format!("numbers of type {}, expected {expected}", stored.dtype());
        self.wrong(name, reason)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Ix1, array};

    use super::*;

    #[test]
    fn rows_keep_their_type_and_are_checked() {
        let state = State::new("knn", 1)
            .with_array("narrow", &array![[1.0f32, 2.0]])
            .with_array("wide", &array![[1.0f64], [2.0]])
            .with_array("none", &Array2::<f32>::zeros((0, 3)))
            .with_array("flat", &array![1.0f32])
            .with_array("whole", &array![[1u32]])
            .with_array("nan", &array![[0.0], [f64::NAN]]);
        assert!(matches!(state.rows("narrow"), Ok(Rows::F32(x)) if x.dim() == (1, 2)));
        assert!(matches!(state.rows("wide"), Ok(Rows::F64(x)) if x.dim() == (2, 1)));
        assert_eq!(state.is_wide("narrow"), Ok(false));
        assert_eq!(state.is_wide("wide"), Ok(true));
        for (name, reason) in [
            (
                "none",
                "shape [0, 3], expected one or more rows and columns",
            ),
            ("flat", "shape [1], expected one or more rows and columns"),
            ("whole", "numbers of type u32, expected f32 or f64"),
            ("nan", "NaN at row 1, column 0"),
            ("lost", "it is missing"),
        ] {
            let error = state.rows(name).unwrap_err().to_string();
            assert_eq!(error, format!("`{name}` of a stored `knn`: {reason}"));
        }
        assert!(state.is_wide("whole").is_err());
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let state = State::new("mcd", 1).with_list("location", &[1.0, f64::INFINITY]);
        let error = state.finite::<f64, Ix1>("location", 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`location` of a stored `mcd`: inf, expected finite numbers"
        );
        assert!(state.finite::<f64, Ix1>("location", 3).is_err());
    }
}
