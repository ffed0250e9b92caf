use detector::State;
use ndarray::IxDyn;
use tch::{Device, Tensor};

use crate::FeaturesError;

/// Batch normalisation's ε, that of TensorFlow's EfficientNets.
const EPS: f64 = 1e-3;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Activation {
    None,
    Relu6,
}

/// A convolution with the batch normalisation behind it folded in, and an activation.
///
/// # Formula
/// `W' = W·γ/√(σ² + ε)`, `b' = β − μ·γ/√(σ² + ε)`. "SAME" padding: the output has `⌈size/stride⌉`
/// pixels, an odd pixel of padding goes to the end.
#[derive(Debug)]
pub(crate) struct Conv {
    weight: Tensor,
    bias: Tensor,
    kernel: i64,
    stride: i64,
    groups: i64,
    activation: Activation,
}

impl Conv {
    /// The convolution `name` of `shape` `[out, in per group, k, k]` followed by the norm `norm`.
    pub(crate) fn folded(
        w: &State,
        (name, norm): (&str, &str),
        shape: [i64; 4],
        stride: i64,
        activation: Activation,
        device: Device,
    ) -> Result<Self, FeaturesError> {
        let [out, per_group, kernel, _] = shape;
        let weight = tensor(w, &format!("{name}.weight"), &shape, device)?;
        let part = |part: &str| tensor(w, &format!("{norm}.{part}"), &[out], device);
        let scale = part("weight")?.f_div(&part("running_var")?.f_add_scalar(EPS)?.f_sqrt()?)?;
        let bias = part("bias")?.f_sub(&part("running_mean")?.f_mul(&scale)?)?;
        Ok(Self {
            weight: weight.f_mul(&scale.f_view([out, 1, 1, 1])?)?,
            bias,
            kernel,
            stride,
            // One input channel for each output: depthwise.
            groups: if per_group == 1 { out } else { 1 },
            activation,
        })
    }

    /// `[n, in, h, w]` → `[n, out, ⌈h/stride⌉, ⌈w/stride⌉]`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, FeaturesError> {
        let (_, _, h, w) = x.size4()?;
        let [top, bottom] = self.padding(h);
        let [left, right] = self.padding(w);
        // The convolution pads by itself where both ends get the same.
        let (x, padding) = match top == bottom && left == right {
            true => (x.shallow_clone(), [top, left]),
            false => (x.f_constant_pad_nd([left, right, top, bottom])?, [0, 0]),
        };
        let mut y = x.f_conv2d(
            &self.weight,
            Some(&self.bias),
            [self.stride; 2],
            padding,
            [1, 1],
            self.groups,
        )?;
        match self.activation {
            Activation::None => Ok(y),
            Activation::Relu6 => Ok(y.f_clamp_(0.0, 6.0)?),
        }
    }

    fn padding(&self, size: i64) -> [i64; 2] {
        let out = (size + self.stride - 1) / self.stride;
        let total = ((out - 1) * self.stride + self.kernel - size).max(0);
        [total / 2, total - total / 2]
    }
}

/// The array `name`, of the shape the network needs, all finite.
pub(crate) fn tensor(
    w: &State,
    name: &str,
    shape: &[i64],
    device: Device,
) -> Result<Tensor, FeaturesError> {
    let sides: Vec<usize> = shape.iter().map(|&side| side as usize).collect();
    let (numbers, _) = (w.finite::<f32, IxDyn>(name, IxDyn(&sides))?).into_raw_vec_and_offset();
    Ok(Tensor::f_from_slice(&numbers)?
        .f_view(shape)?
        .f_to_device(device)?)
}
