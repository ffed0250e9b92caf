//! When libtorch records for gradients.

use tch::Tensor;

/// Keeps libtorch from recording for gradients, unless `x` asks for them.
pub(crate) fn no_grad_unless_tracked(x: &Tensor) -> Option<tch::NoGradGuard> {
    (!x.requires_grad()).then(tch::no_grad_guard)
}
