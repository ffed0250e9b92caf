use columns::{Columns, Values};

use super::error::DataError;
use super::table::named;

/// The rows that the column `name` calls anomalies: 1, true, anomaly, anomalous or outlier. Normal are 0, false,
/// normal, good and ok, in letters of any case.
///
/// # Errors
/// [`DataError`] where there is no such column, and for a value that is missing or no label.
pub fn anomalies(table: &Columns, name: &str) -> Result<Vec<bool>, DataError> {
    let column = named(table, name)?;
    let wrong = |row: usize, value: String| DataError::Label {
        name: name.to_owned(),
        row,
        value,
    };
    let label = |row: usize| -> Result<bool, DataError> {
        if column.is_missing(row) {
            return Err(wrong(row, "nothing".to_owned()));
        }
        let number = match &column.values {
            Values::Boolean(v) => return Ok(v[row]),
            Values::Integer(v) | Values::Time(v) => v[row] as f64,
            Values::Float32(v) => f64::from(v[row]),
            Values::Float64(v) => v[row],
            Values::Text(v) => {
                return match v[row].to_lowercase().as_str() {
                    "normal" | "good" | "ok" => Ok(false),
                    "anomaly" | "anomalous" | "outlier" => Ok(true),
                    _ => Err(wrong(row, format!("{:?}", v[row]))),
                };
            }
        };
        match number {
            0.0 => Ok(false),
            1.0 => Ok(true),
            other => Err(wrong(row, other.to_string())),
        }
    };
    (0..table.rows()).map(label).collect()
}
