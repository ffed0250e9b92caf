use std::io::Write;

use columns::{Columns, Kind};

use crate::output::{Output, Target};
use crate::pq::ParquetWriter;
use crate::{Format, Lines, Style, TablesError, csv_writer, json_writer};

/// Writes a whole table at once. `style` counts for CSV alone.
///
/// # Errors
/// What the system refuses; then a file is what it was before.
pub fn write(
    target: impl Into<Target>,
    format: Format,
    style: Style,
    columns: &Columns,
) -> Result<(), TablesError> {
    let kinds: Vec<(String, Kind)> = columns
        .iter()
        .map(|column| (column.name.clone(), column.values.kind()))
        .collect();
    let mut writer = Writer::create(target, format, style, &kinds)?;
    writer.write(columns)?;
    writer.finish()
}

/// Writes a table chunk by chunk. A file stands under its name after [`finish`](Self::finish), and not before.
pub struct Writer {
    form: Form,
    /// What stands between the fields of lines that are written beside.
    lines: u8,
    columns: Vec<(String, Kind)>,
}

enum Form {
    Csv(Output, Style),
    JsonLines(Output),
    Parquet(Box<ParquetWriter>),
}

impl Writer {
    /// A table with these columns. `style` counts for CSV alone.
    ///
    /// # Errors
    /// What the system refuses, and two columns of one name.
    pub fn create(
        target: impl Into<Target>,
        format: Format,
        style: Style,
        columns: &[(String, Kind)],
    ) -> Result<Self, TablesError> {
        let output = Output::open(target.into())?;
        let mut names = std::collections::HashSet::new();
        if let Some((twice, _)) = columns.iter().find(|(name, _)| !names.insert(name)) {
            return Err(output.wrong(format!("two columns are called {twice:?}")));
        }
        let form = match format {
            Format::Csv => Form::Csv(output, style),
            Format::JsonLines => Form::JsonLines(output),
            Format::Parquet => Form::Parquet(Box::new(ParquetWriter::new(output, columns)?)),
        };
        let mut writer = Self {
            form,
            lines: style.delimiter,
            columns: columns.to_vec(),
        };
        writer.header(None)?;
        Ok(writer)
    }

    /// CSV with these columns behind the records of another text, which stay as they are. `style` and
    /// `header` are those of the [`Table`](crate::Table) or [`Follow`](crate::Follow). Where `delimiter` is another one
    /// than in the text, the records get it; their values stay as they are.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn beside(
        target: impl Into<Target>,
        style: Style,
        delimiter: u8,
        header: Option<&str>,
        columns: &[(String, Kind)],
    ) -> Result<Self, TablesError> {
        let written = Style { delimiter, ..style };
        let mut writer = Self {
            form: Form::Csv(Output::open(target.into())?, written),
            lines: style.delimiter,
            columns: columns.to_vec(),
        };
        writer.header(header)?;
        Ok(writer)
    }

    fn header(&mut self, before: Option<&str>) -> Result<(), TablesError> {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        match &self.form {
            Form::Csv(_, style) if style.header => {
                let (style, lines) = (*style, self.lines);
                self.put(|text| csv_writer::header(text, before, lines, &names, style))
            }
            _ => Ok(()),
        }
    }

    /// More rows, with the columns given at the start.
    ///
    /// # Errors
    /// What the system refuses, and other columns.
    pub fn write(&mut self, columns: &Columns) -> Result<(), TablesError> {
        self.check(columns)?;
        match &mut self.form {
            Form::Csv(_, style) => {
                let style = *style;
                self.put(|text| csv_writer::rows(text, columns, style))
            }
            Form::JsonLines(_) => self.put(|text| json_writer::rows(text, columns)),
            Form::Parquet(writer) => writer.write(columns),
        }
    }

    /// More rows behind the `lines` of another text, in a writer made by [`beside`](Self::beside).
    ///
    /// # Errors
    /// What the system refuses, other columns, and another number of rows.
    pub fn write_beside(&mut self, lines: &Lines, columns: &Columns) -> Result<(), TablesError> {
        self.check(columns)?;
        let Form::Csv(output, style) = &self.form else {
            return Err(self.wrong("lines of text go into CSV only".to_owned()));
        };
        if lines.len() != columns.rows() {
            let what = format!("{} rows go beside {} lines", columns.rows(), lines.len());
            return Err(output.wrong(what));
        }
        let (style, delimiter) = (*style, self.lines);
        self.put(|text| csv_writer::rows_beside(text, lines, delimiter, columns, style))
    }

    fn check(&self, columns: &Columns) -> Result<(), TablesError> {
        let found = columns
            .iter()
            .map(|column| (column.name.as_str(), column.values.kind()));
        let expected = self
            .columns
            .iter()
            .map(|(name, kind)| (name.as_str(), *kind));
        match found.eq(expected) {
            true => Ok(()),
            false => Err(self.wrong("other columns are written than were announced".to_owned())),
        }
    }

    fn wrong(&self, what: String) -> TablesError {
        match &self.form {
            Form::Csv(output, _) | Form::JsonLines(output) => output.wrong(what),
            Form::Parquet(writer) => writer.wrong(what),
        }
    }

    fn put(&mut self, make: impl FnOnce(&mut Vec<u8>)) -> Result<(), TablesError> {
        let (Form::Csv(output, _) | Form::JsonLines(output)) = &mut self.form else {
            return Ok(());
        };
        let mut text = Vec::new();
        make(&mut text);
        output
            .write_all(&text)
            .map_err(|source| output.refused(source))
    }

    /// Passes on what is buffered, so that a reader of a pipe gets it; Parquet waits until it is finished.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn flush(&mut self) -> Result<(), TablesError> {
        match &mut self.form {
            Form::Csv(output, _) | Form::JsonLines(output) => {
                output.flush().map_err(|source| output.refused(source))
            }
            Form::Parquet(_) => Ok(()),
        }
    }

    /// Writes the rest and gives a file its name.
    ///
    /// # Errors
    /// What the system refuses; then there is what was there before.
    pub fn finish(self) -> Result<(), TablesError> {
        match self.form {
            Form::Csv(output, _) | Form::JsonLines(output) => output.finish(),
            Form::Parquet(writer) => writer.finish(),
        }
    }
}
