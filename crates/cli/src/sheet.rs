//! What a method sees in some test images, as one picture.

use std::path::Path;

use datasets::{Data, Label, Split};
use detector::{Input, Progress, Scorer};
use experiment::Outcome;
use ndarray::{Array4, Axis};
use pictures::{ColourMap, ContactSheet, Picture, PictureError, heat_map, outline};

use crate::failure::Failure;
use crate::maps;

/// Normal images on a sheet, then anomalies: the first of each kind at even distances.
const NORMALS: usize = 3;
const ANOMALIES: usize = 5;
/// Images at least this high have their map over them; on smaller ones it would hide them.
const OVERLAID: usize = 64;
const GREEN: [u8; 3] = [0, 158, 115];

/// The sheet of an experiment. A result is not lost over a picture: why there is none becomes a warning of the cell.
pub(crate) fn draw(outcome: &mut Outcome, progress: &dyn Progress) -> Option<Sheet> {
    sheet(&outcome.split, &*outcome.scorer, progress).unwrap_or_else(|failure| {
        let warning = format!("no picture: {}", failure.message);
        outcome.cell.warnings.push(warning);
        None
    })
}

/// Test images in columns; below each its reconstruction, where the method has one, and its map, on the
/// scale of [`maps::scale`]. True defects are outlined. `None` where the data are not images or the method
/// has no maps.
///
/// # Errors
/// What the method answers.
fn sheet(
    split: &Split,
    scorer: &dyn Scorer,
    progress: &dyn Progress,
) -> Result<Option<Sheet>, Failure> {
    let Data::Images(images) = &split.test else {
        return Ok(None);
    };
    let Some(scale) = maps::scale(&split.train, scorer, progress)? else {
        return Ok(None);
    };
    let shown = shown(&split.test_labels);
    let images = images.select(Axis(0), &shown);
    let input = Input::Images(images.view());
    let Some(maps) = scorer.maps(input, progress)? else {
        return Ok(None);
    };
    let reconstructions = scorer.reconstructions(input, progress)?;

    let labels = shown.iter().map(|&row| match split.test_labels[row] {
        Label::Normal => "normal",
        Label::Anomaly => "anomaly",
    });
    let (_, _, height, width) = images.dim();
    let mut sheet = ContactSheet::new(labels).zoom(maps::zoom((height, width)));
    let pictures = pictures(&images)?;
    let mut inputs = pictures.clone();
    if let Some(masks) = &split.test_masks {
        for (picture, &row) in inputs.iter_mut().zip(&shown) {
            *picture = outline(picture, masks.index_axis(Axis(0), row), GREEN)?;
        }
    }
    sheet.push_row("image", inputs)?;
    if let Some(reconstructions) = reconstructions {
        sheet.push_row("reconstruction", self::pictures(&reconstructions)?)?;
    }
    let maps = pictures.iter().zip(maps.outer_iter()).map(|(image, map)| {
        if height < OVERLAID {
            return heat_map(map, scale, ColourMap::Inferno);
        }
        maps::over(image, map, scale)
    });
    sheet.push_row("map", maps.collect::<Result<_, _>>()?)?;
    Ok(Some(Sheet(sheet.picture()?)))
}

/// A drawn sheet.
pub(crate) struct Sheet(Picture);

impl Sheet {
    /// Writes a PNG file, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        Ok(self.0.save(path)?)
    }
}

fn pictures(images: &Array4<u8>) -> Result<Vec<Picture>, PictureError> {
    images.outer_iter().map(Picture::from_image).collect()
}

/// Test rows to show.
fn shown(labels: &[Label]) -> Vec<usize> {
    let evenly = |label: Label, n: usize| {
        let rows: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] == label).collect();
        let n = n.min(rows.len());
        (0..n).map(move |i| rows[i * rows.len() / n])
    };
    let normals = evenly(Label::Normal, NORMALS);
    normals.chain(evenly(Label::Anomaly, ANOMALIES)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_shown_at_even_distances() {
        let labels: Vec<Label> = (0..20)
            .map(|i| if i < 9 { Label::Normal } else { Label::Anomaly })
            .collect();
        assert_eq!(shown(&labels), [0, 3, 6, 9, 11, 13, 15, 17]);
        assert_eq!(shown(&labels[8..10]), [0, 1]);
        assert_eq!(shown(&[]), [0; 0]);
    }
}
