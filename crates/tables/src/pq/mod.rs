//! Parquet.

mod bytes;
mod format;
mod kinds;
mod pages;
mod reader;
mod thrift;
mod values;
mod writer;

pub(crate) use reader::{ParquetRows, ParquetTable, open};
pub(crate) use writer::ParquetWriter;
