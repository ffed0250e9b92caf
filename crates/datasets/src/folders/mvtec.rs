//! MVTec AD's layout (Bergmann et al., CVPR 2019), which VisA's one-class layout shares (Zou et al.,
//! ECCV 2022, `spot-diff`): `train/good`, `test/good`, `test/<defect>`, `ground_truth/<defect>`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::{images_in, name_of, names_of, stem_of};
use crate::images::{MaskOf, folders, read_masks};
use crate::{
    Data, Dataset, DatasetError, Images, Label, Loading, OfficialPart, Protocol, hash, read_images,
};

const GOOD: &str = "good";

/// Whether a folder looks like one category.
pub(crate) fn is(folder: &Path) -> bool {
    folder.join("train").join(GOOD).is_dir() && folder.join("test").is_dir()
}

/// One category: `train/good`, then every folder of `test`, in the order of their names.
///
/// Where `ground_truth` exists, every image of a defect must have its mask there and every mask its
/// image: `ground_truth/scratch/000_mask.png` (MVTec AD) or `ground_truth/bad/000.png` (VisA) for
/// `test/scratch/000.png`.
pub(crate) fn load(folder: &Path, name: &str, loading: &Loading) -> Result<Dataset, DatasetError> {
    let files = list(folder)?;
    let paths: Vec<PathBuf> = files.iter().map(|file| file.image.clone()).collect();
    let Images {
        pixels,
        kept,
        skipped,
    } = read_images(&paths, &loading.images)?;
    let (_, _, h, w) = pixels.dim();
    let labels = kept.iter().map(|&i| files[i].label).collect();
    let parts = kept.iter().map(|&i| files[i].part).collect();
    let masks = folder.join("ground_truth").is_dir().then(|| {
        let pairs: Vec<MaskOf> = kept
            .iter()
            .map(|&i| MaskOf {
                image: files[i].image.clone(),
                mask: files[i].mask.clone(),
            })
            .collect();
        read_masks(&pairs, (h, w), &loading.images)
    });
    let masks = masks.transpose()?;
    let origin = folder.display().to_string();
    let sha256 = hash::sha256_of_files(&[folder.to_owned()])?;
    let data = Data::Images(pixels);
    let set = Dataset::checked(&origin, name.to_owned(), data, labels, Some(sha256))?
        .with_files(kept.iter().map(|&i| paths[i].clone()).collect())
        .with_skipped(skipped)
        .with_official(Protocol::Mvtec, parts)?;
    match masks {
        Some(masks) => set.with_masks(masks),
        None => Ok(set),
    }
}

struct File {
    image: PathBuf,
    label: Label,
    part: OfficialPart,
    mask: Option<PathBuf>,
}

fn list(folder: &Path) -> Result<Vec<File>, DatasetError> {
    let train = folders(&folder.join("train"))?;
    if train.len() != 1 {
        return Err(DatasetError::Layout {
            path: folder.join("train"),
            found: names_of(&train).join(", "),
            expected: format!("{GOOD} alone: only normal images train"),
        });
    }
    let mut files: Vec<File> = images_in(&train[0])?
        .into_iter()
        .map(|image| File {
            image,
            label: Label::Normal,
            part: OfficialPart::Train,
            mask: None,
        })
        .collect();
    let truth = folder.join("ground_truth");
    let tests = folders(&folder.join("test"))?;
    let kinds: HashSet<String> = names_of(&tests).into_iter().collect();
    if truth.is_dir() {
        for masks in folders(&truth)? {
            if !kinds.contains(&name_of(&masks)) {
                return Err(mask_without_image(
                    folder,
                    &masks,
                    images_in(&masks)?.first(),
                ));
            }
        }
    }
    for kind in tests {
        let images = images_in(&kind)?;
        let defect = name_of(&kind);
        let good = defect == GOOD;
        let masks = truth.join(&defect);
        let mut masks_of = HashMap::new();
        if !good && truth.is_dir() {
            if !masks.is_dir() {
                return Err(image_without_mask(&images[0], &masks));
            }
            for mask in images_in(&masks)? {
                let stem = stem_of(&mask);
                let stem = stem.strip_suffix("_mask").unwrap_or(&stem).to_owned();
                masks_of.insert(stem, mask);
            }
        }
        for image in images {
            let mask = masks_of.remove(&stem_of(&image));
            if mask.is_none() && !good && truth.is_dir() {
                return Err(image_without_mask(&image, &masks));
            }
            files.push(File {
                image,
                label: if good { Label::Normal } else { Label::Anomaly },
                part: OfficialPart::Test,
                mask,
            });
        }
        // The first by name, so that the same folder always gives the same error.
        if let Some(mask) = masks_of.values().min() {
            return Err(mask_without_image(folder, &masks, Some(mask)));
        }
    }
    Ok(files)
}

fn image_without_mask(image: &Path, masks: &Path) -> DatasetError {
    DatasetError::ImageWithoutMask {
        image: image.to_owned(),
        mask: masks.join(format!("{}_mask.png", stem_of(image))),
    }
}

fn mask_without_image(folder: &Path, masks: &Path, mask: Option<&PathBuf>) -> DatasetError {
    let mask = mask.cloned().unwrap_or_else(|| masks.to_owned());
    let stem = stem_of(&mask);
    let stem = stem.strip_suffix("_mask").unwrap_or(&stem);
    DatasetError::MaskWithoutImage {
        image: folder.join("test").join(name_of(masks)).join(stem),
        mask,
    }
}
