//! What a file is, by its first bytes and by its ending: so that what is not read is refused by name, with
//! the line that converts it.

mod table;

use std::io::Read;
use std::path::Path;

use crate::{DatasetError, WayOut, input, python};

/// Enough to tell a format by, and to see a table's first lines.
const START_BYTES: u64 = 4096;

/// What is read in place of all of these.
pub(crate) const ARCHIVE: &str = "an .npz, which is a zip of .npy files";

/// The formats that people hand over as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Empty,
    Zip,
    Npy,
    Parquet,
    Arrow,
    /// MATLAB's own, up to 7.
    Matlab,
    /// MATLAB 7.3, which is HDF5.
    Matlab73,
    Hdf5,
    Idx,
    Pickle,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
    Tar,
    SevenZip,
    OldOffice,
    Pdf,
    Sqlite,
    Image,
    Html,
    Xml,
    Json,
    Arff,
    Csv,
    Text,
    Unknown,
}

use Format as F;

/// Formats by how they begin.
const STARTS: [(&[u8], Format); 30] = [
    (b"PK\x03\x04", F::Zip),
    (b"PK\x05\x06", F::Zip),
    (b"\x93NUMPY", F::Npy),
    (b"PAR1", F::Parquet),
    (b"PARE", F::Parquet),
    (b"ARROW1", F::Arrow),
    (b"FEA1", F::Arrow),
    (b"MATLAB 7.3", F::Matlab73),
    (b"MATLAB 5.0", F::Matlab),
    (b"\x89HDF\r\n\x1a\n", F::Hdf5),
    (b"\x1f\x8b", F::Gzip),
    (b"BZh", F::Bzip2),
    (b"\xfd7zXZ\0", F::Xz),
    (b"\x28\xb5\x2f\xfd", F::Zstd),
    (b"7z\xbc\xaf\x27\x1c", F::SevenZip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", F::OldOffice),
    (b"%PDF", F::Pdf),
    (b"SQLite format 3\0", F::Sqlite),
    (b"\x89PNG", F::Image),
    (b"\xff\xd8\xff", F::Image),
    (b"BM", F::Image),
    (b"II*\0", F::Image),
    (b"MM\0*", F::Image),
    (b"GIF8", F::Image),
    (b"\0\0\x08\x01", F::Idx),
    (b"\0\0\x08\x03", F::Idx),
    (b"\x80\x02", F::Pickle),
    (b"\x80\x03", F::Pickle),
    (b"\x80\x04", F::Pickle),
    (b"\x80\x05", F::Pickle),
];

impl Format {
    /// By the first bytes of a file and its name.
    pub(crate) fn of(start: &[u8], path: &Path) -> Self {
        if start.is_empty() {
            return Self::Empty;
        }
        if let Some((_, format)) = STARTS.iter().find(|(bytes, _)| start.starts_with(bytes)) {
            return *format;
        }
        if start.get(257..262) == Some(b"ustar") {
            return Self::Tar;
        }
        match table::text_of(start) {
            Some(text) => Self::of_text(&text, path),
            None => Self::Unknown,
        }
    }

    fn of_text(text: &str, path: &Path) -> Self {
        let trimmed = text.trim_start().to_lowercase();
        let ending = ending(path);
        if trimmed.starts_with("<!doctype html") || trimmed.starts_with("<html") {
            Self::Html
        } else if trimmed.starts_with('<') {
            if trimmed.contains("<html") {
                Self::Html
            } else {
                Self::Xml
            }
        } else if trimmed.starts_with('{') || trimmed.starts_with('[') && ending != "csv" {
            Self::Json
        } else if ["pkl", "pickle"].contains(&ending.as_str()) {
            Self::Pickle // of the first protocols
        } else if ending == "arff" || trimmed.starts_with("@relation") {
            Self::Arff
        } else if ["csv", "tsv", "tab"].contains(&ending.as_str())
            || table::separator(text).is_some()
        {
            Self::Csv
        } else {
            Self::Text
        }
    }

    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "an empty file",
            Self::Zip => "a zip archive",
            Self::Npy => "a single array (.npy)",
            Self::Parquet => "a Parquet table",
            Self::Arrow => "an Arrow table (Feather)",
            Self::Matlab => "a MATLAB file",
            Self::Matlab73 => "a MATLAB 7.3 file, which is HDF5",
            Self::Hdf5 => "an HDF5 file",
            Self::Idx => "an IDX array (MNIST's format)",
            Self::Pickle => "a pickle of Python objects",
            Self::Gzip => "a gzip file",
            Self::Bzip2 => "a bzip2 file",
            Self::Xz => "an xz file",
            Self::Zstd => "a Zstandard file",
            Self::Tar => "a tar archive",
            Self::SevenZip => "a 7z archive",
            Self::OldOffice => "an Excel or other Office file",
            Self::Pdf => "a PDF document",
            Self::Sqlite => "an SQLite database",
            Self::Image => "a single image",
            Self::Html => "an HTML page",
            Self::Xml => "an XML text",
            Self::Json => "a JSON text",
            Self::Arff => "an ARFF table",
            Self::Csv => "a CSV table",
            Self::Text => "a text",
            Self::Unknown => "a file in no known format",
        }
    }
}

