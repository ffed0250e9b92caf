//! MVTec AD's layout (Bergmann et al., CVPR 2019), which VisA's one-class layout shares (Zou et al.,
//! ECCV 2022, `spot-diff`): `train/good`, `test/good`, `test/<defect>`, `ground_truth/<defect>`.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use ndarray::Axis;

use super::{images_in, name_of, names_of, stem_of};
use crate::images::{MaskOf, Masks, check_header, entries, folders, not_black, read_masks, skip};
use crate::{
    Data, Dataset, DatasetError, ImageOptions, Images, Label, Loading, OfficialPart, OnBadFile,
    Protocol, Skipped, hash, read_images,
};

const GOOD: &str = "good";

/// Whether a folder looks like one category.
pub(crate) fn is(folder: &Path) -> bool {
    folder.join("train").join(GOOD).is_dir() && folder.join("test").is_dir()
}

/// One category: `train/good`, then every folder of `test`, in the order of their names.
///
/// Where `ground_truth` exists, every image of a defect must have one mask there and every mask its
/// image: `ground_truth/scratch/000_mask.png` (MVTec AD) or `ground_truth/bad/000.png` (VisA) for
/// `test/scratch/000.png`. Masks in `ground_truth/good` must be black.
///
/// Under [`OnBadFile::Skip`] an image whose mask is damaged is left out as well.
pub(crate) fn load(folder: &Path, name: &str, loading: &Loading) -> Result<Dataset, DatasetError> {
    let (files, stray) = list(folder, &loading.images)?;
    let paths: Vec<PathBuf> = files.iter().map(|file| file.image.clone()).collect();
    let Images {
        mut pixels,
        mut kept,
        mut skipped,
    } = read_images(&paths, &loading.images)?;
    skipped.extend(stray);
    let (_, _, h, w) = pixels.dim();
    let mut masks = None;
    if folder.join("ground_truth").is_dir() {
        let pairs: Vec<MaskOf> = kept
            .iter()
            .map(|&i| MaskOf {
                image: files[i].image.clone(),
                mask: files[i].mask.clone(),
            })
            .collect();
        let Masks {
            mut anomalous,
            damaged,
        } = read_masks(&pairs, (h, w), &loading.images)?;
        if !damaged.is_empty() {
            let left_out: HashSet<usize> = damaged.iter().map(|(i, _)| *i).collect();
            let rest: Vec<usize> = (0..kept.len()).filter(|i| !left_out.contains(i)).collect();
            pixels = pixels.select(Axis(0), &rest);
            anomalous = anomalous.select(Axis(0), &rest);
            for (i, error) in damaged {
                skip(&mut skipped, &paths[kept[i]], error, &loading.images)?;
            }
            kept = rest.iter().map(|&i| kept[i]).collect();
        }
        masks = Some(anomalous);
    }
    let labels = kept.iter().map(|&i| files[i].label).collect();
    let parts = kept.iter().map(|&i| files[i].part).collect();
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

/// The images with their masks, and what lies beside the masks and is none.
fn list(folder: &Path, options: &ImageOptions) -> Result<(Vec<File>, Vec<Skipped>), DatasetError> {
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
    let mut stray = Vec::new();
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
        let mut masks_of = BTreeMap::new();
        if good {
            if masks.is_dir() {
                stray.extend(all_black(&entries(&masks)?, options)?);
            }
        } else if truth.is_dir() {
            if !masks.is_dir() {
                return Err(image_without_mask(&images[0], &masks));
            }
            masks_of = by_image(images_in(&masks)?, &mut stray, options)?;
        }
        let stems: HashSet<String> = images.iter().map(|image| stem_of(image)).collect();
        for image in images {
            // What is no image needs no mask, and leaves it to one of the same name.
            let bad = !good && is_bad(&image, options);
            let mask = if bad {
                None
            } else {
                masks_of.remove(&stem_of(&image))
            };
            if mask.is_none() && !good && !bad && truth.is_dir() {
                return Err(image_without_mask(&image, &masks));
            }
            files.push(File {
                image,
                label: if good { Label::Normal } else { Label::Anomaly },
                part: OfficialPart::Test,
                mask,
            });
        }
        // By name, so that the same folder always gives the same error.
        let mut rest: Vec<PathBuf> = masks_of.into_values().collect();
        rest.sort();
        for mask in rest {
            // A mask whose image is left out is a mask all the same.
            let left_out = left_out(&mask, &mut stray, options)?;
            if !left_out && !stems.contains(&masked(&mask)) {
                return Err(mask_without_image(folder, &masks, Some(&mask)));
            }
        }
    }
    Ok((files, stray))
}

/// Masks by the names of their images.
fn by_image(
    masks: Vec<PathBuf>,
    stray: &mut Vec<Skipped>,
    options: &ImageOptions,
) -> Result<BTreeMap<String, PathBuf>, DatasetError> {
    let mut masks_of: BTreeMap<String, PathBuf> = BTreeMap::new();
    for second in masks {
        let stem = masked(&second);
        if let Some(first) = masks_of.get(&stem) {
            if left_out(&second, stray, options)? {
                continue;
            }
            if !left_out(first, stray, options)? {
                let first = first.clone();
                return Err(DatasetError::TwoMasks { first, second });
            }
        }
        masks_of.insert(stem, second);
    }
    Ok(masks_of)
}

/// Masks of normal images; those that are no images come back.
fn all_black(masks: &[PathBuf], options: &ImageOptions) -> Result<Vec<Skipped>, DatasetError> {
    let (anomalous, skipped) = not_black(masks, options)?;
    match anomalous {
        None => Ok(skipped),
        Some(mask) => Err(DatasetError::Masks {
            origin: mask.display().to_string(),
            found: "anomalous pixels".to_owned(),
            expected: format!("none in the masks of {GOOD}"),
        }),
    }
}

fn is_bad(path: &Path, options: &ImageOptions) -> bool {
    options.on_bad_file == OnBadFile::Skip && check_header(path, options).is_err()
}

/// Whether a file is one to leave out; if so it is counted.
fn left_out(
    path: &Path,
    stray: &mut Vec<Skipped>,
    options: &ImageOptions,
) -> Result<bool, DatasetError> {
    match check_header(path, options) {
        Err(error) if options.on_bad_file == OnBadFile::Skip => {
            skip(stray, path, error, options)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The name, without its ending, of the image that a mask belongs to.
fn masked(mask: &Path) -> String {
    let stem = stem_of(mask);
    stem.strip_suffix("_mask").unwrap_or(&stem).to_owned()
}

fn image_without_mask(image: &Path, masks: &Path) -> DatasetError {
    DatasetError::ImageWithoutMask {
        image: image.to_owned(),
        mask: masks.join(format!("{}_mask.png", stem_of(image))),
    }
}

fn mask_without_image(folder: &Path, masks: &Path, mask: Option<&PathBuf>) -> DatasetError {
    let mask = mask.cloned().unwrap_or_else(|| masks.to_owned());
    DatasetError::MaskWithoutImage {
        image: folder.join("test").join(name_of(masks)).join(masked(&mask)),
        mask,
    }
}
