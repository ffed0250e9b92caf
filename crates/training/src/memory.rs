//! What to do where the memory of a device runs out: less at once.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use detector::is_out_of_memory;

use crate::TrainingError;

/// Runs `work`; `None` where libtorch says that there is not enough memory for it. Networks have no way
/// to return an error, so what they panic with counts too.
///
/// `work` has to leave nothing behind that a second, smaller attempt would stumble over.
///
/// # Errors
/// Every other error of `work`; other panics go on.
pub(crate) fn attempt<T>(
    work: impl FnOnce() -> Result<T, TrainingError>,
) -> Result<Option<T>, TrainingError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(Some(done)),
        // Less at once was tried already.
        Ok(Err(error @ TrainingError::Memory { .. })) => Err(error),
        Ok(Err(error)) if is_out_of_memory(&error.to_string()) => Ok(None),
        Ok(Err(error)) => Err(error),
        Err(panic) if is_out_of_memory(message(&*panic)) => Ok(None),
        Err(panic) => resume_unwind(panic),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;

    #[test]
    fn too_much_is_distinguished_from_other_failures() {
        let huge = [1 << 40, 1 << 20];
        let float = (Kind::Float, Device::Cpu);
        let error = attempt(|| Ok(Tensor::f_empty(huge, float)?));
        assert!(error.unwrap().is_none());
        let panicked = attempt(|| Ok(Tensor::empty(huge, float)));
        assert!(panicked.unwrap().is_none());
        let fine = attempt(|| Ok(Tensor::f_empty([2], float)?));
        assert_eq!(fine.unwrap().unwrap().size(), [2]);
        let other = attempt(|| Ok(Tensor::f_zeros([2], float)?.f_view([3])?));
        assert!(other.is_err());
        let bug = catch_unwind(|| attempt::<()>(|| panic!("a bug")));
        assert_eq!(message(&*bug.unwrap_err()), "a bug");
    }
}
