use layers::{LayerNorm, Linear, LinearInit};
use tch::Tensor;
use tch::nn::{self, Module};

/// The linear layer of adaLN-Zero, which makes `N` vectors (shifts, scales, gates) of the condition.
/// It starts at zero, so that a block starts as the identity.
///
/// # Shapes
/// `[b, width]`, already through SiLU → `N` times `[b, 1, width]`.
#[derive(Debug)]
pub(crate) struct Modulation<const N: usize> {
    linear: Linear,
    width: i64,
}

impl<const N: usize> Modulation<N> {
    pub(crate) fn new(vs: &nn::Path, width: usize) -> Self {
        // Number 0 of the reference is the SiLU, which has no weights.
        let path = vs / "adaLN_modulation" / 1;
        Self {
            linear: Linear::with_init(&path, width, N * width, LinearInit::Zero),
            width: width as i64,
        }
    }

    pub(crate) fn forward(&self, condition: &Tensor) -> [Tensor; N] {
        let all = self.linear.forward(condition); // [b, N·width]
        let all = all.view([-1, N as i64, 1, self.width]);
        // Views; unlike N narrowings their backward pass is one copy.
        let mut parts = all.unbind(1).into_iter();
        std::array::from_fn(|_| parts.next().expect("unbind gives one part per vector"))
    }
}

/// `norm(x)·(1 + scale) + shift`, eq. adaLN.
///
/// # Shapes
/// `x`: `[b, n, width]`, `shift` and `scale`: `[b, 1, width]` or `[1, 1, width]` → `[b, n, width]`.
pub(crate) fn modulated(norm: LayerNorm, x: &Tensor, shift: &Tensor, scale: &Tensor) -> Tensor {
    if shift.size()[0] == 1 {
        // One condition for all rows is the norm's own affine map: one pass instead of two.
        return norm.affine(x, &(scale + 1.0).flatten(0, 2), &shift.flatten(0, 2));
    }
    shift.addcmul(&norm.forward(x), &(scale + 1.0))
}
