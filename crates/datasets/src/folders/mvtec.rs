//! MVTec AD's layout (Bergmann et al., CVPR 2019), which VisA's one-class layout shares (Zou et al.,
//! ECCV 2022, `spot-diff`): `train/good`, `test/good`, `test/<defect>`, `ground_truth/<defect>`. BTAD (Mishra et
//! al. 2021) calls `good` `ok`; MVTec LOCO (Bergmann et al., IJCV 2022) has a folder of masks for each image.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use ndarray::Axis;

use super::names::{name_of, names_of, stem_of};
use crate::hash::Watched;
use crate::images::{MaskOf, Masks, check_header, not_black, read_masks, skip};
use crate::walk::children;
use crate::{
    Data, Dataset, DatasetError, ImageOptions, Images, Label, Loading, OfficialPart, OnBadFile,
    Protocol, Skipped, normal, read_images, walk,
};

/// The name of the one class that trains, where a folder looks like one category: `train/X` alone, beside `test`,
/// with `X` called normal or named by the user as `class`.
pub(crate) fn normal_of(
    folder: &Path,
    class: Option<&str>,
) -> Result<Option<String>, DatasetError> {
    let (train, test) = (folder.join("train"), folder.join("test"));
    if !train.is_dir() || !test.is_dir() {
        return Ok(None);
    }
    let names = names_of(&children(&train)?.folders);
    match names.as_slice() {
        [only] if class == Some(only) => Ok(Some(only.clone())),
        [only] if normal::is_normal(only) => match class {
            None => Ok(Some(only.clone())),
            Some(class) => Err(DatasetError::Class {
                path: folder.to_owned(),
                found: Some(class.to_owned()),
                known: vec![only.clone()],
            }),
        },
        [] | [_] => Ok(None),
        several => {
            let good = several.iter().find(|name| normal::is_normal(name));
            match good {
                // Both parts with the same classes are class folders.
                Some(good) if names_of(&children(&test)?.folders) != several => {
                    Err(DatasetError::Layout {
                        path: train,
                        found: names.join(", "),
                        expected: format!("{good} alone: only normal images train"),
                        hint: "leave the anomalous images of train out, or give train and test the same classes"
                            .to_owned(),
                    })
                }
                _ => Ok(None),
            }
        }
    }
}

/// One category that is looked for as such: `train/good`, then every folder of `test`.
///
/// # Errors
/// As [`load_with`], and [`DatasetError::Layout`] where `train` has no class that is called normal.
pub(crate) fn load(folder: &Path, name: &str, loading: &Loading) -> Result<Dataset, DatasetError> {
    match normal_of(folder, None)? {
        Some(normal) => load_with(folder, &normal, name, loading),
        None => Err(DatasetError::Layout {
            path: folder.to_owned(),
            found: "no train/good and test".to_owned(),
            expected: "MVTec AD's layout".to_owned(),
            hint: "train/good, test/good, test/<defect> and, for masks, ground_truth/<defect>"
                .to_owned(),
        }),
    }
}

/// One category: `train/<normal>`, then every folder of `test`, in the order of their names. What is called normal
/// in `test` is normal, all else anomalous.
///
/// Where `ground_truth` exists, every image of a defect must have its masks there and every mask its
/// image: `ground_truth/scratch/000_mask.png` (MVTec AD), `ground_truth/bad/000.png` (VisA, BTAD) or all images
/// in the folder `ground_truth/scratch/000` (MVTec LOCO), which together are the mask, for
/// `test/scratch/000.png`. Masks of normal images must be black. LOCO's folder `validation` is not read, and is
/// among the files left out.
///
/// Under [`OnBadFile::Skip`] an image whose mask is damaged is left out as well.
pub(crate) fn load_with(
    folder: &Path,
    normal: &str,
    name: &str,
    loading: &Loading,
) -> Result<Dataset, DatasetError> {
    let watched = Watched::of(&[folder.to_owned()])?;
    let (files, stray) = list(folder, normal, &loading.images)?;
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
                masks: files[i].masks.clone(),
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
    let sha256 = watched.sha256()?;
    let data = Data::Images(pixels);
    // Its division is one of a class as well.
    let protocol = match loading.protocol {
        Protocol::OneClass => Protocol::OneClass,
        _ => Protocol::Mvtec,
    };
    let set = Dataset::checked(&origin, name.to_owned(), data, labels, Some(sha256))?
        .with_files(kept.iter().map(|&i| paths[i].clone()).collect())
        .with_skipped(skipped)
        .with_passed_over(watched.passed_over())
        .with_official(protocol, parts)?;
    match masks {
        Some(masks) => set.with_masks(masks),
        None => Ok(set),
    }
}

struct File {
    image: PathBuf,
    label: Label,
    part: OfficialPart,
    masks: Vec<PathBuf>,
}

