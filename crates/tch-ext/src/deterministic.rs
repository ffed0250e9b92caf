use crate::ExtError;
use crate::shim::{deterministic, set_deterministic};

/// libtorch's deterministic algorithms until dropped, as
/// `torch.use_deterministic_algorithms(True, warn_only=True)`: where an operation has none, libtorch
/// warns. For the whole process.
///
/// On CUDA matrix products need `CUBLAS_WORKSPACE_CONFIG` in the environment before the first of them;
/// where it is absent it is set to `:4096:8`, so begin before other threads read the environment.
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
        let before = deterministic()?;
        set_deterministic(on)?;
        Ok(Self { before })
    }

    /// Whether the switch is on.
    ///
    /// # Errors
    /// [`ExtError::Torch`] where libtorch refuses.
    pub fn is_on() -> Result<bool, ExtError> {
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
        assert!(!Deterministic::is_on().unwrap());
        let on = Deterministic::begin(true).unwrap();
        assert!(Deterministic::is_on().unwrap());
        let off = Deterministic::begin(false).unwrap();
        assert!(!Deterministic::is_on().unwrap());
        drop(off);
        assert!(Deterministic::is_on().unwrap());
        drop(on);
        assert!(!Deterministic::is_on().unwrap());
    }
}
