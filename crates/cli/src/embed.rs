use std::io::BufWriter;
use std::path::{Path, PathBuf};

use columns::{Column, Values};
use datasets::{
    Colour, Data, Dataset, DatasetError, ImageOptions, Label, Loading, NpzWriter, PassedOver,
    Roots, Skipped, is_archive, left_out, list_images_counted, load_npz_images, read_images,
    resize_images,
};
use detector::Progress;
use ndarray::{Array2, ArrayView4, Axis, ShapeError};
use residuum::Device;

use crate::args;
use crate::failure::{Failure, exit};
use crate::networks::{Embedder, Networks, hand_over};
use crate::normalisation;
use crate::place::{apart, check_place, fill_atomically, write_parquet};
use crate::progress::{After, Bar};
use crate::protocol::protocol;
use crate::run::on_bad_file;

/// Files that are decoded before they are embedded.
const FILES: usize = 256;
/// Images in memory that are resized before they are embedded.
const IMAGES: usize = 1024;

/// Vectors with what is known about their images.
struct Embedded {
    rows: Array2<f32>,
    files: Option<Vec<String>>,
    labels: Option<Vec<Label>>,
    skipped: Vec<Skipped>,
    passed_over: PassedOver,
}

/// `residuum embed`: images to vectors.
pub(crate) fn run(
    args: &args::Embed,
    roots: &Roots,
    networks: Option<&Networks>,
    device: Device,
) -> Result<(), Failure> {
    let format = Format::of(&args.out)?;
    let embedder = embedder(args)?;
    let Some(networks) = networks else {
        return Err(hand_over());
    };
    let inputs = [
        ("the images", Path::new(&args.images)),
        ("the network", Path::new(&args.network)),
    ];
    apart(&[("--out", &args.out)], &inputs)?;
    check_place(&args.out)?;
    let bar = Bar::new();
    let side = args.side.map(std::num::NonZeroUsize::get);
    let run = |images: ArrayView4<'_, u8>, progress: &dyn Progress| {
        Ok((networks.embed)(&embedder, images, side, device, progress)?)
    };
    let options = ImageOptions {
        size: side,
        colour: Colour::Rgb,
        on_bad_file: on_bad_file(args.skip_bad_files),
        ..ImageOptions::default()
    };
    let path = Path::new(&args.images);
    let embedded = if is_archive(path) {
        let images = load_npz_images(path)?;
        Embedded {
            rows: in_parts(images.view(), side, run, &bar)?,
            files: None,
            labels: None,
            skipped: Vec::new(),
            passed_over: PassedOver::default(),
        }
    } else {
        let mut loading = Loading::of(protocol(&args.protocol)?).on_bad_file(options.on_bad_file);
        loading.images.size = side;
        match set(&args.images, loading, roots)? {
            Some(set) => of_set(&set, side, run, &bar)?,
            None => files(path, &options, run, &bar)?,
        }
    };
    bar.finish();
    format.write(
        &args.out,
        &embedded.rows,
        embedded.labels.as_deref(),
        embedded.files.as_deref(),
    )?;
    let passed_over = embedded.passed_over.warning();
    for warning in left_out(&embedded.skipped).into_iter().chain(passed_over) {
        tracing::warn!("{warning}");
    }
    let (n, d) = embedded.rows.dim();
    tracing::info!("{n} vectors of {d} numbers in {}", args.out.display());
    Ok(())
}

fn embedder(args: &args::Embed) -> Result<Embedder, Failure> {
    let mean = args.mean.as_deref().map(normalisation::mean).transpose()?;
    let std = args.std.as_deref().map(normalisation::std).transpose()?;
    match args.network.as_str() {
        "lite0" if args.mean.is_some() || args.std.is_some() => {
            let message = "--mean and --std are for a TorchScript file; lite0 has its own";
            Err(Failure::new(exit::USAGE, message).hint("name the file: --network FILE.pt"))
        }
        "lite0" => Ok(Embedder::Lite0),
        module => Ok(Embedder::TorchScript {
            module: PathBuf::from(module),
            mean,
            std,
        }),
    }
}

/// Adds `part` to the rows so far, which are to be `most` at most and are in memory once.
fn append(rows: &mut Array2<f32>, part: &Array2<f32>, most: usize) -> Result<(), Failure> {
    let other = |error: ShapeError| Failure::new(exit::INTERNAL, error.to_string());
    if rows.is_empty() {
        let d = part.ncols();
        let room = Vec::with_capacity(most * d);
        *rows = Array2::from_shape_vec((0, d), room).map_err(other)?;
    }
    rows.append(Axis(0), part.view()).map_err(other)
}

