use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor};

use crate::ProcessError;

/// Standard normal noise for the rows of a block, one stream for each row, keyed by a seed and the
/// row's own numbers: rows are disturbed independently, and yet a row meets the same noise alone, in
/// any place of any batch, and as a copy of itself.
///
/// A row is whatever follows the first dimension: `d` numbers of a table, `c·h·w` of an image.
///
/// ```
/// # fn main() -> Result<(), diffusion_core::ProcessError> {
/// use diffusion_core::RowNoise;
/// use tch::Tensor;
///
/// let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0]).view([2, 2]);
/// let both = RowNoise::new(&x, 7)?.draw()?;
/// let second = RowNoise::new(&x.narrow(0, 1, 1), 7)?.draw()?;
/// assert_eq!(both.narrow(0, 1, 1), second);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RowNoise {
    streams: Vec<ChaCha8Rng>,
    shared: ChaCha8Rng,
    row: Vec<i64>,
    device: Device,
}

impl RowNoise {
    /// Streams for the rows of `x`.
    ///
    /// # Shapes
    /// `x`: `[b, ..]`, f32, at least one dimension.
    ///
    /// # Errors
    /// [`ProcessError::Shape`] for a tensor without rows, [`ProcessError::Torch`] where it cannot be
    /// read.
    pub fn new(x: &Tensor, seed: u64) -> Result<Self, ProcessError> {
        let shape = x.size();
        let Some((&rows, row)) = shape.split_first() else {
            return Err(ProcessError::Shape {
                name: "x",
                found: shape,
                expected: vec![-1],
            });
        };
        let values = x.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?;
        let values = Vec::<f32>::try_from(values.f_contiguous()?.f_view([-1])?)?;
        let width = row.iter().product::<i64>() as usize;
        let stream = |i: usize| {
            let row = &values[i * width..(i + 1) * width];
            // Adding 0 makes the two zeros one value.
            let bits = row.iter().map(|v| u64::from((v + 0.0).to_bits()));
            ChaCha8Rng::seed_from_u64(bits.fold(seed, absorb))
        };
        Ok(Self {
            streams: (0..rows as usize).map(stream).collect(),
            shared: ChaCha8Rng::seed_from_u64(seed),
            row: row.to_vec(),
            device: x.device(),
        })
    }

    /// Streams for `shape[0]` rows that do not exist yet, keyed by the seed and the row's place: what
    /// samples are drawn from.
    ///
    /// # Errors
    /// [`ProcessError::Shape`] for an empty shape or a negative length.
    pub fn of_places(shape: &[i64], seed: u64, device: Device) -> Result<Self, ProcessError> {
        let found = || ProcessError::Shape {
            name: "the sample",
            found: shape.to_vec(),
            expected: vec![-1],
        };
        let (&rows, row) = shape.split_first().ok_or_else(found)?;
        if shape.iter().any(|length| *length < 0) {
            return Err(found());
        }
        let stream = |i| ChaCha8Rng::seed_from_u64(absorb(seed, i));
        Ok(Self {
            streams: (0..rows as u64).map(stream).collect(),
            shared: ChaCha8Rng::seed_from_u64(seed),
            row: row.to_vec(),
            device,
        })
    }

    /// The next noise of every row, shaped like the rows, f32, on their device.
    ///
    /// # Errors
    /// [`ProcessError::Torch`] where the device is full.
    pub fn draw(&mut self) -> Result<Tensor, ProcessError> {
        self.part(0, self.rows()).draw()
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.streams.len()
    }

    /// The rows' shape, `[b, ..]`.
    pub(crate) fn shape(&self) -> Vec<i64> {
        let rows = std::iter::once(self.streams.len() as i64);
        rows.chain(self.row.iter().copied()).collect()
    }

    /// What all rows share: a stream keyed by the seed alone, so that no row depends on another.
    pub(crate) fn shared(&self) -> ChaCha8Rng {
        self.shared.clone()
    }

    /// The streams of `rows` rows from `first` on.
    pub(crate) fn part(&mut self, first: usize, rows: usize) -> Streams<'_> {
        Streams {
            streams: &mut self.streams[first..first + rows],
            row: &self.row,
            device: self.device,
        }
    }
}

