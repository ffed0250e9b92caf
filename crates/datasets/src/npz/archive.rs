//! One archive and its arrays, with the path in every error.

use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::path::Path;

use detector::Number;
use ndarray::Array2;
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::arrays;
use crate::npy::{Npy, NpyError};
use crate::{Data, DatasetError, Label, OfficialPart, Protocol, WayOut, input, recognise};

/// Deflate makes at most 1032 bytes of one.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// Arrays may unpack to this many bytes, or to [`USUAL_RATIO`] times what they take packed if that is more: a small
/// file cannot ask for all memory.
const MAX_UNPACKED: u64 = 4 << 30;
const USUAL_RATIO: u64 = 100;

/// What an archive holds.
pub(super) struct Read {
    pub(super) data: Data,
    /// How many of the numbers were rounded.
    pub(super) rounded: usize,
    pub(super) labels: Vec<Label>,
    pub(super) official: Option<(Protocol, Vec<OfficialPart>)>,
    /// What was taken, where that is not plain.
    pub(super) note: Option<String>,
}

pub(super) fn open(path: &Path) -> Result<(ZipArchive<BufReader<File>>, u64), DatasetError> {
    let io = |source| DatasetError::Io {
        path: path.to_owned(),
        source,
    };
    let file = input::open(path)?;
    let file_bytes = file.metadata().map_err(io)?.len();
    match ZipArchive::new(BufReader::new(file)) {
        Ok(archive) => Ok((archive, file_bytes)),
        Err(error) => {
            let start = recognise::start(path)?;
            if recognise::Format::of(&start, path) == recognise::Format::Zip {
                return Err(zip_error(path, "the archive", error));
            }
            Err(recognise::refusal(path, &start))
        }
    }
}

pub(super) fn read_entry<R: io::Read + Seek, T>(
    path: &Path,
    archive: &mut ZipArchive<R>,
    array: &'static str,
    file_bytes: u64,
    read: impl FnOnce(&mut ZipFile<'_, R>, u64) -> Result<T, NpyError>,
) -> Result<T, DatasetError> {
    let place = format!("array `{array}`");
    if archive.index_for_name(&format!("{array}.npy")).is_none() {
        return Err(arrays::missing(path, array, &arrays::of(archive)));
    }
    let mut entry = archive
        .by_name(&format!("{array}.npy"))
        .map_err(|error| zip_error(path, &place, error))?;
    // The sizes in a zip are claims: what is allocated later is bounded by the file that is there.
    let (size, packed) = (entry.size(), entry.compressed_size());
    if packed > file_bytes || size > packed.saturating_mul(MAX_DEFLATE_RATIO) {
        return Err(DatasetError::Malformed {
            path: path.to_owned(),
            place,
            found: format!("{size} bytes promised by {packed} packed ones"),
            expected: format!("what fits a file of {file_bytes} bytes"),
        });
    }
    let most = MAX_UNPACKED.max(packed.saturating_mul(USUAL_RATIO));
    if size > most {
        return Err(DatasetError::OtherForm {
            path: path.to_owned(),
            place,
            found: format!("{size} bytes, unpacked from {packed}"),
            expected: format!("at most {most} bytes, which is 4 GiB or 100 times the packed ones"),
            way_out: WayOut::boxed("save it without compression, where it is yours: numpy.savez"),
        });
    }
    read(&mut entry, size).map_err(|error| npy_error(path, array, error))
}

pub(super) fn npy_error(path: &Path, array: &'static str, error: NpyError) -> DatasetError {
    let place = format!("array `{array}`");
    match error {
        NpyError::Pickled => DatasetError::PickledObjects {
            path: path.to_owned(),
            array,
        },
        NpyError::Malformed { found, expected } => DatasetError::Malformed {
            path: path.to_owned(),
            place,
            found,
            expected,
        },
        NpyError::Memory(bytes) => DatasetError::Memory {
            path: path.to_owned(),
            bytes,
        },
        NpyError::Io(error) => damaged(path, place, &error),
    }
}

/// Everything downstream walks rows: Fortran order is turned in place, so that the numbers are held once.
pub(super) fn rows_of<T: Number>(
    path: &Path,
    array: &'static str,
    mut x: Npy<T>,
) -> Result<Array2<T>, DatasetError> {
    let [n, d] = x.shape[..] else {
        return Err(match array {
            "X" => arrays::wrong_rows(path, &x.shape),
            _ => wrong_shape(path, array, &x.shape, "[n, d]"),
        });
    };
    if x.fortran && x.values.len() == n * d {
        let mut scratch = vec![T::zero(); n.max(d)];
        transpose::transpose_inplace(&mut x.values, &mut scratch, n, d);
    }
    Array2::from_shape_vec((n, d), x.values)
        .map_err(|_| wrong_shape(path, array, &[n, d], "[n, d] that fits the memory"))
}

pub(crate) fn wrong_shape(
    path: &Path,
    array: &str,
    found: &[usize],
    expected: &str,
) -> DatasetError {
    DatasetError::Malformed {
        path: path.to_owned(),
        place: format!("array `{array}`"),
        found: format!("shape {found:?}"),
        expected: expected.to_owned(),
    }
}

fn zip_error(path: &Path, place: &str, error: ZipError) -> DatasetError {
    let found = match error {
        ZipError::Io(error) => return damaged(path, place.to_owned(), &error),
        other => other.to_string(),
    };
    DatasetError::Malformed {
        path: path.to_owned(),
        place: place.to_owned(),
        found,
        expected: "an .npz, which is a zip of .npy files".to_owned(),
    }
}

/// Reading failed inside the archive: it ends early, does not inflate or has a wrong checksum.
fn damaged(path: &Path, place: String, error: &io::Error) -> DatasetError {
    DatasetError::Malformed {
        path: path.to_owned(),
        place,
        found: match error.kind() {
            io::ErrorKind::UnexpectedEof => "the end of the data".to_owned(),
            _ => error.to_string(),
        },
        expected: "a complete, undamaged .npz".to_owned(),
    }
}
