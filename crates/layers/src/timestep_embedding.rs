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

    /// The embedding with `n` frequencies that rise geometrically from `first` to `last`, both above 0: for
    /// levels that are small numbers, such as `ln σ`.
    ///
    /// # Formula
    /// `f_i = first·(last/first)^(i/(n−1))`.
    pub fn geometric(n: usize, [first, last]: [f64; 2], device: Device) -> Self {
        let steps = n.saturating_sub(1).max(1) as f64;
        let frequency = |i: usize| (first * (last / first).powf(i as f64 / steps)) as f32;
        let frequencies: Vec<f32> = (0..n).map(frequency).collect();
        Self {
            frequencies: Tensor::from_slice(&frequencies).to_device(device),
        }
    }

    /// `t`: `[.., b]` float → `[.., b, dim]`.
    pub fn forward(&self, t: &Tensor) -> Tensor {
        let phase = t.unsqueeze(-1) * &self.frequencies; // [.., b, dim/2]
        Tensor::cat(&[phase.cos(), phase.sin()], -1)
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
    fn frequencies_rise_geometrically() {
        let embedding = TimestepEmbedding::geometric(3, [0.5, 32.0], Device::Cpu);
        let e = embedding.forward(&Tensor::from_slice(&[0.3f32]));
        assert_eq!(e.size(), [1, 6]);
        for (i, phase) in [0.15, 1.2, 9.6f64].into_iter().enumerate() {
            let at = |i: usize| e.double_value(&[0, i as i64]);
            assert!((at(i) - phase.cos()).abs() < 1e-6);
            assert!((at(i + 3) - phase.sin()).abs() < 1e-6);
        }
        let one = TimestepEmbedding::geometric(1, [0.5, 32.0], Device::Cpu);
        assert_eq!(one.frequencies.double_value(&[0]), 0.5);
    }

    #[test]
    #[should_panic(expected = "a timestep embedding of 7 numbers, expected an even number")]
    fn an_odd_width_has_no_halves() {
        TimestepEmbedding::new(7, Device::Cpu);
    }
}
