use std::path::PathBuf;

use crate::device::Device;

/// What a method runs with that does not change its scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// Where networks run.
    pub device: Device,
    /// Where trained networks are kept, each in a folder of its own: one that is there already is not
    /// trained again, one that was interrupted is trained further. `None` keeps nothing.
    pub models: Option<PathBuf>,
}

impl Runtime {
    /// On the processor, nothing is kept.
    pub fn cpu() -> Self {
        Self {
            device: Device::Cpu,
            models: None,
        }
    }
}
