//! Which pixels of an image are anomalous, from a file beside it.

use std::path::PathBuf;

use ndarray::Array3;
use rayon::prelude::*;

use super::decode;
use super::memory::reserve;
use super::read::{ImageOptions, OnBadFile, Skipped, skip};
use super::resize;
use crate::DatasetError;

/// An image and the files that say where it is anomalous, each for a part of it; no file means nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MaskOf {
    pub(crate) image: PathBuf,
    pub(crate) masks: Vec<PathBuf>,
}

/// What [`read_masks`] finds.
pub(crate) struct Masks {
    /// `[n, h, w]`.
    pub(crate) anomalous: Array3<bool>,
    /// Which masks are damaged, under [`OnBadFile::Skip`]; nothing is anomalous there.
    pub(crate) damaged: Vec<(usize, DatasetError)>,
}

/// Masks as large as the images that [`read_images`](super::read_images) makes of the
/// same files.
///
/// A pixel that is not black is anomalous. A resized pixel is anomalous where at least half of its
/// area is: as many pixels are gained as lost, while a line thinner than half a new pixel is lost.
pub(crate) fn read_masks(
    pairs: &[MaskOf],
    (h, w): (usize, usize),
    options: &ImageOptions,
) -> Result<Masks, DatasetError> {
    let shape = (pairs.len(), 1, h, w);
    let mut pixels = reserve(shape)?;
    let errors: Vec<_> = pixels
        .par_chunks_mut(h * w)
        .zip(pairs)
        .map(|(to, pair)| read_into(to, pair, options).err())
        .collect();
    let mut damaged = Vec::new();
    for (i, error) in errors.into_iter().enumerate() {
        match error {
            None => {}
            Some(error @ (DatasetError::Malformed { .. } | DatasetError::Io { .. }))
                if options.on_bad_file == OnBadFile::Skip =>
            {
                damaged.push((i, error));
            }
            Some(error) => return Err(error),
        }
    }
    let anomalous = pixels.into_iter().map(|value| value >= HALF).collect();
    let anomalous = Array3::from_shape_vec((pairs.len(), h, w), anomalous)
        .map_err(|_| DatasetError::TooLarge { shape })?;
    Ok(Masks { anomalous, damaged })
}

/// The first of `masks` with a pixel that is not black, and under [`OnBadFile::Skip`] those that are
/// damaged.
pub(crate) fn not_black(
    masks: &[PathBuf],
    options: &ImageOptions,
) -> Result<(Option<PathBuf>, Vec<Skipped>), DatasetError> {
    let found: Vec<_> = masks
        .par_iter()
        .map(|mask| decode::not_black(mask, options.max_pixels))
        .collect();
    let (mut anomalous, mut skipped) = (None, Vec::new());
    for (mask, found) in masks.iter().zip(found) {
        match found {
            Ok((_, pixels)) if pixels.contains(&255) => {
                anomalous.get_or_insert_with(|| mask.clone());
            }
            Ok(_) => {}
            Err(error) => skip(&mut skipped, mask, error, options)?,
        }
    }
    Ok((anomalous, skipped))
}

/// Half of the area of a new pixel, rounded up as its mean is.
const HALF: u8 = 128;

fn read_into(to: &mut [u8], pair: &MaskOf, options: &ImageOptions) -> Result<(), DatasetError> {
    let Some(first) = pair.masks.first() else {
        return Ok(());
    };
    let image = decode::header(&pair.image, options.max_pixels)?;
    let expected = (image.width, image.height);
    let differs = |mask: &PathBuf, found| DatasetError::MaskSize {
        mask: mask.clone(),
        found,
        image: pair.image.clone(),
        expected,
    };
    let mut union = Vec::new();
    for path in &pair.masks {
        let (found, mask) = decode::not_black(path, options.max_pixels)?;
        if (found.width, found.height) != expected {
            return Err(differs(path, (found.width, found.height)));
        }
        if union.is_empty() {
            union = mask;
        } else {
            union
                .iter_mut()
                .zip(mask)
                .for_each(|(all, one)| *all |= one);
        }
    }
    if let Some(size) = options.size {
        union = resize::square_by_area(&union, image.width, image.height, size);
    }
    if union.len() != to.len() {
        return Err(differs(first, expected));
    }
    to.copy_from_slice(&union);
    Ok(())
}
