//! Stored values become values of a wanted kind.

use columns::{Column, ColumnsError, Kind, Values};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, Int96};
use parquet::errors::ParquetError;

use super::kinds::{Leaf, Meaning};
use crate::text::{exact, whole};
use crate::time::format_date;

/// Why rows cannot be read.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// The file is damaged.
    Damaged(String),
    /// The value of this row of the chunk.
    Value { row: usize, what: String },
}

impl From<ParquetError> for Wrong {
    fn from(error: ParquetError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<ColumnsError> for Wrong {
    fn from(error: ColumnsError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// The next `rows` rows as `wanted`.
pub(crate) fn column(
    reader: &mut ColumnReader,
    rows: usize,
    name: &str,
    leaf: &Leaf,
    wanted: Kind,
) -> Result<Column, Wrong> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => {
            let stored = stored(reader, rows, leaf.optional)?;
            finish(name, stored, Values::Boolean, false, Ok)
        }
        ColumnReader::Int32ColumnReader(reader) => {
            let stored = stored(reader, rows, leaf.optional)?;
            whole_numbers(name, stored, leaf.meaning, wanted, |value| {
                match leaf.meaning {
                    Meaning::Unsigned => Ok(i64::from(value as u32)),
                    _ => Ok(i64::from(value)),
                }
            })
        }
        ColumnReader::Int64ColumnReader(reader) => {
            let stored = stored(reader, rows, leaf.optional)?;
            whole_numbers(name, stored, leaf.meaning, wanted, |value| {
                match leaf.meaning {
                    Meaning::Unsigned if value < 0 => {
                        Err(format!("{} is beyond 64 bits with a sign", value as u64))
                    }
                    _ => Ok(value),
                }
            })
        }
        ColumnReader::Int96ColumnReader(reader) => {
            let stored = stored(reader, rows, leaf.optional)?;
            whole_numbers(name, stored, leaf.meaning, wanted, int96)
        }
        ColumnReader::FloatColumnReader(reader) => {
            let stored = stored(reader, rows, leaf.optional)?.without(|value| value.is_nan());
            floats(name, stored, wanted)
        }
        ColumnReader::DoubleColumnReader(reader) => {
            let stored = stored(reader, rows, leaf.optional)?.without(|value| value.is_nan());
            floats(name, stored, wanted)
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            let stored = stored(reader, rows, leaf.optional)?;
            finish(name, stored, Values::Text, String::new(), text)
        }
        ColumnReader::FixedLenByteArrayColumnReader(_) => {
            Err(Wrong::Damaged("bytes of a fixed length".to_owned()))
        }
    }
}

/// The values that are there, and which rows have none; empty where all have one.
struct Stored<T> {
    values: Vec<T>,
    missing: Vec<bool>,
}

fn stored<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    optional: bool,
) -> Result<Stored<T::T>, Wrong> {
    let mut values = Vec::with_capacity(rows);
    let mut levels = Vec::new();
    let mut found = 0;
    while found < rows {
        let levels = optional.then_some(&mut levels);
        match reader.read_records(rows - found, levels, None, &mut values)? {
            (0, ..) => {
                return Err(Wrong::Damaged(format!(
                    "a column ends {} rows early",
                    rows - found
                )));
            }
            (records, ..) => found += records,
        }
    }
    let missing: Vec<bool> = levels.iter().map(|level| *level == 0).collect();
    let gaps = missing.iter().filter(|missing| **missing).count();
    if found != rows || values.len() + gaps != rows {
        return Err(Wrong::Damaged(
            "a column has another number of values than of rows".to_owned(),
        ));
    }
    let missing = if gaps > 0 { missing } else { Vec::new() };
    Ok(Stored { values, missing })
}

impl<T: Copy> Stored<T> {
    /// With the values for which `test` holds missing.
    fn without(mut self, test: impl Fn(T) -> bool) -> Self {
        if !self.values.iter().any(|value| test(*value)) {
            return self;
        }
        let mut values = self.values.iter();
        if self.missing.is_empty() {
            self.missing = vec![false; self.values.len()];
        }
        for missing in &mut self.missing {
            if !*missing {
                *missing = values.next().is_some_and(|value| test(*value));
            }
        }
        self.values.retain(|value| !test(*value));
        self
    }
}

/// Converts the values and puts `none` where one is missing.
fn finish<T, U: Clone>(
    name: &str,
    stored: Stored<T>,
    make: fn(Vec<U>) -> Values,
    none: U,
    convert: impl Fn(T) -> Result<U, String>,
) -> Result<Column, Wrong> {
    let Stored { values, missing } = stored;
    let wrong = |(row, what)| Wrong::Value { row, what };
    if missing.is_empty() {
        let numbered = values.into_iter().enumerate();
        let values: Result<Vec<U>, _> = numbered
            .map(|(row, value)| convert(value).map_err(|what| (row, what)))
            .collect();
        return Ok(Column::new(name, make(values.map_err(wrong)?)));
    }
    let mut values = values.into_iter();
    let mut all = Vec::with_capacity(missing.len());
    for (row, missing) in missing.iter().enumerate() {
        let value = if *missing { None } else { values.next() };
        all.push(match value {
            Some(value) => convert(value).map_err(|what| wrong((row, what)))?,
            None => none.clone(),
        });
    }
    Ok(Column::new(name, make(all)).with_missing(missing)?)
}

fn whole_numbers<T>(
    name: &str,
    stored: Stored<T>,
    meaning: Meaning,
    wanted: Kind,
    number: impl Fn(T) -> Result<i64, String>,
) -> Result<Column, Wrong> {
    match (wanted, meaning) {
        (Kind::Time, Meaning::Moments(unit)) => finish(name, stored, Values::Time, 0, |value| {
            let value = number(value)?;
            let moment = value.checked_mul(unit);
            moment.ok_or_else(|| outside(i128::from(value) * i128::from(unit)))
        }),
        (Kind::Float64, _) => finish(name, stored, Values::Float64, f64::NAN, |value| {
            let value = number(value)?;
            exact(value).ok_or_else(|| format!("{value} is not held exactly by float64"))
        }),
        (Kind::Float32, _) => finish(name, stored, Values::Float32, f32::NAN, |value| {
            let value = number(value)?;
            let float = value as f32;
            let same = float as i128 == i128::from(value);
            same.then_some(float)
                .ok_or_else(|| format!("{value} is not held exactly by float32"))
        }),
        (Kind::Text, _) => finish(name, stored, Values::Text, String::new(), |value| {
            number(value).map(|value| value.to_string())
        }),
        _ => finish(name, stored, Values::Integer, 0, number),
    }
}

fn floats<T: Copy + Into<f64>>(
    name: &str,
    stored: Stored<T>,
    wanted: Kind,
) -> Result<Column, Wrong> {
    match wanted {
        Kind::Float32 => finish(name, stored, Values::Float32, f32::NAN, |value| {
            let value: f64 = value.into();
            let float = value as f32;
            let same = f64::from(float) == value;
            same.then_some(float)
                .ok_or_else(|| format!("{value} is not held exactly by float32"))
        }),
        Kind::Integer => finish(name, stored, Values::Integer, 0, |value| {
            let value: f64 = value.into();
            whole(value).ok_or_else(|| format!("{value} is not a whole number up to 2^53"))
        }),
        _ => finish(name, stored, Values::Float64, f64::NAN, |value| {
            Ok(value.into())
        }),
    }
}

fn text(bytes: ByteArray) -> Result<String, String> {
    match bytes.as_utf8() {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err("the bytes are not text in UTF-8".to_owned()),
    }
}

/// Nanoseconds of the day and the Julian day, of which 1970-01-01 is number 2440588.
fn int96(value: Int96) -> Result<i64, String> {
    let [low, high, day] = value.data() else {
        return Err("damaged".to_owned());
    };
    let of_day = i128::from(*low) | i128::from(*high) << 32;
    let days = i128::from(*day) - 2_440_588;
    let moment = days * 86_400_000_000_000 + of_day;
    i64::try_from(moment).map_err(|_| outside(moment))
}

/// What is said of a moment that 64 bits of nanoseconds do not hold.
fn outside(moment: i128) -> String {
    let date = format_date(moment);
    format!("the date {date} is outside of the years 1678 to 2261, which are read")
}
