use std::io;
use std::path::Path;

use serde_json::Value;

use crate::{Cell, SCHEMA};

/// Why a file gives no cell.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The system's answer.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file ends too early, or is another one.
    #[error("cut off or not JSON: {0}")]
    NotJson(serde_json::Error),
    /// Another layout.
    #[error("{found}, expected {SCHEMA}")]
    Schema {
        /// The schema there.
        found: String,
    },
    /// A field is missing or is not what it should be.
    #[error(transparent)]
    Field(serde_json::Error),
    /// The file's name belongs to another cell.
    #[error("holds {0}")]
    Other(String),
    /// Numbers that cannot be.
    #[error("{0}")]
    Wrong(String),
}

impl Cell {
    /// Reads the cell `id`, whole and of this schema, its numbers checked.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(path: &Path, id: &str) -> Result<Self, Unreadable> {
        Self::parse(&std::fs::read(path)?, id)
    }

    /// As [`Cell::read`], of the bytes of a file.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(bytes: &[u8], id: &str) -> Result<Self, Unreadable> {
        // The schema first: a file of another one should say so, whatever else changed with it.
        let value: Value = serde_json::from_slice(bytes).map_err(Unreadable::NotJson)?;
        let found = match value.get("schema").map(Value::as_u64) {
            Some(Some(schema)) if schema == u64::from(SCHEMA) => None,
            Some(Some(other)) => Some(format!("schema {other}")),
            _ => Some("no schema".to_owned()),
        };
        if let Some(found) = found {
            return Err(Unreadable::Schema { found });
        }
        // Again from the bytes: a value does not keep the order of keys.
        let cell: Self = serde_json::from_slice(bytes).map_err(Unreadable::Field)?;
        match &cell.id {
            Some(own) if own == id => {}
            Some(other) => return Err(Unreadable::Other(format!("the cell {other}"))),
            None => return Err(Unreadable::Other("a cell without an id".to_owned())),
        }
        if let Ok(measured) = &cell.outcome {
            measured.check().map_err(Unreadable::Wrong)?;
        }
        Ok(cell)
    }
}
