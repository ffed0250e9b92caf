use ndarray::ArrayView2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::random::{Purpose, absorb, mix};

/// Standard normal noise for the rows of a block, one stream for each row, keyed by the model's seed
/// and the row's own numbers: rows are disturbed independently, and yet a row meets the same noise
/// alone, in any place of any batch, and as a copy of itself.
#[derive(Debug)]
pub(crate) struct RowNoise {
    streams: Vec<ChaCha8Rng>,
    width: usize,
}

impl RowNoise {
    /// Streams for `rows`, `[b, d]`.
    pub(crate) fn new(rows: ArrayView2<'_, f32>, seed: u64) -> Self {
        let start = mix(seed, Purpose::Walk, 0);
        let stream = |row: ndarray::ArrayView1<'_, f32>| {
            // Adding 0 makes the two zeros one value.
            let key = row.fold(start, |key, v| absorb(key, u64::from((v + 0.0).to_bits())));
            ChaCha8Rng::seed_from_u64(key)
        };
        Self {
            streams: rows.outer_iter().map(stream).collect(),
            width: rows.ncols(),
        }
    }

    /// The next noise of every row, `[b, d]` row after row.
    pub(crate) fn draw(&mut self) -> Vec<f32> {
        let mut noise = Vec::with_capacity(self.streams.len() * self.width);
        for stream in &mut self.streams {
            noise.extend((0..self.width).map(|_| -> f32 { StandardNormal.sample(stream) }));
        }
        noise
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{array, s};

    use super::*;

    #[test]
    fn a_row_meets_the_same_noise_wherever_it_stands() {
        let rows = array![[1.0f32, 0.0, -2.0], [3.0, 1.0, 4.0], [1.0, -0.0, -2.0]];
        let mut all = RowNoise::new(rows.view(), 5);
        let mut alone = RowNoise::new(rows.slice(s![1..2, ..]), 5);
        for _ in 0..3 {
            let (all, alone) = (all.draw(), alone.draw());
            assert_eq!(all[3..6], alone);
            assert_eq!(all[..3], all[6..], "copies share their noise");
            assert_ne!(all[..3], all[3..6]);
        }
        let other = RowNoise::new(rows.view(), 6).draw();
        assert_ne!(other, RowNoise::new(rows.view(), 5).draw());
    }

    #[test]
    fn the_noise_is_standard_normal() {
        let rows = ndarray::Array2::from_shape_fn((200, 500), |(i, j)| (i * 500 + j) as f32);
        let noise = RowNoise::new(rows.view(), 0).draw();
        let n = noise.len() as f64;
        let moment = |k: i32| noise.iter().map(|v| f64::from(*v).powi(k)).sum::<f64>() / n;
        // Five standard errors of 100,000 draws.
        assert!(moment(1).abs() < 5.0 / n.sqrt());
        assert!((moment(2) - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
        assert!((moment(4) - 3.0).abs() < 5.0 * (96.0 / n).sqrt());
    }
}
