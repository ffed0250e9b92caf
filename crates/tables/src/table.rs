use std::sync::Arc;

use columns::Kind;

use crate::chunk::Chunk;
use crate::plan::Plan;
use crate::pq::{self, ParquetRows, ParquetTable};
use crate::text::{self, TextRows, TextTable};
use crate::{Format, Found, Options, Source, Style, TablesError};

/// A table in a file.
#[derive(Debug)]
pub struct Table {
    file: String,
    options: Options,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Text(TextTable),
    Parquet(ParquetTable),
}

/// Finds out what stands in a file: its format by its first bytes, the rest by looking through it.
///
/// A text is looked through from the first to the last line, so that the kinds of its columns hold for every
/// row; of Parquet only the footer is read. Memory stays bounded either way.
///
/// # Errors
/// [`TablesError`] for a file that cannot be read, that is not a table, or that is damaged.
pub fn open(source: impl Into<Source>, options: &Options) -> Result<Table, TablesError> {
    let source = source.into();
    let file = source.name();
    let store = Arc::new(source.store()?);
    let mut head = [0; 8];
    let read = store
        .read_at(0, &mut head)
        .map_err(|source| TablesError::Read {
            file: file.clone(),
            source,
        })?;
    let head = &head[..read];
    let body = match head.starts_with(b"PAR1") {
        true => Body::Parquet(pq::open(&store, &file)?),
        false => {
            foreign(&file, head)?;
            Body::Text(text::open(&store, file.clone(), options)?)
        }
    };
    Ok(Table {
        file,
        options: options.clone(),
        body,
    })
}

/// Refuses what is known to be no text.
fn foreign(file: &str, head: &[u8]) -> Result<(), TablesError> {
    let known: [(&[u8], &str); 7] = [
        (
            b"PK\x03\x04",
            "is a zip archive or a workbook; save the table in it as CSV",
        ),
        (
            b"\xd0\xcf\x11\xe0",
            "is a workbook of old Excel; save the table in it as CSV",
        ),
        (b"\x28\xb5\x2f\xfd", "is packed by zstd; unpack it first"),
        (b"BZh", "is packed by bzip2; unpack it first"),
        (b"\xfd7zXZ", "is packed by xz; unpack it first"),
        (b"ARROW1", "is an Arrow file; save it as Parquet"),
        (b"\x93NUMPY", "is an array of NumPy, which has no columns"),
    ];
    match known.into_iter().find(|(magic, _)| head.starts_with(magic)) {
        None => Ok(()),
        Some((_, what)) => Err(TablesError::File {
            file: file.to_owned(),
            what: what.to_owned(),
        }),
    }
}

impl Table {
    /// The columns in the order of the file, and their kinds.
    pub fn schema(&self) -> &[(String, Kind)] {
        match &self.body {
            Body::Text(table) => &table.schema,
            Body::Parquet(table) => &table.schema,
        }
    }

    /// Columns of Parquet that cannot be read, each with the reason: `is a decimal`. They are not in the schema,
    /// and whoever wants all columns is to leave them out knowingly.
    pub fn unread(&self) -> &[(String, String)] {
        match &self.body {
            Body::Text(_) => &[],
            Body::Parquet(table) => &table.unread,
        }
    }

