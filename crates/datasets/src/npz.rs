mod archive;
mod arrays;
mod divided;
mod labels;
mod writer;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ndarray::{Array4, ArrayD, IxDyn, ShapeBuilder};
use zip::ZipArchive;

use self::archive::{Read, npy_error, open, read_entry, rows_of};
use crate::guard::guarded;
use crate::hash::Watched;
use crate::npy::{self, Npy, Numbers};
use crate::{Data, Dataset, DatasetError, Label, input, recognise};

pub(crate) use self::archive::wrong_shape;
pub use self::writer::NpzWriter;

/// Reads a file as ADBench lays it out: a zip of `X.npy` `[n, d]` and `y.npy`, `[n]` or `[n, 1]`,
/// with 0 for normal and 1 for anomalous rows.
///
/// Rows that are divided already, `X_train`, `X_test` and `y_test` (and `y_train`, where training rows are not all
/// normal), become one set whose division [`Protocol::Official`](crate::Protocol::Official) follows; so do names like
/// `x_train` and `train_images` with `train_labels`, samples of several axes as rows of their numbers. Arrays that are not
/// taken are named in the set's [`notes`](Dataset::notes).
///
/// Every dtype of fixed size, either byte order, C and Fortran order, stored and deflated entries;
/// Rows are 32-bit floats where `X` holds floats of 16 or 32 bits, else 64-bit floats, as scikit-learn makes
/// of whole numbers. File order is kept. The data set is named after the file.
///
/// # Errors
/// [`DatasetError`] naming the file where it cannot be read, is not a zip, is truncated or corrupt,
/// lacks an array, holds Python objects, promises more numbers than it has, has no rows, values that
/// are not finite, labels that are neither 0 nor 1, or another number of labels than rows.
pub fn load_npz(path: impl AsRef<Path>) -> Result<Dataset, DatasetError> {
    let path = path.as_ref();
    let name = match recognise::ending(path).as_str() {
        "npz" => path.file_stem(),
        _ => path.file_name(),
    };
    load_named(path, &name.unwrap_or_default().to_string_lossy())
}

/// The array `images` of a file, whole numbers from 0 to 255: `[n, h, w]` or `[n, h, w, 1]` grey or
/// `[n, h, w, 3]` RGB → `[n, c, h, w]`. C or Fortran order.
///
/// # Errors
/// [`DatasetError`] naming the file where it cannot be read, is not a zip, has no such array, or one of
/// another shape or with other numbers.
pub fn load_npz_images(path: impl AsRef<Path>) -> Result<Array4<u8>, DatasetError> {
    let path = path.as_ref();
    let [images] = read_bytes(path, ["images"])?;
    let (n, h, w, c) = match images.shape[..] {
        [n, h, w] => (n, h, w, 1),
        [n, h, w, c @ (1 | 3)] => (n, h, w, c),
        _ => {
            let expected = "[n, h, w], [n, h, w, 1] or [n, h, w, 3]";
            return Err(wrong_shape(path, "images", &images.shape, expected));
        }
    };
    let shape = (n, c, h, w);
    let pixels = Array4::from_shape_vec((n, h, w, c), images.values)
        .map_err(|_| DatasetError::TooLarge { shape })?;
    Ok(pixels.permuted_axes([0, 3, 1, 2]))
}

/// Rows without labels: the array of a `.npy` file, or the array `X` of a `.npz` file, `[n, d]`, in the types
/// and orders of [`load_npz`].
///
/// # Errors
/// As [`load_npz`], but for labels.
pub fn load_rows(path: impl AsRef<Path>) -> Result<Data, DatasetError> {
    let path = path.as_ref();
    let numbers = || match recognise::is_archive(path) {
        true => {
            let (mut archive, file_bytes) = open(path)?;
            read_entry(path, &mut archive, "X", file_bytes, |entry, size| {
                npy::read_numbers(entry, size)
            })
        }
        false => {
            let file = input::open(path)?;
            let size = file.metadata().map_or(u64::MAX, |meta| meta.len());
            npy::read_numbers(&mut BufReader::new(file), size)
                .map_err(|error| npy_error(path, "X", error))
        }
    };
    match guarded(path, "the array", numbers)? {
        Numbers::F32(x) => Ok(Data::Rows(rows_of(path, "X", x)?)),
        Numbers::F64 { array, .. } => Ok(Data::Rows64(rows_of(path, "X", array)?)),
    }
}

