//! Foreign decoders of files that may be hostile: a panic in one is an error of that file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::DatasetError;

/// The result of `decode`; where it panics, [`DatasetError::Malformed`] of `path` at `place`.
///
/// The process's panic hook decides whether a line of it is printed.
pub(crate) fn guarded<T>(
    path: &Path,
    place: &str,
    decode: impl FnOnce() -> Result<T, DatasetError>,
) -> Result<T, DatasetError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let text = text.lines().next().unwrap_or_default();
        Err(DatasetError::Malformed {
            path: path.to_owned(),
            place: place.to_owned(),
            found: format!("what its decoder fails on ({text})"),
            expected: "an undamaged file".to_owned(),
        })
    })
}
