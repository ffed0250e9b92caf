//! The way out of each error.

use super::DatasetError;
use crate::{normal, python};

impl DatasetError {
    /// The way out, where one is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownName { nearby, .. } if !nearby.is_empty() => Some(meant(nearby)),
            Self::Absent { nearby, .. } if !nearby.is_empty() => Some(meant(nearby)),
            Self::Absent { .. } => Some(
                "name a file or folder that is there, or a set of `residuum datasets list`".to_owned(),
            ),
            Self::OtherForm { hint, .. } | Self::Layout { hint, .. } | Self::Label { hint, .. } => {
                Some(hint.clone())
            }
            Self::Changed { .. } => Some("run it again when nothing writes there".to_owned()),
            Self::Memory { .. } | Self::TooLarge { .. } => {
                Some("free memory, or read fewer or smaller samples".to_owned())
            }
            Self::NotAtHand { instead: Some(instead), .. } => Some(instead.hint.clone()),
            Self::UnknownName { closest, .. } if !closest.is_empty() => {
                Some(format!("did you mean {}?", closest.join(" or ")))
            }
            Self::UnknownName { .. } => Some("residuum datasets list".to_owned()),
            Self::NotAtHand { name, fetchable: true, .. } => Some(format!(
                "residuum datasets fetch {name}, or set RESIDUUM_DATA to a folder that holds it"
            )),
            Self::NotAtHand { files, .. } | Self::NoDownload { files, .. } => Some(format!(
                "put {} into a folder named by RESIDUUM_DATA", files.join(" and ")
            )),
            Self::MixedSizes { .. } => {
                Some("ask for one size: @pixels256 behind the name or the folder".to_owned())
            }
            Self::Class { path, known, .. } => Some(match normal::suggested(known) {
                Some(class) => format!(
                    "name the class of the normal images: {}:{class}, if that is it", path.display()
                ),
                None => format!(
                    "name the class of the normal images in place of CLASS: {}:CLASS", path.display()
                ),
            }),
            Self::NoDraw { .. } => Some("leave out the number behind the name".to_owned()),
            Self::NoDivision { .. } => Some(
                "it needs a train and a test part: mvtec for folders with train/good, one-class and \
                 leave-out for classes; semi-random splits any set".to_owned(),
            ),
            Self::Malformed { place, .. } if place == "the image" => {
                Some("--skip-bad-files leaves such files out and counts them".to_owned())
            }
            Self::PickledObjects { path, array } => {
                let kept = if *array == "X" { "y=d['y']" } else { "X=d['X']" };
                Some(format!(
                    "save it again with a numeric dtype and allow_pickle=False; where you trust its source: {}",
                    python::line(&format!(
                        "import numpy as np; d = np.load({}, allow_pickle=True); \
                         np.savez({}, {array}=d['{array}'].astype(float), {kept})",
                        python::path(path), python::path(&python::converted(path))
                    ))
                ))
            }
            Self::MissingArray { hint: Some(hint), .. } => Some(hint.clone()),
            Self::MissingArray { .. } => {
                Some("numpy.savez_compressed(file, X=rows, y=labels) writes both".to_owned())
            }
            Self::Hash { .. } | Self::UnexpectedShape { .. } => {
                Some("remove the file and fetch it again: residuum datasets fetch".to_owned())
            }
            Self::NoCache => Some("set RESIDUUM_CACHE to a folder".to_owned()),
            Self::Download { .. } => Some(
                "check the network and try again (what has arrived is kept), set RESIDUUM_MIRROR to \
                 another source, or put the file into a folder named by RESIDUUM_DATA"
                    .to_owned(),
            ),
            Self::WrongDownload { .. } => {
                Some("try again, or set RESIDUUM_MIRROR to another source".to_owned())
            }
            Self::OneClass { .. } => {
                Some("AUROC needs normal and anomalous test rows: try another seed, another protocol or more data".to_owned())
            }
            _ => None,
        }
    }
}

/// What may have been meant.
fn meant(nearby: &[std::path::PathBuf]) -> String {
    let names: Vec<String> = nearby
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    format!("did you mean {}?", names.join(" or "))
}
