use std::io::BufWriter;
use std::path::Path;

use datasets::{
    Data, Dataset, Form, Loading, Name, NpzWriter, Roots, cache_folder, load_lite0_images, load_npz,
};
use detector::Progress;
use ndarray::{Array2, Array4};
use residuum::Device;
use sha2::{Digest, Sha256};

use crate::{ExperimentError, Networks};

/// Raised when the same images would get other vectors.
const GENERATION: &str = "lite0 1";

/// The set `NAME@lite0`: the images of `NAME@pixels`, or `NAME@pixels64@lite0`: those of `NAME@pixels64`, as
/// vectors, computed once and then read from the cache folder, where they are found by the images' bytes.
/// `None` for any other name.
pub(crate) fn lite0_set(
    name: &str,
    loading: &Loading,
    roots: &Roots,
    networks: Option<&dyn Networks>,
    device: Device,
    progress: &dyn Progress,
) -> Result<Option<Dataset>, ExperimentError> {
    // What is not a name at all is reported where sets are loaded.
    let Ok(name) = Name::of(name) else {
        return Ok(None);
    };
    if !matches!(name.form, Form::Lite0(_)) {
        return Ok(None);
    }
    let whole = name.all_rows();
    let (set, resized) = load_lite0_images(&whole, roots, loading)?;
    if let Some(side) = resized {
        let base = whole.in_form(Form::Listed);
        tracing::warn!("{base} has images of several sizes: each became a square of {side} pixels");
    }
    let Data::Images(images) = set.data() else {
        let dataset = set.name().to_owned();
        return Err(ExperimentError::NoImages { dataset });
    };
    let path = cache_folder().map(|cache| cache.join("embeddings").join(cache_name(images)));
    let kept = path.as_ref().and_then(|path| read_kept(path, set.n()));
    let rows = match kept {
        Some(rows) => rows,
        None => {
            let networks = networks.ok_or(ExperimentError::NeedsNetworks)?;
            let rows = networks.lite0(images.view(), device, progress)?;
            if let Some(path) = &path {
                keep(path, &rows)?;
            }
            rows
        }
    };
    let set = set.with_rows(&whole.to_string(), rows)?;
    Ok(Some(match name.rows {
        Some(rows) => set.drawn(rows)?,
        None => set,
    }))
}

/// Images of one size and their bytes decide; so does the way they are embedded.
fn cache_name(images: &Array4<u8>) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{GENERATION} {:?} ", images.dim()));
    let images = images.as_standard_layout();
    hash.update(images.as_slice().unwrap_or_default());
    let digest = files::hex(&hash.finalize());
    format!("lite0-{}.npz", &digest[..32])
}

/// A damaged file is made anew.
fn read_kept(path: &Path, n: usize) -> Option<Array2<f32>> {
    if !path.is_file() {
        return None;
    }
    match load_npz(path).map(|set| set.data().clone()) {
        Ok(Data::Rows(rows)) if rows.nrows() == n => Some(rows),
        Ok(_) => None,
        Err(error) => {
            tracing::warn!("{error}: made anew");
            None
        }
    }
}

fn keep(path: &Path, rows: &Array2<f32>) -> Result<(), ExperimentError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| ExperimentError::Folder {
            path: folder.to_owned(),
            source,
        })?;
    }
    let d = rows.ncols();
    let labels = vec![0; rows.nrows()]; // the reader of such files wants some
    let rows = rows.as_standard_layout();
    let write = |file: &mut _| {
        let mut npz = NpzWriter::new(BufWriter::new(file));
        npz.rows("X", rows.as_slice().unwrap_or_default(), d)?;
        npz.bytes("y", &labels)?;
        npz.finish()
    };
    files::fill(path, write).map_err(|source| ExperimentError::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn what_is_kept_is_read_and_what_is_damaged_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/lite0.npz");
        assert_eq!(read_kept(&path, 2), None);
        let rows = array![[0.5f32, -1.0, 2.0], [3.0, 4.0, 5.0]];
        keep(&path, &rows).unwrap();
        assert_eq!(read_kept(&path, 2).unwrap(), rows);
        assert_eq!(read_kept(&path, 3), None);
        std::fs::write(&path, "PK").unwrap();
        assert_eq!(read_kept(&path, 2), None);
    }

    #[test]
    fn the_name_depends_on_size_and_bytes_and_not_on_the_layout() {
        let images = Array4::from_shape_fn((2, 1, 2, 3), |(n, _, y, x)| (n * 6 + y * 3 + x) as u8);
        let name = cache_name(&images);
        // Of the images' size and bytes behind "lite0 1 (2, 1, 2, 3) ", by sha256sum.
        assert_eq!(name, "lite0-73681d0f7b1149dee697a1e630c61d53.npz");
        let turned = images.view().reversed_axes().to_owned().reversed_axes();
        assert_eq!(cache_name(&turned), name);
        let mut other = images.clone();
        other[[1, 0, 1, 2]] = 0;
        assert_ne!(cache_name(&other), name);
        let flat = images.into_shape_with_order((2, 1, 3, 2)).unwrap();
        assert_ne!(cache_name(&flat), name);
    }
}
