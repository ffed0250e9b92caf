use datasets::{Dataset, Loading, Roots};
use detector::Progress;
use residuum::Device;

use crate::lite0::lite0_set;
use crate::{ExperimentError, Networks};

/// A set of the catalogue, its images as vectors under `NAME@lite0`, or a file or a folder of images where
/// the text names one.
///
/// Vectors are computed once, by `networks` on `device`, and then read from the cache folder.
///
/// # Errors
/// [`ExperimentError::Dataset`] as [`datasets::load`], and for vectors [`ExperimentError::NeedsNetworks`] where
/// none are kept and `networks` is `None`, [`ExperimentError::NoImages`], [`ExperimentError::NoVectors`],
/// [`ExperimentError::Folder`] and [`ExperimentError::Write`].
pub fn load(
    name: &str,
    loading: &Loading,
    roots: &Roots,
    networks: Option<&dyn Networks>,
    device: Device,
    progress: &dyn Progress,
) -> Result<Dataset, ExperimentError> {
    if let Some(set) = lite0_set(name, loading, roots, networks, device, progress)? {
        return Ok(set);
    }
    Ok(datasets::load(name, roots, loading)?)
}
