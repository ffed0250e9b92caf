//! Many files, in parallel, into one array.

use std::path::{Path, PathBuf};

use ndarray::Array4;
use rayon::prelude::*;
use serde::Serialize;

use super::decode::{self, Header};
use super::memory::reserve;
use super::resize;
use crate::DatasetError;

/// How files become an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageOptions {
    /// Side of the square that every image becomes: the middle of it, resized. `None` keeps the
    /// images as they are, which must then be of one size.
    pub size: Option<usize>,
    /// One channel or three.
    pub colour: Colour,
    /// What to do about a file that is not an image.
    pub on_bad_file: OnBadFile,
    /// Larger images are refused by their header. The default is Pillow's `MAX_IMAGE_PIXELS`.
    pub max_pixels: u64,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            size: None,
            colour: Colour::Keep,
            on_bad_file: OnBadFile::Fail,
            max_pixels: 89_478_485,
        }
    }
}

/// The channels of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// One where all files are grey, three as soon as one is not.
    Keep,
    /// One.
    Grey,
    /// Three.
    Rgb,
}

/// What to do about a file that is damaged or no image at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBadFile {
    /// Stop with an error that names it.
    #[default]
    Fail,
    /// Leave it out and say so.
    Skip,
}

/// A file that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Decoded files.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// `[n, c, h, w]`, `c` 1 or 3.
    pub pixels: Array4<u8>,
    /// Which of the given paths each image comes from.
    pub kept: Vec<usize>,
    /// The other paths.
    pub skipped: Vec<Skipped>,
}

/// Decodes `paths`, in parallel, each file straight into its place in the result.
///
/// Memory: the result, and one decoded image per thread. For more files than fit, go over
/// `paths.chunks(..)` with [`Colour::Grey`] or [`Colour::Rgb`] and a size.
///
/// # Errors
/// [`DatasetError::NoImages`] without a path or without an image left,
/// [`DatasetError::MixedSizes`] where no size is asked for and two images differ,
/// [`DatasetError::TooLarge`] where the result does not fit the memory, and under
/// [`OnBadFile::Fail`] the first path's error: [`DatasetError::Malformed`] or [`DatasetError::Io`].
///
/// # Example
/// ```no_run
/// use datasets::{ImageOptions, list_images, read_images};
/// let paths = list_images("photos")?;
/// let images = read_images(&paths, &ImageOptions { size: Some(64), ..Default::default() })?;
/// assert_eq!(images.pixels.dim(), (paths.len(), 3, 64, 64));
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn read_images(paths: &[PathBuf], options: &ImageOptions) -> Result<Images, DatasetError> {
    let headers: Vec<_> = paths
        .par_iter()
        .map(|path| decode::header(path, options.max_pixels))
        .collect();
    let (mut kept, mut skipped) = (Vec::new(), Vec::new());
    let mut seen: Vec<Header> = Vec::new();
    for (i, header) in headers.into_iter().enumerate() {
        match header {
            Ok(header) => {
                kept.push(i);
                seen.push(header);
            }
            Err(error) => skip(&mut skipped, &paths[i], error, options)?,
        }
    }
    let no_images = || DatasetError::NoImages {
        path: paths.first().cloned().unwrap_or_default(),
    };
    // A file that is left out later decides neither the size nor the channels.
    let counts = |at: usize| match options.on_bad_file {
        OnBadFile::Fail => true,
        OnBadFile::Skip => decode::pixels(&paths[kept[at]], true, options.max_pixels).is_ok(),
    };
    let colour = match options.colour {
        Colour::Keep => (0..seen.len()).any(|at| seen[at].colour && counts(at)),
        Colour::Grey => false,
        Colour::Rgb => true,
    };
    let (h, w) = match options.size {
        Some(size) => (size, size),
        None => {
            let size = |at: usize| (seen[at].width, seen[at].height);
            let all = 0..seen.len();
            let first = all.clone().find(|&at| counts(at)).ok_or_else(no_images)?;
            let mut others = all.filter(|&at| size(at) != size(first));
            if let Some(other) = others.find(|&at| counts(at)) {
                return Err(DatasetError::MixedSizes {
                    first: paths[kept[first]].clone(),
                    first_size: size(first),
                    other: paths[kept[other]].clone(),
                    other_size: size(other),
                });
            }
            (size(first).1, size(first).0)
        }
    };
    let c = if colour { 3 } else { 1 };
    let len = c * h * w;
    let mut pixels = reserve((kept.len(), c, h, w))?;
    let errors: Vec<Option<DatasetError>> = pixels
        .par_chunks_mut(len)
        .zip(&kept)
        .map(|(to, &i)| read_into(to, &paths[i], (c, h, w), options).err())
        .collect();
    let mut n = 0;
    for (place, error) in errors.into_iter().enumerate() {
        if let Some(error) = error {
            skip(&mut skipped, &paths[kept[place]], error, options)?;
        } else {
            pixels.copy_within(place * len..(place + 1) * len, n * len);
            kept[n] = kept[place];
            n += 1;
        }
    }
    if n == 0 {
        return Err(no_images());
    }
    pixels.truncate(n * len);
    kept.truncate(n);
    let shape = (n, c, h, w);
    let pixels =
        Array4::from_shape_vec(shape, pixels).map_err(|_| DatasetError::TooLarge { shape })?;
    Ok(Images {
        pixels,
        kept,
        skipped,
    })
}

/// Decodes one file into `[c, h, w]`.
fn read_into(
    to: &mut [u8],
    path: &Path,
    (c, h, w): (usize, usize, usize),
    options: &ImageOptions,
) -> Result<(), DatasetError> {
    let (header, mut pixels) = decode::pixels(path, c == 3, options.max_pixels)?;
    if (header.height, header.width) != (h, w) {
        match options.size {
            Some(size) => {
                pixels = resize::square(&pixels, header.width, header.height, c, size);
            }
            None => {
                return Err(DatasetError::Malformed {
                    path: path.to_owned(),
                    place: "the image".to_owned(),
                    found: format!("{} × {} pixels", header.width, header.height),
                    expected: format!("{w} × {h} as its header said"),
                });
            }
        }
    }
    let area = h * w;
    for (at, pixel) in pixels.chunks_exact(c).enumerate() {
        for (channel, &value) in pixel.iter().enumerate() {
            to[channel * area + at] = value;
        }
    }
    Ok(())
}

/// Whether a file starts as an image does.
pub(crate) fn check_header(path: &Path, options: &ImageOptions) -> Result<(), DatasetError> {
    decode::header(path, options.max_pixels).map(|_| ())
}

/// An error under [`OnBadFile::Fail`]; else one file more that is left out.
pub(crate) fn skip(
    skipped: &mut Vec<Skipped>,
    path: &Path,
    error: DatasetError,
    options: &ImageOptions,
) -> Result<(), DatasetError> {
    match options.on_bad_file {
        OnBadFile::Fail => Err(error),
        OnBadFile::Skip => {
            skipped.push(Skipped {
                path: path.to_owned(),
                reason: error.to_string(),
            });
            Ok(())
        }
    }
}
