//! Which arrays an archive holds, and what to do about those that are called something else.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use zip::ZipArchive;

use crate::{DatasetError, WayOut, npy, python, recognise};

/// Arrays that are looked at and named.
const MOST: usize = 16;

/// One entry of an archive, by its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Array {
    /// Without `.npy`.
    pub(super) name: String,
    /// Type as the file writes it and shape; `None` where it is not an array or its header is damaged.
    header: Option<(String, Vec<u64>)>,
}

impl Array {
    /// Texts or bytes, in a word.
    pub(super) fn text(&self) -> Option<&'static str> {
        let (descr, _) = self.header.as_ref()?;
        let plain = descr.trim_start_matches(['<', '>', '|', '=']);
        match plain.as_bytes().first()? {
            b'U' => Some("text"),
            b'S' | b'a' => Some("bytes"),
            _ => None,
        }
    }

    fn shape(&self) -> &[u64] {
        self.header.as_ref().map_or(&[], |(_, shape)| shape)
    }

    fn is_numbers(&self) -> bool {
        self.header.as_ref().is_some_and(|(descr, _)| {
            let plain = descr.trim_start_matches(['<', '>', '|', '=']);
            plain.starts_with(['f', 'i', 'u', 'b']) && !["f12", "f16"].contains(&plain)
        })
    }
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((descr, shape)) = &self.header else {
            return f.write_str(&self.name);
        };
        let axes: Vec<String> = shape.iter().map(u64::to_string).collect();
        write!(
            f,
            "{} [{}] {}",
            self.name,
            axes.join(", "),
            npy::dtype_name(descr)
        )
    }
}

/// What is in an archive.
pub(super) fn of<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Vec<Array> {
    let n = archive.len().min(MOST);
    let mut arrays = Vec::new();
    for at in 0..n {
        let Ok(mut entry) = archive.by_index(at) else {
            continue;
        };
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let header = npy::read_header(&mut entry).ok();
        arrays.push(Array {
            name: match name.strip_suffix(".npy") {
                Some(name) => name.to_owned(),
                None => format!("{name} (no .npy)"),
            },
            header: header.map(|(header, _)| (header.descr, header.shape)),
        });
    }
    arrays
}

/// An error where X and y are not both there.
pub(super) fn check(path: &Path, arrays: &[Array]) -> Result<(), DatasetError> {
    // Beyond the arrays looked at there may be more: reading finds out.
    if arrays.len() == MOST {
        return Ok(());
    }
    for name in ["X", "y"] {
        if !arrays.iter().any(|array| array.name == name) {
            return Err(missing(path, name, arrays));
        }
    }
    let y = arrays.iter().find(|array| array.name == "y");
    if let Some((descr, _)) = y.and_then(|y| y.header.as_ref())
        && !y.is_some_and(|y| y.text().is_some() || y.is_numbers())
        && !descr.contains('O')
    {
        return Err(DatasetError::OtherForm {
            path: path.to_owned(),
            place: "array `y`".to_owned(),
            found: npy::dtype_name(descr),
            expected: "0 (normal) or 1 (anomaly) as numbers or bool".to_owned(),
            way_out: WayOut::boxed(format!(
                "with the value of the anomalous rows in place of ANOMALOUS: {}",
                line(path, "d['X']", "d['y'] == ANOMALOUS")
            )),
        });
    }
    let x = arrays.iter().find(|array| array.name == "X");
    let (descr, _) = match x.and_then(|x| x.header.as_ref()) {
        Some(header) => header,
        None => return Ok(()),
    };
    let plain = descr.trim_start_matches(['<', '>', '|', '=']);
    let convert = match plain.as_bytes().first() {
        Some(b'U' | b'S' | b'a') => "d['X'].astype(float)",
        Some(b'M' | b'm') => "d['X'].astype('int64')",
        Some(b'c') => "np.hstack([d['X'].real, d['X'].imag])",
        Some(b'f') if plain == "f16" || plain == "f12" => "d['X'].astype(float)",
        Some(b'[' | b'V') => "np.column_stack([d['X'][c] for c in d['X'].dtype.names])",
        _ => return Ok(()),
    };
    Err(DatasetError::OtherForm {
        path: path.to_owned(),
        place: "array `X`".to_owned(),
        found: npy::dtype_name(descr),
        expected: npy::NUMBERS.to_owned(),
        way_out: WayOut::boxed(format!(
            "where that keeps what the values mean: {}",
            line(path, convert, "d['y']")
        )),
    })
}

