use std::path::PathBuf;

use detector::{Input, Progress};
use ndarray::{Array3, Axis};
use pictures::{Picture, Scale};

use super::found::Found;
use super::misses::Miss;
use crate::failure::Failure;
use crate::maps::over;
use crate::own::calibrate::side;
use crate::own::input::Pictures;

/// The longest side of a thumbnail, in pixels.
const SIDE: usize = 128;

/// Pictures of the worst misses, in their order; none where the data are not images.
#[derive(Default)]
pub(super) struct Thumbnails {
    pub(super) anomalies: Vec<Thumbnail>,
    pub(super) normals: Vec<Thumbnail>,
}

/// PNG files.
pub(super) struct Thumbnail {
    pub(super) image: Vec<u8>,
    /// The map over the image, where the method has maps.
    pub(super) map: Option<Vec<u8>>,
}

impl Thumbnails {
    pub(super) fn of(found: &Found<'_>, progress: &dyn Progress) -> Result<Self, Failure> {
        Ok(Self {
            anomalies: draw(found, &found.misses.anomalies, progress)?,
            normals: draw(found, &found.misses.normals, progress)?,
        })
    }
}

fn draw(
    found: &Found<'_>,
    misses: &[Miss],
    progress: &dyn Progress,
) -> Result<Vec<Thumbnail>, Failure> {
    let files = misses.iter().filter_map(|miss| found.rows.file(miss.row));
    let files: Vec<PathBuf> = files.map(PathBuf::from).collect();
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let pictures = Pictures::of(files);
    let (images, _) = pictures.read_all(side(found.model), &found.args.input)?;
    let scale = found.model.manifest().map_scale;
    let scale = scale.map(|[low, high]| Scale::new(low, high)).transpose()?;
    let maps = match scale {
        Some(_) => found
            .model
            .scorer()
            .maps(Input::Images(images.view()), progress)?,
        None => None,
    };
    let places = images.outer_iter().enumerate();
    let thumbnails = places.map(|(i, image)| {
        let image = Picture::from_image(image)?;
        let map = match (&maps, scale) {
            (Some(maps), Some(scale)) => {
                let map = maps.index_axis(Axis(0), i);
                Some(over(&image, map, scale)?)
            }
            _ => None,
        };
        Ok(Thumbnail {
            image: small(&image)?.png()?,
            map: match map {
                Some(map) => Some(small(&map)?.png()?),
                None => None,
            },
        })
    });
    thumbnails.collect()
}

/// Every so many pixels, so that the longest side is at most [`SIDE`].
fn small(picture: &Picture) -> Result<Picture, pictures::PictureError> {
    let step = picture.width().max(picture.height()).div_ceil(SIDE).max(1);
    let (width, height) = (
        picture.width().div_ceil(step),
        picture.height().div_ceil(step),
    );
    let pixels = Array3::from_shape_fn((3, height, width), |(c, y, x)| {
        picture.pixels()[y * step * picture.width() + x * step][c]
    });
    Picture::from_image(pixels.view())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_become_small_and_small_ones_stay() {
        let image = Array3::from_shape_fn((3, 200, 300), |(c, y, x)| (c + y + x) as u8);
        let picture = Picture::from_image(image.view()).unwrap();
        let shrunk = small(&picture).unwrap();
        assert_eq!((shrunk.width(), shrunk.height()), (100, 67));
        assert_eq!(shrunk.pixels()[101], picture.pixels()[3 * 300 + 3]);
        let same = small(&shrunk).unwrap();
        assert_eq!(same.pixels(), shrunk.pixels());
    }
}
