use std::fmt;

use detector::{Detector, DetectorError, Input, Progress, Scorer, State, where_ok};
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize};
use tch::nn;

use crate::network_scorer::NetworkScorer;
use crate::{BoxError, Plan, Runtime, SampleShape, TrainConfig, Trainable, TrainingSet};

/// What a method is whose network scores a sample by itself; [`NetworkDetector`] makes a detector of it.
///
/// It is implemented by the method's configuration. All of that, with the name, is what kept and stored
/// networks are found by. A setting that is added later has to have a default that leaves older networks as
/// they were: they are read with it.
pub trait NetworkMethod: fmt::Debug + Serialize + DeserializeOwned + Send + Sync {
    /// The name of the method.
    const NAME: &'static str;

    /// Whether several of its networks can be trained as one (`train.replicas`).
    const STACKABLE: bool = false;

    /// The network with its loss and its score.
    type Network: Trainable + 'static;

    /// Checks every setting.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] naming the first setting outside its range, [`DetectorError::Method`] for
    /// settings that do not go together.
    fn check(&self) -> Result<(), DetectorError>;

    /// How the network is trained.
    fn train(&self) -> &TrainConfig;

    /// The shape of a sample of `x`: that of a row, unless the method takes something else.
    ///
    /// # Errors
    /// As [`Input::rows`], or where the method takes no sample of that shape.
    fn shape(&self, x: Input<'_>) -> Result<SampleShape, DetectorError> {
        SampleShape::of_rows(x)
    }

    /// The untrained network for samples of `shape`, under the given path.
    ///
    /// # Errors
    /// Where the network cannot be built.
    fn network(&self, vs: &nn::Path<'_>, shape: SampleShape) -> Result<Self::Network, BoxError>;
}

/// Reads a table `[train]`; what it leaves out is as in the defaults of the method `C`.
///
/// # Errors
/// Where a setting is unknown or of another type.
pub fn own_train<'de, C: NetworkMethod + Default, D: Deserializer<'de>>(
    given: D,
) -> Result<TrainConfig, D::Error> {
    C::default().train().overlaid(given)
}

/// The detector of a [`NetworkMethod`].
#[derive(Debug, Clone)]
pub struct NetworkDetector<C> {
    config: C,
    runtime: Runtime,
}

impl<C: NetworkMethod> NetworkDetector<C> {
    /// A detector with checked settings; nothing touches the device before [`fit`](Detector::fit).
    ///
    /// # Errors
    /// As [`NetworkMethod::check`].
    pub fn new(config: C, runtime: Runtime) -> Result<Self, DetectorError> {
        config.check()?;
        if !C::STACKABLE {
            config.train().check_alone()?;
        }
        Ok(Self { config, runtime })
    }

    fn plan(&self) -> Plan<'_, (&str, &C)> {
        Plan {
            description: (C::NAME, &self.config),
            train: self.config.train(),
            runtime: &self.runtime,
        }
    }
}

impl<C: NetworkMethod> Detector for NetworkDetector<C> {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let shape = self.config.shape(x)?;
        let build = |vs: &nn::Path<'_>, shape| self.config.network(vs, shape);
        let scorer = NetworkScorer::fit(&self.plan(), x, shape, seed, progress, build)?;
        Ok(Box::new(scorer))
    }

    fn fit_together(
        &self,
        sets: &[(Input<'_>, u64)],
        progress: &dyn Progress,
    ) -> Vec<Result<Box<dyn Scorer>, DetectorError>> {
        let set = |&(x, seed): &(Input<'_>, u64)| {
            let shape = self.config.shape(x)?;
            Ok(TrainingSet::new(x, shape, seed, self.runtime.device)?)
        };
        where_ok(sets.iter().map(set).collect(), |sets| {
            let build = |vs: &nn::Path<'_>, shape| self.config.network(vs, shape);
            let scorers = NetworkScorer::fit_together(&self.plan(), &sets, progress, build);
            let boxed = scorers.into_iter().map(|scorer| Ok(Box::new(scorer?) as _));
            boxed.collect()
        })
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        let build = |vs: &nn::Path<'_>, shape| self.config.network(vs, shape);
        let scorer = NetworkScorer::restore(&self.plan(), state, build)?;
        Ok(Box::new(scorer))
    }
}
