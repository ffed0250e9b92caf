use std::path::{Path, PathBuf};

use datasets::{
    Colour, Data, Dataset, ImageOptions, Label, Loading, Protocol, Roots, cache_folder,
    list_images, load_npz, load_npz_images, read_images,
};
use detector::Progress;
use ndarray::{Array2, ArrayView4, Axis, concatenate};
use residuum::{Device, Embedder};
use sha2::{Digest, Sha256};

use crate::args;
use crate::cell::write_atomically;
use crate::experiment::{Machine, protocol};
use crate::failure::{Failure, exit};
use crate::npz::Npz;
use crate::progress::Bar;
use crate::run::interrupt_flag;

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
        }
    } else if path.exists() {
        files(path, args.side.map(std::num::NonZeroUsize::get), run, &bar)?
    } else {
        set(&args.images, protocol(&args.protocol)?, roots, run, &bar)?
    };
    bar.finish();
    format.write(&args.out, &embedded)?;
    let (n, d) = embedded.rows.dim();
    tracing::info!("{n} vectors of {d} numbers in {}", args.out.display());
    Ok(())
}

/// All image files at `path`, some at a time.
fn files(
    path: &Path,
    side: Option<usize>,
    run: impl Fn(ArrayView4<'_, u8>, &dyn Progress) -> Result<Array2<f32>, Failure>,
    progress: &dyn Progress,
) -> Result<Embedded, Failure> {
    let paths = list_images(path)?;
    let options = ImageOptions {
        size: side,
        colour: Colour::Rgb,
        ..ImageOptions::default()
    };
    let mut parts = Vec::new();
    for chunk in paths.chunks(FILES) {
        let images = read_images(chunk, &options)?;
        let after = After {
            progress,
            done: (parts.len() * FILES) as u64,
            total: paths.len() as u64,
        };
        parts.push(run(images.pixels.view(), &after)?);
    }
    let views: Vec<_> = parts.iter().map(Array2::view).collect();
    let rows = concatenate(Axis(0), &views)
        .map_err(|error| Failure::new(exit::INTERNAL, error.to_string()))?;
    let names = paths.iter().map(|file| {
        let below = file.strip_prefix(path).unwrap_or(file);
        below.display().to_string()
    });
    Ok(Embedded {
        rows,
        files: Some(names.collect()),
        labels: None,
    })
}

/// A data set of images by its name.
fn set(
    name: &str,
    protocol: Protocol,
    roots: &Roots,
    run: impl Fn(ArrayView4<'_, u8>, &dyn Progress) -> Result<Array2<f32>, Failure>,
    progress: &dyn Progress,
) -> Result<Embedded, Failure> {
    let set = datasets::load(name, roots, &Loading::of(protocol))?;
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

/// Progress of a part of many.
struct After<'a> {
    progress: &'a dyn Progress,
    done: u64,
    total: u64,
}

impl Progress for After<'_> {
    fn update(&self, stage: &str, done: u64, _total: u64, note: &str) {
        self.progress
            .update(stage, self.done + done, self.total, note);
    }

    fn interrupted(&self) -> bool {
        self.progress.interrupted()
    }
}
