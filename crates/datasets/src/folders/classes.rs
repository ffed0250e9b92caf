//! torchvision's ImageFolder: one folder per class, with or without `train` and `val` above them.

use std::path::{Path, PathBuf};

use super::{mvtec, names_of};
use crate::class_images::{ClassImages, Pictures};
use crate::images::folders;
use crate::{DatasetError, OfficialPart, list_images};

/// Class folders as images, with the names of the classes.
pub(crate) struct Classes {
    /// In the order of the class numbers: sorted.
    pub(crate) names: Vec<String>,
    pub(crate) images: ClassImages,
}

/// What the folder of normal images is called where nobody says.
const NORMAL: [&str; 3] = ["good", "normal", "ok"];

impl Classes {
    /// The number of the class called `wanted`, or of the one that is called normal.
    pub(crate) fn class(&self, folder: &Path, wanted: Option<&str>) -> Result<usize, DatasetError> {
        let place = |name: &str| self.names.iter().position(|known| known == name);
        let found = match wanted {
            Some(name) => place(name),
            None => NORMAL.iter().find_map(|name| place(name)),
        };
        found.ok_or_else(|| DatasetError::Class {
            path: folder.to_owned(),
            found: wanted.map(str::to_owned),
            known: self.names.clone(),
        })
    }
}

/// `train/<class>` beside `val/<class>` or `test/<class>` (both test where both exist), or `<class>`
/// folders alone, with all files below each. Order: train first, then by class, then by path.
pub(crate) fn read(folder: &Path) -> Result<Classes, DatasetError> {
    let train = folder.join("train");
    let tests: Vec<PathBuf> = ["val", "test"]
        .iter()
        .map(|part| folder.join(part))
        .filter(|part| part.is_dir())
        .collect();
    let divided = train.is_dir() && !tests.is_empty();
    let names = names_of(&folders(if divided { &train } else { folder })?);
    if names.is_empty() {
        return Err(DatasetError::Layout {
            path: folder.to_owned(),
            found: "no folders".to_owned(),
            expected: "one folder for each class, or train/good and test".to_owned(),
        });
    }
    let (mut paths, mut classes, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |of: &Path, part: OfficialPart| -> Result<(), DatasetError> {
        for (class, name) in names.iter().enumerate() {
            let class_folder = of.join(name);
            if mvtec::is(&class_folder) {
                return Err(DatasetError::Layout {
                    path: class_folder,
                    found: "train/good and test, a whole set".to_owned(),
                    expected: "images of one class: name the set itself".to_owned(),
                });
            }
            let found = list_images(&class_folder)?;
            classes.extend(found.iter().map(|_| class));
            parts.extend(found.iter().map(|_| part));
            paths.extend(found);
        }
        Ok(())
    };
    if divided {
        add(&train, OfficialPart::Train)?;
        for test in &tests {
            let found = names_of(&folders(test)?);
            if found != names {
                return Err(DatasetError::Layout {
                    path: test.clone(),
                    found: found.join(", "),
                    expected: format!("the classes of train: {}", names.join(", ")),
                });
            }
            add(test, OfficialPart::Test)?;
        }
    } else {
        add(folder, OfficialPart::Test)?;
    }
    let images = ClassImages {
        classes,
        n_classes: names.len(),
        parts: divided.then_some(parts),
        pictures: Pictures::Files(paths),
    };
    Ok(Classes { names, images })
}
