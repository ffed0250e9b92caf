//! Maps of images in colours that mean the same in every picture, and `run --maps`.

use std::path::Path;

use datasets::{Data, Label};
use detector::{DetectorError, Input, Progress, Scorer};
use experiment::Outcome;
use ndarray::{Array4, ArrayView2, Axis};
use pictures::{ColourMap, Picture, PictureError, Scale, overlay};

use crate::failure::{Failure, exit};
use crate::place::write_atomically;
use crate::progress::After;

/// Training images that fix the scale, at even distances.
const TRAINING: usize = 32;
/// Images whose maps are in memory together.
const BLOCK: usize = 64;
/// How much a map hides of its image where it is brightest.
const OPACITY: f32 = 0.7;
/// Letters of a file's name that stay in the name of its map: the last ones, which tell files apart.
const LETTERS: usize = 40;

/// The scale of a method's maps, from its maps of training images alone: what is drawn on it does not
/// depend on what is drawn beside it. `None` where the data are not images or the method has no maps.
///
/// The images are moved a little, since methods that know them by heart answer less for them than for
/// other normal images: PaDiM on the 48 toothbrushes at most 7.1, 6.0 in the middle; 29 and 12 where they
/// are moved by two pixels of 256, and 34 and 11 for the normal test images.
///
/// # Errors
/// What the method answers.
pub(crate) fn scale(
    train: &Data,
    scorer: &dyn Scorer,
    progress: &dyn Progress,
) -> Result<Option<Scale>, Failure> {
    let Data::Images(images) = train else {
        return Ok(None);
    };
    let n = images.len_of(Axis(0));
    let some = n.min(TRAINING);
    let rows: Vec<usize> = (0..some).map(|i| i * n / some).collect();
    let images = moved(&images.select(Axis(0), &rows));
    let Some(maps) = scorer.maps(Input::Images(images.view()), progress)? else {
        return Ok(None);
    };
    match Scale::of_normals(maps.view()) {
        // A method may answer one number everywhere; that is no reason to lose its result.
        Err(PictureError::Scale { .. }) => Ok(Some(Scale::new(0.0, 1.0)?)),
        scale => Ok(Some(scale?)),
    }
}

/// Images moved up and left by a hundredth of their side, a pixel at least; edges are repeated.
fn moved(images: &Array4<u8>) -> Array4<u8> {
    let (_, _, height, width) = images.dim();
    let by = (height.min(width) / 100).max(1);
    let from = |at: usize, side: usize| (at + by).min(side - 1);
    Array4::from_shape_fn(images.dim(), |(n, c, y, x)| {
        images[[n, c, from(y, height), from(x, width)]]
    })
}

/// The map over its image.
pub(crate) fn over(
    image: &Picture,
    map: ArrayView2<'_, f32>,
    scale: Scale,
) -> Result<Picture, PictureError> {
    overlay(image, map, scale, ColourMap::Inferno, OPACITY)
}

/// How often images of this height and width are enlarged to be looked at.
pub(crate) fn zoom((height, width): (usize, usize)) -> usize {
    (128 / height.max(width).max(1)).clamp(1, 4)
}

/// The map of every test image over it, each a PNG file in `folder`, whole or not at all.
///
/// # Errors
/// Where there are no maps, what the method answers, and where a file cannot be written.
pub(crate) fn write(
    folder: &Path,
    outcome: &Outcome,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let scorer = &*outcome.scorer;
    let (Data::Images(images), Some(scale)) = (
        &outcome.split.test,
        scale(&outcome.split.train, scorer, progress)?,
    ) else {
        return Err(none("maps", outcome));
    };
    std::fs::create_dir_all(folder).map_err(|error| {
        let message = format!("cannot make {}: {error}", folder.display());
        Failure::new(exit::MISSING, message)
    })?;
    let (n, _, height, width) = images.dim();
    for (block, images) in images.axis_chunks_iter(Axis(0), BLOCK).enumerate() {
        let first = block * BLOCK;
        let after = After {
            progress,
            done: first as u64,
            total: n as u64,
        };
        let maps = scorer.maps(Input::Images(images), &after)?;
        let maps = maps.ok_or_else(|| none("maps", outcome))?;
        for (i, (image, map)) in images.outer_iter().zip(maps.outer_iter()).enumerate() {
            if progress.interrupted() {
                return Err(DetectorError::Interrupted.into());
            }
            let picture = over(&Picture::from_image(image)?, map, scale)?;
            let picture = picture.enlarged(zoom((height, width)))?;
            let path = folder.join(file_name(outcome, first + i));
            write_atomically(&path, &picture.png()?)?;
        }
    }
    Ok(())
}