    /// The columns among `asked` with a value that cannot be represented (a date beyond the years 1678 to 2261, a whole
    /// number beyond 64 bits, bytes that are no text), each with the first such value: `row 5: the date 9999-12-31 …`.
    /// Parquet columns that may have one are read for it. A text has none.
    ///
    /// # Errors
    /// As [`rows`](Self::rows), but for such values.
    pub fn not_representable(
        &self,
        asked: impl Fn(&str) -> bool,
    ) -> Result<Vec<(String, String)>, TablesError> {
        let Body::Parquet(table) = &self.body else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for column in table.may_not_fit().filter(|(name, _)| asked(name)) {
            for chunk in self.rows(Some(std::slice::from_ref(column)))? {
                match chunk {
                    Ok(_) => {}
                    Err(TablesError::Column { column, what, .. }) => found.push((column, what)),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(found)
    }

    /// How many data rows there are.
    pub fn row_count(&self) -> u64 {
        match &self.body {
            Body::Text(table) => table.rows,
            Body::Parquet(table) => table.rows,
        }
    }

    /// What was found out, in words.
    pub fn found(&self) -> &Found {
        match &self.body {
            Body::Text(table) => &table.found,
            Body::Parquet(table) => &table.found,
        }
    }

    /// The name of the file as it stands in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The format of the file: CSV or Parquet.
    pub fn format(&self) -> Format {
        match &self.body {
            Body::Text(_) => Format::Csv,
            Body::Parquet(_) => Format::Parquet,
        }
    }

    /// How a text is marked; of Parquet how it would be written as CSV.
    pub fn style(&self) -> Style {
        match &self.body {
            Body::Text(table) => table.style(),
            Body::Parquet(_) => Style::default(),
        }
    }

    /// The first line of a text with a header, as it stands in the file, but in UTF-8.
    pub fn header(&self) -> Option<&str> {
        match &self.body {
            Body::Text(table) => table.header.as_deref(),
            Body::Parquet(_) => None,
        }
    }

    /// Reads the rows from the first one: the `wanted` columns in this order and as these kinds, or all
    /// columns of the file. Can be called again. That a column cannot be read is an error only if it is wanted.
    ///
    /// A text gives any kind that its values can be read as; numbers are rounded to the nearest float, but
    /// whole numbers that a float64 does not hold are an error. Parquet gives a column as its own kind,
    /// float32 as float64, whole numbers as floats and floats as whole numbers where they are held exactly, and
    /// whole numbers as text.
    ///
    /// # Errors
    /// [`TablesError::Missing`] and [`TablesError::Column`] where `wanted` does not fit the file.
    pub fn rows(&self, wanted: Option<&[(String, Kind)]>) -> Result<Rows, TablesError> {
        let names = wanted.map(|wanted| wanted.iter().map(|(name, _)| name).collect::<Vec<_>>());
        let refused = |name: &String| names.as_ref().is_none_or(|names| names.contains(&name));
        if let Some((column, what)) = self.unread().iter().find(|(name, _)| refused(name)) {
            return Err(TablesError::Column {
                file: self.file.clone(),
                column: column.clone(),
                what: format!("{what}, which is not read; leave the column out or convert it"),
            });
        }
        if let Body::Text(table) = &self.body {
            let numbers = |kind| matches!(kind, Kind::Float32 | Kind::Float64 | Kind::Integer);
            let wanted = wanted.unwrap_or_default().iter();
            let mut unclear = wanted.filter(|(name, _)| table.unclear.contains(name));
            if let Some((column, _)) = unclear.find(|(_, kind)| numbers(*kind)) {
                return Err(TablesError::Column {
                    file: self.file.clone(),
                    column: column.clone(),
                    what: "a mark before three digits may stand between thousands, which is not supported; say \
                           which mark the decimals have, or write 10251 for 10.251"
                        .to_owned(),
                });
            }
        }
        let present = self.schema().iter().map(|(name, _)| name.clone());
        let plan = Plan::new(&self.file, present, wanted.unwrap_or(self.schema()))?;
        let inner = match &self.body {
            Body::Text(table) => Inner::Text(Box::new(table.rows(plan, &self.options))),
            Body::Parquet(table) => Inner::Parquet(table.rows(plan, &self.options)?),
        };
        Ok(Rows { inner: Some(inner) })
    }
}

/// The rows of a table, chunk by chunk; nothing after an error.
pub struct Rows {
    inner: Option<Inner>,
}

enum Inner {
    Text(Box<TextRows>),
    Parquet(ParquetRows),
}

impl Iterator for Rows {
    type Item = Result<Chunk, TablesError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self.inner.as_mut()? {
            Inner::Text(rows) => rows.next(),
            Inner::Parquet(rows) => rows.next(),
        };
        if !matches!(next, Ok(Some(_))) {
            self.inner = None;
        }
        next.transpose()
    }
}
