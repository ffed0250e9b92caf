use detector::State;
use tch::{Device, Kind, Tensor};
use training::tensor_of;

use crate::PatchesError;

const MEAN: &str = "gaussians.mean";
const WHITENING: &str = "gaussians.whitening";

/// A Gaussian at each place of the grid, of the training patches there (Defard et al. 2021, PaDiM,
/// arXiv:2011.08785, section 3.2).
///
/// # Formula
/// `μ_p` and `Σ_p` of the patches at place `p`; the covariance shrunk to `(1 − s)·Σ_p + s·I`, where `I`
/// is the covariance of all patches, which are white together. (Shrunk towards the place's own variance
/// instead, quiet background would be magnified: on toothbrush that costs 20 points of AUPRO.) A patch is
/// whitened by the symmetric root, `y = Σ_p^{−1/2}·(x − μ_p)`, so that axes keep their meaning from place
/// to place; `|y|` is the Mahalanobis distance.
#[derive(Debug)]
pub(crate) struct Gaussians {
    mean: Tensor,      // [p, k]
    whitening: Tensor, // [p, k, k]
}

impl Gaussians {
    /// What [`stored`](Self::stored) takes, by name.
    pub(crate) fn tensors(&self) -> [(&'static str, &Tensor); 2] {
        [(MEAN, &self.mean), (WHITENING, &self.whitening)]
    }

    /// Those in `state`, for `p` places and patches of `k` numbers.
    pub(crate) fn stored(
        state: &State,
        [p, k]: [usize; 2],
        device: Device,
    ) -> Result<Self, PatchesError> {
        let (p, k) = (p as i64, k as i64);
        Ok(Self {
            mean: tensor_of(state, MEAN, &[p, k], device)?,
            whitening: tensor_of(state, WHITENING, &[p, k, k], device)?,
        })
    }

    /// `x`: `[n, p, k]`.
    pub(crate) fn fit(x: &Tensor, shrinkage: f64) -> Result<Self, PatchesError> {
        let (n, p, k) = x.size3()?;
        let mean = x.f_mean_dim(&[0i64][..], false, Kind::Float)?; // [p, k]
        let mut whitening = Vec::new();
        // A few places at a time: in f64 all training patches would be there twice.
        for first in (0..p).step_by(64) {
            let len = 64.min(p - first);
            let here = x
                .f_narrow(1, first, len)?
                .f_sub(&mean.f_narrow(0, first, len)?)?;
            let here = here.f_transpose(0, 1)?.f_to_kind(Kind::Double)?; // [len, n, k]
            let covariance = here
                .f_transpose(1, 2)?
                .f_bmm(&here)?
                .f_div_scalar(n as f64)?;
            let identity = Tensor::f_eye(k, (Kind::Double, x.device()))?;
            let shrunk = covariance
                .f_mul_scalar(1.0 - shrinkage)?
                .f_add(&identity.f_mul_scalar(shrinkage)?)?;
            let (values, vectors) = shrunk.f_linalg_eigh("L")?;
            // Patches that never vary at a place have no spread to compare with.
            let root = values.f_clamp_min(1e-10)?.f_rsqrt()?;
            let scaled = vectors.f_mul(&root.f_unsqueeze(1)?)?;
            let symmetric = scaled.f_bmm(&vectors.f_transpose(1, 2)?)?;
            whitening.push(symmetric.f_to_kind(Kind::Float)?);
        }
        Ok(Self {
            mean,
            whitening: Tensor::f_cat(&whitening, 0)?,
        })
    }

    /// `[n, p, k]` → `[n, p, k]`.
    pub(crate) fn whiten(&self, x: &Tensor) -> Result<Tensor, PatchesError> {
        let centred = x.f_sub(&self.mean)?.f_transpose(0, 1)?; // [p, n, k]
        Ok(centred
            .f_bmm(&self.whitening)?
            .f_transpose(0, 1)?
            .f_contiguous()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitened_patches_have_unit_covariance_at_each_place() {
        tch::manual_seed(3);
        let options = (Kind::Float, Device::Cpu);
        let mix = Tensor::randn([3, 4, 4], options);
        let x = Tensor::randn([500, 3, 1, 4], options)
            .matmul(&mix)
            .squeeze_dim(2)
            + 5.0;
        let gaussians = Gaussians::fit(&x, 0.0).unwrap();
        let y = gaussians.whiten(&x).unwrap().to_kind(Kind::Double);
        for place in 0..3 {
            let y = y.select(1, place);
            let covariance = y.tr().matmul(&y) / 500.0;
            let off = (covariance - Tensor::eye(4, (Kind::Double, Device::Cpu)))
                .abs()
                .max();
            // f32 and a mixing matrix of modest condition.
            assert!(off.double_value(&[]) < 1e-2, "{}", off.double_value(&[]));
            assert!(
                y.mean_dim(&[0i64][..], false, Kind::Double)
                    .abs()
                    .max()
                    .double_value(&[])
                    < 1e-3
            );
        }
        let alone = gaussians.whiten(&x.narrow(0, 7, 1)).unwrap();
        let among = gaussians.whiten(&x).unwrap().narrow(0, 7, 1);
        assert!((alone - among).abs().max().double_value(&[]) < 1e-4);
    }

    #[test]
    fn patches_that_never_vary_are_no_error() {
        let x = Tensor::ones([5, 2, 3], (Kind::Float, Device::Cpu));
        let y = Gaussians::fit(&x, 0.1).unwrap().whiten(&x).unwrap();
        assert_eq!(y.abs().max().double_value(&[]), 0.0);
    }
}
