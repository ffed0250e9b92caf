//! The way out of each error.

use std::path::Path;

use super::DatasetError;
use crate::recognise::{ending, is_archive};
use crate::{WayOut, normal, python};

impl DatasetError {
    /// The way out, where one is known.
    pub fn way_out(&self) -> Option<WayOut> {
        Some(match self {
            Self::UnknownName { nearby, .. }
            | Self::Absent { nearby, .. }
            | Self::NotListed { nearby, .. }
                if !nearby.is_empty() =>
            {
                WayOut::Meant(
                    nearby
                        .iter()
                        .map(|path| path.display().to_string())
                        .collect(),
                )
            }
            Self::Absent { .. } => WayOut::PathOrKnownSet,
            Self::NotListed { .. } => WayOut::PathsOfAList,
            Self::OtherForm { way_out, .. } => *way_out.clone(),
            Self::Layout { hint, .. } | Self::Label { hint, .. } => WayOut::text(hint.clone()),
            Self::Changed { .. } => WayOut::text("run it again when nothing writes there"),
            Self::Memory { .. } | Self::TooLarge { .. } => {
                WayOut::text("free memory, or read fewer or smaller samples")
            }
            Self::NotAtHand {
                instead: Some(instead),
                ..
            } => instead.way_out.clone(),
            Self::UnknownName { closest, .. } if !closest.is_empty() => {
                WayOut::Meant(closest.clone())
            }
            Self::UnknownName { .. } => WayOut::KnownSet,
            Self::NotAtHand {
                name,
                fetchable: true,
                ..
            } => WayOut::Fetch(name.clone()),
            Self::NotAtHand { files, .. } | Self::NoDownload { files, .. } => {
                WayOut::IntoRoot(files.clone())
            }
            Self::MixedSizes { .. } => {
                WayOut::text("ask for one size: @pixels256 behind the name or the folder")
            }
            Self::Class { path, known, .. } => class(path, known),
            Self::NoDraw { .. } => WayOut::text("leave out the number behind the name"),
            Self::NoDivision { .. } => WayOut::text(
                "it needs a train and a test part: official for an .npz with X_train, X_test and y_test, mvtec for \
                 folders with train/good, one-class and leave-out for classes; semi-random splits any set",
            ),
            Self::Malformed { place, .. } if place == "the image" => WayOut::SkipBadFiles,
            Self::PickledObjects { path, array } => numbers(path, array),
            Self::MissingArray {
                hint: Some(hint), ..
            } => WayOut::text(hint.clone()),
            Self::MissingArray { path, .. } if ending(path) == "mat" => return None,
            Self::MissingArray {
                array: "images", ..
            } => WayOut::text(
                "numpy.savez_compressed(file, images=images) writes it: whole numbers from 0 to 255, [n, h, w] or \
                 [n, h, w, 3]",
            ),
            Self::MissingArray { .. } => {
                WayOut::text("numpy.savez_compressed(file, X=rows, y=labels) writes both")
            }
            Self::Hash { .. } | Self::UnexpectedShape { .. } => WayOut::Official {
                why: "remove the file and fetch it again",
                set: None,
            },
            Self::NoCache => WayOut::CacheFolder,
            Self::Download { .. } => WayOut::Download,
            Self::WrongDownload { .. } => WayOut::OtherSource,
            Self::OneClass { .. } => WayOut::text(
                "AUROC needs normal and anomalous test rows: try another seed, another protocol or \
                 more data",
            ),
            _ => return None,
        })
    }
}

/// How to name the class of the normal images.
fn class(path: &Path, known: &[String]) -> WayOut {
    let path = path.display();
    WayOut::text(match normal::suggested(known) {
        Some(class) => {
            format!("name the class of the normal images: {path}:{class}, if that is it")
        }
        None => format!("name the class of the normal images in place of CLASS: {path}:CLASS"),
    })
}

/// How to make numbers of Python objects.
fn numbers(path: &Path, array: &str) -> WayOut {
    let (from, to) = (python::path(path), python::path(&python::converted(path)));
    let body = match is_archive(path) {
        true => format!(
            "d = dict(np.load({from}, allow_pickle=True)); d['{array}'] = d['{array}'].astype(float); \
             np.savez({to}, **d)"
        ),
        false => {
            format!("np.savez({to}, X=np.load({from}, allow_pickle=True).astype(float))")
        }
    };
    WayOut::text(format!(
        "save it again with a numeric dtype and allow_pickle=False; where you trust its source: {}",
        python::line(&format!("import numpy as np; {body}"))
    ))
}
