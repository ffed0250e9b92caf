//! Linear and batch-norm layers with PyTorch's initialisation. tch's own default for a linear layer
//! is 2.45 times wider (Kaiming with ReLU's gain) and its batch norm starts from random scales.

use tch::Tensor;
use tch::nn::{self, Init, Module, ModuleT};

/// `torch.nn.Linear`: weight and bias from U(±1/√fan_in).
///
/// # Shapes
/// `[.., d_in]` → `[.., d_out]`; parameters `weight [d_out, d_in]`, `bias [d_out]`.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    pub(crate) fn new(vs: &nn::Path, d_in: usize, d_out: usize) -> Self {
        let bound = 1.0 / (d_in as f64).sqrt();
        let init = Init::Uniform {
            lo: -bound,
            up: bound,
        };
        Self {
            weight: vs.var("weight", &[d_out as i64, d_in as i64], init),
            bias: vs.var("bias", &[d_out as i64], init),
        }
    }
}

impl Module for Linear {
    fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, Some(&self.bias))
    }
}

/// `torch.nn.BatchNorm1d`: scale 1, shift 0, momentum 0.1, eps 1e-5.
///
/// # Shapes
/// `[b, d]` → `[b, d]`.
#[derive(Debug)]
pub(crate) struct BatchNorm(nn::BatchNorm);

impl BatchNorm {
    pub(crate) fn new(vs: &nn::Path, d: usize) -> Self {
        let config = nn::BatchNormConfig {
            ws_init: Init::Const(1.0),
            bs_init: Init::Const(0.0),
            eps: 1e-5,
            momentum: 0.1,
            ..Default::default()
        };
        Self(nn::batch_norm1d(vs, d as i64, config))
    }
}

impl ModuleT for BatchNorm {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        self.0.forward_t(x, train)
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn a_linear_layer_starts_as_in_pytorch() {
        tch::manual_seed(1);
        let vs = nn::VarStore::new(Device::Cpu);
        let layer = Linear::new(&vs.root(), 128, 300);
        let bound = 1.0 / 128f64.sqrt();
        for parameter in [&layer.weight, &layer.bias] {
            let largest = parameter.abs().max().double_value(&[]);
            // The largest of 300 uniform draws lies in the top 5 % but for 2e-7 of the seeds.
            assert!(largest <= bound && largest > 0.95 * bound, "{largest}");
        }
    }

    #[test]
    fn a_batch_norm_starts_neutral() {
        let vs = nn::VarStore::new(Device::Cpu);
        let norm = BatchNorm::new(&vs.root(), 3);
        let x = Tensor::from_slice(&[1.0f32, -2.0, 0.5]).view([1, 3]);
        let y = norm.forward_t(&x, false);
        assert!((y - x).abs().max().double_value(&[]) < 2e-5); // 1/√(1 + eps)
    }
}
