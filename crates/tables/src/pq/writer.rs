use columns::{Columns, Kind};

use crate::TablesError;
use crate::output::Output;

/// Writes row groups.
pub(crate) struct ParquetWriter {
    output: Output,
}

impl ParquetWriter {
    pub(crate) fn new(output: Output, _columns: &[(String, Kind)]) -> Result<Self, TablesError> {
        Err(output.wrong("Parquet is not written yet".to_owned()))
    }

    pub(crate) fn write(&mut self, _columns: &Columns) -> Result<(), TablesError> {
        Ok(())
    }

    pub(crate) fn wrong(&self, what: String) -> TablesError {
        self.output.wrong(what)
    }

    pub(crate) fn finish(self) -> Result<(), TablesError> {
        self.output.finish()
    }
}
