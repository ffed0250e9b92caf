use record::{Cell, Failure, Planned};
use residuum::{Method, RegistryError, Runtime};

use crate::{Networks, memory, recorded};

/// The machine an experiment runs on, and where it keeps trained networks.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The device, and the folder of trained networks.
    pub runtime: Runtime,
    /// How many threads the process has.
    pub threads: usize,
    /// Where the program has them.
    pub networks: Option<&'static dyn Networks>,
}

impl Machine {
    /// The method called `name`, with its detector where the program has it.
    ///
    /// # Errors
    /// [`RegistryError::UnknownMethod`].
    pub fn find(&self, name: &str) -> Result<&'static Method, RegistryError> {
        let methods = self.networks.map_or(residuum::methods(), Networks::methods);
        residuum::find_among(methods, name)
    }

    /// The record of a line of a plan that gave no result on this machine.
    pub fn failed(&self, planned: &Planned, failure: Failure) -> Cell {
        Cell {
            peak_rss_bytes: memory::peak_rss_bytes(),
            device: Some(self.runtime.device.to_string()),
            host: Some(files::host_name()),
            threads: Some(self.threads as u64),
            versions: recorded::versions(),
            ..planned.failed(failure)
        }
    }
}
