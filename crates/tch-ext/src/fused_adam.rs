use tch::Tensor;

use crate::ExtError;
use crate::shim::{AdamTensors, fused_adam};

/// The settings of one step of Adam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FusedAdam {
    /// `η`.
    pub learning_rate: f64,
    /// `β_1` and `β_2`.
    pub betas: [f64; 2],
    /// `ε`.
    pub eps: f64,
    /// `λ`.
    pub weight_decay: f64,
    /// Whether the penalty is decoupled from the gradient (AdamW) or added to it.
    pub decoupled: bool,
}

/// One step of Adam in a single pass over the memory: the kernel of `torch.optim.Adam(fused=True)`.
///
/// # Formula
/// `g ← g + λ·θ` or, decoupled, `θ ← θ − η·λ·θ`; then `m ← β_1·m + (1−β_1)·g`,
/// `v ← β_2·v + (1−β_2)·g²`, `θ ← θ − η·m̂/(√v̂ + ε)` with `m̂ = m/(1−β_1^k)`, `v̂ = v/(1−β_2^k)`.
///
/// # Shapes
/// `theta`, `gradient`, `m`, `v`: alike, on one device, each row of `[r, p]` as an array of its own; `step`: `[]` f32 there, the `k` of this step,
/// from 1.
///
/// # Errors
/// [`ExtError::Tensor`] for tensors that are not alike, [`ExtError::Torch`] where libtorch refuses.
pub fn fused_adam_step(
    settings: &FusedAdam,
    theta: &mut Tensor,
    gradient: &mut Tensor,
    m: &mut Tensor,
    v: &mut Tensor,
    step: &Tensor,
) -> Result<(), ExtError> {
    let describe = |t: &Tensor| format!("{:?} {:?} on {:?}", t.kind(), t.size(), t.device());
    let expected = describe(theta);
    for (name, tensor) in [("gradient", &*gradient), ("m", &*m), ("v", &*v)] {
        let found = describe(tensor);
        if found != expected {
            return Err(ExtError::Tensor {
                name,
                found,
                expected,
            });
        }
    }
    if step.numel() != 1 {
        return Err(ExtError::Tensor {
            name: "step",
            found: describe(step),
            expected: "one number".to_owned(),
        });
    }
    fused_adam(
        AdamTensors {
            theta,
            gradient,
            m,
            v,
            step,
        },
        settings.learning_rate,
        settings.betas,
        settings.weight_decay,
        settings.eps,
        settings.decoupled,
    )
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    fn ramp(n: i64, from: f64) -> Tensor {
        (Tensor::arange(n, (Kind::Float, Device::Cpu)) + from).sin()
    }

    #[test]
    fn it_is_the_formula() {
        let n = 1003; // not a multiple of a vector register
        for decoupled in [false, true] {
            let settings = FusedAdam {
                learning_rate: 0.01,
                betas: [0.9, 0.999],
                eps: 1e-8,
                weight_decay: 0.05,
                decoupled,
            };
            let (mut theta, mut m, mut v) = (ramp(n, 0.0), ramp(n, 1.0), ramp(n, 2.0).square());
            let mut gradient = ramp(n, 3.0);
            let double = |t: &Tensor| t.to_kind(Kind::Double);
            let (theta_0, g) = (double(&theta), double(&gradient));
            let g = if decoupled { g } else { g + &theta_0 * 0.05 };
            let m_1 = double(&m) * 0.9 + &g * 0.1;
            let v_1 = double(&v) * 0.999 + g.square() * 0.001;
            let m_hat = &m_1 / (1.0 - 0.9f64.powi(7));
            let v_hat = &v_1 / (1.0 - 0.999f64.powi(7));
            let kept = if decoupled {
                &theta_0 * (1.0 - 0.01 * 0.05)
            } else {
                theta_0
            };
            let theta_1 = kept - m_hat / (v_hat.sqrt() + 1e-8) * 0.01;

            let step = Tensor::from(7.0f32);
            fused_adam_step(&settings, &mut theta, &mut gradient, &mut m, &mut v, &step).unwrap();
            for (found, expected) in [(&theta, theta_1), (&m, m_1), (&v, v_1)] {
                let difference = (double(found) - expected).abs().max().double_value(&[]);
                assert!(difference < 1e-6, "{difference}"); // f32, values up to about 3
            }
        }
    }

    #[test]
    fn tensors_that_are_not_alike_are_named() {
        let settings = FusedAdam {
            learning_rate: 0.01,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
        };
        let mut all = [3, 3, 4, 3].map(|n| ramp(n, 0.0));
        let [theta, gradient, m, v] = &mut all;
        let step = Tensor::from(1.0f32);
        let error = fused_adam_step(&settings, theta, gradient, m, v, &step).unwrap_err();
        assert_eq!(
            error.to_string(),
            "m is Float [4] on Cpu, expected Float [3] on Cpu"
        );
    }

    #[test]
    fn what_libtorch_refuses_is_an_error_of_one_line() {
        let settings = FusedAdam {
            learning_rate: 0.01,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
        };
        let mut all = [3, 3, 3, 3].map(|n| ramp(n, 0.0).to_kind(Kind::Int64));
        let [theta, gradient, m, v] = &mut all;
        let step = Tensor::from(1.0f32);
        let error = fused_adam_step(&settings, theta, gradient, m, v, &step).unwrap_err();
        assert!(matches!(error, ExtError::Torch { .. }), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}
