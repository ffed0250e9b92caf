use detector::Progress;
use ndarray::{Array1, ArrayView2, Axis};
use tch::{Device, Tensor};

use crate::TrainingError;

/// Most numbers in a block of rows that is scored at once; a walk holds a few copies of a block.
const BLOCK_NUMBERS: usize = 1 << 20;
/// Most rows in a block; the reference's own, and enough to keep the matrix products busy.
const BLOCK_ROWS: usize = 1000;

/// `x`, `[n, d]`, on `device`, row after row, whatever the order in memory.
///
/// # Errors
/// [`TrainingError::Process`] where the device is absent or full.
pub fn to_tensor(x: ArrayView2<'_, f32>, device: Device) -> Result<Tensor, TrainingError> {
    let (n, d) = (x.nrows() as i64, x.ncols() as i64);
    let rows = x.as_standard_layout();
    let values = match rows.as_slice() {
        Some(slice) => Tensor::f_from_slice(slice)?,
        None => Tensor::f_from_slice(&rows.iter().copied().collect::<Vec<f32>>())?,
    };
    Ok(values.f_view([n, d])?.f_to_device(device)?)
}

/// Scores `x` in blocks that fit into memory; `score` takes one, `[b, d]` → `[b]`.
///
/// # Errors
/// What `score` returns, [`TrainingError::Score`] for the first score that is not finite,
/// [`TrainingError::Interrupted`].
pub fn score_blocks(
    x: ArrayView2<'_, f32>,
    progress: &dyn Progress,
    score: impl Fn(ArrayView2<'_, f32>) -> Result<Tensor, TrainingError>,
) -> Result<Array1<f64>, TrainingError> {
    let block = (BLOCK_NUMBERS / x.ncols().max(1)).clamp(1, BLOCK_ROWS);
    let mut scores = Vec::with_capacity(x.nrows());
    for rows in x.axis_chunks_iter(Axis(0), block) {
        scores.extend(Vec::<f64>::try_from(
            score(rows)?.f_to_device(Device::Cpu)?,
        )?);
        if progress.interrupted() {
            return Err(TrainingError::Interrupted);
        }
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
