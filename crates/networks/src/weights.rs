use std::path::PathBuf;

/// Where downloaded weights are kept.
pub(crate) fn weights_folder() -> Option<PathBuf> {
    datasets::cache_folder().map(|cache| cache.join("weights"))
}
