use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use detector::{Progress, State};
use serde::Serialize;
use serde_json::Value;
use tch::{Device, Tensor, nn};

use crate::degenerate::{Answers, degenerate};
use crate::memory::attempt;
use crate::tensors::{load_variables, variables, with_tensor};
use crate::{
    BoxError, History, Purpose, Run, Runtime, Session, TrainConfig, TrainingError,
    TrainingObjective, train,
};

/// A network with its loss, its score, and a question that shows whether it learned anything.
pub trait Trainable: TrainingObjective + fmt::Debug + Send {
    /// What the network is asked: training samples as it meets them in training.
    type Input;

    /// Questions that the network should answer otherwise after its training.
    ///
    /// What it draws, it draws from libtorch's generator, which is seeded before the call, or from a
    /// generator of its own seeded with `seed`.
    ///
    /// # Shapes
    /// `x`: `[n, ..]`, all training samples on their device, images as bytes.
    ///
    /// # Errors
    /// Where libtorch refuses.
    fn questions(&self, x: &Tensor, seed: u64) -> Result<Vec<Question<Self::Input>>, BoxError>;

    /// What the network answers, without dropout and without gradients.
    ///
    /// # Shapes
    /// → `[b, ..]` f64, an answer for each sample of the question.
    ///
    /// # Errors
    /// Where the network or libtorch refuses.
    fn answer(&self, input: &Self::Input) -> Result<Tensor, BoxError>;

    /// The score of each sample, higher where it is more anomalous; it does not depend on the others.
    ///
    /// # Shapes
    /// `x`: `[b, ..]`, numbers → `[b]` f64, or what the network's own scorer takes.
    ///
    /// # Errors
    /// Where the network or libtorch refuses.
    fn score(&self, x: &Tensor) -> Result<Tensor, BoxError>;

    /// How often the network is evaluated to score one sample.
    fn n_evaluations(&self) -> u64 {
        1
    }

    /// Tensors besides the network's variables that scores depend on, by their names in a stored state.
    fn constants(&self) -> Vec<(&'static str, &Tensor)> {
        Vec::new()
    }
}

/// A question for the check whether a network learned anything.
#[derive(Debug)]
pub struct Question<I> {
    /// What the network is asked.
    pub input: I,
    /// Mean square of what it should answer.
    pub target: f64,
}

/// What to train, how and where.
#[derive(Debug)]
pub struct Plan<'a, C> {
    /// The names of the method and its network with all their settings. Kept models are found by them, but
    /// for what only decides about scores and maps: see [`Runtime::folder`].
    pub description: C,
    /// How it is trained.
    pub train: &'a TrainConfig,
    /// Where it is trained and kept.
    pub runtime: &'a Runtime,
}

impl<C: Serialize> Plan<'_, C> {
    fn described(&self) -> Result<Value, TrainingError> {
        serde_json::to_value(&self.description).map_err(|e| TrainingError::Model(e.into()))
    }
}

const KIND: &str = "network";
const LAYOUT: u32 = 1;
const VARIABLES: &str = "variables";

