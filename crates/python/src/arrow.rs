//! Columns of an Arrow stream, as data frames give it (polars, pyarrow, pandas and others): the Arrow PyCapsule interface.

use std::ffi::CStr;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::iterator::ArrayIter;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayAccessor, RecordBatchReader};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use columns::{Column, Columns, Values};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyCapsuleMethods};

/// The name that the interface gives to capsules of streams.
const NAME: &CStr = c"arrow_array_stream";

/// The columns of the stream in `capsule`, and the names of those that are categories.
pub(crate) fn columns(capsule: &Bound<'_, PyAny>) -> PyResult<(Columns, Vec<String>)> {
    let reader = reader(capsule.cast::<PyCapsule>()?)?;
    let schema = reader.schema();
    let fields = schema.fields();
    let categories = fields
        .iter()
        .filter(|field| is_categories(field.data_type()));
    let categories = categories.map(|field| field.name().clone()).collect();
    let mut table: Option<Columns> = None;
    for batch in reader {
        let batch = batch.map_err(refused)?;
        let arrays = fields.iter().zip(batch.columns());
        let columns = arrays.map(|(field, array)| column(field.name(), array));
        let columns = Columns::new(columns.collect::<PyResult<_>>()?).map_err(wrong)?;
        match &mut table {
            None => table = Some(columns),
            Some(table) => table.append(columns).map_err(wrong)?,
        }
    }
    let table = match table {
        Some(table) => table,
        None => {
            let empty = fields.iter().map(|field| {
                let none = arrow_array::new_empty_array(field.data_type());
                column(field.name(), &none)
            });
            Columns::new(empty.collect::<PyResult<_>>()?).map_err(wrong)?
        }
    };
    Ok((table, categories))
}

/// Takes the stream out of its capsule.
#[allow(unsafe_code)]
fn reader(capsule: &Bound<'_, PyCapsule>) -> PyResult<RecordBatchStreamReader> {
    let stream = capsule.pointer_checked(Some(NAME))?;
    let stream: *mut FFI_ArrowArrayStream = stream.as_ptr().cast();
    // SAFETY: a capsule of this name holds a pointer to such a struct, by the interface. The stream is moved out and an
    // empty one left behind, which the capsule's destructor passes over.
    unsafe { RecordBatchStreamReader::from_raw(stream) }.map_err(refused)
}

fn is_categories(of: &DataType) -> bool {
    matches!(of, DataType::Dictionary(..))
}

fn column(name: &str, array: &dyn Array) -> PyResult<Column> {
    if let DataType::Dictionary(..) = array.data_type() {
        let dictionary = array.as_any_dictionary();
        let values = column(name, &**dictionary.values())?;
        if values.values.is_empty() {
            let none = vec![true; array.len()];
            let texts = Values::Text(vec![String::new(); array.len()]);
            return Column::new(name, texts).with_missing(none).map_err(wrong);
        }
        // It panics where there are no values.
        let selected = values.select(&dictionary.normalized_keys());
        let gone = |row: usize| array.is_null(row) || selected.is_missing(row);
        let missing = (0..array.len()).map(gone).collect();
        let column = Column::new(name, selected.values);
        return column.with_missing(missing).map_err(wrong);
    }
    let (values, missing) = values(name, array)?;
    let column = Column::new(name, values);
    column.with_missing(missing).map_err(wrong)
}

