use detector::{DetectorError, Input, Progress, Rows, State, StateError};
use ndarray::{ArrayView2, ArrayView4};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::memory::attempt;
use crate::{BoxError, TrainingError};

/// Most numbers in a block of samples that is scored at once; a walk holds a few copies of a block.
const BLOCK_NUMBERS: usize = 1 << 20;
/// Most samples in a block; the reference's own, and enough to keep the matrix products busy.
const BLOCK_SAMPLES: usize = 1000;
/// Most numbers of a sample that is restored: beyond them a state is damaged.
const MOST_NUMBERS: usize = 1 << 30;

/// The shape of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleShape {
    /// A row of numbers, by their count.
    Row(usize),
    /// An image: channels, height, width.
    Image([usize; 3]),
}

impl SampleShape {
    /// That of the rows of `x`, which are checked.
    ///
    /// # Errors
    /// As [`Input::rows`].
    pub fn of_rows(x: Input<'_>) -> Result<Self, DetectorError> {
        Ok(Self::Row(x.rows()?.ncols()))
    }

    /// That of the images of `x`, which are checked.
    ///
    /// # Errors
    /// As [`Input::images`].
    pub fn of_images(x: Input<'_>) -> Result<Self, DetectorError> {
        let (_, c, h, w) = x.images()?.dim();
        Ok(Self::Image([c, h, w]))
    }

    /// The value `shape` of a stored state.
    ///
    /// # Errors
    /// [`StateError::Content`] where it is missing, or where a sample would have no number or too many.
    pub fn stored(state: &State) -> Result<Self, StateError> {
        let shape: Self = state.value("shape")?;
        let sides = match shape {
            Self::Row(d) => vec![d],
            Self::Image(sides) => sides.to_vec(),
        };
        let numbers = sides
            .iter()
            .try_fold(1usize, |n, &side| n.checked_mul(side));
        match numbers {
            Some(1..=MOST_NUMBERS) => Ok(shape),
            _ => Err(state.wrong("shape", format!("samples of {sides:?} numbers"))),
        }
    }

    /// Whether `x` has samples of this shape.
    ///
    /// # Errors
    /// As [`Input::rows_of_width`] or [`Input::images_of_shape`].
    pub fn check(self, x: Input<'_>) -> Result<(), DetectorError> {
        match self {
            Self::Row(d) => x.rows_of_width(d).map(|_| ()),
            Self::Image(shape) => x.images_of_shape(shape).map(|_| ()),
        }
    }

    /// How many numbers a sample has.
    pub fn numbers(self) -> usize {
        match self {
            Self::Row(d) => d,
            Self::Image([c, h, w]) => c * h * w,
        }
    }

    /// Channels, height and width; a row is a line of one channel.
    pub fn image(self) -> [usize; 3] {
        match self {
            Self::Row(d) => [1, 1, d],
            Self::Image(shape) => shape,
        }
    }
}

/// Numbers beyond it, on either side, count as it: their squares over some thousands of columns still have room
/// in f32.
const LARGEST: f64 = 1e15;

/// `x` on `device`, sample after sample, whatever the order in memory: rows as `[n, d]` f32, each number at
/// most 10¹⁵ in size so that what a network makes of it stays finite; images as `[n, c, h, w]` bytes, a
/// quarter of what they take as numbers.
///
/// # Errors
/// [`TrainingError::Torch`] where the device is absent or full.
pub fn to_tensor(x: Input<'_>, device: Device) -> Result<Tensor, TrainingError> {
    let tensor = match x {
        Input::Rows(x) => row_tensor(x)?,
        Input::Rows64(x) => row_tensor(Rows::F64(x).to().view())?,
        Input::Images(x) => image_tensor(x)?,
    };
    Ok(tensor.f_to_device(device)?)
}

fn row_tensor(x: ArrayView2<'_, f32>) -> Result<Tensor, TrainingError> {
    let (n, d) = (x.nrows() as i64, x.ncols() as i64);
    let rows = x.as_standard_layout();
    let values = match rows.as_slice() {
        Some(slice) => Tensor::f_from_slice(slice)?,
        None => Tensor::f_from_slice(&rows.iter().copied().collect::<Vec<f32>>())?,
    };
    Ok(values.f_view([n, d])?.f_clamp(-LARGEST, LARGEST)?)
}

fn image_tensor(x: ArrayView4<'_, u8>) -> Result<Tensor, TrainingError> {
    let (n, c, h, w) = x.dim();
    let images = x.as_standard_layout();
    let values = match images.as_slice() {
        Some(slice) => Tensor::f_from_slice(slice)?,
        None => Tensor::f_from_slice(&images.iter().copied().collect::<Vec<u8>>())?,
    };
    Ok(values.f_view([n, c, h, w].map(|side| side as i64))?)
}

