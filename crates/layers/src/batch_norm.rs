use tch::Tensor;
use tch::nn::{self, Init, ModuleT};

const EPS: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// `torch.nn.BatchNorm1d`: scale 1, shift 0, momentum 0.1, eps 1e-5.
///
/// # Formula
/// `y = γ·(x − μ)/√(σ² + ε) + β`, with the batch's own `μ`, `σ²` in training and the running ones
/// otherwise.
///
/// # Shapes
/// `[b, d]` → `[b, d]`; parameters `weight`, `bias`, buffers `running_mean`, `running_var`, `[d]`. Of `r` layers stacked,
/// with parameters and buffers `[r, d]`: `[r, b, d]` → `[r, b, d]`, each with the statistics of its own rows.
#[derive(Debug)]
pub struct BatchNorm {
    norm: nn::BatchNorm,
    weight: Tensor,
    bias: Tensor,
}

impl BatchNorm {
    /// A layer over `d` columns.
    pub fn new(vs: &nn::Path, d: usize) -> Self {
        // tch would start the scale from U(0, 1).
        let weight = vs.var("weight", &[d as i64], Init::Const(1.0));
        let bias = vs.var("bias", &[d as i64], Init::Const(0.0));
        let config = nn::BatchNormConfig {
            eps: EPS,
            momentum: MOMENTUM,
            affine: false,
            ..Default::default()
        };
        let mut norm = nn::batch_norm1d(vs, d as i64, config);
        norm.ws = Some(weight.shallow_clone());
        norm.bs = Some(bias.shallow_clone());
        Self { norm, weight, bias }
    }

    /// The columns of all layers side by side, which batch norm does not mix: `[r, b, d]` → `[r, b, d]`.
    fn stacked(&self, x: &Tensor, train: bool) -> Tensor {
        let size = x.size();
        let (r, b, d) = (size[0], size[1], size[2]);
        let flat = |x: &Tensor| x.reshape([-1]); // of the buffers a view, so that they move
        let y = x.transpose(0, 1).reshape([b, r * d]).batch_norm(
            Some(flat(&self.weight)),
            Some(flat(&self.bias)),
            Some(flat(&self.norm.running_mean)),
            Some(flat(&self.norm.running_var)),
            train,
            MOMENTUM,
            EPS,
            true,
        );
        y.view([b, r, d]).transpose(0, 1)
    }

    /// The map `y = scale·x + shift` that the layer is outside training, `[d]` each: for merging it
    /// with the layer that follows.
    ///
    /// # Formula
    /// `scale = γ/√(σ² + ε)`, `shift = β − scale·μ`, with the running `μ`, `σ²`.
    pub fn scale_and_shift(&self) -> (Tensor, Tensor) {
        let scale = &self.weight * (&self.norm.running_var + EPS).rsqrt();
        let shift = &self.bias - &scale * &self.norm.running_mean;
        (scale, shift)
    }
}

impl ModuleT for BatchNorm {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        match self.weight.dim() {
            2 => self.stacked(x, train),
            _ => self.norm.forward_t(x, train),
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn it_starts_neutral() {
        let vs = nn::VarStore::new(Device::Cpu);
        let norm = BatchNorm::new(&vs.root(), 3);
        let x = Tensor::from_slice(&[1.0f32, -2.0, 0.5]).view([1, 3]);
        let y = norm.forward_t(&x, false);
        assert!((y - x).abs().max().double_value(&[]) < 2e-5); // 1/√(1 + eps)
    }

    #[test]
    fn outside_training_it_is_its_scale_and_shift() {
        tch::manual_seed(2);
        let vs = nn::VarStore::new(Device::Cpu);
        let norm = BatchNorm::new(&vs.root(), 4);
        let _no_grad = tch::no_grad_guard();
        for (_, mut tensor) in vs.variables() {
            tensor.copy_(&(tensor.rand_like() + 0.5));
        }
        let x = Tensor::randn([6, 4], (Kind::Float, Device::Cpu)) * 3.0 + 1.0;
        let _ = norm.forward_t(&x, true); // moves the running mean and variance
        let (scale, shift) = norm.scale_and_shift();
        let worst = (norm.forward_t(&x, false) - (&x * scale + shift))
            .abs()
            .max();
        assert!(worst.double_value(&[]) < 1e-5); // f32, numbers up to 10
    }
}