/// The ending of a file's name, in lower case.
pub(crate) fn ending(path: &Path) -> String {
    path.extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase()
}

/// The first bytes of a file.
pub(crate) fn start(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut start = Vec::new();
    let mut file = input::open(path)?.take(START_BYTES);
    file.read_to_end(&mut start)
        .map_err(|source| DatasetError::Io {
            path: path.to_owned(),
            source,
        })?;
    Ok(start)
}

/// Whether a file is an `.npz`: by its ending in any case, or because it begins as a zip. Never opens what is not a
/// file.
pub fn is_archive(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    path.is_file()
        && (ending(path) == "npz"
            || start(path).is_ok_and(|start| Format::of(&start, path) == Format::Zip))
}

/// The refusal of a file that is not a `.npz`.
pub(crate) fn refusal(path: &Path, start: &[u8]) -> DatasetError {
    let format = Format::of(start, path);
    DatasetError::OtherForm {
        path: path.to_owned(),
        place: String::new(),
        found: match format {
            Format::Csv => table::name(start).to_owned(),
            Format::Unknown if !ending(path).is_empty() => {
                format!(
                    "a file in no known format, though its name ends in .{}",
                    ending(path)
                )
            }
            _ => format.name().to_owned(),
        },
        expected: ARCHIVE.to_owned(),
        way_out: Box::new(way_out(format, path, start)),
    }
}

