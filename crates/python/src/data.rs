//! What detectors are given: arrays of numbers as they are, or typed columns.

use columns::{Column, Kind, Values};
use numpy::{
    IntoPyArray, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use residuum::data::Data;

use crate::{arrow, work};

/// An array of rows in C order, which is not copied, or columns.
#[derive(FromPyObject)]
pub(crate) enum Given<'py> {
    #[pyo3(transparent)]
    Rows(PyReadonlyArray2<'py, f32>),
    #[pyo3(transparent)]
    Rows64(PyReadonlyArray2<'py, f64>),
    #[pyo3(transparent)]
    Columns(Bound<'py, Columns>),
}

impl Given<'_> {
    pub(crate) fn data(&self) -> PyResult<Data<'_>> {
        Ok(match self {
            Self::Rows(x) => Data::Rows(rows(x)?),
            Self::Rows64(x) => Data::Rows64(rows(x)?),
            Self::Columns(x) => Data::Columns(&x.get().0),
        })
    }
}

fn rows<'a, T: numpy::Element>(
    x: &'a PyReadonlyArray2<'_, T>,
) -> PyResult<ndarray::ArrayView2<'a, T>> {
    let shape = (x.shape()[0], x.shape()[1]);
    // An empty array counts as contiguous, whatever its strides.
    let numbers = x.as_slice()?;
    ndarray::ArrayView2::from_shape(shape, numbers)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Columns of one length, each with a name, a type and marks for missing values.
#[pyclass(frozen, module = "residuum._residuum")]
pub(crate) struct Columns(pub(crate) columns::Columns);

/// Name, kind, values, and which of them are missing.
type Parts<'py> = (String, String, Bound<'py, PyAny>, Option<Vec<bool>>);

#[pymethods]
impl Columns {
    /// Of tuples `(name, kind, values, missing)`: `values` an array of the kind, or a list of texts; `missing` an
    /// array of booleans or None.
    #[new]
    fn new(columns: Vec<Parts<'_>>) -> PyResult<Self> {
        let columns = columns.into_iter().map(|(name, kind, values, missing)| {
            let column = Column::new(name, values_of(&kind, &values)?);
            match missing {
                Some(missing) => column.with_missing(missing).map_err(refused),
                None => Ok(column),
            }
        });
        let columns = columns.collect::<PyResult<Vec<_>>>()?;
        Ok(Self(columns::Columns::new(columns).map_err(refused)?))
    }

    /// Of the capsule that `__arrow_c_stream__` gives, and the names of its columns of categories.
    #[staticmethod]
    fn from_arrow(stream: &Bound<'_, PyAny>) -> PyResult<(Self, Vec<String>)> {
        let (columns, categories) = work::caught(|| arrow::columns(stream))??;
        Ok((Self(columns), categories))
    }

    /// The names, in order.
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|column| column.name.as_str()).collect()
    }

    /// The rows at these places.
    fn select(&self, rows: Vec<usize>) -> PyResult<Self> {
        let n = self.0.rows();
        match rows.iter().find(|row| **row >= n) {
            Some(row) => Err(PyIndexError::new_err(format!("row {row} of {n}"))),
            None => Ok(Self(self.0.select(&rows))),
        }
    }

    /// The columns as an array `[n, d]` of 64-bit floats. Raises ValueError for a column that holds no numbers or
    /// lacks some.
    fn numbers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (n, d) = (self.0.rows(), self.0.len());
        let mut numbers = vec![0.0; n * d];
        for (j, column) in self.0.iter().enumerate() {
            let name = &column.name;
            if column.missing().is_some() {
                return Err(PyValueError::new_err(format!(
                    "column `{name}` lacks values (NaN)"
                )));
            }
            let mut put = |row: usize, value: f64| numbers[row * d + j] = value;
            match &column.values {
                Values::Float32(v) => v.iter().enumerate().for_each(|(i, v)| put(i, (*v).into())),
                Values::Float64(v) => v.iter().enumerate().for_each(|(i, v)| put(i, *v)),
                Values::Integer(v) => v.iter().enumerate().for_each(|(i, v)| put(i, *v as f64)),
                Values::Boolean(v) => {
                    v.iter()
                        .enumerate()
                        .for_each(|(i, v)| put(i, f64::from(u8::from(*v))));
                }
                other => {
                    return Err(PyValueError::new_err(format!(
                        "column `{name}` is {}, and the model was fitted to an array of numbers",
                        other.kind()
                    )));
                }
            }
        }
        numbers.into_pyarray(py).reshape([n, d])
    }

    /// The number of rows.
    fn __len__(&self) -> usize {
        self.0.rows()
    }
}

fn values_of(kind: &str, values: &Bound<'_, PyAny>) -> PyResult<Values> {
    fn array<T: numpy::Element + Copy>(values: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
        let array: PyReadonlyArray1<'_, T> = values.extract()?;
        Ok(array.as_array().to_vec())
    }
    Ok(match Kind::named(kind) {
        Some(Kind::Float32) => Values::Float32(array(values)?),
        Some(Kind::Float64) => Values::Float64(array(values)?),
        Some(Kind::Integer) => Values::Integer(array(values)?),
        Some(Kind::Boolean) => Values::Boolean(array(values)?),
        Some(Kind::Text) => Values::Text(values.extract()?),
        Some(Kind::Time) => Values::Time(array(values)?),
        None => return Err(PyTypeError::new_err(format!("`{kind}` is not a kind"))),
    })
}

fn refused(error: columns::ColumnsError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
