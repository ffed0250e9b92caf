use detector::State;
use tch::{Device, Kind, Tensor};
use training::tensor_of;

use crate::PatchesError;

/// Training maps whose tokens are brought to f64 together.
const CHUNK: i64 = 256;
/// The smallest eigenvalue: a direction in which training tokens hardly vary counts as this.
const LEAST: f64 = 1e-4;
/// The smallest scale, of tokens whose length is 1: training tokens that are all alike.
const LEAST_SCALE: f64 = 1e-6;

const MEAN: &str = "mean";
const ROTATION: &str = "rotation";
const EIGENVALUES: &str = "eigenvalues";

/// Tokens in the eigenbasis of their covariance.
///
/// # Formula
/// `z = Vᵀ·(x − mean)/s`, with `V` all eigenvectors of the covariance of the training tokens and `s` the root of
/// its mean eigenvalue: the variances `λ` of `z`, at least 1e-4, are 1 on average.
#[derive(Debug)]
pub(crate) struct TokenBasis {
    mean: Tensor,        // [1, k, 1, 1]
    rotation: Tensor,    // [k, k], each column v_j/s
    eigenvalues: Tensor, // [1, k, 1, 1]
}

impl TokenBasis {
    /// That of the tokens of `maps`, `[n, k, rows, columns]`.
    pub(crate) fn fit(maps: &Tensor) -> Result<Self, PatchesError> {
        let k = maps.size()[1];
        let n = (maps.numel() as i64 / k) as f64;
        let tokens = |maps: &Tensor| -> Result<Tensor, PatchesError> {
            let maps = maps.f_to_kind(Kind::Double)?.f_transpose(0, 1)?;
            Ok(maps.f_reshape([k, -1])?)
        };
        let options = (Kind::Double, maps.device());
        let mut sum = Tensor::f_zeros([k, 1], options)?;
        for part in maps.f_split(CHUNK, 0)? {
            sum = sum.f_add(&tokens(&part)?.f_sum_dim_intlist(1, true, Kind::Double)?)?;
        }
        let mean = sum.f_div_scalar(n)?;
        let mut products = Tensor::f_zeros([k, k], options)?;
        for part in maps.f_split(CHUNK, 0)? {
            let centred = tokens(&part)?.f_sub(&mean)?;
            products = products.f_add(&centred.f_matmul(&centred.f_tr()?)?)?;
        }
        let (values, vectors) = products.f_div_scalar(n)?.f_linalg_eigh("L")?;
        let scale = values.f_clamp_min(0.0)?.f_mean(Kind::Double)?;
        let scale = scale.f_sqrt()?.f_clamp_min(LEAST_SCALE)?;
        let eigenvalues = values.f_div(&scale.f_square()?)?.f_clamp_min(LEAST)?;
        let float = |x: Tensor, shape: &[i64]| -> Result<Tensor, PatchesError> {
            Ok(x.f_to_kind(Kind::Float)?.f_contiguous()?.f_view(shape)?)
        };
        Ok(Self {
            mean: float(mean, &[1, k, 1, 1])?,
            rotation: float(vectors.f_div(&scale)?, &[k, k])?,
            eigenvalues: float(eigenvalues, &[1, k, 1, 1])?,
        })
    }

    /// What [`stored`](Self::stored) takes, by name.
    pub(crate) fn tensors(&self) -> [(&'static str, &Tensor); 3] {
        [
            (MEAN, &self.mean),
            (ROTATION, &self.rotation),
            (EIGENVALUES, &self.eigenvalues),
        ]
    }

    /// That in `state`, for tokens of `k` numbers.
    pub(crate) fn stored(state: &State, k: usize, device: Device) -> Result<Self, PatchesError> {
        let k = k as i64;
        let eigenvalues = tensor_of(state, EIGENVALUES, &[1, k, 1, 1], device)?;
        if eigenvalues.f_min()?.f_double_value(&[])? <= 0.0 {
            return Err(state
                .wrong(EIGENVALUES, "a variance that is not above 0")
                .into());
        }
        Ok(Self {
            mean: tensor_of(state, MEAN, &[1, k, 1, 1], device)?,
            rotation: tensor_of(state, ROTATION, &[k, k], device)?,
            eigenvalues,
        })
    }

    /// The variance of each component, `[1, k, 1, 1]`.
    pub(crate) fn eigenvalues(&self) -> &Tensor {
        &self.eigenvalues
    }

    /// `[n, k, rows, columns]` → the same, `z` in place of `x`.
    pub(crate) fn rotate(&self, maps: &Tensor) -> Result<Tensor, PatchesError> {
        let tokens = maps.f_sub(&self.mean)?.f_permute([0, 2, 3, 1])?; // [n, rows, columns, k]
        let tokens = tokens.f_matmul(&self.rotation)?;
        Ok(tokens.f_permute([0, 3, 1, 2])?.f_contiguous()?)
    }

    /// [`rotate`](Self::rotate) of many maps in their own memory.
    pub(crate) fn rotate_all(&self, maps: &Tensor) -> Result<(), PatchesError> {
        for mut part in maps.f_split(CHUNK, 0)? {
            part.f_copy_(&self.rotate(&part)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: (Kind, Device) = (Kind::Float, Device::Cpu);

    fn covariance(maps: &Tensor) -> Tensor {
        let k = maps.size()[1];
        let tokens = maps.to_kind(Kind::Double).transpose(0, 1).reshape([k, -1]);
        let n = tokens.size()[1] as f64;
        let centred = &tokens - tokens.mean_dim(1, true, Kind::Double);
        centred.matmul(&centred.tr()) / n
    }

    #[test]
    fn components_are_uncorrelated_with_the_stated_variances_of_mean_one() {
        tch::manual_seed(1);
        // More maps than are brought to f64 together.
        let maps = Tensor::randn([300, 4, 2, 3], OPTIONS);
        let mixed = maps
            .permute([0, 2, 3, 1])
            .matmul(&Tensor::randn([4, 4], OPTIONS))
            + 7.0;
        let mixed = mixed.permute([0, 3, 1, 2]).contiguous();
        let basis = TokenBasis::fit(&mixed).unwrap();
        let rotated = basis.rotate(&mixed).unwrap();
        basis.rotate_all(&mixed).unwrap();
        assert!((&mixed - &rotated).abs().max().double_value(&[]) < 1e-5); // other sizes of products
        let found = covariance(&rotated);
        let expected = basis.eigenvalues().flatten(0, -1).diag(0);
        assert!((found - expected).abs().max().double_value(&[]) < 1e-5);
        let mean = basis.eigenvalues().mean(Kind::Double).double_value(&[]);
        assert!((mean - 1.0).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn tokens_that_are_all_alike_and_few_tokens_give_finite_numbers() {
        let alike = Tensor::full([3, 5, 2, 2], 0.3, OPTIONS);
        let few = Tensor::randn([2, 5, 1, 1], OPTIONS);
        for maps in [alike, few] {
            let basis = TokenBasis::fit(&maps).unwrap();
            let least = basis.eigenvalues().min().double_value(&[]);
            assert!((least - LEAST).abs() < 1e-9, "{least}");
            let other = basis.rotate(&Tensor::randn([1, 5, 2, 2], OPTIONS)).unwrap();
            assert!(other.isfinite().all().int64_value(&[]) == 1);
        }
    }
}
