//! `score --maps`: where images look odd.

use std::path::{Path, PathBuf};

use detector::{Input, Progress};
use ndarray::ArrayView4;
use pictures::{ContactSheet, Picture, Scale};
use residuum::Model;

use crate::failure::{Failure, exit};
use crate::maps::{name_of, over, zoom};
use crate::place::write_atomically;

/// Images on the sheet of the worst.
const WORST: usize = 8;

/// Maps that are written as images are scored.
pub(super) struct Maps<'a> {
    folder: PathBuf,
    model: &'a Model,
    scale: Scale,
    written: usize,
    /// Score, name, image, map over it; the highest score first.
    worst: Vec<(f64, String, Picture, Picture)>,
}

impl<'a> Maps<'a> {
    /// Maps in `folder`, which is made.
    pub(super) fn new(folder: &Path, model: &'a Model) -> Result<Self, Failure> {
        let Some([low, high]) = model.manifest().map_scale else {
            let message = format!("no maps: {} tells no pixels apart", model.manifest().method);
            return Err(Failure::new(exit::USAGE, message)
                .hint("maps need a method on images, such as patch-wiener or padim"));
        };
        std::fs::create_dir_all(folder).map_err(|error| {
            let message = format!("cannot make {}: {error}", folder.display());
            Failure::new(exit::MISSING, message)
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            model,
            scale: Scale::new(low, high)?,
            written: 0,
            worst: Vec::new(),
        })
    }

    /// The maps of some images, each a PNG file.
    pub(super) fn write(
        &mut self,
        images: ArrayView4<'_, u8>,
        files: &[&Path],
        scores: &[f64],
        progress: &dyn Progress,
    ) -> Result<(), Failure> {
        let maps = self.model.scorer().maps(Input::Images(images), progress)?;
        let Some(maps) = maps else {
            return Ok(());
        };
        let (_, _, height, width) = images.dim();
        let places = images.outer_iter().zip(maps.outer_iter());
        for ((image, map), (file, score)) in places.zip(files.iter().zip(scores)) {
            let image = Picture::from_image(image)?;
            let picture = over(&image, map, self.scale)?;
            let large = picture.enlarged(zoom((height, width)))?;
            // The number comes first: files of one name lie in several folders.
            let name = name_of(file);
            let path = format!("{:06}_{name}_{score:.3e}.png", self.written);
            write_atomically(&self.folder.join(path), &large.png()?)?;
            self.written += 1;
            let place = self.worst.partition_point(|(other, ..)| other >= score);
            if place < WORST {
                let label = format!("{name} {score:.3}");
                self.worst.insert(place, (*score, label, image, picture));
                self.worst.truncate(WORST);
            }
        }
        Ok(())
    }

    /// Writes `sheet.png` with the images of the highest scores.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Some((_, _, first, _)) = self.worst.first() else {
            return Ok(());
        };
        let size = (first.height(), first.width());
        let labels = self.worst.iter().map(|(_, label, ..)| label.clone());
        let mut sheet = ContactSheet::new(labels).zoom(zoom(size));
        let (mut images, mut maps) = (Vec::new(), Vec::new());
        for (_, _, image, map) in self.worst {
            images.push(image);
            maps.push(map);
        }
        sheet.push_row("image", images)?;
        sheet.push_row("map", maps)?;
        Ok(sheet.picture()?.save(&self.folder.join("sheet.png"))?)
    }
}
