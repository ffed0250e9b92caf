//! What the columns of a Parquet file are here.

use columns::Kind;
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

/// How the stored values are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// As they stand.
    Plain,
    /// Without a sign.
    Unsigned,
    /// So many nanoseconds each.
    Moments(i64),
}

/// A column at the top of the schema.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// Its place among the stored columns.
    pub(crate) place: usize,
    pub(crate) meaning: Meaning,
    /// Whether values may be missing.
    pub(crate) optional: bool,
    pub(crate) kind: Kind,
    /// Whether there may be values that the kind does not hold: a date far away, a large number without a sign, bytes
    /// that are no text.
    pub(crate) may_not_fit: bool,
}

/// Every column at the top with what it is, or why it is not read.
pub(crate) fn columns(schema: &SchemaDescriptor) -> Vec<(String, Result<Leaf, String>)> {
    let mut found: Vec<(String, Result<Leaf, String>)> = Vec::new();
    for (place, column) in schema.columns().iter().enumerate() {
        let top = schema.get_column_root(place);
        let name = top.name().to_owned();
        let nested =
            !top.is_primitive() || column.max_rep_level() > 0 || column.max_def_level() > 1;
        let leaf = match nested {
            true if found
                .last()
                .is_some_and(|(last, leaf)| *last == name && leaf.is_err()) =>
            {
                continue;
            }
            true => Err("is nested".to_owned()),
            false => leaf(place, column),
        };
        found.push((name, leaf));
    }
    found
}

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

fn leaf(place: usize, column: &ColumnDescriptor) -> Result<Leaf, String> {
    let (physical, converted) = (column.physical_type(), column.converted_type());
    let logical = column.logical_type_ref();
    let (kind, meaning) = match (physical, logical, converted) {
        (_, Some(LogicalType::Decimal(_)), _) | (_, _, ConvertedType::DECIMAL) => {
            return Err("is a decimal".to_owned());
        }
        (_, Some(LogicalType::Time(_)), _)
        | (_, _, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => {
            return Err("is a time of day without a date".to_owned());
        }
        (Physical::BOOLEAN, ..) => (Kind::Boolean, Meaning::Plain),
        (Physical::INT32, Some(LogicalType::Date), _)
        | (Physical::INT32, _, ConvertedType::DATE) => (Kind::Time, Meaning::Moments(DAY)),
        (Physical::INT64, Some(LogicalType::Timestamp(stamp)), _) => {
            let nanoseconds = match &stamp.unit {
                TimeUnit::MILLIS => 1_000_000,
                TimeUnit::MICROS => 1000,
                TimeUnit::NANOS => 1,
            };
            (Kind::Time, Meaning::Moments(nanoseconds))
        }
        (Physical::INT64, _, ConvertedType::TIMESTAMP_MILLIS) => {
            (Kind::Time, Meaning::Moments(1_000_000))
        }
        (Physical::INT64, _, ConvertedType::TIMESTAMP_MICROS) => {
            (Kind::Time, Meaning::Moments(1000))
        }
        (Physical::INT96, ..) => (Kind::Time, Meaning::Moments(1)),
        (Physical::INT32, _, ConvertedType::UINT_32)
        | (Physical::INT64, _, ConvertedType::UINT_64) => (Kind::Integer, Meaning::Unsigned),
        (Physical::INT32 | Physical::INT64, Some(LogicalType::Integer(integer)), _)
            if !integer.is_signed && integer.bit_width >= 32 =>
        {
            (Kind::Integer, Meaning::Unsigned)
        }
        (Physical::INT32 | Physical::INT64, ..) => (Kind::Integer, Meaning::Plain),
        (Physical::FLOAT, ..) => (Kind::Float32, Meaning::Plain),
        (Physical::DOUBLE, ..) => (Kind::Float64, Meaning::Plain),
        (Physical::BYTE_ARRAY, Some(LogicalType::Bson), _)
        | (Physical::BYTE_ARRAY, _, ConvertedType::BSON) => {
            return Err("is BSON".to_owned());
        }
        (Physical::BYTE_ARRAY, ..) => (Kind::Text, Meaning::Plain),
        (Physical::FIXED_LEN_BYTE_ARRAY, ..) => {
            return Err("is of bytes of a fixed length".to_owned());
        }
    };
    let is_text = matches!(logical, Some(LogicalType::String))
        || matches!(converted, ConvertedType::UTF8 | ConvertedType::ENUM);
    Ok(Leaf {
        place,
        may_not_fit: kind == Kind::Time
            || meaning == Meaning::Unsigned
            || kind == Kind::Text && !is_text,
        meaning,
        optional: column.self_type().get_basic_info().repetition() == Repetition::OPTIONAL,
        kind,
    })
}

/// Why a column of the kind `found` cannot be read as `wanted`, whatever its values.
pub(crate) fn misfit(found: Kind, wanted: Kind) -> Option<String> {
    use Kind::{Float32, Float64, Integer, Text};
    let fits = match (found, wanted) {
        (Integer | Float32 | Float64, Integer | Float32 | Float64) | (Integer, Text) => true,
        _ => found == wanted,
    };
    (!fits).then(|| format!("is {found} in the file, but {wanted} is wanted"))
}
