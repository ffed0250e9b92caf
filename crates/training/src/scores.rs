use detector::{Input, Progress};
use ndarray::{Array1, Array2, Array3};
use tch::{Device, Kind, Tensor};

use crate::{BoxError, TrainingError, in_blocks};

/// Scores `x` in blocks that fit into memory; `score` takes one, `[b, ..]` → `[b]`.
///
/// # Errors
/// What `score` returns, [`TrainingError::Score`] for the first score that is not finite,
/// [`TrainingError::Interrupted`].
pub fn score_blocks(
    x: Input<'_>,
    device: Device,
    progress: &dyn Progress,
    score: impl Fn(&Tensor) -> Result<Tensor, BoxError>,
) -> Result<Array1<f64>, TrainingError> {
    let mut scores = Vec::with_capacity(x.len());
    in_blocks(x, device, progress, |block| {
        let found = score(block)?.f_to_device(Device::Cpu)?;
        scores.extend(Vec::<f64>::try_from(found)?);
        Ok(())
    })?;
    match scores.iter().position(|score| !score.is_finite()) {
        None => Ok(Array1::from_vec(scores)),
        Some(row) => Err(TrainingError::Score {
            row,
            score: scores[row],
        }),
    }
}

/// The gradient of each row's score with respect to the row, in blocks as
/// [`score_blocks`]; `score` must keep a row's score apart from the other rows.
///
/// # Errors
/// What `score` returns, [`TrainingError::Gradient`] for the first row whose gradient is not finite,
/// [`TrainingError::Interrupted`].
pub fn gradient_blocks(
    x: Input<'_>,
    device: Device,
    progress: &dyn Progress,
    score: impl Fn(&Tensor) -> Result<Tensor, BoxError>,
) -> Result<Array2<f32>, TrainingError> {
    let mut values = Vec::new();
    in_blocks(x, device, progress, |block| {
        let rows = block.f_detach()?.f_set_requires_grad(true)?;
        let sum = score(&rows)?.f_sum(Kind::Double)?;
        let found = Tensor::f_run_backward(&[sum], &[rows], false, false)?;
        for gradient in found {
            let gradient = gradient.f_to_device(Device::Cpu)?.f_reshape([-1])?;
            values.extend(Vec::<f32>::try_from(gradient)?);
        }
        Ok(())
    })?;
    let n = x.len();
    let d = values.len() / n.max(1);
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(TrainingError::Gradient {
            row: at / d,
            column: at % d,
            value: values[at],
        });
    }
    Array2::from_shape_vec((n, d), values).map_err(|e| TrainingError::Model(e.into()))
}

/// Maps of the images `x` in blocks that fit into memory; `map` takes one, `[b, c, h, w]` →
/// `[b, h, w]`.
///
/// # Errors
/// What `map` returns, [`TrainingError::Score`] for the first image with a pixel that is not finite,
/// [`TrainingError::Interrupted`].
pub fn map_blocks(
    x: Input<'_>,
    [h, w]: [usize; 2],
    device: Device,
    progress: &dyn Progress,
    map: impl Fn(&Tensor) -> Result<Tensor, BoxError>,
) -> Result<Array3<f32>, TrainingError> {
    let mut values = Vec::with_capacity(x.len() * h * w);
    in_blocks(x, device, progress, |block| {
        let found = map(block)?.f_to_device(Device::Cpu)?;
        let found = Vec::<f64>::try_from(found.f_reshape([-1])?)?;
        values.extend(found.into_iter().map(|value| value as f32));
        Ok(())
    })?;
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(TrainingError::Score {
            row: at / (h * w).max(1),
            score: f64::from(values[at]),
        });
    }
    let shape = (values.len() / (h * w).max(1), h, w);
    Array3::from_shape_vec(shape, values).map_err(|e| TrainingError::Model(e.into()))
}
