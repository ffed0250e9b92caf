//! torchvision's ImageFolder: one folder per class, with or without `train` and `val` above them.

use std::path::{Path, PathBuf};

use super::mvtec;
use super::names::names_of;
use crate::class_images::{ClassImages, Pictures};
use crate::walk::children;
use crate::{DatasetError, OfficialPart, normal, walk};

/// Class folders as images, with the names of the classes.
pub(crate) struct Classes {
    /// In the order of the class numbers: sorted.
    pub(crate) names: Vec<String>,
    pub(crate) images: ClassImages,
}

impl Classes {
    /// The number of the class called `wanted`, or of the one that is called normal.
    pub(crate) fn class(&self, folder: &Path, wanted: Option<&str>) -> Result<usize, DatasetError> {
        number(&self.names, folder, wanted)
    }
}

fn number(names: &[String], folder: &Path, wanted: Option<&str>) -> Result<usize, DatasetError> {
    let place = |name: &str| names.iter().position(|known| known == name);
    let found = match wanted {
        Some(name) => place(name),
        None => normal::normal_of(names).and_then(|name| place(name)),
    };
    found.ok_or_else(|| DatasetError::Class {
        path: folder.to_owned(),
        found: wanted.map(str::to_owned),
        known: names.to_vec(),
    })
}

/// The classes by their folders, before any image is looked for.
struct Layout {
    train: PathBuf,
    tests: Vec<PathBuf>,
    names: Vec<String>,
}

/// `train/<class>` beside `val/<class>` or `test/<class>` (both test where both exist), or `<class>`
/// folders alone, with all files below each. Order: train first, then by class, then by path.
pub(crate) fn read(folder: &Path) -> Result<Classes, DatasetError> {
    let Layout {
        train,
        tests,
        names,
    } = layout(folder)?;
    let divided = !tests.is_empty();
    let (mut paths, mut classes, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |of: &Path, part: OfficialPart| -> Result<(), DatasetError> {
        for (class, name) in names.iter().enumerate() {
            let class_folder = of.join(name);
            if mvtec::normal_of(&class_folder, None)?.is_some() {
                return Err(DatasetError::Layout {
                    path: class_folder,
                    found: "a training and a test part, a whole set".to_owned(),
                    expected: "images of one class".to_owned(),
                    hint: "name the set itself".to_owned(),
                });
            }
            let found = walk::below(&class_folder)?.files;
            if found.is_empty() {
                return Err(DatasetError::NoImages { path: class_folder });
            }
            classes.extend(found.iter().map(|_| class));
            parts.extend(found.iter().map(|_| part));
            paths.extend(found);
        }
        Ok(())
    };
    if divided {
        add(&train, OfficialPart::Train)?;
        for test in &tests {
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

/// An error where the class is not there, before all images are looked for.
pub(crate) fn check(folder: &Path, class: Option<&str>) -> Result<(), DatasetError> {
    number(&layout(folder)?.names, folder, class).map(drop)
}

fn layout(folder: &Path) -> Result<Layout, DatasetError> {
    let train = folder.join("train");
    let tests: Vec<PathBuf> = ["val", "test"]
        .iter()
        .map(|part| folder.join(part))
        .filter(|part| part.is_dir())
        .collect();
    let divided = train.is_dir() && !tests.is_empty();
    let above = if divided { &train } else { folder };
    let found = children(above)?;
    let names = names_of(&found.folders);
    if names.is_empty() {
        let n = found.files.len();
        return Err(DatasetError::Layout {
            path: above.to_owned(),
            found: match n {
                0 => "no folders".to_owned(),
                _ => format!("no folders, but {n} files"),
            },
            expected: "one folder for each class, or train/good and test".to_owned(),
            hint: match (divided, n) {
                (true, 1..) => "put the images that train, all of them normal, into a folder `good` there".to_owned(),
                _ => "put the images of each class into a folder of their own, such as `good` and `bad`".to_owned(),
            },
        });
    }
    for test in tests.iter().filter(|_| divided) {
        let found = names_of(&children(test)?.folders);
        if found != names {
            return Err(DatasetError::Layout {
                path: test.clone(),
                found: found.join(", "),
                expected: format!("the classes of train: {}", names.join(", ")),
                hint: match names.as_slice() {
                    // What trains alone is normal, if somebody says so.
                    [_] => format!(
                        "where the images of train are the normal ones, name their class in place of CLASS: {}:CLASS",
                        folder.display()
                    ),
                    _ => "each part has the same classes; or train has one, that of the normal images".to_owned(),
                },
            });
        }
    }
    Ok(Layout {
        train,
        tests: if divided { tests } else { Vec::new() },
        names,
    })
}
