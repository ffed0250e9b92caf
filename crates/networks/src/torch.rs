//! What a run asks for, as the crates that link libtorch know it.

use residuum::{Device, Runtime};

/// The runtime of a training.
pub(crate) fn torch(runtime: &Runtime) -> training::Runtime {
    training::Runtime {
        device: tch_device(runtime.device),
        models: runtime.models.clone(),
    }
}

/// The device as libtorch knows it.
pub(crate) fn tch_device(device: Device) -> tch::Device {
    match device {
        Device::Cpu => tch::Device::Cpu,
        Device::Cuda(index) => tch::Device::Cuda(index),
    }
}

/// Gives the whole process `n` threads: the pool of the classical methods and libtorch's.
///
/// The pool is made once; a second call leaves it as it is.
pub fn set_threads(n: usize) {
    residuum::set_threads(n);
    tch::set_num_threads(i32::try_from(n).unwrap_or(i32::MAX));
}
