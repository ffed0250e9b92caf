use tch::Tensor;

use crate::ExtError;
use crate::shim;

/// `r` linear layers, each for rows of its own, in one product of matrices forward and in one for each gradient backward.
///
/// The products are those that a layer alone takes, in the same order of factors: where a library's kernel for many
/// products sums as its kernel for one does, as on the processor, answers and gradients have the bits of the layers alone.
///
/// # Shapes
/// `x`: `[r, b, d_in]`, `weight`: `[r, d_out, d_in]`, `bias`: `[r, d_out]` → `[r, b, d_out]`.
///
/// # Errors
/// [`ExtError::Torch`] for other shapes, or where libtorch has no memory.
pub fn stacked_linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor, ExtError> {
    shim::stacked_linear(x, weight, bias)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn each_layer_answers_and_learns_as_alone() {
        tch::manual_seed(1);
        let random = |shape: &[i64]| Tensor::randn(shape, (Kind::Float, Device::Cpu));
        // Narrow layers, too, whose gradients have kernels of their own.
        for (b, d_in, d_out) in [
            (64, 8, 256),
            (64, 256, 512),
            (64, 256, 7),
            (64, 128, 1),
            (9, 5, 3),
        ] {
            let leaf = |shape: &[i64]| random(shape).set_requires_grad(true);
            let (x, w, c) = (
                leaf(&[3, b, d_in]),
                leaf(&[3, d_out, d_in]),
                leaf(&[3, d_out]),
            );
            let towards = random(&[3, b, d_out]);
            let y = stacked_linear(&x, &w, &c).unwrap();
            let gradients = |y: &Tensor, towards: &Tensor, of: &[&Tensor]| {
                Tensor::run_backward(&[(y * towards).sum(Kind::Float)], of, false, false)
            };
            let all = gradients(&y, &towards, &[&x, &w, &c]);
            for r in 0..3 {
                let own = |x: &Tensor| x.get(r).detach().copy().set_requires_grad(true);
                let (x, w, c) = (own(&x), own(&w), own(&c));
                let alone = x.linear(&w, Some(&c));
                let each = gradients(&alone, &towards.get(r), &[&x, &w, &c]);
                let gap = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]);
                assert!(gap(&y.get(r), &alone) < 1e-4);
                for (each, all) in each.iter().zip(&all) {
                    let gap = gap(each, &all.get(r));
                    assert!(gap < 1e-4, "{b} x {d_in} to {d_out}: {gap}");
                }
            }
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_an_error_of_one_line() {
        let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, Device::Cpu));
        let error = stacked_linear(&zeros(&[2, 4, 3]), &zeros(&[2, 5, 4]), &zeros(&[2, 5]));
        assert_eq!(error.unwrap_err().to_string().lines().count(), 1);
    }
}
