use tch::Tensor;
use tch::nn::Module;

const EPS: f64 = 1e-6;

/// Layer normalisation without learned scale or shift, eps 1e-6: what stands before a modulation
/// (`torch.nn.LayerNorm(d, elementwise_affine=False, eps=1e-6)`).
///
/// # Formula
/// `(x − mean(x))/√(var(x) + 1e-6)` over the last axis, the variance divided by `d`.
///
/// # Shapes
/// `[.., d]` → `[.., d]`.
#[derive(Debug, Clone, Copy)]
pub struct LayerNorm {
    d: i64,
}

impl LayerNorm {
    /// A layer over the last axis of length `d`.
    pub fn new(d: usize) -> Self {
        Self { d: d as i64 }
    }

    /// The norm followed by `scale·x + shift`, `[d]` each, in one pass.
    pub fn affine(&self, x: &Tensor, scale: &Tensor, shift: &Tensor) -> Tensor {
        x.layer_norm([self.d], Some(scale), Some(shift), EPS, true)
    }
}

impl Module for LayerNorm {
    fn forward(&self, x: &Tensor) -> Tensor {
        x.layer_norm([self.d], None::<&Tensor>, None::<&Tensor>, EPS, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_zero_variance_one_in_the_last_axis() {
        let x = Tensor::from_slice(&[1.0f32, 2.0, 6.0, -4.0, 0.0, 4.0]).view([2, 3]);
        let y = LayerNorm::new(3).forward(&x);
        let std = [(14f64 / 3.0).sqrt(), (32f64 / 3.0).sqrt()];
        let expected = [
            [-2.0 / std[0], -1.0 / std[0], 3.0 / std[0]],
            [-4.0 / std[1], 0.0, 4.0 / std[1]],
        ];
        for (i, row) in expected.iter().enumerate() {
            for (j, expected) in row.iter().enumerate() {
                let found = y.double_value(&[i as i64, j as i64]);
                assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
            }
        }
    }
    #[test]
    fn scale_and_shift_follow_the_norm() {
        let x = Tensor::from_slice(&[1.0f32, 2.0, 6.0, -4.0, 0.0, 4.0]).view([2, 3]);
        let scale = Tensor::from_slice(&[2.0f32, -1.0, 0.5]);
        let shift = Tensor::from_slice(&[0.0f32, 3.0, -1.0]);
        let norm = LayerNorm::new(3);
        let worst = (norm.affine(&x, &scale, &shift) - (norm.forward(&x) * scale + shift))
            .abs()
            .max();
        assert!(worst.double_value(&[]) < 1e-6);
    }
}
