use datasets::{Dataset, Loading, OnBadFile, Perturbation, Protocol, Roots, Split};
use detector::Progress;
use record::Seeds;
use residuum::{Config, Pipeline};

use crate::attack::Attack;
use crate::{ExperimentError, Machine, load};

/// One data set, protocol, method and pair of seeds: what becomes a cell.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// A name as [`load`] takes it.
    pub dataset: String,
    /// Which rows are fitted to and which are scored.
    pub protocol: Protocol,
    /// Of the split and of the model.
    pub seed: Seeds,
    /// The method and its settings.
    pub config: Config,
    /// Of the split, before anything is fitted.
    pub perturb: Option<Perturbation>,
    /// Of the test rows, before they are scored.
    pub attack: Option<Attack>,
    /// What happens at a file of a folder that is not an image.
    pub on_bad_file: OnBadFile,
}

impl Experiment {
    /// Whether its method, or the one that an attack follows, is a network.
    pub fn needs_networks(&self) -> bool {
        let surrogate = self.attack.iter().flat_map(|attack| &attack.surrogate);
        let methods = surrogate.map(|surrogate| &*surrogate.method);
        methods
            .chain([self.config.method()])
            .any(|name| residuum::find(name).is_ok_and(|method| method.needs_libtorch))
    }

    /// What is fitted; whether all goes together is found before anything is read.
    pub(crate) fn detector(&self, machine: &Machine) -> Result<Pipeline, ExperimentError> {
        let method = machine.find(self.config.method())?;
        let detector = method.detector(&self.config, &machine.runtime)?;
        if let Some(attack) = &self.attack {
            attack.check(machine)?;
        }
        Ok(detector)
    }

    pub(crate) fn load(
        &self,
        roots: &Roots,
        machine: &Machine,
        progress: &dyn Progress,
    ) -> Result<Dataset, ExperimentError> {
        let loading = Loading::of(self.protocol).on_bad_file(self.on_bad_file);
        let (networks, device) = (machine.networks, machine.runtime.device);
        let networks = networks.map(|networks| networks as _);
        load(&self.dataset, &loading, roots, networks, device, progress)
    }

    pub(crate) fn split(&self, dataset: &Dataset) -> Result<Split, ExperimentError> {
        let mut split = self.protocol.split(dataset, self.seed.data)?;
        if let Some(perturb) = &self.perturb {
            perturb.apply(&mut split, self.seed.data)?;
        }
        Ok(split)
    }
}
