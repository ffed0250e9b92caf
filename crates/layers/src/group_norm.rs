use tch::nn::{self, Init, Module};
use tch::{Kind, Tensor};

const EPS: f64 = 1e-5;

/// `torch.nn.GroupNorm` (Wu & He 2018, arXiv:1803.08494): scale 1, shift 0, eps 1e-5. It computes in
/// f32 whatever comes in, as sums over many pixels lose too much in bf16, and answers in the kind of
/// its input.
///
/// # Formula
/// `y = γ·(x − μ)/√(σ² + ε) + β`, with `μ`, `σ²` over the pixels and channels of a group of one image.
///
/// # Shapes
/// `[b, c, ..]` → `[b, c, ..]`; parameters `weight`, `bias`, `[c]`.
#[derive(Debug)]
pub struct GroupNorm {
    weight: Tensor,
    bias: Tensor,
    groups: i64,
}

impl GroupNorm {
    /// A layer over `channels` in `groups` of equal size.
    ///
    /// # Panics
    /// Where `groups` does not divide `channels`.
    pub fn new(vs: &nn::Path, groups: usize, channels: usize) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "{channels} channels in {groups} groups, expected a multiple"
        );
        Self {
            weight: vs.var("weight", &[channels as i64], Init::Const(1.0)),
            bias: vs.var("bias", &[channels as i64], Init::Const(0.0)),
            groups: groups as i64,
        }
    }
}

impl Module for GroupNorm {
    fn forward(&self, x: &Tensor) -> Tensor {
        let (weight, bias) = (Some(&self.weight), Some(&self.bias));
        let y = x
            .to_kind(Kind::Float)
            .group_norm(self.groups, weight, bias, EPS, true);
        y.to_kind(x.kind())
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn mean_zero_variance_one_in_each_group_of_each_image() {
        tch::manual_seed(0);
        let vs = nn::VarStore::new(Device::Cpu);
        let norm = GroupNorm::new(&vs.root(), 2, 4);
        let x = Tensor::randn([3, 4, 5, 2], (Kind::Float, Device::Cpu)) * 3.0 + 7.0;
        let y = norm.forward(&x).view([6, 20]); // two channels of ten pixels
        let mean = y.mean_dim(1, false, Kind::Float).abs().max();
        let variance = y.var_dim(1, false, false) - 1.0;
        assert!(mean.double_value(&[]) < 1e-5);
        assert!(variance.abs().max().double_value(&[]) < 1e-4); // eps beside 9
    }

    #[test]
    fn low_precision_goes_in_and_out_and_the_sums_are_in_f32() {
        let vs = nn::VarStore::new(Device::Cpu);
        let norm = GroupNorm::new(&vs.root(), 1, 1);
        // In bf16 the sum of 4096 ones and twos stops growing at 512.
        let x = (Tensor::arange(4096, (Kind::Float, Device::Cpu)).remainder(2.0) + 1.0)
            .view([1, 1, 64, 64]);
        let y = norm.forward(&x.to_kind(Kind::BFloat16));
        assert_eq!(y.kind(), Kind::BFloat16);
        let worst = (y.to_kind(Kind::Float) - (x * 2.0 - 3.0)).abs().max();
        assert!(worst.double_value(&[]) < 1e-2); // bf16 keeps 8 bits
    }

    #[test]
    #[should_panic(expected = "6 channels in 4 groups")]
    fn groups_divide_the_channels() {
        GroupNorm::new(&nn::VarStore::new(Device::Cpu).root(), 4, 6);
    }
}