/// Why there is nothing to draw.
pub(crate) fn none(what: &str, outcome: &Outcome) -> Failure {
    let (dataset, method) = (&outcome.cell.dataset, &outcome.cell.method);
    let why = match &outcome.split.test {
        Data::Rows(_) | Data::Rows64(_) => format!("{dataset} has rows, not images"),
        Data::Images(_) => format!("{method} tells no pixels apart"),
    };
    Failure::new(exit::USAGE, format!("no {what}: {why}"))
        .hint("maps need images and a method on images, such as padim or ddpm-unet")
}

fn file_name(outcome: &Outcome, test_image: usize) -> String {
    let split = &outcome.split;
    let name = match outcome.files.get(test_image) {
        Some(file) => name_of(file),
        None => format!("row{}", split.test_rows[test_image]),
    };
    let label = match split.test_labels[test_image] {
        Label::Normal => "normal",
        Label::Anomaly => "anomaly",
    };
    // The number comes first: resampled rows repeat, and files of one name lie in several folders.
    let score = outcome.scores[test_image];
    format!("{test_image:06}_{name}_{label}_{score:.3e}.png")
}

/// The folder and the name of a file without its ending, `scratch-003`, in letters that every system takes.
pub(crate) fn name_of(file: &Path) -> String {
    let text =
        |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let folder = text(file.parent().and_then(Path::file_name));
    let name = format!("{folder}-{}", text(file.file_stem()));
    let name = name.trim_start_matches('-');
    let taken = |c: char| {
        if c.is_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    let skipped = name.chars().count().saturating_sub(LETTERS);
    name.chars().skip(skipped).map(taken).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array3};

    use super::*;

    /// Maps are the first channel.
    struct Bright;

    impl Scorer for Bright {
        fn state(&self) -> Result<detector::State, DetectorError> {
            Ok(detector::State::new("bright", 1))
        }

        fn score(&self, x: Input<'_>, _: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
            Ok(Array1::zeros(x.len()))
        }

        fn maps(
            &self,
            x: Input<'_>,
            _: &dyn Progress,
        ) -> Result<Option<Array3<f32>>, DetectorError> {
            let Input::Images(x) = x else {
                return Ok(None);
            };
            Ok(Some(x.index_axis(Axis(1), 0).mapv(f32::from)))
        }
    }

    fn scale_of(train: Array4<u8>) -> Option<Scale> {
        scale(&Data::Images(train), &Bright, &detector::Silent).unwrap()
    }

    #[test]
    fn some_training_images_fix_the_scale() {
        // Of 64 every second is asked: the others could be anything.
        let train = |other: u8| {
            Array4::from_shape_fn((64, 1, 5, 8), |(n, _, y, x)| {
                if n % 2 == 1 { other } else { (y * 8 + x) as u8 }
            })
        };
        let scale = scale_of(train(0));
        // Moved, their rows are 9 to 15, 15; 17 to 23, 23; 25 to 31, 31; and twice 33 to 39, 39.
        assert_eq!(scale, Some(Scale::new(28.0, 28.0 + 2.0 * 11.0).unwrap()));
        assert_eq!(scale, scale_of(train(255)));
    }

    #[test]
    fn maps_that_are_flat_have_a_scale_and_rows_have_none() {
        let flat = scale_of(Array4::from_elem((3, 1, 2, 2), 7));
        assert_eq!(flat, Some(Scale::new(0.0, 1.0).unwrap()));
        let rows = Data::Rows(ndarray::Array2::zeros((3, 2)));
        assert!(matches!(scale(&rows, &Bright, &detector::Silent), Ok(None)));
    }

    #[test]
    fn names_keep_what_tells_files_apart() {
        let name = |path: &str| name_of(Path::new(path));
        assert_eq!(name("set/test/scratch/003.png"), "scratch-003");
        assert_eq!(name("003.png"), "003");
        assert_eq!(name("a b/c:d?.x.png"), "a_b-c_d__x");
        let long = format!("{}/{}17.png", "f".repeat(200), "ä".repeat(200));
        assert_eq!(name(&long), format!("{}17", "ä".repeat(38)));
    }
}