/// The vectors of images in memory, some at a time, each made a square of `side` pixels as files are.
fn in_parts(
    images: ArrayView4<'_, u8>,
    side: Option<usize>,
    run: impl Fn(ArrayView4<'_, u8>, &dyn Progress) -> Result<Array2<f32>, Failure>,
    progress: &dyn Progress,
) -> Result<Array2<f32>, Failure> {
    let (n, _, h, w) = images.dim();
    let mut rows = Array2::default((0, 0));
    for (part, images) in images.axis_chunks_iter(Axis(0), IMAGES).enumerate() {
        let after = After {
            progress,
            done: (part * IMAGES) as u64,
            total: n as u64,
        };
        let part = match side {
            Some(side) if (h, w) != (side, side) => {
                run(resize_images(&images.to_owned(), side)?.view(), &after)?
            }
            _ => run(images, &after)?,
        };
        append(&mut rows, &part, n)?;
    }
    Ok(rows)
}

/// All image files at `path`, some at a time.
fn files(
    path: &Path,
    options: &ImageOptions,
    run: impl Fn(ArrayView4<'_, u8>, &dyn Progress) -> Result<Array2<f32>, Failure>,
    progress: &dyn Progress,
) -> Result<Embedded, Failure> {
    let (paths, passed_over) = list_images_counted(path, options.on_bad_file)?;
    let mut rows = Array2::default((0, 0));
    let (mut kept, mut skipped) = (Vec::new(), Vec::new());
    let mut first_size = None;
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
        let first_size = *first_size.get_or_insert((width, height));
        if (width, height) != first_size {
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
        append(&mut rows, &run(images.pixels.view(), &after)?, paths.len())?;
    }
    if kept.is_empty() {
        let path = path.to_owned();
        return Err(DatasetError::NoImages { path }.into());
    }
    let names = kept.into_iter().map(|file| {
        let below = file.strip_prefix(path).unwrap_or(file);
        below.display().to_string()
    });
    Ok(Embedded {
        rows,
        files: Some(names.collect()),
        labels: None,
        skipped,
        passed_over,
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

/// The data set that `name` stands for: a known one, or a folder in the layout of one, whose masks are not
/// images. `None` for other files and folders, which have no labels.
fn set(name: &str, mut loading: Loading, roots: &Roots) -> Result<Option<Dataset>, Failure> {
    let path = Path::new(name);
    if path.exists() && !is_divided(path) {
        return Ok(None);
    }
    let known = datasets::find(name).is_ok();
    if known {
        loading.images.size = None; // its known shape is that of the images as they are
    }
    match datasets::load(name, roots, &loading) {
        // Classes of which none is the normal one.
        Err(DatasetError::Class { found: None, .. }) if path.exists() => Ok(None),
        Err(error) if !known => Err(with_side(error)),
        set => Ok(Some(set?)),
    }
}

/// Whether a folder has a training and a test part, as MVTec AD, VisA and ImageNet have them.
fn is_divided(folder: &Path) -> bool {
    let is = |part: &str| folder.join(part).is_dir();
    is("train") && (is("test") || is("val"))
}

fn of_set(
    set: &Dataset,
    side: Option<usize>,
    run: impl Fn(ArrayView4<'_, u8>, &dyn Progress) -> Result<Array2<f32>, Failure>,
    progress: &dyn Progress,
) -> Result<Embedded, Failure> {
    let Data::Images(images) = set.data() else {
        let message = format!("{} has rows, not images", set.name());
        return Err(Failure::new(exit::USAGE, message)
            .hint("name a set of images, such as MVTec-AD_screw@pixels"));
    };
    Ok(Embedded {
        rows: in_parts(images.view(), side, run, progress)?,
        files: below_one_folder(set.files()),
        labels: Some(set.labels().to_vec()),
        skipped: set.skipped().to_vec(),
        passed_over: set.passed_over().clone(),
    })
}

/// The names of files from the folder on that holds them all; `None` without files.
fn below_one_folder(files: &[PathBuf]) -> Option<Vec<String>> {
    let mut folder = files.first()?.parent()?;
    while !files.iter().all(|file| file.starts_with(folder)) {
        folder = folder.parent()?;
    }
    let name = |file: &PathBuf| {
        let below = file.strip_prefix(folder).unwrap_or(file);
        below.display().to_string()
    };
    Some(files.iter().map(name).collect())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Npz,
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        match ending.to_lowercase().as_str() {
            "npz" => Ok(Self::Npz),
            "parquet" => Ok(Self::Parquet),
            _ => Err(Failure::new(
                exit::USAGE,
                format!(
                    "vectors go to an .npz or .parquet file, not {}",
                    path.display()
                ),
            )),
        }
    }

    /// Vectors with the labels and files that are known: arrays `X`, `y` and `files`, or columns `file`, `label`,
    /// `f0`, `f1`, ….
    fn write(
        self,
        path: &Path,
        rows: &Array2<f32>,
        labels: Option<&[Label]>,
        files: Option<&[String]>,
    ) -> Result<(), Failure> {
        let anomalous = |label: &Label| *label == Label::Anomaly;
        match self {
            Self::Npz => fill_atomically(path, |file| {
                let mut npz = NpzWriter::new(BufWriter::new(file));
                let d = rows.ncols();
                let rows = rows.as_standard_layout();
                npz.rows("X", rows.as_slice().unwrap_or_default(), d)?;
                if let Some(labels) = labels {
                    let labels: Vec<u8> = labels.iter().map(|l| u8::from(anomalous(l))).collect();
                    npz.bytes("y", &labels)?;
                }
                if let Some(files) = files {
                    npz.texts("files", files)?;
                }
                npz.finish()
            }),
            Self::Parquet => {
                let mut columns = Vec::with_capacity(rows.ncols() + 2);
                columns
                    .extend(files.map(|files| Column::new("file", Values::Text(files.to_vec()))));
                columns.extend(labels.map(|labels| {
                    let labels = labels.iter().map(|label| i64::from(anomalous(label)));
                    Column::new("label", Values::Integer(labels.collect()))
                }));
                for (j, values) in rows.columns().into_iter().enumerate() {
                    columns.push(Column::new(
                        format!("f{j}"),
                        Values::Float32(values.to_vec()),
                    ));
                }
                write_parquet(path, columns)
            }
        }
    }
}

#[cfg(test)]
mod tests;
