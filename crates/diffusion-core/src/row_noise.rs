use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::splitmix::splitmix64;
use crate::{Noise, ProcessError};

/// Noise for the rows of a block, standard normal by default, one stream for each row, keyed by a seed and the
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
    keys: Keys,
    /// Seeded when their rows first draw: a rule without noise does not pay for them.
    streams: Vec<Option<ChaCha8Rng>>,
    shared: ChaCha8Rng,
}

/// What the rows' streams are seeded with.
#[derive(Debug)]
struct Keys {
    seed: u64,
    source: Source,
    row: Vec<i64>,
    device: Device,
    noise: Noise,
}

#[derive(Debug)]
enum Source {
    /// `[b, ..]`, the rows themselves.
    Rows(Tensor),
    Places,
}

impl RowNoise {
    /// Streams for the rows of `x`, of which it keeps a copy.
    ///
    /// # Shapes
    /// `x`: `[b, ..]`, f32, at least one dimension.
    ///
    /// # Errors
    /// [`ProcessError::Shape`] for a tensor without rows, [`ProcessError::Torch`] where the device is
    /// full.
    pub fn new(x: &Tensor, seed: u64) -> Result<Self, ProcessError> {
        let shape = x.size();
        if shape.is_empty() {
            return Err(ProcessError::Shape {
                name: "x",
                found: shape,
                expected: vec![-1],
            });
        }
        let rows = Source::Rows(x.f_detach_copy()?);
        Ok(Self::with_source(rows, &shape, seed, x.device()))
    }

    /// Streams for `shape[0]` rows that do not exist yet, keyed by the seed and the row's place: what
    /// samples are drawn from.
    ///
    /// # Errors
    /// [`ProcessError::Shape`] for an empty shape or a negative length.
    pub fn of_places(shape: &[i64], seed: u64, device: Device) -> Result<Self, ProcessError> {
        if shape.is_empty() || shape.iter().any(|length| *length < 0) {
            return Err(ProcessError::Shape {
                name: "the sample",
                found: shape.to_vec(),
                expected: vec![-1],
            });
        }
        Ok(Self::with_source(Source::Places, shape, seed, device))
    }

    /// `shape` has at least one length.
    fn with_source(source: Source, shape: &[i64], seed: u64, device: Device) -> Self {
        Self {
            streams: vec![None; shape[0] as usize],
            shared: ChaCha8Rng::seed_from_u64(seed),
            keys: Keys {
                seed,
                source,
                row: shape[1..].to_vec(),
                device,
                noise: Noise::default(),
            },
        }
    }

    /// The same streams for another kind of noise.
    #[must_use]
    pub fn with_noise(mut self, noise: Noise) -> Self {
        self.keys.noise = noise;
        self
    }

    /// The next noise of every row, shaped like the rows, f32, on their device.
    ///
    /// # Errors
    /// [`ProcessError::Torch`] where the device is full or the rows cannot be read.
    pub fn draw(&mut self) -> Result<Tensor, ProcessError> {
        self.part(0, self.rows()).draw()
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.streams.len()
    }

    /// The rows' shape, `[b, ..]`.
    pub(crate) fn shape(&self) -> Vec<i64> {
        self.keys.shape(self.rows())
    }

    /// What all rows share: a stream keyed by the seed alone, so that no row depends on another.
    pub(crate) fn shared(&self) -> ChaCha8Rng {
        self.shared.clone()
    }

    /// The streams of `rows` rows from `first` on.
    pub(crate) fn part(&mut self, first: usize, rows: usize) -> Streams<'_> {
        Streams {
            streams: &mut self.streams[first..first + rows],
            first,
            keys: &self.keys,
        }
    }
}

impl Keys {
    fn shape(&self, rows: usize) -> Vec<i64> {
        let rows = std::iter::once(rows as i64);
        rows.chain(self.row.iter().copied()).collect()
    }

    fn width(&self) -> usize {
        self.row.iter().product::<i64>() as usize
    }

    /// Fresh streams of `rows` rows from `first` on.
    fn streams(&self, first: usize, rows: usize) -> Result<Vec<ChaCha8Rng>, ProcessError> {
        let (seed, width) = (self.seed, self.width());
        let keys: Vec<u64> = match &self.source {
            Source::Places => (first..first + rows)
                .map(|place| splitmix64(seed, place as u64))
                .collect(),
            Source::Rows(x) => {
                let x = x.f_narrow(0, first as i64, rows as i64)?;
                let x = x.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?;
                let values = Vec::<f32>::try_from(x.f_contiguous()?.f_view([-1])?)?;
                let key = |i: usize| {
                    let row = &values[i * width..(i + 1) * width];
                    // Adding 0 makes the two zeros one value.
                    let bits = row.iter().map(|v| u64::from((v + 0.0).to_bits()));
                    bits.fold(seed, splitmix64)
                };
                (0..rows).map(key).collect()
            }
        };
        Ok(keys.into_iter().map(ChaCha8Rng::seed_from_u64).collect())
    }
}

/// The streams of some neighbouring rows.
#[derive(Debug)]
pub(crate) struct Streams<'a> {
    streams: &'a mut [Option<ChaCha8Rng>],
    first: usize,
    keys: &'a Keys,
}

impl Streams<'_> {
    /// `[b, ..]`: the next noise of every row.
    pub(crate) fn draw(&mut self) -> Result<Tensor, ProcessError> {
        let rows = self.streams.len();
        if self.streams.iter().any(Option::is_none) {
            let fresh = self.keys.streams(self.first, rows)?;
            for (stream, fresh) in self.streams.iter_mut().zip(fresh) {
                stream.get_or_insert(fresh);
            }
        }
        let mut noise = Vec::with_capacity(rows * self.keys.width());
        for stream in self.streams.iter_mut().flatten() {
            self.keys.noise.extend(&mut noise, &self.keys.row, stream)?;
        }
        Ok(Tensor::f_from_slice(&noise)?
            .f_view(self.keys.shape(rows).as_slice())?
            .f_to_device(self.keys.device)?)
    }
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
    fn rows_that_drew_before_go_on_where_they_were() {
        let rows = Tensor::arange(6, (Kind::Float, Device::Cpu)).view([3, 2]);
        let mut whole = RowNoise::new(&rows, 5).unwrap();
        let [first, second] = [whole.draw().unwrap(), whole.draw().unwrap()];
        let mut parts = RowNoise::new(&rows, 5).unwrap();
        let middle = parts.part(1, 1).draw().unwrap();
        assert_eq!(middle.get(0), first.get(1));
        let rest = parts.draw().unwrap();
        assert_eq!(rest.get(0), first.get(0));
        assert_eq!(rest.get(1), second.get(1));
        assert_eq!(rest.get(2), first.get(2));
    }

    #[test]
    fn the_rows_that_were_given_count() {
        let rows = Tensor::arange(6, (Kind::Float, Device::Cpu)).view([3, 2]);
        let expected = RowNoise::new(&rows, 5).unwrap().draw().unwrap();
        let mut noise = RowNoise::new(&rows, 5).unwrap();
        let _ = rows.shallow_clone().fill_(9.0);
        assert_eq!(noise.draw().unwrap(), expected);
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
