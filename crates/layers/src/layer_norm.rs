use tch::Tensor;
use tch::nn::Module;

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
}

impl Module for LayerNorm {
    fn forward(&self, x: &Tensor) -> Tensor {
        x.layer_norm([self.d], None::<&Tensor>, None::<&Tensor>, 1e-6, true)
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
}
