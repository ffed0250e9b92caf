use tch::{Device, Kind, Tensor};

/// The longest wavelength, over 2π.
const MAX_PERIOD: f64 = 10_000.0;

/// Sinusoidal embedding of noise levels, the **cosine half first** (as in openai/improved-diffusion
/// and its descendants; the transformer paper interleaves and starts with the sine).
///
/// # Formula
/// `[cos(t·f_0), …, cos(t·f_{h−1}), sin(t·f_0), …]`, `f_i = 10000^(−i/h)`, `h = dim/2`.
///
/// # Shapes
/// `t`: `[b]` float → `[b, dim]`.
///
/// # Panics
/// Where `dim` is odd.
pub fn timestep_embedding(t: &Tensor, dim: usize) -> Tensor {
    TimestepEmbedding::new(dim, t.device()).forward(t)
}

/// [`timestep_embedding`] with its frequencies computed once.
#[derive(Debug)]
pub struct TimestepEmbedding {
    frequencies: Tensor, // [dim/2]
}

impl TimestepEmbedding {
    /// The embedding with `dim` numbers.
    ///
    /// # Panics
    /// Where `dim` is odd.
    pub fn new(dim: usize, device: Device) -> Self {
        assert!(
            dim.is_multiple_of(2),
            "a timestep embedding of {dim} numbers, expected an even number"
        );
        let half = (dim / 2) as i64;
        // In f32 as the reference: at t = 1000 a phase is sensitive to its frequency's last digit.
        let i = Tensor::arange(half, (Kind::Float, device));
        Self {
            frequencies: (i * -MAX_PERIOD.ln() / half as f64).exp(),
        }
    }

    /// `t`: `[b]` float → `[b, dim]`.
    pub fn forward(&self, t: &Tensor) -> Tensor {
        let phase = t.unsqueeze(1) * &self.frequencies; // [b, dim/2]
        Tensor::cat(&[phase.cos(), phase.sin()], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_come_first() {
        let t = Tensor::from_slice(&[0.0f32, 1.0]);
        let e = timestep_embedding(&t, 6);
        assert_eq!(e.size(), [2, 6]);
        assert_eq!(
            Vec::<f32>::try_from(e.get(0)).unwrap(),
            [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
        );
        for (i, expected) in [
            (0, 1f64.cos()),
            (3, 1f64.sin()),
            (4, 10000f64.powf(-1.0 / 3.0).sin()),
        ] {
            assert!((e.double_value(&[1, i]) - expected).abs() < 1e-6);
        }
    }

    #[test]
    #[should_panic(expected = "a timestep embedding of 7 numbers, expected an even number")]
    fn an_odd_width_has_no_halves() {
        TimestepEmbedding::new(7, Device::Cpu);
    }
}
