use tch::{Kind, Tensor};

use crate::PatchesError;

/// Below this variance numbers of white patches, whose variances are 1, do not vary.
const NOTHING: f64 = 1e-12;

/// What a Gaussian denoiser leaves of a deviation `δ`, as a matrix `G`, `[k, k]`, float: `|δG|`.
///
/// # Formula
/// `Σ = (1/n) Σ_i δ_i δ_iᵀ`, not centred; eigenpairs `e_j`, `v_j`; `σ² = noise · mean of e`. The Wiener gain is
/// `W = Σ(Σ + σ²I)⁻¹`, and `|(I − W)δ|² = Σ_j (σ²/(e_j + σ²))² (v_j·δ)²`, so `G = V·diag(σ²/(e + σ²))`.
///
/// # Shapes
/// `deviations`: `[n, k]`, at least one row.
pub(crate) fn unexplained(deviations: &Tensor, noise: f64) -> Result<Tensor, PatchesError> {
    let n = deviations.size()[0] as f64;
    let deviations = deviations.f_to_kind(Kind::Double)?;
    let covariance = deviations.f_tr()?.f_matmul(&deviations)?.f_div_scalar(n)?;
    let (values, vectors) = covariance.f_linalg_eigh("L")?;
    let values = values.f_clamp_min(0.0)?;
    let variance = noise * values.f_mean(Kind::Double)?.f_double_value(&[])?;
    let variance = variance.max(NOTHING);
    let left = values
        .f_add_scalar(variance)?
        .f_reciprocal()?
        .f_mul_scalar(variance)?;
    // Eigenvectors come column by column; products depend on that to the last bit.
    let left = vectors.f_mul(&left)?.f_to_kind(Kind::Float)?;
    Ok(left.f_contiguous()?)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn it_is_the_formula_by_inverses() {
        tch::manual_seed(3);
        let options = (Kind::Double, Device::Cpu);
        let mix = Tensor::randn([5, 5], options);
        let x = Tensor::randn([400, 5], options).matmul(&mix);
        let sigma = x.tr().matmul(&x) / 400.0;
        let variance = 3.0 * sigma.trace().double_value(&[]) / 5.0;
        let identity = Tensor::eye(5, options);
        let wiener = sigma.matmul(&(&sigma + &identity * variance).inverse());
        let left = x.matmul(&(identity - wiener)); // symmetric
        let expected = left.square().sum_dim_intlist(1, false, Kind::Double);
        let g = unexplained(&x, 3.0).unwrap().to_kind(Kind::Double);
        let found = x
            .matmul(&g)
            .square()
            .sum_dim_intlist(1, false, Kind::Double);
        let off = ((found - &expected) / expected).abs().max();
        assert!(off.double_value(&[]) < 1e-5, "{off}");
    }

    #[test]
    fn where_nothing_varies_nothing_is_explained() {
        let zeros = Tensor::zeros([7, 3], (Kind::Float, Device::Cpu));
        let g = unexplained(&zeros, 3.0).unwrap();
        let x = Tensor::from_slice(&[3.0f32, 0.0, 4.0]).view([1, 3]);
        let length = x.matmul(&g).norm().double_value(&[]);
        assert!((length - 5.0).abs() < 1e-6, "{length}");
    }
}
