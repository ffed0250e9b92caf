//! Data sets in which the anomalies are corrupted images: `MNIST-C_fog@pixels`.

use std::path::PathBuf;

use ndarray::Axis;
use numpy_random::RandomState;

use crate::class_images::Pictures;
use crate::hash::Watched;
use crate::{
    Corruption, Data, Dataset, DatasetError, Label, Loading, corrupt, mnist, resize_images,
};

/// One image in twenty is corrupted.
const ONE_IN: usize = 20;

/// The draw and the noise are part of the data set, not of an experiment.
const SEED: u32 = 0;

/// All images of an IDX file in their order, one in twenty corrupted: numpy's
/// `RandomState(0).permutation(n)[:n / 20]`, the same ones whatever the corruption. A corrupted image
/// appears nowhere clean, and no image twice.
pub(crate) fn load(
    paths: &[PathBuf],
    corruption: Corruption,
    name: &str,
    loading: &Loading,
) -> Result<Dataset, DatasetError> {
    let watched = Watched::of(paths)?;
    let origin = paths[0].display().to_string();
    let mut images = match mnist::read(paths, false)?.pictures {
        Pictures::Loaded(images) => images,
        Pictures::Files(path) => {
            return Err(DatasetError::NoImages {
                path: path.into_iter().next().unwrap_or_default(),
            });
        }
    };
    let n = images.dim().0;
    let mut rows = RandomState::new(SEED).permutation(n);
    rows.truncate(n / ONE_IN);
    let spoilt = corrupt(
        &images.select(Axis(0), &rows),
        corruption,
        u64::from(SEED),
        &rows,
    )?;
    let mut labels = vec![Label::Normal; n];
    for (image, &row) in spoilt.outer_iter().zip(&rows) {
        images.index_axis_mut(Axis(0), row).assign(&image);
        labels[row] = Label::Anomaly;
    }
    if let Some(size) = loading.images.size {
        images = resize_images(&images, size)?;
    }
    let sha256 = watched.sha256()?;
    Dataset::checked(
        &origin,
        name.to_owned(),
        Data::Images(images),
        labels,
        Some(sha256),
    )
}