/// The refusal of rows that have one axis, or more than two.
pub(super) fn wrong_rows(path: &Path, shape: &[usize]) -> DatasetError {
    let hint = match shape {
        [_] => format!(
            "where each value is a row of its own: {}",
            reshaped(path, |x| format!("{x}.reshape(-1, 1)"))
        ),
        [_, _, ..] => format!(
            "with every sample as one row: {}",
            reshaped(path, |x| format!("{x}.reshape(len({x}), -1)"))
        ),
        [] => "rows of numbers have the shape [n, d]".to_owned(),
    };
    DatasetError::OtherForm {
        path: path.to_owned(),
        place: match recognise::is_archive(path) {
            true => "array `X`".to_owned(),
            false => "the array".to_owned(),
        },
        found: format!("shape {shape:?}"),
        expected: "[n, d]".to_owned(),
        way_out: WayOut::boxed(hint),
    }
}

/// A copy of the rows in another shape, with the labels where the file has some.
fn reshaped(path: &Path, x: impl Fn(&str) -> String) -> String {
    let has_labels = || {
        let archive = File::open(path).ok();
        let archive = archive.and_then(|file| ZipArchive::new(BufReader::new(file)).ok());
        archive.is_some_and(|mut archive| of(&mut archive).iter().any(|array| array.name == "y"))
    };
    match recognise::is_archive(path) {
        true if has_labels() => line(path, &x("d['X']"), "d['y']"),
        is_archive => python::line(&format!(
            "import numpy as np; d = np.load({}); np.savez({}, X={})",
            python::path(path),
            python::path(&python::converted(path)),
            x(if is_archive { "d['X']" } else { "d" })
        )),
    }
}

/// The refusal of an archive without `array`, with the line that makes it of those that are there.
pub(super) fn missing(path: &Path, array: &'static str, arrays: &[Array]) -> DatasetError {
    if arrays.iter().all(|array| array.header.is_none()) {
        return no_arrays(path, arrays);
    }
    DatasetError::MissingArray {
        path: path.to_owned(),
        array,
        found: arrays.iter().map(Array::to_string).collect(),
        hint: ["X", "y"].contains(&array).then(|| hint(path, arrays)),
    }
}

/// The refusal of a zip of other files, of which some formats are.
fn no_arrays(path: &Path, arrays: &[Array]) -> DatasetError {
    let named = |part: &str| arrays.iter().any(|array| array.name.contains(part));
    let to = python::path(&python::converted(path));
    let (found, hint) = if named("[Content_Types].xml") {
        let body = format!(
            "import numpy as np, pandas as pd; d = pd.read_excel({}); \
             np.savez({to}, X=d.drop(columns='LABEL').to_numpy(), y=d['LABEL'].to_numpy())",
            python::path(path)
        );
        let line = python::line(&body);
        (
            "an Excel or other Office file",
            format!("with the column of labels in place of LABEL: {line}"),
        )
    } else if named("data.pkl") {
        (
            "a file of PyTorch",
            format!("save its tensors: numpy.savez({to}, X=rows.numpy(), y=labels.numpy())"),
        )
    } else {
        (
            "a zip archive of other files",
            "unpack it and name what comes out".to_owned(),
        )
    };
    let names: Vec<&str> = arrays
        .iter()
        .take(3)
        .map(|array| array.name.trim_end_matches(" (no .npy)"))
        .collect();
    DatasetError::OtherForm {
        path: path.to_owned(),
        place: String::new(),
        found: match names.len() {
            0 => "an empty zip archive".to_owned(),
            _ => format!("{found} ({})", names.join(", ")),
        },
        expected: recognise::ARCHIVE.to_owned(),
        way_out: WayOut::boxed(hint),
    }
}

