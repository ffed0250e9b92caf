//! What a user names as data: a table, an array of numbers or images.

use std::path::{Path, PathBuf};

use columns::{Columns, Kind};
use datasets::{
    Colour, DatasetError, ImageOptions, is_archive, is_idx, is_image_list, left_out,
    list_images_counted, load_idx_images, load_rows, read_images,
};
use files::PassedOver;
use ndarray::Array4;
use residuum::ModelError;
use residuum::data::{Data, Layout};
use tables::{Format, Options, Table, TablesError};

use crate::failure::{Failure, exit};
use crate::own::foreign;
use crate::own::model_failure::{When, of_data};
use crate::own_args::Reading;
use crate::run::on_bad_file;

/// Data that are open but not yet read.
pub(super) enum Input {
    Table(Box<Table>),
    Array(datasets::Data),
    Images(Pictures),
}

/// Files of images.
pub(super) struct Pictures {
    pub(super) paths: Vec<PathBuf>,
    passed_over: PassedOver,
    skip: bool,
}

/// Images, and which of the paths they were asked for by were images.
type Read = (Array4<u8>, Vec<usize>);

/// Endings of pictures, as far as they decide what a file is.
const PICTURES: [&str; 7] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp"];

impl Input {
    pub(super) fn open(path: &Path, reading: &Reading) -> Result<Self, Failure> {
        Self::open_keeping(path, reading, false)
    }

    /// Where `keep_bad_rows`, rows of a table that cannot be read do not end the reading.
    pub(super) fn open_keeping(
        path: &Path,
        reading: &Reading,
        keep_bad_rows: bool,
    ) -> Result<Self, Failure> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.unwrap_or_default().to_ascii_lowercase();
        let is_array =
            ending == "npy" || ending == "npz" || (ending.is_empty() && is_archive(path));
        let is_picture = PICTURES.contains(&ending.as_str());
        if is_array && path.is_file() {
            return Ok(Self::Array(load_rows(path)?));
        }
        if path.is_file() && is_idx(path) {
            return Ok(Self::Array(load_idx_images(path)?));
        }
        if path.is_dir() || is_picture || (path.is_file() && is_image_list(path)) {
            let (paths, passed_over) =
                list_images_counted(path, on_bad_file(reading.skip_bad_files))?;
            return Ok(Self::Images(Pictures {
                paths,
                passed_over,
                skip: reading.skip_bad_files,
            }));
        }
        foreign::check(path, &ending)?;
        let options = Options {
            keep_bad_rows,
            ..options(reading)?
        };
        let table = tables::open(path, &options);
        // Other files that are no text have errors of their own.
        let is_text = match &table {
            Ok(table) => table.format() == Format::Csv,
            Err(TablesError::File { what, .. }) => what == "is empty",
            Err(_) => false,
        };
        if is_text {
            foreign::check_text(path)?;
        }
        let table = table?;
        for odd in &table.found().odd {
            tracing::warn!("{}: {odd}", table.file());
        }
        Ok(Self::Table(Box::new(table)))
    }
}

/// How a table is read.
pub(super) fn options(reading: &Reading) -> Result<Options, Failure> {
    let delimiter = match reading.delimiter.as_deref() {
        None => None,
        Some("\\t" | "tab") => Some(b'\t'),
        Some(text) => match text.as_bytes() {
            &[byte] => Some(byte),
            _ => {
                let message = format!("--delimiter {text:?}: expected one character, or tab");
                return Err(Failure::new(exit::USAGE, message));
            }
        },
    };
    Ok(Options {
        delimiter,
        header: reading.no_header.then_some(false),
        decimal_comma: match reading.decimal_comma {
            true => Some(true),
            false => reading.decimal_point.then_some(false),
        },
        ..Options::default()
    })
}

/// All rows of a table. Columns that cannot be read are an error unless `left_out` has them; nor are columns of
/// Parquet read that it has, so that no value of theirs can be one that is not read.
pub(super) fn whole(table: &Table, left_out: impl Fn(&str) -> bool) -> Result<Columns, Failure> {
    let is_read = |name: &str| table.format() != Format::Parquet || !left_out(name);
    let schema = table.schema().iter();
    let mut schema: Vec<_> = schema.filter(|(name, _)| is_read(name)).cloned().collect();
    if schema.is_empty() {
        // The rows are counted all the same, and what is wrong with them is said elsewhere.
        schema = table.schema().to_vec();
    }
    let wanted = match table.unread().iter().all(|(name, _)| left_out(name)) {
        true => Some(schema.as_slice()),
        false => None,
    };
    all_rows(table, wanted)
}