/// The images with their masks, and what lies beside the masks and is none.
fn list(
    folder: &Path,
    normal: &str,
    options: &ImageOptions,
) -> Result<(Vec<File>, Vec<Skipped>), DatasetError> {
    let mut files: Vec<File> = images_in(&folder.join("train").join(normal))?
        .into_iter()
        .map(|image| File {
            image,
            label: Label::Normal,
            part: OfficialPart::Train,
            masks: Vec::new(),
        })
        .collect();
    let mut stray = Vec::new();
    let validation = folder.join("validation");
    if validation.is_dir() {
        stray.push(Skipped {
            reason: format!(
                "{}: no protocol reads the validation part",
                validation.display()
            ),
            path: validation,
        });
    }
    let truth = folder.join("ground_truth");
    let tests = children(&folder.join("test"))?.folders;
    let kinds: HashSet<String> = names_of(&tests).into_iter().collect();
    if truth.is_dir() {
        for masks in children(&truth)?.folders {
            if !kinds.contains(&name_of(&masks)) {
                let first = walk::below(&masks)?.files.into_iter().next();
                return Err(mask_without_image(folder, &masks, first.as_ref()));
            }
        }
    }
    for kind in tests {
        let images = images_in(&kind)?;
        let defect = name_of(&kind);
        let good = defect.eq_ignore_ascii_case(normal) || normal::is_normal(&defect);
        let masks = truth.join(&defect);
        let mut masks_of = BTreeMap::new();
        if good {
            if masks.is_dir() {
                stray.extend(all_black(&walk::below(&masks)?.files, options)?);
            }
        } else if truth.is_dir() {
            if !masks.is_dir() {
                return Err(image_without_mask(&images[0], &masks));
            }
            masks_of = by_image(&masks, &mut stray, options)?;
        }
        let stems: HashSet<String> = images.iter().map(|image| stem_of(image)).collect();
        for image in images {
            // What is not an image needs no mask, and leaves it to one of the same name.
            let bad = !good && is_bad(&image, options);
            let found = if bad {
                None
            } else {
                masks_of.remove(&stem_of(&image))
            };
            if found.is_none() && !good && !bad && truth.is_dir() {
                return Err(image_without_mask(&image, &masks));
            }
            files.push(File {
                image,
                label: if good { Label::Normal } else { Label::Anomaly },
                part: OfficialPart::Test,
                masks: found.unwrap_or_default(),
            });
        }
        // By name, so that the same folder always gives the same error.
        let mut rest: Vec<(String, Vec<PathBuf>)> = masks_of.into_iter().collect();
        rest.sort_by(|(_, a), (_, b)| a.cmp(b));
        for (stem, of_one) in rest {
            // A mask whose image is left out is a mask all the same.
            let mut known = stems.contains(&stem);
            for mask in &of_one {
                known |= left_out(mask, &mut stray, options)?;
            }
            if !known {
                return Err(mask_without_image(folder, &masks, of_one.first()));
            }
        }
    }
    Ok((files, stray))
}

/// The files in a folder; none is an error.
fn images_in(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let files = children(folder)?.files;
    if files.is_empty() {
        return Err(DatasetError::NoImages {
            path: folder.to_owned(),
        });
    }
    Ok(files)
}

/// Masks by the names of their images: files, and folders whose files are one mask.
fn by_image(
    masks: &Path,
    stray: &mut Vec<Skipped>,
    options: &ImageOptions,
) -> Result<BTreeMap<String, Vec<PathBuf>>, DatasetError> {
    let found = children(masks)?;
    if found.files.is_empty() && found.folders.is_empty() {
        return Err(DatasetError::NoImages {
            path: masks.to_owned(),
        });
    }
    let mut masks_of: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for second in found.files {
        let stem = masked(&second);
        if let Some(first) = masks_of.get(&stem).and_then(|masks| masks.first()) {
            if left_out(&second, stray, options)? {
                continue;
            }
            if !left_out(first, stray, options)? {
                let first = first.clone();
                return Err(DatasetError::TwoMasks { first, second });
            }
        }
        masks_of.insert(stem, vec![second]);
    }
    for second in found.folders {
        let of_one = images_in(&second)?;
        if let Some(first) = masks_of.insert(name_of(&second), of_one) {
            let first = first.into_iter().next().unwrap_or_default();
            return Err(DatasetError::TwoMasks { first, second });
        }
    }
    Ok(masks_of)
}

/// Masks of normal images; those that are not images come back.
fn all_black(masks: &[PathBuf], options: &ImageOptions) -> Result<Vec<Skipped>, DatasetError> {
    let (anomalous, skipped) = not_black(masks, options)?;
    match anomalous {
        None => Ok(skipped),
        Some(mask) => Err(DatasetError::Masks {
            origin: mask.display().to_string(),
            found: "anomalous pixels".to_owned(),
            expected: "none in the masks of normal images".to_owned(),
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
        image: {
            // In a folder of its own, the mask is called as that.
            let own = mask
                .parent()
                .filter(|parent| parent.parent() == Some(masks));
            let stem = own.map_or_else(|| masked(&mask), name_of);
            folder.join("test").join(name_of(masks)).join(stem)
        },
        mask,
    }
}
