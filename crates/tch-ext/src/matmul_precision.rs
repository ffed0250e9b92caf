use crate::ExtError;
use crate::shim::{matmul_precision, set_matmul_precision};

/// How exactly matrix products of f32 are computed, as `torch.set_float32_matmul_precision`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatmulPrecision {
    /// In f32.
    Highest,
    /// In TF32 (10 bits of mantissa) or by several bf16 products, where the hardware has them.
    High,
    /// In bf16, where the hardware has it.
    Medium,
}

impl MatmulPrecision {
    /// What is set now.
    pub fn current() -> Self {
        match matmul_precision() {
            0 => Self::Highest,
            1 => Self::High,
            _ => Self::Medium,
        }
    }
}

/// A precision for the whole process until dropped.
#[derive(Debug)]
pub struct MatmulPrecisionGuard {
    before: MatmulPrecision,
}

impl MatmulPrecisionGuard {
    /// Sets `precision`.
    ///
    /// # Errors
    /// [`ExtError::Torch`] where libtorch refuses.
    pub fn begin(precision: MatmulPrecision) -> Result<Self, ExtError> {
        let before = MatmulPrecision::current();
        set_matmul_precision(precision as i32)?;
        Ok(Self { before })
    }
}

impl Drop for MatmulPrecisionGuard {
    fn drop(&mut self) {
        let _ = set_matmul_precision(self.before as i32); // it was allowed before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_precision_goes_back() {
        use MatmulPrecision::{High, Highest, Medium};
        assert_eq!(MatmulPrecision::current(), Highest);
        for precision in [High, Medium, Highest] {
            let guard = MatmulPrecisionGuard::begin(precision).unwrap();
            assert_eq!(MatmulPrecision::current(), precision);
            drop(guard);
            assert_eq!(MatmulPrecision::current(), Highest);
        }
    }
}