fn hint(path: &Path, arrays: &[Array]) -> String {
    let has = |name: &str| arrays.iter().any(|array| array.name == name);
    let by_name = |names: &[&str]| {
        let is = |array: &&Array| {
            names
                .iter()
                .any(|name| array.name.eq_ignore_ascii_case(name))
        };
        arrays.iter().find(is)
    };
    if ["indices", "indptr", "shape"].iter().all(|name| has(name)) {
        let body = format!(
            "import numpy as np, scipy.sparse as s; np.savez({}, X=s.load_npz({}).toarray(), \
             y=np.load('LABELS.npy'))",
            python::path(&python::converted(path)),
            python::path(path)
        );
        return format!(
            "a sparse matrix of SciPy; with its labels (0 normal, 1 anomalous) in LABELS.npy: {}",
            python::line(&body)
        );
    }
    // A training and a test part.
    let part = |part: &str, of: &[&str]| {
        let before = of.iter().map(|of| format!("{of}_{part}"));
        let names: Vec<String> = before
            .chain(of.iter().map(|of| format!("{part}_{of}")))
            .collect();
        by_name(&names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    const X: [&str; 4] = ["x", "images", "data", "features"];
    const Y: [&str; 4] = ["y", "labels", "label", "targets"];
    if let (Some(train), Some(test)) = (part("train", &X), part("test", &X)) {
        let x = format!("np.concatenate([{}, {}])", rows(train), rows(test));
        let (meaning, y) = match (part("train", &Y), part("test", &Y)) {
            (Some(train), Some(test)) => (
                "where the labels are 0 and 1",
                format!(
                    "np.concatenate([{}, {}])",
                    of_archive(train),
                    of_archive(test)
                ),
            ),
            (_, Some(test)) => (
                "where all training rows are normal",
                format!(
                    "np.concatenate([np.zeros(len({})), {}])",
                    of_archive(train),
                    of_archive(test)
                ),
            ),
            _ => (
                "with labels (0 normal, 1 anomalous)",
                "np.load('LABELS.npy')".to_owned(),
            ),
        };
        return format!(
            "both parts as one, which a protocol then splits, {meaning}: {}",
            line(path, &x, &y)
        );
    }
    let tables: Vec<&Array> = arrays
        .iter()
        .filter(|a| a.is_numbers() && a.shape().len() == 2)
        .collect();
    let x = by_name(&["X", "data", "features", "rows"]).or(match tables[..] {
        [only] => Some(only),
        _ => None,
    });
    let Some(x) = x else {
        return format!(
            "with the names of the rows and of the labels (0 normal, 1 anomalous) in place of ROWS and LABELS: {}",
            line(path, "d['ROWS']", "d['LABELS']")
        );
    };
    let n = x.shape().first().copied();
    let columns = arrays.iter().filter(|array| {
        array.name != x.name && matches!(array.shape(), [m] | [m, 1] if Some(*m) == n)
    });
    let columns: Vec<&Array> = columns.collect();
    let y = by_name(&Y)
        .filter(|y| y.name != x.name)
        .or(match columns[..] {
            [only] => Some(only),
            _ => None,
        });
    match y {
        Some(y) => format!(
            "where `{}` are the rows and `{}` the labels, 0 normal and 1 anomalous: {}",
            x.name,
            y.name,
            line(path, &rows(x), &of_archive(y))
        ),
        None => format!(
            "with the labels (0 normal, 1 anomalous) in LABELS.npy: {}",
            line(path, &rows(x), "np.load('LABELS.npy')")
        ),
    }
}

fn of_archive(array: &Array) -> String {
    format!("d[{}]", python::text(&array.name))
}

/// An array with one row for each sample.
fn rows(array: &Array) -> String {
    let whole = of_archive(array);
    match array.shape().len() {
        2 => whole,
        _ => format!("{whole}.reshape(len({whole}), -1)"),
    }
}

fn line(path: &Path, x: &str, y: &str) -> String {
    python::line(&format!(
        "import numpy as np; d = np.load({}); np.savez({}, X={x}, y={y})",
        python::path(path),
        python::path(&python::converted(path))
    ))
}
