use detector::{DetectorError, Input, Progress, Scorer};
use diffusion_core::Process;
use ndarray::{Array1, Array2};
use serde::Serialize;
use tch::{Kind, Tensor, nn};
use training::{
    Answers, Purpose, Run, Runtime, SampleShape, Session, TrainConfig, TrainingError,
    TrainingObjective, degenerate, gradient_blocks, probe_rows, score_blocks, to_numbers,
    to_tensor, train,
};

/// A network with its loss and its score.
pub(crate) trait Model: std::fmt::Debug + Send {
    /// `[b, ..]` → `[]`; draws what it needs from libtorch's generator.
    fn loss(&self, x_0: &Tensor) -> Result<Tensor, TrainingError>;

    /// `[b, ..]` → `[b]`, f64.
    fn score(&self, x: &Tensor) -> Result<Tensor, TrainingError>;

    /// What the check for a degenerate network asks; draws from libtorch's generator.
    fn question(&self, x_0: &Tensor) -> Result<Question, TrainingError>;

    /// `[b, ..]` → `[b, ..]`, f64: what the network says to the rows of a question.
    fn answer(&self, x: &Tensor) -> Result<Tensor, TrainingError>;
}

/// A step from 0 to `T − 1` and standard normal noise for each sample of `x_0`, `[b, ..]`: `t`, `[b]`
/// int64, and `eps`, like `x_0`.
pub(crate) fn draw(process: &Process, x_0: &Tensor) -> Result<(Tensor, Tensor), TrainingError> {
    let (steps, b) = (process.steps() as i64, x_0.size()[0]);
    let t = Tensor::f_randint(steps, [b], (Kind::Int64, x_0.device()))?;
    Ok((t, x_0.f_randn_like()?))
}

/// The mean of the squares of all numbers of `x`.
pub(crate) fn mean_square(x: &Tensor) -> Result<f64, TrainingError> {
    let squares = x.f_to_kind(Kind::Double)?.f_square()?;
    Ok(squares.f_mean(Kind::Double)?.f_double_value(&[])?)
}

/// Rows as a network meets them in training.
pub(crate) struct Question {
    /// `[b, ..]`.
    pub(crate) rows: Tensor,
    /// Mean square of what it should answer.
    pub(crate) target: f64,
}

/// What to train, how and where.
pub(crate) struct Plan<'a, C> {
    /// The method's name and all its settings: kept models are found by them.
    pub(crate) method: &'static str,
    pub(crate) config: &'a C,
    pub(crate) train: &'a TrainConfig,
    pub(crate) runtime: &'a Runtime,
    /// The shape of one sample of the kind that the model takes.
    pub(crate) shape: fn(Input<'_>) -> Result<SampleShape, DetectorError>,
    /// The model for samples of a given shape.
    pub(crate) build: &'a Build<'a>,
}

pub(crate) type Build<'a> =
    dyn Fn(&nn::Path<'_>, SampleShape) -> Result<Box<dyn Model>, TrainingError> + 'a;

impl<C: Serialize> Plan<'_, C> {
    pub(crate) fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.fit_checked(
            x,
            (self.shape)(x)?,
            seed,
            progress,
        )?))
    }

    fn fit_checked(
        &self,
        x: Input<'_>,
        shape: SampleShape,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Trained, TrainingError> {
        let device = self.runtime.device;
        let session = Session::begin(device)?;
        session.seed(seed, Purpose::Weights, 0);
        let vs = nn::VarStore::new(device);
        let model = (self.build)(&vs.root(), shape)?;
        let rows = to_tensor(x, device)?;
        session.seed(seed, Purpose::Probe, 0);
        let question = model.question(&to_numbers(&probe_rows(&rows)?)?)?;
        let ask = || tch::no_grad(|| model.answer(&question.rows));
        let before = ask()?;
        let description = (self.method, self.config);
        let folder = self.runtime.folder(&description, seed, &rows, progress)?;
        let run = Run {
            session: &session,
            progress,
            folder: folder.as_ref(),
        };
        let history = train(&vs, &mut Objective(&*model), &rows, self.train, seed, &run)?;
        let answers = Answers {
            before: &before,
            after: &ask()?,
            target: question.target,
        };
        Ok(Trained {
            shape,
            warnings: degenerate(&[answers])?,
            losses: history.losses,
            vs,
            model,
        })
    }
}

struct Objective<'a>(&'a dyn Model);

impl TrainingObjective for Objective<'_> {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, TrainingError> {
        self.0.loss(&to_numbers(x)?)
    }
}

/// A trained model.
#[derive(Debug)]
struct Trained {
    shape: SampleShape,
    warnings: Vec<String>,
    losses: Vec<f64>,
    vs: nn::VarStore,
    model: Box<dyn Model>,
}

impl Trained {
    fn score_checked(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Array1<f64>, TrainingError> {
        let device = self.vs.device();
        let _session = Session::begin(device)?;
        let _no_grad = tch::no_grad_guard();
        score_blocks(x, device, progress, |x| self.model.score(x))
    }

    fn gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Array2<f32>, TrainingError> {
        let device = self.vs.device();
        let _session = Session::begin(device)?;
        gradient_blocks(x, device, progress, |x| self.model.score(x))
    }
}

impl Scorer for Trained {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        self.shape.check(x)?;
        Ok(self.score_checked(x, progress)?)
    }

    fn score_gradient(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Array2<f32>>, DetectorError> {
        self.shape.check(x)?;
        match self.shape {
            SampleShape::Row(_) => Ok(Some(self.gradient(x, progress)?)),
            SampleShape::Image(_) => Ok(None),
        }
    }

    fn n_params(&self) -> Option<u64> {
        let variables = self.vs.trainable_variables();
        Some(variables.iter().map(|v| v.numel() as u64).sum())
    }

    fn n_evaluations(&self) -> Option<u64> {
        Some(1)
    }

    fn losses(&self) -> &[f64] {
        &self.losses
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}
