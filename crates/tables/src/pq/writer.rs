use std::io;
use std::sync::Arc;

use columns::{Column, Columns, Kind, Values};
use parquet::basic::{
    Compression, LogicalType, Repetition, TimeUnit, TimestampType, Type as Physical,
};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use crate::TablesError;
use crate::output::Output;

/// Writes row groups.
pub(crate) struct ParquetWriter {
    name: String,
    writer: SerializedFileWriter<Output>,
    /// Rows of the row group to come.
    waiting: Vec<Columns>,
    rows: usize,
    bytes: usize,
}

/// A row group is written when it has so many rows or bytes.
const GROUP_ROWS: usize = 1 << 17;
const GROUP_BYTES: usize = 48 << 20;

impl ParquetWriter {
    pub(crate) fn new(
        output: Output,
        columns: &[(String, Kind)],
    ) -> std::result::Result<Self, TablesError> {
        let name = output.name().to_owned();
        let writer = schema(columns).and_then(|schema| {
            let properties = WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .set_statistics_enabled(EnabledStatistics::Chunk)
                .build();
            SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties))
        });
        Ok(Self {
            writer: writer.map_err(|error| refused(&name, error))?,
            name,
            waiting: Vec::new(),
            rows: 0,
            bytes: 0,
        })
    }

    pub(crate) fn write(&mut self, columns: &Columns) -> std::result::Result<(), TablesError> {
        if columns.rows() == 0 {
            return Ok(());
        }
        self.rows += columns.rows();
        self.bytes += columns.iter().map(size).sum::<usize>();
        self.waiting.push(columns.clone());
        if self.rows < GROUP_ROWS && self.bytes < GROUP_BYTES {
            return Ok(());
        }
        self.group().map_err(|error| refused(&self.name, error))
    }

    fn group(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        (self.rows, self.bytes) = (0, 0);
        let mut group = self.writer.next_row_group()?;
        let mut place = 0;
        while let Some(mut writer) = group.next_column()? {
            for columns in &waiting {
                if let Some(column) = columns.iter().nth(place) {
                    put(&mut writer, column)?;
                }
            }
            writer.close()?;
            place += 1;
        }
        group.close()?;
        Ok(())
    }

    pub(crate) fn wrong(&self, what: String) -> TablesError {
        TablesError::File {
            file: self.name.clone(),
            what,
        }
    }

    pub(crate) fn finish(mut self) -> std::result::Result<(), TablesError> {
        let name = self.name.clone();
        let last = match self.waiting.is_empty() {
            true => Ok(()),
            false => self.group(),
        };
        let output = last.and_then(|()| self.writer.into_inner());
        output.map_err(|error| refused(&name, error))?.finish()
    }
}

fn refused(name: &str, error: ParquetError) -> TablesError {
    let source = match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    };
    TablesError::Write {
        file: name.to_owned(),
        source,
    }
}

/// Bytes in memory, roughly.
fn size(column: &Column) -> usize {
    match &column.values {
        Values::Text(values) => values.iter().map(|value| 24 + value.len()).sum(),
        values => 8 * values.len(),
    }
}

fn schema(columns: &[(String, Kind)]) -> Result<Type> {
    let fields: Result<Vec<_>> = columns
        .iter()
        .map(|(name, kind)| field(name, *kind).map(Arc::new))
        .collect();
    Type::group_type_builder("schema")
        .with_fields(fields?)
        .build()
}

fn field(name: &str, kind: Kind) -> Result<Type> {
    let moment = LogicalType::Timestamp(TimestampType {
        is_adjusted_to_u_t_c: true,
        unit: TimeUnit::NANOS,
    });
    let (physical, logical) = match kind {
        Kind::Float32 => (Physical::FLOAT, None),
        Kind::Float64 => (Physical::DOUBLE, None),
        Kind::Integer => (Physical::INT64, None),
        Kind::Boolean => (Physical::BOOLEAN, None),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Time => (Physical::INT64, Some(moment)),
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
}

fn put(writer: &mut SerializedColumnWriter<'_>, column: &Column) -> Result<()> {
    match &column.values {
        Values::Float32(values) => batch::<FloatType>(writer, column, values),
        Values::Float64(values) => batch::<DoubleType>(writer, column, values),
        Values::Integer(values) | Values::Time(values) => {
            batch::<Int64Type>(writer, column, values)
        }
        Values::Boolean(values) => batch::<BoolType>(writer, column, values),
        Values::Text(values) => {
            let bytes: Vec<ByteArray> = values
                .iter()
                .map(|value| ByteArray::from(value.as_str()))
                .collect();
            batch::<ByteArrayType>(writer, column, &bytes)
        }
    }
}

fn batch<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    column: &Column,
    values: &[T::T],
) -> Result<()>
where
    T::T: Clone,
{
    let written = match column.missing() {
        None => writer
            .typed::<T>()
            .write_batch(values, Some(&vec![1; values.len()]), None),
        Some(missing) => {
            let levels: Vec<i16> = missing.iter().map(|missing| i16::from(!missing)).collect();
            let present = values.iter().zip(missing).filter(|(_, missing)| !**missing);
            let present: Vec<T::T> = present.map(|(value, _)| value.clone()).collect();
            writer
                .typed::<T>()
                .write_batch(&present, Some(&levels), None)
        }
    };
    written.map(|_| ())
}
