use std::marker::PhantomData;

use tch::Device;

use crate::ExtError;
use crate::shim::{AutocastBefore, autocast_enter, autocast_exit};

/// The kind that matrix products and convolutions run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowPrecision {
    /// 8 bits of exponent as in f32, 8 of mantissa: no loss scaling needed.
    BFloat16,
    /// 5 bits of exponent, 11 of mantissa.
    Half,
}

/// Mixed precision for this thread until dropped, as `torch.autocast`: matrix products and convolutions
/// cast their inputs down, sums and norms stay in f32, and variables stay what they are.
///
/// Casts of variables are cached until the outermost guard is dropped: drop it before variables change,
/// that is, once per forward pass. The backward pass belongs outside.
///
/// ```
/// # fn main() -> Result<(), tch_ext::ExtError> {
/// use tch::{Device, Kind, Tensor};
/// use tch_ext::{Autocast, LowPrecision};
///
/// let x = Tensor::ones([4, 4], (Kind::Float, Device::Cpu));
/// let autocast = Autocast::begin(Device::Cpu, LowPrecision::BFloat16)?;
/// assert_eq!(x.matmul(&x).kind(), Kind::BFloat16);
/// drop(autocast);
/// assert_eq!(x.matmul(&x).kind(), Kind::Float);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Autocast {
    cuda: bool,
    before: AutocastBefore,
    /// The state belongs to the thread: a guard must not leave it.
    _not_send: PhantomData<*const ()>,
}

impl Autocast {
    /// Turns it on for operations on `device`.
    ///
    /// # Errors
    /// [`ExtError::Device`] for other devices than the CPU and CUDA.
    pub fn begin(device: Device, precision: LowPrecision) -> Result<Self, ExtError> {
        let cuda = match device {
            Device::Cpu => false,
            Device::Cuda(_) => true,
            other => {
                return Err(ExtError::Device {
                    device: format!("{other:?}"),
                });
            }
        };
        Ok(Self {
            cuda,
            before: autocast_enter(cuda, precision == LowPrecision::BFloat16)?,
            _not_send: PhantomData,
        })
    }
}

impl Drop for Autocast {
    fn drop(&mut self) {
        // Nothing to be done about a failure here, and none is known: it sets flags of the thread.
        let _ = autocast_exit(self.cuda, self.before);
    }
}

#[cfg(test)]
mod tests {
    use tch::{Kind, Tensor};

    use super::*;

    fn product_kind() -> Kind {
        let x = Tensor::ones([4, 4], (Kind::Float, Device::Cpu));
        x.matmul(&x).kind()
    }

    #[test]
    fn it_ends_with_the_guard_even_in_a_panic() {
        let panicked = std::panic::catch_unwind(|| {
            let _autocast = Autocast::begin(Device::Cpu, LowPrecision::BFloat16).unwrap();
            assert_eq!(product_kind(), Kind::BFloat16);
            panic!("on purpose");
        });
        assert!(panicked.is_err());
        assert_eq!(product_kind(), Kind::Float);
    }

    #[test]
    fn guards_nest() {
        let outer = Autocast::begin(Device::Cpu, LowPrecision::BFloat16).unwrap();
        let inner = Autocast::begin(Device::Cpu, LowPrecision::Half).unwrap();
        assert_eq!(product_kind(), Kind::Half);
        drop(inner);
        assert_eq!(product_kind(), Kind::BFloat16);
        drop(outer);
        assert_eq!(product_kind(), Kind::Float);
    }

    #[test]
    fn a_changed_variable_is_cast_anew_by_the_next_guard() {
        let mut weight = Tensor::ones([4, 4], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let x = Tensor::ones([1, 4], (Kind::Float, Device::Cpu));
        let product = |weight: &Tensor| {
            let _autocast = Autocast::begin(Device::Cpu, LowPrecision::BFloat16).unwrap();
            x.matmul(weight).to_kind(Kind::Float).double_value(&[0, 0])
        };
        assert_eq!(product(&weight), 4.0);
        let _ = tch::no_grad(|| weight.fill_(2.0));
        assert_eq!(product(&weight), 8.0);
    }

    #[test]
    fn other_devices_are_refused() {
        let error = Autocast::begin(Device::Vulkan, LowPrecision::BFloat16).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no autocast on Vulkan, expected the CPU or CUDA"
        );
    }
}
