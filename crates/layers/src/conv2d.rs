use tch::Tensor;
use tch::nn::{self, Init, Module};

/// A convolution over images with a square kernel of odd side, zero padding that keeps the size at
/// stride 1, as `torch.nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2)`.
///
/// # Shapes
/// `[b, c_in, h, w]` → `[b, c_out, ⌈h/stride⌉, ⌈w/stride⌉]`; parameters
/// `weight [c_out, c_in, kernel, kernel]`, `bias [c_out]`.
#[derive(Debug)]
pub struct Conv2d {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
    padding: i64,
}

impl Conv2d {
    /// A layer that starts as PyTorch's, weight and bias from U(±1/√(c_in·kernel²)), drawn from
    /// libtorch's generator: the weight first, then the bias.
    pub fn new(vs: &nn::Path, c_in: usize, c_out: usize, kernel: usize, stride: usize) -> Self {
        let bound = 1.0 / ((c_in * kernel * kernel) as f64).sqrt();
        let init = Init::Uniform {
            lo: -bound,
            up: bound,
        };
        Self::with_init(vs, [c_in, c_out, kernel, stride], init)
    }

    /// A layer of stride 1 that answers 0 until it is trained.
    pub fn zero(vs: &nn::Path, c_in: usize, c_out: usize, kernel: usize) -> Self {
        Self::with_init(vs, [c_in, c_out, kernel, 1], Init::Const(0.0))
    }

    fn with_init(vs: &nn::Path, sizes: [usize; 4], init: Init) -> Self {
        let [c_in, c_out, kernel, stride] = sizes.map(|size| size as i64);
        Self {
            weight: vs.var("weight", &[c_out, c_in, kernel, kernel], init),
            bias: vs.var("bias", &[c_out], init),
            stride,
            padding: kernel / 2,
        }
    }
}

impl Module for Conv2d {
    fn forward(&self, x: &Tensor) -> Tensor {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        x.conv2d(&self.weight, Some(&self.bias), stride, padding, [1, 1], 1)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    fn largest(x: &Tensor) -> f64 {
        x.abs().max().double_value(&[])
    }

    #[test]
    fn pytorchs_start() {
        tch::manual_seed(1);
        let vs = nn::VarStore::new(Device::Cpu);
        let layer = Conv2d::new(&vs.root(), 16, 300, 3, 1);
        let bound = 1.0 / 12.0; // √(16·9)
        for parameter in [&layer.weight, &layer.bias] {
            let largest = largest(parameter);
            // The largest of 300 uniform draws lies in the top 5 % but for 2e-7 of the seeds.
            assert!(largest <= bound && largest > 0.95 * bound, "{largest}");
        }
    }

    #[test]
    fn sizes_at_both_strides() {
        let vs = nn::VarStore::new(Device::Cpu);
        let x = Tensor::ones([2, 3, 7, 4], (Kind::Float, Device::Cpu));
        let same = Conv2d::new(&(vs.root() / "a"), 3, 5, 3, 1).forward(&x);
        assert_eq!(same.size(), [2, 5, 7, 4]);
        let half = Conv2d::new(&(vs.root() / "b"), 3, 5, 3, 2).forward(&x);
        assert_eq!(half.size(), [2, 5, 4, 2]);
    }

    #[test]
    fn a_zero_start_answers_zero() {
        let vs = nn::VarStore::new(Device::Cpu);
        let x = Tensor::ones([2, 3, 7, 4], (Kind::Float, Device::Cpu));
        let layer = Conv2d::zero(&vs.root(), 3, 5, 3);
        assert_eq!(largest(&layer.forward(&x)), 0.0);
    }
}
