//! Folders of images, in the layouts that public data sets have.

mod classes;
mod mini_imagenet;
mod mvtec;
mod names;

use std::path::{Path, PathBuf};

use crate::class_images::Others;
use crate::hash::Watched;
use crate::{Dataset, DatasetError, Form, Loading, Name, walk};

/// A folder as a user names it: `FOLDER[:CLASS][@pixels[N]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) class: Option<String>,
    pub(crate) size: Option<usize>,
}

impl Place {
    /// `None` where there is no such folder. A folder whose own name has the marks of a class or a size wins.
    pub(crate) fn of(name: &Name) -> Option<Self> {
        let text = name.to_string();
        let place = |folder: &str, class: Option<&String>, size| {
            let folder = PathBuf::from(folder);
            folder.is_dir().then(|| Self {
                name: text.clone(),
                folder,
                class: class.cloned(),
                size,
            })
        };
        let size = match name.form {
            Form::Listed => None,
            Form::Pixels(pixels) => pixels.side,
            Form::ResNet18 | Form::Vit | Form::Lite0(_) => return place(&text, None, None),
        };
        let unsized_name = name.in_form(Form::Listed).to_string();
        place(&text, None, None)
            .or_else(|| place(&unsized_name, None, size))
            .or_else(|| place(&name.base, Some(name.class.as_ref()?), size))
    }
}

/// Loads a folder in whichever layout it has.
pub(crate) fn load(place: &Place, loading: &Loading) -> Result<Dataset, DatasetError> {
    let loading = loading.sized(place.size);
    let folder = &place.folder;
    walk::refuse_pseudo(folder)?;
    if let Some(normal) = mvtec::normal_of(folder, place.class.as_deref())? {
        return mvtec::load_with(folder, &normal, &place.name, &loading);
    }
    let tables = mini_imagenet::is(folder);
    if !tables {
        classes::check(folder, place.class.as_deref())?;
    }
    let watched = Watched::of(std::slice::from_ref(folder))?;
    let classes = if tables {
        mini_imagenet::read(folder)?
    } else {
        classes::read(folder)?
    };
    let class = classes.class(folder, place.class.as_deref())?;
    let set = classes.images.one_against_others(
        class,
        Others::All,
        &place.name,
        &folder.display().to_string(),
        &watched,
        &loading,
    )?;
    Ok(set)
}

/// `<part>/<class>` folders as a known set has them, one class against 5 % of the others.
pub(crate) fn load_known_classes(
    folder: &Path,
    class: usize,
    name: &str,
    loading: &Loading,
) -> Result<Dataset, DatasetError> {
    let watched = Watched::of(&[folder.to_owned()])?;
    let classes = classes::read(folder)?;
    let known = classes.names.len();
    if class >= known {
        return Err(DatasetError::Class {
            path: folder.to_owned(),
            found: Some(class.to_string()),
            known: (0..known).map(|k| k.to_string()).collect(),
        });
    }
    let origin = folder.display().to_string();
    classes
        .images
        .one_against_others(class, Others::FivePercent, name, &origin, &watched, loading)
}

pub(crate) use mvtec::load as load_mvtec;
