use tch::nn::{self, Init, Module};
use tch::{Kind, TchError, Tensor};
use tch_ext::stacked_linear;

/// `y = x·Wᵀ + b`, as `torch.nn.Linear`.
///
/// # Shapes
/// `[.., d_in]` → `[.., d_out]`; parameters `weight [d_out, d_in]`, `bias [d_out]`. Of `r` layers stacked, with the
/// parameters `[r, d_out, d_in]` and `[r, d_out]`: `[r, b, d_in]` → `[r, b, d_out]`.
#[derive(Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

/// How a [`Linear`] layer's weight starts. The bias starts at 0 but for [`Pytorch`](Self::Pytorch).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LinearInit {
    /// Weight and bias from U(±1/√d_in), PyTorch's own default.
    Pytorch,
    /// U(±√(6/(d_in + d_out))) (Glorot & Bengio 2010).
    XavierUniform,
    /// N(0, `std`²).
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// All zeros: the layer answers 0 until it is trained.
    Zero,
}

impl Linear {
    /// A layer that starts as PyTorch's, drawn from libtorch's generator: the weight first, then
    /// the bias.
    pub fn new(vs: &nn::Path, d_in: usize, d_out: usize) -> Self {
        Self::with_init(vs, d_in, d_out, LinearInit::Pytorch)
    }

    /// A layer that starts as `init` says.
    pub fn with_init(vs: &nn::Path, d_in: usize, d_out: usize, init: LinearInit) -> Self {
        let (weight, bias) = init.of(d_in, d_out);
        Self {
            weight: vs.var("weight", &[d_out as i64, d_in as i64], weight),
            bias: vs.var("bias", &[d_out as i64], bias),
        }
    }

    /// The layer in f64, of an `x` in f64. Matrix kernels round differently for one row than for many, and
    /// a score near 0 would show it in f32; small networks score in f64.
    ///
    /// # Errors
    /// Where libtorch has no memory, or for an `x` of another width or kind.
    pub fn forward_f64(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let weight = self.weight.f_to_kind(Kind::Double)?;
        let bias = self.bias.f_to_kind(Kind::Double)?;
        x.f_linear(&weight, Some(&bias))
    }

    /// `W`, `[d_out, d_in]`.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// `b`, `[d_out]`.
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }
}

impl Module for Linear {
    fn forward(&self, x: &Tensor) -> Tensor {
        match self.weight.dim() {
            3 => match stacked_linear(x, &self.weight, &self.bias) {
                Ok(answer) => answer,
                Err(error) => panic!("{error}"), // as tch's own layers
            },
            _ => x.linear(&self.weight, Some(&self.bias)),
        }
    }
}

impl LinearInit {
    /// The starts of weight and bias.
    fn of(self, d_in: usize, d_out: usize) -> (Init, Init) {
        let uniform = |bound: f64| Init::Uniform {
            lo: -bound,
            up: bound,
        };
        let zero = Init::Const(0.0);
        match self {
            Self::Pytorch => {
                let init = uniform(1.0 / (d_in as f64).sqrt());
                (init, init)
            }
            Self::XavierUniform => (uniform((6.0 / (d_in + d_out) as f64).sqrt()), zero),
            Self::Normal { std } => (
                Init::Randn {
                    mean: 0.0,
                    stdev: std,
                },
                zero,
            ),
            Self::Zero => (zero, zero),
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn layer(d_in: usize, d_out: usize, init: LinearInit) -> Linear {
        tch::manual_seed(1);
        let vs = nn::VarStore::new(Device::Cpu);
        Linear::with_init(&vs.root(), d_in, d_out, init)
    }

    fn largest(x: &Tensor) -> f64 {
        x.abs().max().double_value(&[])
    }

    #[test]
    fn pytorchs_start() {
        let layer = layer(128, 300, LinearInit::Pytorch);
        let bound = 1.0 / 128f64.sqrt();
        for parameter in [&layer.weight, &layer.bias] {
            let largest = largest(parameter);
            // The largest of 300 uniform draws lies in the top 5 % but for 2e-7 of the seeds.
            assert!(largest <= bound && largest > 0.95 * bound, "{largest}");
        }
    }

    #[test]
    fn xaviers_start() {
        let layer = layer(100, 200, LinearInit::XavierUniform);
        let bound = 0.02f64.sqrt(); // 6/300
        let found = largest(&layer.weight);
        assert!(found <= bound && found > 0.95 * bound, "{found}");
        assert_eq!(largest(&layer.bias), 0.0);
    }

    #[test]
    fn a_normal_start() {
        let layer = layer(100, 400, LinearInit::Normal { std: 0.02 });
        let std = layer.weight.std(true).double_value(&[]);
        // Of 40,000 draws the standard deviation is known to 0.35 %, one standard error.
        assert!((std / 0.02 - 1.0).abs() < 0.02, "{std}");
        assert!(largest(&layer.weight) > 0.06); // so it is not uniform of that width
        assert_eq!(largest(&layer.bias), 0.0);
    }

    #[test]
    fn a_zero_start_answers_zero() {
        let layer = layer(3, 2, LinearInit::Zero);
        let x = Tensor::from_slice(&[1.0f32, -2.0, 0.5]).view([1, 3]);
        assert_eq!(largest(&layer.forward(&x)), 0.0);
    }
}
