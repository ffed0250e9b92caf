use std::path::{Path, PathBuf};

use datasets::{
    Colour, Data, Dataset, DatasetError, ImageOptions, Label, Loading, Roots, Skipped,
    cache_folder, list_images, load_npz, load_npz_images, read_images,
};
use detector::Progress;
use ndarray::{Array2, ArrayView4, Axis, concatenate};
use residuum::{Device, Embedder};
use sha2::{Digest, Sha256};

use crate::args;
use crate::cell::write_atomically;
use crate::experiment::{Machine, left_out, protocol};
use crate::failure::{Failure, exit};
use crate::npz::Npz;
use crate::progress::{After, Bar};
use crate::run::{interrupt_flag, on_bad_file};

/// Files that are decoded before they are embedded.
const FILES: usize = 256;
/// What ends the name of a set of Lite0's vectors.
const LITE0: &str = "@lite0";
/// Raised when the same images would get other vectors.
const GENERATION: &str = "lite0 1";

/// Vectors with what is known about their images.
struct Embedded {
    rows: Array2<f32>,
    files: Option<Vec<String>>,
    labels: Option<Vec<Label>>,
    skipped: Vec<Skipped>,
}

/// `residuum embed`: images to vectors.
pub(crate) fn run(args: &args::Embed, roots: &Roots, machine: &Machine) -> Result<(), Failure> {
    let format = Format::of(&args.out)?;
    let embedder = match args.network.as_str() {
        "lite0" => Embedder::Lite0,
        module => Embedder::TorchScript(PathBuf::from(module)),
    };
    let bar = Bar::new(interrupt_flag()?);
    let run = |images: ArrayView4<'_, u8>, progress: &dyn Progress| {
        let side = args.side.map(std::num::NonZeroUsize::get);
        let device = machine.runtime.device;
        Ok(embedder.embed(images, side, device, progress)?)
    };
    let path = Path::new(&args.images);
    let embedded = if path.extension().is_some_and(|ending| ending == "npz") {
        let images = load_npz_images(path)?;
        Embedded {
            rows: run(images.view(), &bar)?,
            files: None,
            labels: None,
            skipped: Vec::new(),
        }
    } else if path.exists() {
        let options = ImageOptions {
            size: args.side.map(std::num::NonZeroUsize::get),
            colour: Colour::Rgb,
            on_bad_file: on_bad_file(args.skip_bad_files),
            ..ImageOptions::default()
        };
        files(path, &options, run, &bar)?
    } else {
        let loading = Loading::of(protocol(&args.protocol)?);
        let loading = loading.on_bad_file(on_bad_file(args.skip_bad_files));
        set(&args.images, &loading, roots, run, &bar)?
    };
    bar.finish();
    format.write(&args.out, &embedded)?;
    if let Some(warning) = left_out(&embedded.skipped) {
        tracing::warn!("{warning}");
    }
    let (n, d) = embedded.rows.dim();
    tracing::info!("{n} vectors of {d} numbers in {}", args.out.display());
    Ok(())
}