/// The values, and which are missing: those without one, and of floats NaN.
fn values(name: &str, array: &dyn Array) -> PyResult<(Values, Vec<bool>)> {
    let gone = |row: usize| array.is_null(row);
    let missing = || (0..array.len()).map(gone).collect::<Vec<bool>>();
    let integers = |values: Vec<i64>| (Values::Integer(values), missing());
    Ok(match array.data_type() {
        DataType::Boolean => {
            let values = each(array.as_boolean(), |value| value);
            (Values::Boolean(values), missing())
        }
        DataType::Int8 => integers(whole::<Int8Type>(array)),
        DataType::Int16 => integers(whole::<Int16Type>(array)),
        DataType::Int32 => integers(whole::<Int32Type>(array)),
        DataType::Int64 => integers(whole::<Int64Type>(array)),
        DataType::UInt8 => integers(whole::<UInt8Type>(array)),
        DataType::UInt16 => integers(whole::<UInt16Type>(array)),
        DataType::UInt32 => integers(whole::<UInt32Type>(array)),
        DataType::UInt64 => integers(moved::<UInt64Type>(name, array, |v| i64::try_from(v).ok())?),
        DataType::Float16 => {
            let values = each(array.as_primitive::<Float16Type>(), f32::from);
            let missing = missing_or(&values, gone, |v: &f32| v.is_nan());
            (Values::Float32(values), missing)
        }
        DataType::Float32 => {
            let values = each(array.as_primitive::<Float32Type>(), |value| value);
            let missing = missing_or(&values, gone, |v: &f32| v.is_nan());
            (Values::Float32(values), missing)
        }
        DataType::Float64 => {
            let values = each(array.as_primitive::<Float64Type>(), |value| value);
            let missing = missing_or(&values, gone, |v: &f64| v.is_nan());
            (Values::Float64(values), missing)
        }
        DataType::Utf8 => (texts(array.as_string::<i32>()), missing()),
        DataType::LargeUtf8 => (texts(array.as_string::<i64>()), missing()),
        DataType::Utf8View => (texts(array.as_string_view()), missing()),
        DataType::Null => {
            let values = Values::Float64(vec![f64::NAN; array.len()]);
            (values, vec![true; array.len()])
        }
        DataType::Date32 => {
            let moments = moved::<Date32Type>(name, array, |v| i64::from(v).checked_mul(DAY))?;
            (Values::Time(moments), missing())
        }
        DataType::Date64 => {
            let moments = moved::<Date64Type>(name, array, |v| v.checked_mul(1_000_000))?;
            (Values::Time(moments), missing())
        }
        DataType::Timestamp(unit, _) => {
            let moments = match unit {
                TimeUnit::Second => {
                    moved::<TimestampSecondType>(name, array, |v| v.checked_mul(1_000_000_000))?
                }
                TimeUnit::Millisecond => {
                    moved::<TimestampMillisecondType>(name, array, |v| v.checked_mul(1_000_000))?
                }
                TimeUnit::Microsecond => {
                    moved::<TimestampMicrosecondType>(name, array, |v| v.checked_mul(1000))?
                }
                TimeUnit::Nanosecond => moved::<TimestampNanosecondType>(name, array, Some)?,
            };
            (Values::Time(moments), missing())
        }
        other => {
            return Err(PyTypeError::new_err(format!(
                "column `{name}` has the Arrow type {other}: columns are numbers, text, true or false, or moments"
            )));
        }
    })
}

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

/// Each value as `of` has it; where it is missing the type's default.
fn each<A: ArrayAccessor, T: Default>(array: A, of: impl Fn(A::Item) -> T) -> Vec<T> {
    let values = ArrayIter::new(array);
    values
        .map(|value| value.map_or_else(T::default, &of))
        .collect()
}

fn texts<'a, A: ArrayAccessor<Item = &'a str>>(array: A) -> Values {
    Values::Text(each(array, str::to_owned))
}

fn whole<T: ArrowPrimitiveType>(array: &dyn Array) -> Vec<i64>
where
    i64: From<T::Native>,
{
    each(array.as_primitive::<T>(), i64::from)
}

/// Whole numbers that `of` may not be able to hold.
fn moved<T: ArrowPrimitiveType>(
    name: &str,
    array: &dyn Array,
    of: impl Fn(T::Native) -> Option<i64>,
) -> PyResult<Vec<i64>> {
    let values = ArrayIter::new(array.as_primitive::<T>()).enumerate();
    let values = values.map(|(row, value)| match value {
        None => Ok(0),
        Some(value) => of(value).ok_or_else(|| {
            PyValueError::new_err(format!(
                "{value:?} in column `{name}`, row {row}, does not fit into 64 bits"
            ))
        }),
    });
    values.collect()
}

fn missing_or<T>(
    values: &[T],
    gone: impl Fn(usize) -> bool,
    is_gone: impl Fn(&T) -> bool,
) -> Vec<bool> {
    let values = values.iter().enumerate();
    values
        .map(|(row, value)| gone(row) || is_gone(value))
        .collect()
}

fn refused(error: ArrowError) -> PyErr {
    PyValueError::new_err(format!("the Arrow stream: {error}"))
}

fn wrong(error: columns::ColumnsError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
