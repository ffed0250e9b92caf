//! Images of several classes, and the data sets made of them by making one class stand out.

use std::path::PathBuf;

use ndarray::{Array4, Axis};
use numpy_random::RandomState;

use crate::hash::Watched;
use crate::{
    Data, Dataset, DatasetError, ImageOptions, Images, Label, Loading, OfficialPart, Protocol,
    read_images, resize_images,
};

/// Images with the class of each, before one class is chosen.
pub(crate) struct ClassImages {
    /// The class of every image, below `names.len()`.
    pub(crate) classes: Vec<usize>,
    pub(crate) n_classes: usize,
    /// The official part of every image, where there is a division.
    pub(crate) parts: Option<Vec<OfficialPart>>,
    pub(crate) pictures: Pictures,
}

/// Where the pixels are: files are decoded only for the images that a protocol needs.
pub(crate) enum Pictures {
    Loaded(Array4<u8>),
    Files(Vec<PathBuf>),
}

/// Which images of the other classes become anomalies where no official division is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// As many as make 5 % of all rows, spread evenly: ADBench's sets.
    FivePercent,
    /// All of them.
    All,
}

/// Share of anomalies in ADBench's sets made from classes.
const ANOMALY_SHARE: f64 = 0.05;

impl ClassImages {
    /// The data set in which `class` stands out: normal, or under `leave-out` anomalous. `watched` are the files that
    /// it comes from.
    pub(crate) fn one_against_others(
        self,
        class: usize,
        others: Others,
        name: &str,
        origin: &str,
        watched: &Watched,
        loading: &Loading,
    ) -> Result<Dataset, DatasetError> {
        let in_class = |row: usize| self.classes[row] == class;
        let leave_out = loading.protocol == Protocol::LeaveOut;
        let normal = |row: usize| in_class(row) != leave_out;
        let rows: Vec<usize> = if loading.protocol.is_official() {
            let parts = self
                .parts
                .as_ref()
                .filter(|_| matches!(loading.protocol, Protocol::OneClass | Protocol::LeaveOut));
            let parts = parts.ok_or_else(|| DatasetError::NoDivision {
                name: name.to_owned(),
                protocol: loading.protocol,
            })?;
            // Training images of the anomalous side serve nobody.
            (0..self.classes.len())
                .filter(|&row| parts[row] == OfficialPart::Test || normal(row))
                .collect()
        } else {
            match others {
                Others::FivePercent => five_percent(&self.classes, self.n_classes, class),
                Others::All => (0..self.classes.len()).collect(),
            }
        };
        let labels = rows.iter().map(|&row| label(normal(row)));
        let labels: Vec<Label> = labels.collect();
        let parts = self
            .parts
            .as_ref()
            .filter(|_| loading.protocol.is_official());
        let parts: Option<Vec<OfficialPart>> =
            parts.map(|parts| rows.iter().map(|&row| parts[row]).collect());
        let (images, files) = self.pictures.take(&rows, &loading.images)?;
        let Images {
            pixels,
            kept,
            skipped,
        } = images;
        let labels = kept.iter().map(|&i| labels[i]).collect();
        let data = Data::Images(pixels);
        let sha256 = Some(watched.sha256()?);
        let set = Dataset::checked(origin, name.to_owned(), data, labels, sha256)?;
        let set = set
            .with_files(files)
            .with_skipped(skipped)
            .with_passed_over(watched.passed_over());
        match parts {
            Some(parts) => {
                let parts = kept.iter().map(|&i| parts[i]).collect();
                set.with_official(loading.protocol, parts)
            }
            None => Ok(set),
        }
    }
}

impl Pictures {
    /// The images at `rows`, and the file of each that is kept where they are files.
    fn take(
        self,
        rows: &[usize],
        options: &ImageOptions,
    ) -> Result<(Images, Vec<PathBuf>), DatasetError> {
        match self {
            Self::Loaded(images) => {
                let chosen = images.select(Axis(0), rows);
                let pixels = match options.size {
                    Some(size) => resize_images(&chosen, size)?,
                    None => chosen,
                };
                let images = Images {
                    pixels,
                    kept: (0..rows.len()).collect(),
                    skipped: Vec::new(),
                };
                Ok((images, Vec::new()))
            }
            Self::Files(paths) => {
                let chosen: Vec<PathBuf> = rows.iter().map(|&row| paths[row].clone()).collect();
                let images = read_images(&chosen, options)?;
                let files = images.kept.iter().map(|&i| chosen[i].clone()).collect();
                Ok((images, files))
            }
        }
    }
}

fn label(normal: bool) -> Label {
    if normal {
        Label::Normal
    } else {
        Label::Anomaly
    }
}

/// All rows of `class`, and rows of the other classes until they are as near to 5 % of all as can be:
/// equally many of each, the remainder from the first classes. The draw is part of the data set
/// (seed `class`), not of an experiment.
fn five_percent(classes: &[usize], n_classes: usize, class: usize) -> Vec<usize> {
    let of = |wanted: usize| -> Vec<usize> {
        (0..classes.len())
            .filter(|&row| classes[row] == wanted)
            .collect()
    };
    let mut rows = of(class);
    let anomalies = anomalies_beside(rows.len());
    let others = (n_classes - 1).max(1);
    let mut state = RandomState::new(class as u32);
    for (i, other) in (0..n_classes).filter(|&other| other != class).enumerate() {
        let share = anomalies / others + usize::from(i < anomalies % others);
        let candidates = of(other);
        let order = state.permutation(candidates.len());
        rows.extend(order.iter().take(share).map(|&i| candidates[i]));
    }
    rows.sort_unstable();
    rows
}

/// How many anomalies beside `normals` make 5 % of all.
pub(crate) fn anomalies_beside(normals: usize) -> usize {
    (normals as f64 * ANOMALY_SHARE / (1.0 - ANOMALY_SHARE)).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anomalies_are_five_percent_and_spread_evenly() {
        let classes: Vec<usize> = (0..10_000).map(|i| i * 7 % 10).collect();
        for class in 0..10 {
            let rows = five_percent(&classes, 10, class);
            assert_eq!(rows.len(), 1053);
            assert!(rows.is_sorted_by(|a, b| a < b));
            for other in 0..10 {
                let found = rows.iter().filter(|&&row| classes[row] == other).count();
                let position = other - usize::from(other > class);
                let expected = match other {
                    _ if other == class => 1000,
                    _ if position < 8 => 6,
                    _ => 5,
                };
                assert_eq!(found, expected, "class {class}, other {other}");
            }
        }
    }
}