/// Builds a network, trains it on `x` and compares its answers with those before.
///
/// It is built under the given path, by libtorch's generator seeded for [`Purpose::Weights`].
///
/// # Shapes
/// `x`: `[n, ..]` on the plan's device, `n ≥ 2`; images as bytes.
///
/// # Errors
/// What `build` and the network return, and as [`train`].
pub fn fit<C: Serialize, M: Trainable>(
    plan: &Plan<'_, C>,
    x: &Tensor,
    seed: u64,
    progress: &dyn Progress,
    build: impl FnOnce(&nn::Path<'_>) -> Result<M, BoxError>,
) -> Result<Trained<M>, TrainingError> {
    let session = Session::begin(plan.runtime.device)?;
    let mut untrained = Untrained::new(&session, plan.runtime.device, x, seed, build)?;
    let folder = plan.runtime.folder(&plan.description, seed, x, progress)?;
    let run = Run {
        session: &session,
        progress,
        folder: folder.as_ref(),
    };
    let (vs, model) = (&untrained.vs, &mut untrained.model);
    let history = train(vs, model, x, plan.train, seed, &run)?;
    untrained.trained(plan, seed, history)
}

/// A network before its training, and what it answered then.
pub(crate) struct Untrained<M: Trainable> {
    pub(crate) vs: nn::VarStore,
    pub(crate) model: M,
    questions: Vec<Question<M::Input>>,
    before: Vec<Tensor>,
}

impl<M: Trainable> Untrained<M> {
    pub(crate) fn new(
        session: &Session,
        device: Device,
        x: &Tensor,
        seed: u64,
        build: impl FnOnce(&nn::Path<'_>) -> Result<M, BoxError>,
    ) -> Result<Self, TrainingError> {
        session.seed(seed, Purpose::Weights, 0);
        let vs = nn::VarStore::new(device);
        let model = build(&vs.root())?;
        session.seed(seed, Purpose::Probe, 0);
        let questions = model.questions(x, Purpose::Probe.seed(seed, 0))?;
        Ok(Self {
            before: answers(&model, &questions)?,
            questions,
            model,
            vs,
        })
    }

    /// What it is after its training.
    pub(crate) fn trained<C: Serialize>(
        self,
        plan: &Plan<'_, C>,
        seed: u64,
        history: History,
    ) -> Result<Trained<M>, TrainingError> {
        own_storage(&self.vs)?;
        let after = answers(&self.model, &self.questions)?;
        let both = self.before.iter().zip(&after).zip(&self.questions);
        let both = both.map(|((before, after), question)| Answers {
            before,
            after,
            target: question.target,
        });
        let mut warnings = degenerate(&both.collect::<Vec<_>>())?;
        warnings.extend(plan.train.stale_average(history.steps));
        Ok(Trained {
            description: plan.described()?,
            seed,
            n_evaluations: self.model.n_evaluations(),
            model: Mutex::new(self.model),
            losses: history.losses,
            warnings,
            vs: self.vs,
        })
    }
}

/// The network that was stored, on the plan's device.
///
/// `build` makes it as for [`fit`], under the given path and for the given seed; its variables are
/// replaced by those of `state`.
///
/// # Errors
/// [`TrainingError::State`] for a state of something else, of other settings, or one that is not whole;
/// [`TrainingError::Torch`] where libtorch refuses.
pub fn restore<C: Serialize, M: Trainable>(
    plan: &Plan<'_, C>,
    state: &State,
    build: impl FnOnce(&nn::Path<'_>, u64) -> Result<M, BoxError>,
) -> Result<Trained<M>, TrainingError> {
    state.expect(KIND, LAYOUT)?;
    let description = plan.described()?;
    if state.config != description {
        let reason = format!("{}, expected {description}", state.config);
        return Err(state.wrong("the settings", reason).into());
    }
    let losses = state.list("losses")?;
    let (seed, warnings) = (state.value("seed")?, state.value("warnings")?);

    let _session = Session::begin(plan.runtime.device)?;
    let vs = nn::VarStore::new(plan.runtime.device);
    let unfit = |reason: &dyn fmt::Display| state.wrong("the network", reason);
    let built = attempt(|| Ok(build(&vs.root(), seed)?)).map_err(|error| match error {
        own @ (TrainingError::State(_) | TrainingError::Torch(_)) => own,
        other => unfit(&other).into(),
    })?;
    let model = built.ok_or_else(|| unfit(&"it does not fit into memory"))?;
    let stored = state.part(VARIABLES)?;
    let variables = vs.variables();
    if let Some(name) = (stored.array_names()).find(|name| !variables.contains_key(*name)) {
        let reason = "the network has no such variable";
        return Err(stored.wrong(name, reason).into());
    }
    load_variables(&vs, stored)?;
    Ok(Trained {
        description,
        seed,
        n_evaluations: model.n_evaluations(),
        model: Mutex::new(model),
        losses,
        warnings,
        vs,
    })
}

/// Takes the variables out of the optimiser's flat buffer, each into memory of its own, as those of a restored network
/// are. On some processors the last bits of a matrix product depend on where its numbers begin.
fn own_storage(vs: &nn::VarStore) -> Result<(), TrainingError> {
    let _no_grad = tch::no_grad_guard();
    for mut variable in vs.trainable_variables() {
        let mut own = variable.f_detach()?.f_empty_like()?;
        own.f_copy_(&variable)?;
        variable.f_set_data(&own)?;
    }
    Ok(())
}

fn answers<M: Trainable>(
    model: &M,
    questions: &[Question<M::Input>],
) -> Result<Vec<Tensor>, TrainingError> {
    let _no_grad = tch::no_grad_guard();
    let answers = questions.iter().map(|q| Ok(model.answer(&q.input)?));
    answers.collect()
}

/// A trained network.
#[derive(Debug)]
pub struct Trained<M> {
    /// Tensors may move to another thread, but not be used by two at once.
    model: Mutex<M>,
    /// The plan's.
    description: Value,
    seed: u64,
    n_evaluations: u64,
    losses: Vec<f64>,
    warnings: Vec<String>,
    vs: nn::VarStore,
}

impl<M> Trained<M> {
    /// The network, for one turn with libtorch. Asking for it within a turn alone keeps two threads from
    /// waiting for each other.
    pub fn model(&self, _turn: &Session) -> MutexGuard<'_, M> {
        // A panic while it scored changed nothing in it.
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What [`restore`] takes.
    ///
    /// # Errors
    /// [`TrainingError::Torch`] where numbers cannot be read back from the device.
    pub fn state(&self) -> Result<State, TrainingError>
    where
        M: Trainable,
    {
        let session = Session::begin(self.device())?;
        let mut stored = State::new(VARIABLES, LAYOUT);
        for (name, variable) in variables(&self.vs) {
            stored = with_tensor(stored, &name, &variable)?;
        }
        let mut state = State::new(KIND, LAYOUT)
            .with_config(&self.description)
            .with_value("seed", self.seed)
            .with_value("warnings", &self.warnings)
            .with_list("losses", &self.losses)
            .with_part(VARIABLES, stored);
        for (name, constant) in self.model(&session).constants() {
            state = with_tensor(state, name, constant)?;
        }
        Ok(state)
    }

    /// Where its tensors are.
    pub fn device(&self) -> Device {
        self.vs.device()
    }

    /// The number of trained parameters.
    pub fn n_params(&self) -> u64 {
        let variables = self.vs.trainable_variables();
        variables.iter().map(|v| v.numel() as u64).sum()
    }

    /// How often the network is evaluated to score one sample.
    pub fn n_evaluations(&self) -> u64 {
        self.n_evaluations
    }

    /// The mean loss of each epoch.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// What makes the scores of this network misleading, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
