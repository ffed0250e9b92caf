use std::slice;

use tch::{Device, Kind, TchError, Tensor};

/// Dropout with this rate, in `[0, 1)`, whose random numbers are drawn before the layers are computed: what is drawn
/// for several networks can then be stacked and used by all of them at once.
///
/// # Formula
/// `y = f·x`, each number of `f` 0 with probability `p`, else `1/(1−p)`.
#[derive(Debug, Clone, Copy)]
pub struct Dropout(pub f64);

impl Dropout {
    /// Appends `f` for `b` rows of `width` numbers, from libtorch's generator; nothing at rate 0. The numbers are those
    /// that `torch.nn.functional.dropout` draws.
    ///
    /// # Errors
    /// Where libtorch has no memory.
    pub fn draw(
        self,
        [b, width]: [i64; 2],
        device: Device,
        to: &mut Vec<Tensor>,
    ) -> Result<(), TchError> {
        if self.0 > 0.0 {
            let ones = Tensor::f_ones([b, width], (Kind::Float, device))?;
            to.push(ones.f_dropout(self.0, true)?);
        }
        Ok(())
    }

    /// `x` times the next of `factors`, which are taken in the order in which they were drawn; `x` itself at rate 0 and
    /// without factors, as outside training.
    ///
    /// # Shapes
    /// `x`: `[.., b, width]` → the same.
    pub fn apply(self, x: Tensor, factors: &mut slice::Iter<'_, Tensor>) -> Tensor {
        if self.0 == 0.0 {
            return x;
        }
        match factors.next() {
            Some(factors) => {
                let kind = x.kind(); // bf16 under autocast
                x * factors.to_kind(kind)
            }
            None => x,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_bits_of_pytorchs() {
        let x = Tensor::arange(35, (Kind::Float, Device::Cpu)).view([5, 7]);
        for rate in [0.0, 0.1, 0.5] {
            tch::manual_seed(3);
            let expected = x.dropout(rate, true);
            tch::manual_seed(3);
            let mut drawn = Vec::new();
            let dropout = Dropout(rate);
            dropout.draw([5, 7], Device::Cpu, &mut drawn).unwrap();
            assert_eq!(
                dropout.apply(x.shallow_clone(), &mut drawn.iter()),
                expected
            );
        }
    }

    #[test]
    fn without_factors_it_does_nothing() {
        let x = Tensor::from_slice(&[1.0f32, 2.0]).view([1, 2]);
        let same = Dropout(0.9).apply(x.shallow_clone(), &mut [].iter());
        assert_eq!(same, x);
    }
}