/// All rows of a table, of which there has to be one, with the columns `wanted` or all.
pub(super) fn all_rows(
    table: &Table,
    wanted: Option<&[(String, Kind)]>,
) -> Result<Columns, Failure> {
    let mut all: Option<Columns> = None;
    for chunk in table.rows(wanted)? {
        check_interrupt()?;
        let chunk = chunk?.columns;
        match &mut all {
            None => all = Some(chunk),
            Some(all) => all
                .append(chunk)
                .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?,
        }
    }
    all.ok_or_else(|| {
        Failure::new(
            exit::BAD_DATA,
            format!("{}: there are no rows", table.file()),
        )
    })
}

/// The rows of an array as a model takes them.
pub(super) fn array(data: &datasets::Data) -> Data<'_> {
    match data {
        datasets::Data::Rows(x) => Data::Rows(x.view()),
        datasets::Data::Rows64(x) => Data::Rows64(x.view()),
        datasets::Data::Images(x) => Data::Images(x.view()),
    }
}

impl Pictures {
    /// Some files, which all have to be images.
    pub(super) fn of(paths: Vec<PathBuf>) -> Self {
        Self {
            paths,
            passed_over: PassedOver::default(),
            skip: false,
        }
    }

    /// The images at `paths`, in colour, each a square of `side` pixels, and which paths were images. `None` where
    /// all of them are left out.
    pub(super) fn read(&self, paths: &[PathBuf], side: usize) -> Result<Option<Read>, Failure> {
        let options = ImageOptions {
            size: Some(side),
            colour: Colour::Rgb,
            on_bad_file: on_bad_file(self.skip),
            ..ImageOptions::default()
        };
        let images = match read_images(paths, &options) {
            Err(DatasetError::NoImages { .. }) if self.skip => {
                let (n, first) = (paths.len(), paths.first().map(|path| path.display()));
                let first = first.map_or_else(String::new, |first| first.to_string());
                tracing::warn!("{n} files were left out, the first: {first} is not an image");
                return Ok(None);
            }
            images => images?,
        };
        if let Some(warning) = left_out(&images.skipped) {
            tracing::warn!("{warning}");
        }
        Ok(Some((images.pixels, images.kept)))
    }

    /// All images, as [`read`](Self::read) gives them.
    pub(super) fn read_all(&self, side: usize, input: &Path) -> Result<Read, Failure> {
        let images = self.read(&self.paths, side)?;
        images.ok_or_else(|| no_images(input))
    }

    /// What was passed over in a folder, as a warning.
    pub(super) fn warn(&self) {
        if let Some(warning) = self.passed_over.warning() {
            tracing::warn!("{warning}");
        }
    }
}

/// The failure where every file was left out.
pub(super) fn no_images(input: &Path) -> Failure {
    let path = input.to_owned();
    DatasetError::NoImages { path }.into()
}

/// The columns of `table` that `layout` learned from, each as it was read then; numbers as they stand in the
/// file.
pub(super) fn learned(layout: &Layout, table: &[(String, Kind)]) -> Vec<(String, Kind)> {
    let Layout::Table(layout) = layout else {
        return table.to_vec();
    };
    let is_number = |kind: Kind| matches!(kind, Kind::Float32 | Kind::Float64 | Kind::Integer);
    let columns = layout.columns.iter().map(|column| {
        let found = table.iter().find(|(name, _)| *name == column.name);
        let kind = match found {
            Some((_, found)) if is_number(*found) && is_number(column.kind) => *found,
            _ => column.kind,
        };
        (column.name.clone(), kind)
    });
    columns.collect()
}

/// An error of some rows of a file, the first of which is called `first`: rows of tables count from 1, those of
/// arrays from 0.
pub(super) fn located(file: &str, first: u64, error: ModelError) -> Failure {
    let is_table = first > 0;
    located_when(file, first, error, When::Later { is_table })
}

/// An error of rows of a file, with what helps at that time.
pub(super) fn located_when(file: &str, first: u64, error: ModelError, when: When<'_>) -> Failure {
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let error = error.with_row(|row| first.saturating_add(row));
    let failure = match error {
        ModelError::Data(error) => of_data(&error, when),
        ModelError::Detector(error) => error.into(),
        error => return error.into(),
    };
    Failure {
        message: format!("{}: {}", files::visible(file), failure.message),
        ..failure
    }
}

/// An error once a signal has come.
pub(super) fn check_interrupt() -> Result<(), Failure> {
    match crate::interrupt::asked() {
        true => Err(detector::DetectorError::Interrupted.into()),
        false => Ok(()),
    }
}
