use std::fmt;

use detector::{Detector, DetectorError, Input, Progress, Scorer};
use diffusion_core::{Denoiser, Process, RowNoise};
use ndarray::{Array1, ArrayView2, Axis};
use tch::{Device, Kind, Tensor, nn};

use crate::random::{Purpose, mix};
use crate::session::Session;
use crate::train::train_within;
use crate::{DdpmConfig, Network, TrainingError, Walk};

/// Most numbers in a block of rows that is scored at once; the walk holds a few copies of a block.
const BLOCK_NUMBERS: usize = 1 << 20;
/// Most rows in a block; the reference's own, and enough to keep the matrix products busy.
const BLOCK_ROWS: usize = 1000;

type BuildError = Box<dyn std::error::Error + Send + Sync>;
type Build = dyn Fn(&nn::Path<'_>, usize) -> Result<Box<dyn Denoiser>, BuildError> + Send + Sync;

/// The diffusion detector: trains a denoiser on normal rows, walks a row back from `start-step`, and
/// scores it by the mean squared difference between where the walk ends and the row
/// (Livernoche et al., arXiv:2305.18593, the DDPM of their section 5).
///
/// It knows no network: `build` makes one for rows of `d` numbers under the given path.
pub struct DiffusionDetector {
    config: DdpmConfig,
    device: Device,
    build: Box<Build>,
}

impl DiffusionDetector {
    /// A detector with checked settings; nothing touches `device` before [`fit`](Detector::fit).
    ///
    /// # Errors
    /// [`TrainingError::Config`] or [`TrainingError::Schedule`] for settings out of range.
    pub fn new<F>(config: DdpmConfig, device: Device, build: F) -> Result<Self, TrainingError>
    where
        F: Fn(&nn::Path<'_>, usize) -> Result<Box<dyn Denoiser>, BuildError>
            + Send
            + Sync
            + 'static,
    {
        config.check()?;
        config.schedule.build(config.steps)?;
        Ok(Self {
            config,
            device,
            build: Box::new(build),
        })
    }

    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<DiffusionScorer, TrainingError> {
        let schedule = self.config.schedule.build(self.config.steps)?;
        let process = Process::new(schedule, self.device)?;
        let session = Session::begin(self.device);
        session.seed(seed, Purpose::Weights, 0);
        let vs = nn::VarStore::new(self.device);
        let denoiser = (self.build)(&vs.root(), x.ncols()).map_err(TrainingError::Network)?;
        let network = Network { vs, denoiser };
        let rows = to_tensor(x, self.device)?;
        train_within(
            &session,
            &network,
            &process,
            &rows,
            &self.config,
            seed,
            progress,
        )?;
        Ok(DiffusionScorer {
            width: x.ncols(),
            start: self.config.start_step,
            walk: self.config.walk,
            device: self.device,
            seed,
            network,
            process,
        })
    }
}

impl fmt::Debug for DiffusionDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiffusionDetector")
            .field("config", &self.config)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

impl Detector for DiffusionDetector {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.fit_rows(x.rows()?, seed, progress)?))
    }
}

/// A trained [`DiffusionDetector`].
#[derive(Debug)]
struct DiffusionScorer {
    width: usize,
    start: usize,
    walk: Walk,
    device: Device,
    seed: u64,
    network: Network,
    process: Process,
}

impl DiffusionScorer {
    fn score_rows(
        &self,
        x: ArrayView2<'_, f32>,
        progress: &dyn Progress,
    ) -> Result<Array1<f64>, TrainingError> {
        let _session = Session::begin(self.device);
        let block = (BLOCK_NUMBERS / self.width).clamp(1, BLOCK_ROWS);
        let mut scores = Vec::with_capacity(x.nrows());
        for rows in x.axis_chunks_iter(Axis(0), block) {
            let block = self.score_block(rows)?;
            scores.extend(Vec::<f64>::try_from(block)?);
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

    /// `[b, d]` → `[b]`, f64.
    fn score_block(&self, rows: ArrayView2<'_, f32>) -> Result<Tensor, TrainingError> {
        let denoiser = &*self.network.denoiser;
        let x = &to_tensor(rows, self.device)?;
        let end = match self.walk {
            Walk::MeanOnly => self.process.walk_mean_only(denoiser, x, self.start)?,
            Walk::Ancestral => {
                let mut noise = RowNoise::new(x, mix(self.seed, Purpose::Walk, 0))?;
                let mut draw = |_: usize| noise.draw();
                let ancestral = diffusion_core::Walk::Ancestral;
                self.process
                    .walk(denoiser, x, self.start, ancestral, &mut draw)?
            }
        };
        let difference = (end - x).f_to_kind(Kind::Double)?;
        Ok(difference
            .f_square()?
            .f_mean_dim(1, false, Kind::Double)?
            .f_to_device(Device::Cpu)?)
    }
}

impl Scorer for DiffusionScorer {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        Ok(self.score_rows(x.rows_of_width(self.width)?, progress)?)
    }

    fn n_params(&self) -> Option<u64> {
        Some(self.network.n_params())
    }
}

/// `[n, d]`, row after row, whatever the order in memory.
fn to_tensor(x: ArrayView2<'_, f32>, device: Device) -> Result<Tensor, TrainingError> {
    let (n, d) = (x.nrows() as i64, x.ncols() as i64);
    let rows = x.as_standard_layout();
    let values = match rows.as_slice() {
        Some(slice) => Tensor::f_from_slice(slice)?,
        None => Tensor::f_from_slice(&rows.iter().copied().collect::<Vec<f32>>())?,
    };
    Ok(values.f_view([n, d])?.f_to_device(device)?)
}