/// How to make an `.npz` of it.
fn way_out(format: Format, path: &Path, start: &[u8]) -> WayOut {
    let (from, to) = (python::path(path), python::path(&python::converted(path)));
    let frame = |read: &str| {
        format!(
            "with the column of labels (0 normal, 1 anomalous) in place of LABEL: {}",
            python::line(&format!(
                "import numpy as np, pandas as pd; d = {read}; \
                 np.savez({to}, X=d.drop(columns='LABEL').to_numpy(), y=d['LABEL'].to_numpy())"
            ))
        )
    };
    let arrays = |read: &str, turned: &str| {
        format!(
            "if its arrays are called X and y: {}",
            python::line(&format!(
                "{read}; np.savez({to}, X=d['X']{turned}, y=d['y']{turned}.ravel())"
            ))
        )
    };
    WayOut::text(match format {
        Format::Csv => table::hint(path, start),
        Format::Parquet => frame(&format!("pd.read_parquet({from})")),
        Format::Arrow => frame(&format!("pd.read_feather({from})")),
        Format::Json => frame(&format!("pd.read_json({from})")),
        Format::OldOffice => frame(&format!("pd.read_excel({from})")),
        Format::Pickle => format!(
            "only where you trust its source, {}",
            frame(&format!("pd.read_pickle({from})"))
        ),
        Format::Matlab => arrays(
            &format!("import numpy as np, scipy.io; d = scipy.io.loadmat({from})"),
            "",
        ),
        Format::Matlab73 => format!(
            "save with -v7 in MATLAB; or, {}",
            arrays(
                &format!("import numpy as np, h5py; d = h5py.File({from})"),
                "[()].T"
            )
        ),
        Format::Hdf5 => arrays(
            &format!("import numpy as np, h5py; d = h5py.File({from})"),
            "[()]",
        ),
        Format::Npy => format!(
            "with the labels (0 normal, 1 anomalous) in LABELS.npy: {}",
            python::line(&format!(
                "import numpy as np; np.savez({to}, X=np.load({from}), y=np.load('LABELS.npy'))"
            ))
        ),
        Format::Arff => format!(
            "with the column of labels in place of LABEL: {}",
            python::line(&format!(
                "import numpy as np, pandas as pd, scipy.io.arff as a; d = pd.DataFrame(a.loadarff({from})[0]); \
                 np.savez({to}, X=d.drop(columns='LABEL').to_numpy(), y=d['LABEL'].to_numpy())"
            ))
        ),
        Format::Idx => return WayOut::KnownFormat,
        Format::Gzip
        | Format::Bzip2
        | Format::Xz
        | Format::Zstd
        | Format::Tar
        | Format::SevenZip => "unpack it and name what comes out".to_owned(),
        Format::Html | Format::Xml => {
            "it may be a server's error page: download the file again".to_owned()
        }
        Format::Empty => "the download or the copy may have failed: get the file again".to_owned(),
        Format::Image => return WayOut::FolderOrVectors,
        Format::Zip | Format::Pdf | Format::Sqlite | Format::Text | Format::Unknown => format!(
            "save rows and labels (0 normal, 1 anomalous) from Python: numpy.savez({to}, X=rows, y=labels)"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, bytes: &[u8]) -> (String, String) {
        let error = refusal(Path::new(name), bytes);
        (error.to_string(), format!("{:?}", error.way_out().unwrap()))
    }

    #[test]
    fn files_are_named_by_their_contents_before_their_ending() {
        let mut matlab = b"MATLAB 5.0 MAT-file".to_vec();
        matlab.resize(124, b' ');
        for (name, bytes, word, hint) in [
            (
                "t.parquet",
                &b"PAR1\0\0"[..],
                "Parquet",
                "read_parquet('t.parquet')",
            ),
            ("t.csv", b"PAR1\0\0", "Parquet", "read_parquet('t.csv')"),
            ("t.mat", &matlab, "a MATLAB file", "loadmat('t.mat')"),
            ("t.mat", b"MATLAB 7.3 MAT-file", "HDF5", "-v7"),
            (
                "t.npy",
                b"\x93NUMPY\x01\0",
                "single array",
                "np.load('t.npy')",
            ),
            ("t.pkl", b"\x80\x04\x95", "pickle", "trust"),
            ("t.npz", b"<!DOCTYPE html><p>404", "HTML page", "again"),
            ("t.npz", b"", "empty", "again"),
            ("t.csv.gz", b"\x1f\x8b\x08", "gzip", "unpack"),
            (
                "t.xls",
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
                "Excel",
                "read_excel",
            ),
            ("t.pdf", b"%PDF-1.7", "PDF", "savez"),
            ("t.json", b"[{\"a\": 1}]", "JSON", "read_json"),
            ("t.png", b"\x89PNG\r\n", "single image", "Folder"),
            ("t", b"\0\x01\x02", "no known format", "savez('t.npz'"),
        ] {
            let (message, found) = refused(name, bytes);
            assert!(message.contains(word), "{message}");
            assert!(found.contains(hint), "{found}");
        }
    }
}