/// The labels of the `rows` rows that [`load_rows`] reads from the same file: its array `y`, as [`load_npz`] takes it.
/// `None` for a `.npy` file and where there is no such array.
///
/// # Errors
/// As [`load_npz`], of labels.
pub fn load_labels(
    path: impl AsRef<Path>,
    rows: usize,
) -> Result<Option<Vec<Label>>, DatasetError> {
    let path = path.as_ref();
    if !recognise::is_archive(path) {
        return Ok(None);
    }
    let (mut archive, file_bytes) = open(path)?;
    let arrays = arrays::of(&mut archive);
    if !arrays.iter().any(|array| array.name == "y") {
        return Ok(None);
    }
    let labels = guarded(path, "the labels", || {
        read_labels(path, &mut archive, &arrays, file_bytes)
    })?;
    match labels.len() == rows {
        true => Ok(Some(labels)),
        false => Err(DatasetError::LengthMismatch {
            origin: path.display().to_string(),
            rows,
            labels: labels.len(),
        }),
    }
}

/// Whether it is an archive of rows that are divided into a training and a test part.
pub(crate) fn is_divided(path: &Path) -> bool {
    open(path).is_ok_and(|(mut archive, _)| divided::of(&arrays::of(&mut archive)).is_some())
}

pub(crate) fn load_named(path: &Path, name: &str) -> Result<Dataset, DatasetError> {
    let watched = Watched::of(&[path.to_owned()])?;
    let read = guarded(path, "the archive", || read_arrays(path))?;
    let sha256 = watched.sha256()?;
    let set = Dataset::checked(
        &path.display().to_string(),
        name.to_owned(),
        read.data,
        read.labels,
        Some(sha256),
    )?;
    let set = set.with_rounded(read.rounded).with_note(read.note);
    match read.official {
        Some((protocol, parts)) => set.with_official(protocol, parts),
        None => Ok(set),
    }
}

fn read_arrays(path: &Path) -> Result<Read, DatasetError> {
    let (mut archive, file_bytes) = open(path)?;
    let arrays = arrays::of(&mut archive);
    if let Some(divided) = divided::of(&arrays) {
        return divided.read(path, &mut archive, file_bytes);
    }
    arrays::check(path, &arrays)?;
    let x = read_entry(path, &mut archive, "X", file_bytes, |entry, size| {
        npy::read_numbers(entry, size)
    })?;
    let (data, rounded) = match x {
        Numbers::F32(x) => (Data::Rows(rows_of(path, "X", x)?), 0),
        Numbers::F64 { array, rounded } => (Data::Rows64(rows_of(path, "X", array)?), rounded),
    };
    Ok(Read {
        data,
        rounded,
        labels: read_labels(path, &mut archive, &arrays, file_bytes)?,
        official: None,
        note: None,
    })
}

/// The array `y`.
fn read_labels(
    path: &Path,
    archive: &mut ZipArchive<BufReader<File>>,
    arrays: &[arrays::Array],
    file_bytes: u64,
) -> Result<Vec<Label>, DatasetError> {
    let y = arrays.iter().find(|array| array.name == "y");
    if let Some(kind) = y.and_then(arrays::Array::text) {
        let names = labels::names(archive);
        return Err(labels::of_text(path, kind, &names));
    }
    let y = read_entry(path, archive, "y", file_bytes, |entry, size| {
        npy::read(entry, size, |v| v)
    })?;
    labels::of(path, "y", y)
}

/// Arrays of bytes in C order, whatever their dtype in the file: values outside 0..=255 are errors.
pub(crate) fn read_bytes<const N: usize>(
    path: &Path,
    names: [&'static str; N],
) -> Result<[Npy<u8>; N], DatasetError> {
    guarded(path, "the archive", || read_all_bytes(path, names))
}

fn read_all_bytes<const N: usize>(
    path: &Path,
    names: [&'static str; N],
) -> Result<[Npy<u8>; N], DatasetError> {
    let (mut archive, file_bytes) = open(path)?;
    let mut found = Vec::new();
    for name in names {
        // -1 is not a byte, and so stands for all that are none.
        let as_byte = |v: f64| {
            if v.fract() == 0.0 {
                v.clamp(-1.0, 256.0) as i16
            } else {
                -1
            }
        };
        let array = read_entry(path, &mut archive, name, file_bytes, |entry, size| {
            npy::read(entry, size, as_byte)
        })?;
        let values = if array.fortran {
            let shape = IxDyn(&array.shape).f();
            let read = ArrayD::from_shape_vec(shape, array.values).map_err(|_| {
                wrong_shape(path, name, &array.shape, "a shape that fits the memory")
            })?;
            read.iter().copied().collect()
        } else {
            array.values
        };
        let values = values.iter().map(|&v| u8::try_from(v).ok()).collect();
        let values: Option<Vec<u8>> = values;
        found.push(Npy {
            shape: array.shape,
            fortran: false,
            values: values.ok_or_else(|| DatasetError::Malformed {
                path: path.to_owned(),
                place: format!("array `{name}`"),
                found: "numbers outside 0 to 255".to_owned(),
                expected: "bytes".to_owned(),
            })?,
        });
    }
    found.try_into().map_err(|_| DatasetError::MissingArray {
        path: path.to_owned(),
        array: names.first().copied().unwrap_or_default(),
        found: Vec::new(),
        hint: None,
    })
}
