use detector::{DetectorError, Input, Progress, Scorer};
use ndarray::{Array1, ArrayView2, Axis};
use serde::Serialize;
use tch::{Device, TchError, Tensor, nn};
use training::{
    Purpose, Run, Runtime, Session, TrainConfig, TrainingError, TrainingObjective, train,
};

/// Most numbers in a block of rows that is scored at once.
const BLOCK_NUMBERS: usize = 1 << 20;
/// Most rows in a block.
const BLOCK_ROWS: usize = 1000;

/// A network with its loss and its score.
pub(crate) trait Model: std::fmt::Debug + Send {
    /// `[b, d]` → `[]`; draws what it needs from libtorch's generator.
    fn loss(&self, x_0: &Tensor) -> Result<Tensor, TchError>;

    /// `[b, d]` → `[b]`, f64.
    fn score(&self, x: &Tensor) -> Result<Tensor, TchError>;
}

/// What to train, how and where.
pub(crate) struct Plan<'a, C> {
    /// The method's name and all its settings: kept models are found by them.
    pub(crate) method: &'static str,
    pub(crate) config: &'a C,
    pub(crate) train: &'a TrainConfig,
    pub(crate) runtime: &'a Runtime,
    /// The model for rows of a given width.
    pub(crate) build: &'a Build<'a>,
}

pub(crate) type Build<'a> = dyn Fn(&nn::Path<'_>, usize) -> Result<Box<dyn Model>, TchError> + 'a;

impl<C: Serialize> Plan<'_, C> {
    pub(crate) fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.fit_rows(x.rows()?, seed, progress)?))
    }

    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Trained, TrainingError> {
        let device = self.runtime.device;
        let session = Session::begin(device);
        session.seed(seed, Purpose::Weights, 0);
        let vs = nn::VarStore::new(device);
        let model = (self.build)(&vs.root(), x.ncols())?;
        let rows = to_tensor(x, device)?;
        let description = (self.method, self.config);
        let folder = self.runtime.folder(&description, seed, &rows, progress)?;
        let run = Run {
            session: &session,
            progress,
            folder: folder.as_ref(),
        };
        train(&vs, &mut Objective(&*model), &rows, self.train, seed, &run)?;
        Ok(Trained {
            width: x.ncols(),
            vs,
            model,
        })
    }
}

struct Objective<'a>(&'a dyn Model);

impl TrainingObjective for Objective<'_> {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, TrainingError> {
        Ok(self.0.loss(x)?)
    }
}

/// A trained model.
#[derive(Debug)]
struct Trained {
    width: usize,
    vs: nn::VarStore,
    model: Box<dyn Model>,
}

impl Trained {
    fn score_rows(
        &self,
        x: ArrayView2<'_, f32>,
        progress: &dyn Progress,
    ) -> Result<Array1<f64>, TrainingError> {
        let device = self.vs.device();
        let _session = Session::begin(device);
        let _no_grad = tch::no_grad_guard();
        let block = (BLOCK_NUMBERS / self.width).clamp(1, BLOCK_ROWS);
        let mut scores = Vec::with_capacity(x.nrows());
        for rows in x.axis_chunks_iter(Axis(0), block) {
            if progress.interrupted() {
                return Err(TrainingError::Interrupted);
            }
            scores.extend(Vec::<f64>::try_from(
                self.model.score(&to_tensor(rows, device)?)?,
            )?);
            progress.update("rows", scores.len() as u64, x.nrows() as u64, "");
        }
        match scores.iter().position(|score| !score.is_finite()) {
            None => Ok(Array1::from_vec(scores)),
            Some(row) => Err(TrainingError::Score {
                row,
                score: scores[row],
            }),
        }
    }
}

impl Scorer for Trained {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        Ok(self.score_rows(x.rows_of_width(self.width)?, progress)?)
    }

    fn n_params(&self) -> Option<u64> {
        let variables = self.vs.trainable_variables();
        Some(variables.iter().map(|v| v.numel() as u64).sum())
    }

    fn n_evaluations(&self) -> Option<u64> {
        Some(1)
    }
}

/// `[n, d]`, row after row, whatever the order in memory.
fn to_tensor(x: ArrayView2<'_, f32>, device: Device) -> Result<Tensor, TchError> {
    let (n, d) = (x.nrows() as i64, x.ncols() as i64);
    let rows: Vec<f32> = x.iter().copied().collect();
    Tensor::f_from_slice(&rows)?
        .f_view([n, d])?
        .f_to_device(device)
}