/// The streams of some neighbouring rows.
#[derive(Debug)]
pub(crate) struct Streams<'a> {
    streams: &'a mut [ChaCha8Rng],
    row: &'a [i64],
    device: Device,
}

impl Streams<'_> {
    /// `[b, ..]`: the next noise of every row.
    pub(crate) fn draw(&mut self) -> Result<Tensor, ProcessError> {
        let width = self.row.iter().product::<i64>() as usize;
        let mut noise = Vec::with_capacity(self.streams.len() * width);
        for stream in self.streams.iter_mut() {
            noise.extend((0..width).map(|_| -> f32 { StandardNormal.sample(stream) }));
        }
        let mut shape = vec![self.streams.len() as i64];
        shape.extend(self.row);
        Ok(Tensor::f_from_slice(&noise)?
            .f_view(shape.as_slice())?
            .f_to_device(self.device)?)
    }
}

/// One round of splitmix64 (Steele et al. 2014) over `state` and a word.
fn absorb(state: u64, word: u64) -> u64 {
    let mut z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_meets_the_same_noise_wherever_it_stands() {
        let rows =
            Tensor::from_slice(&[1.0f32, 0.0, -2.0, 3.0, 1.0, 4.0, 1.0, -0.0, -2.0]).view([3, 3]);
        let mut all = RowNoise::new(&rows, 5).unwrap();
        let mut alone = RowNoise::new(&rows.narrow(0, 1, 1), 5).unwrap();
        for _ in 0..3 {
            let (all, alone) = (all.draw().unwrap(), alone.draw().unwrap());
            assert_eq!(all.get(1), alone.get(0));
            assert_eq!(all.get(0), all.get(2), "copies share their noise");
            assert_ne!(all.get(0), all.get(1));
        }
        let first = |seed| RowNoise::new(&rows, seed).unwrap().draw().unwrap();
        assert_ne!(first(6), first(5));
    }

    #[test]
    fn an_image_is_a_row_and_its_layout_in_memory_does_not_matter() {
        let images = Tensor::arange(24, (Kind::Float, Device::Cpu)).view([2, 3, 2, 2]);
        let noise = RowNoise::new(&images, 1).unwrap().draw().unwrap();
        assert_eq!(noise.size(), [2, 3, 2, 2]);
        let flat = RowNoise::new(&images.view([2, 12]), 1)
            .unwrap()
            .draw()
            .unwrap();
        assert_eq!(noise.view([2, 12]), flat);
        let strided = images.permute([0, 2, 3, 1]).contiguous();
        let strided = strided.permute([0, 3, 1, 2]); // channels last
        assert_eq!(RowNoise::new(&strided, 1).unwrap().draw().unwrap(), noise);
    }

    #[test]
    fn the_noise_is_standard_normal() {
        for noise in [
            RowNoise::new(
                &Tensor::arange(100_000, (Kind::Float, Device::Cpu)).view([200, 500]),
                0,
            ),
            RowNoise::of_places(&[200, 500], 0, Device::Cpu),
        ] {
            let noise = noise.unwrap().draw().unwrap().to_kind(Kind::Double);
            let n = noise.numel() as f64;
            let moment = |k: f64| {
                noise
                    .pow_tensor_scalar(k)
                    .mean(Kind::Double)
                    .double_value(&[])
            };
            // Five standard errors of 100,000 draws.
            assert!(moment(1.0).abs() < 5.0 / n.sqrt());
            assert!((moment(2.0) - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
            assert!((moment(4.0) - 3.0).abs() < 5.0 * (96.0 / n).sqrt());
        }
    }

    #[test]
    fn rows_are_needed() {
        assert!(RowNoise::new(&Tensor::from(1.0f32), 0).is_err());
        assert!(RowNoise::of_places(&[], 0, Device::Cpu).is_err());
        assert!(RowNoise::of_places(&[2, -1], 0, Device::Cpu).is_err());
        let none = RowNoise::of_places(&[0, 3], 0, Device::Cpu).unwrap().draw();
        assert_eq!(none.unwrap().size(), [0, 3]);
    }
}