/// All image files at `path`, some at a time.
fn files(
    path: &Path,
    options: &ImageOptions,
    run: impl Fn(ArrayView4<'_, u8>, &dyn Progress) -> Result<Array2<f32>, Failure>,
    progress: &dyn Progress,
) -> Result<Embedded, Failure> {
    let paths = list_images(path)?;
    let (mut parts, mut kept, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    let mut first_size = (0, 0);
    for (part, chunk) in paths.chunks(FILES).enumerate() {
        let images = match read_images(chunk, options) {
            Ok(images) => images,
            // All of these are left out; there may be images among the next.
            Err(DatasetError::NoImages { .. }) => {
                skipped.extend(chunk.iter().map(|path| no_image(path)));
                continue;
            }
            Err(error) => return Err(with_side(error)),
        };
        kept.extend(images.kept.iter().map(|&i| &chunk[i]));
        skipped.extend(images.skipped);
        let (n, _, height, width) = images.pixels.dim();
        if parts.is_empty() {
            first_size = (width, height);
        } else if (width, height) != first_size {
            return Err(with_side(DatasetError::MixedSizes {
                first: kept[0].clone(),
                first_size,
                other: kept[kept.len() - n].clone(),
                other_size: (width, height),
            }));
        }
        let after = After {
            progress,
            done: (part * FILES) as u64,
            total: paths.len() as u64,
        };
        parts.push(run(images.pixels.view(), &after)?);
    }
    if parts.is_empty() {
        let path = path.to_owned();
        return Err(DatasetError::NoImages { path }.into());
    }
    let views: Vec<_> = parts.iter().map(Array2::view).collect();
    let rows = concatenate(Axis(0), &views)
        .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
    let names = kept.into_iter().map(|file| {
        let below = file.strip_prefix(path).unwrap_or(file);
        below.display().to_string()
    });
    Ok(Embedded {
        rows,
        files: Some(names.collect()),
        labels: None,
        skipped,
    })
}

fn no_image(path: &Path) -> Skipped {
    Skipped {
        path: path.to_owned(),
        reason: format!("{}: no image", path.display()),
    }
}

/// Files are brought to one size by an option, where a data set has a word behind its name.
fn with_side(error: DatasetError) -> Failure {
    match error {
        DatasetError::MixedSizes { .. } => {
            Failure::from(error).hint("--side 224 makes squares of 224 pixels of all")
        }
        error => error.into(),
    }
}

/// A data set of images by its name.
fn set(
    name: &str,
    loading: &Loading,
    roots: &Roots,
    run: impl Fn(ArrayView4<'_, u8>, &dyn Progress) -> Result<Array2<f32>, Failure>,
    progress: &dyn Progress,
) -> Result<Embedded, Failure> {
    let set = datasets::load(name, roots, loading)?;
    let Data::Images(images) = set.data() else {
        return Err(
            Failure::new(exit::USAGE, format!("{name} has rows, not images"))
                .hint("name a set of images, such as MVTec-AD_screw@pixels"),
        );
    };
    Ok(Embedded {
        rows: run(images.view(), progress)?,
        files: None,
        labels: Some(set.labels().to_vec()),
        skipped: set.skipped().to_vec(),
    })
}

/// The set `NAME@lite0`: the images of `NAME@pixels` as vectors, computed once and then read from the
/// cache folder, where they are found by the images' bytes. `None` for any other name.
pub(crate) fn lite0_set(
    name: &str,
    loading: &Loading,
    roots: &Roots,
    device: Device,
    progress: &dyn Progress,
) -> Result<Option<Dataset>, Failure> {
    let Some(base) = name.strip_suffix(LITE0) else {
        return Ok(None);
    };
    let set = datasets::load(&format!("{base}@pixels"), roots, loading)?;
    let Data::Images(images) = set.data() else {
        let message = format!("{base}@pixels has no images");
        return Err(Failure::new(exit::USAGE, message));
    };
    let path = cache_folder().map(|cache| cache.join("embeddings").join(cache_name(images)));
    let kept = path.as_ref().and_then(|path| read_kept(path, set.n()));
    let rows = match kept {
        Some(rows) => rows,
        None => {
            let rows = Embedder::Lite0.embed(images.view(), None, device, progress)?;
            if let Some(path) = &path {
                keep(path, &rows)?;
            }
            rows
        }
    };
    Ok(Some(set.with_rows(name, rows)?))
}

/// Images of one size and their bytes decide; so does the way they are embedded.
fn cache_name(images: &ndarray::Array4<u8>) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{GENERATION} {:?} ", images.dim()));
    let images = images.as_standard_layout();
    hash.update(images.as_slice().unwrap_or_default());
    let digest = hash.finalize();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
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

fn keep(path: &Path, rows: &Array2<f32>) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            let message = format!("cannot make {}: {error}", folder.display());
            Failure::new(exit::MISSING, message).hint("set RESIDUUM_CACHE to another folder")
        })?;
    }
    let labels = vec![Label::Normal; rows.nrows()]; // the reader of such files wants some
    Format::Npz.write(
        path,
        &Embedded {
            rows: rows.clone(),
            files: None,
            labels: Some(labels),
            skipped: Vec::new(),
        },
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Npz,
    #[cfg(feature = "report")]
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("npz") => Ok(Self::Npz),
            #[cfg(feature = "report")]
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(Failure::new(
                exit::USAGE,
                format!(
                    "vectors go to an .npz or .parquet file, not {}",
                    path.display()
                ),
            )),
        }
    }

    fn write(self, path: &Path, embedded: &Embedded) -> Result<(), Failure> {
        let d = embedded.rows.ncols();
        let rows = embedded.rows.as_standard_layout();
        let values = rows.as_slice().unwrap_or_default();
        let anomalous = |label: &Label| *label == Label::Anomaly;
        match self {
            Self::Npz => {
                let write = || {
                    let mut npz = Npz::new();
                    npz.rows("X", values, d)?;
                    if let Some(labels) = &embedded.labels {
                        npz.bytes("y", labels.iter().map(|l| u8::from(anomalous(l))).collect())?;
                    }
                    if let Some(files) = &embedded.files {
                        npz.texts("files", files)?;
                    }
                    npz.finish()
                };
                let bytes = write().map_err(|error: zip::result::ZipError| {
                    Failure::new(exit::INTERNAL, error.to_string())
                })?;
                write_atomically(path, &bytes)
            }
            #[cfg(feature = "report")]
            Self::Parquet => {
                let labels = embedded.labels.as_ref();
                let labels: Option<Vec<i32>> =
                    labels.map(|labels| labels.iter().map(|l| i32::from(anomalous(l))).collect());
                let files = embedded.files.as_deref();
                Ok(report::write_rows(
                    path,
                    files,
                    labels.as_deref(),
                    values,
                    d,
                )?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use datasets::OnBadFile;
    use detector::Silent;

    use super::*;

    /// A grey picture of `side` pixels, by the crate that draws.
    fn save(path: &Path, side: usize) {
        let picture = pictures::Picture::filled(side, side, [side as u8; 3]).unwrap();
        std::fs::write(path, picture.png().unwrap()).unwrap();
    }

    /// The vector of an image is its first pixel.
    fn embed(
        folder: &Path,
        size: Option<usize>,
        on_bad_file: OnBadFile,
    ) -> Result<Embedded, Failure> {
        let options = ImageOptions {
            size,
            colour: Colour::Rgb,
            on_bad_file,
            ..ImageOptions::default()
        };
        let run = |images: ArrayView4<'_, u8>, _: &dyn Progress| {
            let first = images.outer_iter().map(|image| f32::from(image[[0, 0, 0]]));
            let n = images.len_of(Axis(0));
            Ok(Array2::from_shape_vec((n, 1), first.collect()).unwrap())
        };
        files(folder, &options, run, &Silent)
    }

    #[test]
    fn another_size_is_told_however_late_it_comes() {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..FILES {
            save(&dir.path().join(format!("{i:03}.png")), 3);
        }
        save(&dir.path().join("late.png"), 4);
        let failure = embed(dir.path(), None, OnBadFile::Fail).err().unwrap();
        assert_eq!(failure.code, exit::BAD_DATA);
        let at = |name: &str| dir.path().join(name).display().to_string();
        let expected = format!(
            "{}: 4 × 4 pixels, but {} has 3 × 3",
            at("late.png"),
            at("000.png")
        );
        assert_eq!(failure.message, expected);
        assert!(failure.hint.unwrap().starts_with("--side"));
        let rows = embed(dir.path(), Some(2), OnBadFile::Fail).unwrap().rows;
        assert_eq!(rows.dim(), (FILES + 1, 1));
        assert_eq!((rows[[0, 0]], rows[[FILES, 0]]), (3.0, 4.0));
    }

    #[test]
    fn bad_files_stop_or_are_left_out_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        // The first part has no image at all, the second one bad file between two images.
        for i in 0..FILES {
            std::fs::write(dir.path().join(format!("{i:03}.txt")), "notes").unwrap();
        }
        save(&dir.path().join("a.png"), 5);
        std::fs::write(dir.path().join("b.png"), "no picture").unwrap();
        save(&dir.path().join("c.png"), 5);
        let failure = embed(dir.path(), None, OnBadFile::Fail).err().unwrap();
        assert!(failure.message.contains("000.txt"), "{failure}");

        let embedded = embed(dir.path(), None, OnBadFile::Skip).unwrap();
        assert_eq!(embedded.files.unwrap(), ["a.png", "c.png"]);
        assert_eq!(embedded.rows.dim(), (2, 1));
        let warning = left_out(&embedded.skipped).unwrap();
        assert!(warning.starts_with("257 files were left out, the first: "));
        assert!(warning.ends_with("000.txt: no image"), "{warning}");
        assert!(embedded.skipped[FILES].reason.contains("b.png"));
    }
}
