//! Files in place of a MAT-file of level 5.

use std::path::Path;

use super::element::HEADER_BYTES;
use crate::recognise::Format;
use crate::{DatasetError, WayOut, python};

/// An error where the file is surely something else.
pub(super) fn check(path: &Path, bytes: &[u8]) -> Result<(), DatasetError> {
    const LEVEL_5: &str = "a little-endian MAT-file of level 5";
    let start = &bytes[..bytes.len().min(4096)];
    let version = bytes.get(124..HEADER_BYTES);
    let format = match Format::of(start, path) {
        Format::Matlab if version == Some(&[0, 2, b'I', b'M']) => Format::Matlab73,
        // Headers are free text; the version decides.
        _ if version == Some(&[0, 1, b'I', b'M']) => return Ok(()),
        format => format,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hint = match format {
        Format::Matlab | Format::Unknown => return Ok(()),
        Format::Matlab73 | Format::Hdf5 => {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let to = path.with_file_name(format!("{stem}-v7.mat"));
            format!(
                "save it with -v7 in MATLAB, save('{name}', 'X', 'y', '-v7'); or make a file that then takes its \
                 place: {}",
                python::line(&format!(
                    "import h5py, scipy.io; d = h5py.File({}); \
                     scipy.io.savemat({}, {{k: d[k][()].T for k in ('X', 'y')}}, do_compression=True)",
                    python::path(path),
                    python::path(&to)
                ))
            )
        }
        _ => format!(
            "get the official file again, for SVHN http://ufldl.stanford.edu/housenumbers/{name}"
        ),
    };
    Err(DatasetError::OtherForm {
        path: path.to_owned(),
        place: String::new(),
        found: format.name().to_owned(),
        expected: LEVEL_5.to_owned(),
        way_out: WayOut::boxed(hint),
    })
}