/// Samples as a network meets them: bytes as f32 in [−1, 1], numbers as they are.
///
/// # Errors
/// [`TrainingError::Torch`] where libtorch has no memory.
pub fn to_numbers(x: &Tensor) -> Result<Tensor, TrainingError> {
    match x.kind() {
        Kind::Uint8 => Ok(x
            .f_to_kind(Kind::Float)?
            .f_div_scalar(127.5)?
            .f_sub_scalar(1.0)?),
        _ => Ok(x.shallow_clone()),
    }
}

/// Passes `x` through `work` in blocks that fit into memory, each as a tensor of numbers on `device`. A
/// block that memory does not suffice for is halved, and those after it are as small.
///
/// # Errors
/// What `work` returns, [`TrainingError::Memory`] where a single sample is too much,
/// [`TrainingError::Interrupted`].
pub fn in_blocks(
    x: Input<'_>,
    device: Device,
    progress: &dyn Progress,
    mut work: impl FnMut(&Tensor) -> Result<(), BoxError>,
) -> Result<(), TrainingError> {
    let n = x.len();
    let numbers = match x {
        Input::Rows(x) => x.ncols(),
        Input::Rows64(x) => x.ncols(),
        Input::Images(x) => x.len() / n.max(1),
    };
    let mut block = (BLOCK_NUMBERS / numbers.max(1)).clamp(1, BLOCK_SAMPLES);
    let mut from = 0;
    while from < n {
        let to = n.min(from + block);
        let part = x.slice(from, to);
        if attempt(|| Ok(work(&to_numbers(&to_tensor(part, device)?)?)?))?.is_none() {
            if block == 1 {
                return Err(TrainingError::Memory { samples: 1 });
            }
            block /= 2;
            continue;
        }
        from = to;
        if progress.interrupted() {
            return Err(TrainingError::Interrupted);
        }
        progress.update("rows", to as u64, n as u64, "");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use detector::Silent;
    use ndarray::{Array4, ArrayView, s};

    use super::*;

    #[test]
    fn a_block_that_is_too_much_is_halved() {
        let rows = ndarray::Array2::from_shape_fn((11, 1), |(i, _)| i as f32);
        let pass = |most: i64| {
            let mut seen = Vec::new();
            let done = in_blocks(Input::Rows(rows.view()), Device::Cpu, &Silent, |x| {
                assert!(x.size()[0] <= most, "CUDA out of memory");
                seen.extend(Vec::<f32>::try_from(x.view([-1]))?);
                Ok(())
            });
            done.map(|()| seen)
        };
        let expected: Vec<f32> = (0..11).map(|i| i as f32).collect();
        assert_eq!(pass(11).unwrap(), expected);
        assert_eq!(pass(3).unwrap(), expected);
        let error = pass(0).unwrap_err().to_string();
        assert!(
            error.contains("out of memory even with 1 samples"),
            "{error}"
        );
    }

    #[test]
    fn bytes_span_minus_one_to_one_whatever_their_order_in_memory() {
        let images = Array4::from_shape_fn((2, 1, 3, 85), |(n, _, h, w)| {
            (n * 255 + h * 85 + w).min(255) as u8
        });
        let tensor = to_tensor(Input::Images(images.view()), Device::Cpu).unwrap();
        assert_eq!(
            (tensor.kind(), tensor.size()),
            (Kind::Uint8, vec![2, 1, 3, 85])
        );
        let numbers = to_numbers(&tensor).unwrap();
        assert_eq!(numbers.double_value(&[0, 0, 0, 0]), -1.0);
        assert_eq!(numbers.double_value(&[1, 0, 0, 0]), 1.0);
        let middle = numbers.double_value(&[0, 0, 1, 42]); // byte 127
        assert!((middle + 1.0 / 255.0).abs() < 1e-6);
        let turned = images.slice(s![.., .., ..;-1, ..]);
        let turned = to_tensor(Input::Images(turned), Device::Cpu).unwrap();
        assert_eq!(turned.flip([2]), tensor);
        // Rows are numbers already.
        let row = ArrayView::from_shape((1, 2), &[3.0f32, -7.5]).unwrap();
        let row = to_tensor(Input::Rows(row), Device::Cpu).unwrap();
        assert_eq!(
            to_numbers(&row).unwrap(),
            Tensor::from_slice(&[3.0f32, -7.5]).view([1, 2])
        );
    }
}
