use crate::ExtError;
use crate::shim::{deterministic, set_deterministic};

/// libtorch's deterministic algorithms until dropped, as `torch.use_deterministic_algorithms`: where an
/// operation has none, it fails. For the whole process.
///
/// On CUDA matrix products need `CUBLAS_WORKSPACE_CONFIG=:4096:8` in the environment besides.
#[derive(Debug)]
pub struct Deterministic {
    before: bool,
}

impl Deterministic {
    /// Turns the switch to `on`.
    ///
    /// # Errors
    /// [`ExtError::Torch`] where libtorch refuses.
    pub fn begin(on: bool) -> Result<Self, ExtError> {
        let before = deterministic();
        set_deterministic(on)?;
        Ok(Self { before })
    }

    /// Whether the switch is on.
    pub fn is_on() -> bool {
        deterministic()
    }
}

impl Drop for Deterministic {
    fn drop(&mut self) {
        let _ = set_deterministic(self.before); // it was allowed before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_goes_back() {
        assert!(!Deterministic::is_on());
        let on = Deterministic::begin(true).unwrap();
        assert!(Deterministic::is_on());
        let off = Deterministic::begin(false).unwrap();
        assert!(!Deterministic::is_on());
        drop(off);
        assert!(Deterministic::is_on());
        drop(on);
        assert!(!Deterministic::is_on());
    }
}
