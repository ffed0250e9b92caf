use std::collections::BTreeMap;
use std::fmt;

use detector::{Input, Progress};
use serde::Serialize;
use tch::{Device, Tensor, nn};

use crate::fit::Untrained;
use crate::memory::attempt;
use crate::model_folder::ModelFolder;
use crate::stack::{Replica, stack, train_stack};
use crate::tensors::load_variables;
use crate::{
    BoxError, Plan, SampleShape, Session, Trainable, Trained, TrainingError, fit, to_tensor,
};

/// Samples to train on, and the seed of the training.
#[derive(Debug)]
pub struct TrainingSet {
    /// `[n, ..]` on the device, images as bytes.
    pub samples: Tensor,
    /// That of a sample.
    pub shape: SampleShape,
    /// Of weights, order, noise and dropout.
    pub seed: u64,
}

impl TrainingSet {
    /// The samples `x`, each of the given shape, on `device`.
    ///
    /// # Errors
    /// As [`to_tensor`].
    pub fn new(
        x: Input<'_>,
        shape: SampleShape,
        seed: u64,
        device: Device,
    ) -> Result<Self, TrainingError> {
        Ok(Self {
            samples: to_tensor(x, device)?,
            shape,
            seed,
        })
    }
}

/// What becomes of each set.
type Each<M> = Vec<Option<Result<Trained<M>, TrainingError>>>;

/// [`fit`] for each set. Up to `train.replicas` networks whose sets have one shape are trained as one.
///
/// A network gets the random numbers that it would get alone and its own early stop; its weights differ from those of
/// the one alone by the rounding of matrix products of another shape. Where nothing but one network is left of a group, or
/// memory does not suffice for it, networks are trained alone. A group keeps no checkpoints, its networks are kept when they
/// are finished.
///
/// # Errors
/// For each set as [`fit`]; where one diverges the others go on.
pub fn fit_together<C: Serialize, M: Trainable>(
    plan: &Plan<'_, C>,
    sets: &[TrainingSet],
    progress: &dyn Progress,
    build: impl Fn(&nn::Path<'_>, &TrainingSet) -> Result<M, BoxError>,
) -> Vec<Result<Trained<M>, TrainingError>> {
    let mut done: Each<M> = sets.iter().map(|_| None).collect();
    for group in groups(sets, plan.train.replicas) {
        if group.len() > 1 {
            let as_one = || as_one(plan, sets, &group, &mut done, progress, &build);
            match attempt(as_one) {
                Ok(Some(())) => {}
                Ok(None) => alone(&"not enough memory for all of them"),
                Err(TrainingError::Interrupted) => {
                    for &i in &group {
                        done[i].get_or_insert(Err(TrainingError::Interrupted));
                    }
                }
                Err(error) => alone(&error),
            }
        }
        for i in group {
            let set = &sets[i];
            done[i].get_or_insert_with(|| {
                fit(plan, &set.samples, set.seed, progress, |vs| build(vs, set))
            });
        }
    }
    done.into_iter().flatten().collect()
}

fn alone(reason: &dyn fmt::Display) {
    let reason = reason.to_string();
    tracing::warn!(reason, "replicas are trained one after another");
}

/// Sets of one shape, at most `most` together, in their order.
fn groups(sets: &[TrainingSet], most: usize) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, set) in sets.iter().enumerate() {
        let open = groups.iter_mut().find(|group| {
            group.len() < most && sets[group[0]].samples.size() == set.samples.size()
        });
        match open {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    groups
}

/// Trains the networks of `group` as one, but for those that are kept already; what is left to be trained alone stays
/// `None`.
fn as_one<C: Serialize, M: Trainable>(
    plan: &Plan<'_, C>,
    sets: &[TrainingSet],
    group: &[usize],
    done: &mut Each<M>,
    progress: &dyn Progress,
    build: &impl Fn(&nn::Path<'_>, &TrainingSet) -> Result<M, BoxError>,
) -> Result<(), TrainingError> {
    plan.train.check()?;
    let session = Session::begin(plan.runtime.device)?;
    let folders = folders(plan, sets, group, progress)?;
    let mut untrained = Vec::new();
    for (i, folder) in &folders {
        let set = &sets[*i];
        let (device, samples) = (plan.runtime.device, &set.samples);
        let new = Untrained::new(&session, device, samples, set.seed, |vs| build(vs, set));
        let mut new = match new {
            Ok(new) => new,
            Err(error) => {
                done[*i] = Some(Err(error));
                continue;
            }
        };
        let kept = folder.as_ref().map(ModelFolder::load).transpose()?;
        match kept.flatten() {
            None => untrained.push((*i, folder.as_ref(), new)),
            Some((checkpoint, state)) if checkpoint.finished => {
                load_variables(&new.vs, &state)?;
                new.model.restore(&checkpoint.objective)?;
                done[*i] = Some(new.trained(plan, set.seed, checkpoint.position.history()));
            }
            // It was interrupted alone, and goes on alone.
            Some(_) => {}
        }
    }
    let first = match untrained[..] {
        [(first, ..), _, ..] => first,
        _ => return Ok(()),
    };
    let vs = nn::VarStore::new(plan.runtime.device);
    let model = build(&vs.root(), &sets[first])?;
    let Some(objective) = model.stacked() else {
        plan.train.check_alone()?;
        return Ok(());
    };
    stack(&vs, untrained.iter().map(|(_, _, network)| &network.vs))?;
    let mut replicas: Vec<Replica<'_>> = untrained
        .iter()
        .map(|(i, folder, network)| {
            let TrainingSet { samples, seed, .. } = &sets[*i];
            Replica::new(&network.vs, samples, *seed, *folder, network.model.state())
        })
        .collect();
    train_stack(
        &vs,
        objective,
        &mut replicas,
        plan.train,
        &session,
        progress,
    )?;
    let histories: Vec<_> = replicas.into_iter().map(Replica::history).collect();
    for ((i, _, network), history) in untrained.into_iter().zip(histories) {
        let trained = history.and_then(|history| network.trained(plan, sets[i].seed, history));
        done[i] = Some(trained);
    }
    Ok(())
}

/// The folders of the group's networks, locked in the order of their names so that no two processes wait for each
/// other. Of sets that share one the first stands for all; the others find it finished.
fn folders<C: Serialize>(
    plan: &Plan<'_, C>,
    sets: &[TrainingSet],
    group: &[usize],
    progress: &dyn Progress,
) -> Result<Vec<(usize, Option<ModelFolder>)>, TrainingError> {
    let Some(models) = &plan.runtime.models else {
        return Ok(group.iter().map(|&i| (i, None)).collect());
    };
    let mut named = BTreeMap::new();
    for &i in group {
        let TrainingSet { samples, seed, .. } = &sets[i];
        let model = plan.runtime.model(&plan.description, *seed, samples)?;
        let name = ModelFolder::name(&model);
        named.entry(name).or_insert((i, model));
    }
    let open = |(i, model)| Ok((i, Some(ModelFolder::open(models, model, progress)?)));
    named.into_values().map(open).collect()
}
