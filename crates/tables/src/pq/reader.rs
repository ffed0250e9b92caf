use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use columns::{Column, Columns, Kind};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::serialized_reader::SerializedPageReader;
use rayon::prelude::*;

use super::bytes::{Pages, Whole, limit};
use super::kinds::{Leaf, columns, misfit};
use super::pages::Checked;
use super::values::{Wrong, column};
use crate::chunk::Chunk;
use crate::plan::Plan;
use crate::store::Store;
use crate::{Found, Options, TablesError};

/// Parquet whose footer is read.
#[derive(Debug)]
pub(crate) struct ParquetTable {
    store: Arc<Store>,
    file: String,
    metadata: Arc<ParquetMetaData>,
    leaves: Vec<Leaf>,
    pub(crate) schema: Vec<(String, Kind)>,
    /// Columns that are not read, and why.
    pub(crate) unread: Vec<(String, String)>,
    pub(crate) rows: u64,
    pub(crate) found: Found,
}

/// Reads the footer.
pub(crate) fn open(store: &Arc<Store>, file: &str) -> Result<ParquetTable, TablesError> {
    let whole = Whole(Arc::clone(store));
    let metadata = guarded(|| Ok(ParquetMetaDataReader::new().parse_and_finish(&whole)?));
    let metadata = metadata.map_err(|wrong| damaged(file, wrong))?;
    let (mut schema, mut leaves, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    let mut taken = std::collections::HashSet::new();
    for (name, leaf) in columns(metadata.file_metadata().schema_descr()) {
        if !taken.insert(name.clone()) {
            return Err(TablesError::Column {
                file: file.to_owned(),
                column: name,
                what: "stands twice in the file".to_owned(),
            });
        }
        match leaf {
            Ok(leaf) => {
                schema.push((name, leaf.kind));
                leaves.push(leaf);
            }
            Err(what) => unread.push((name, what)),
        }
    }
    let groups = metadata.row_groups();
    let counts: Option<Vec<u64>> = groups
        .iter()
        .map(|group| u64::try_from(group.num_rows()).ok())
        .collect();
    let rows = counts.and_then(|counts| {
        counts
            .into_iter()
            .try_fold(0_u64, |all, rows| all.checked_add(rows))
    });
    let rows = rows.ok_or_else(|| {
        damaged(
            file,
            Wrong::Damaged("the number of rows is negative".to_owned()),
        )
    })?;
    let taken = match groups.len() {
        1 => "Parquet: 1 row group".to_owned(),
        count => format!("Parquet: {count} row groups"),
    };
    let odd = unread.iter().map(|(name, what)| {
        format!("column {name:?} {what} and is not read; it is left out of the output too")
    });
    Ok(ParquetTable {
        store: Arc::clone(store),
        file: file.to_owned(),
        leaves,
        schema,
        rows,
        found: Found {
            taken,
            odd: odd.collect(),
        },
        unread,
        metadata: Arc::new(metadata),
    })
}

fn damaged(file: &str, wrong: Wrong) -> TablesError {
    let what = match wrong {
        Wrong::Damaged(what) | Wrong::Value { what, .. } => what,
    };
    TablesError::File {
        file: file.to_owned(),
        what: format!("is damaged: {what}"),
    }
}

/// The library may panic over a damaged file; that is an error of the file.
fn guarded<T>(read: impl FnOnce() -> Result<T, Wrong>) -> Result<T, Wrong> {
    let caught = catch_unwind(AssertUnwindSafe(read));
    caught.unwrap_or_else(|_| Err(Wrong::Damaged("its pages contradict each other".to_owned())))
}

impl ParquetTable {
    /// The columns that may have values which their kind does not hold.
    pub(crate) fn may_not_fit(&self) -> impl Iterator<Item = &(String, Kind)> {
        let columns = self.schema.iter().zip(&self.leaves);
        columns
            .filter(|(_, leaf)| leaf.may_not_fit)
            .map(|(column, _)| column)
    }

    pub(crate) fn rows(&self, plan: Plan, options: &Options) -> Result<ParquetRows, TablesError> {
        let mut leaves = Vec::with_capacity(plan.columns().len());
        for (name, kind, place) in plan.columns() {
            let wrong = |what: String| TablesError::Column {
                file: self.file.clone(),
                column: name.clone(),
                what,
            };
            let leaf = self
                .leaves
                .get(*place)
                .ok_or_else(|| wrong("is not read".to_owned()))?;
            if let Some(what) = misfit(leaf.kind, *kind) {
                return Err(wrong(what));
            }
            leaves.push(leaf.clone());
        }
        // Values of eight bytes; texts may have more.
        let most = (CHUNK / (8 * leaves.len().max(1))).clamp(1, options.most_rows());
        Ok(ParquetRows {
            pages: Arc::new(Pages(Arc::clone(&self.store))),
            file: self.file.clone(),
            metadata: Arc::clone(&self.metadata),
            plan,
            leaves,
            readers: Vec::new(),
            group: 0,
            left: 0,
            row: 0,
            most,
        })
    }
}

/// Bytes of a chunk of numbers.
const CHUNK: usize = 32 << 20;

/// The rows, chunk by chunk; a chunk lies within one row group.
pub(crate) struct ParquetRows {
    pages: Arc<Pages>,
    file: String,
    metadata: Arc<ParquetMetaData>,
    plan: Plan,
    leaves: Vec<Leaf>,
    readers: Vec<ColumnReader>,
    /// The row group that is opened next.
    group: usize,
    /// Rows left in the one that is open.
    left: u64,
    /// The next row of the file.
    row: u64,
    most: usize,
}

impl ParquetRows {
    pub(crate) fn next(&mut self) -> Result<Option<Chunk>, TablesError> {
        while self.left == 0 {
            let Some(group) = self.metadata.row_groups().get(self.group) else {
                return Ok(None);
            };
            self.left = u64::try_from(group.num_rows()).unwrap_or_default();
            let readers = guarded(|| self.readers(self.group));
            self.readers = readers.map_err(|wrong| damaged(&self.file, wrong))?;
            self.group += 1;
        }
        let rows = self.left.min(self.most as u64) as usize;
        let wanted = self
            .readers
            .par_iter_mut()
            .zip(&self.leaves)
            .zip(self.plan.columns());
        let read: Vec<Result<Column, Wrong>> = wanted
            .map(|((reader, leaf), (name, kind, _))| {
                guarded(|| column(reader, rows, name, leaf, *kind))
            })
            .collect();
        let mut found = Vec::with_capacity(read.len());
        for (column, (name, ..)) in read.into_iter().zip(self.plan.columns()) {
            found.push(column.map_err(|wrong| self.wrong(name, wrong))?);
        }
        let columns = Columns::new(found).map_err(|error| damaged(&self.file, error.into()))?;
        let first_row = self.row;
        self.row += rows as u64;
        self.left -= rows as u64;
        Ok(Some(Chunk {
            columns,
            rows,
            first_row,
            lines: None,
            bad: Vec::new(),
        }))
    }

    fn wrong(&self, name: &str, wrong: Wrong) -> TablesError {
        let what = match wrong {
            Wrong::Damaged(what) => format!("is damaged: {what}"),
            Wrong::Value { row, what } => format!("row {}: {what}", self.row + row as u64 + 1),
        };
        TablesError::Column {
            file: self.file.clone(),
            column: name.to_owned(),
            what,
        }
    }

    fn readers(&self, group: usize) -> Result<Vec<ColumnReader>, Wrong> {
        let group = self.metadata.row_group(group);
        let rows = usize::try_from(group.num_rows())
            .map_err(|_| Wrong::Damaged("too many rows".to_owned()))?;
        let open = |leaf: &Leaf| -> Result<ColumnReader, ParquetError> {
            let chunk = group.columns().get(leaf.place);
            let chunk = chunk
                .ok_or_else(|| ParquetError::General("a row group lacks columns".to_owned()))?;
            let pages = SerializedPageReader::new(Arc::clone(&self.pages), chunk, rows, None)?;
            let checked = Checked {
                pages,
                optional: leaf.optional,
                limit: limit(&self.pages.0),
            };
            Ok(get_column_reader(
                chunk.column_descr_ptr(),
                Box::new(checked),
            ))
        };
        let readers: Result<Vec<_>, _> = self.leaves.iter().map(open).collect();
        Ok(readers?)
    }
}
