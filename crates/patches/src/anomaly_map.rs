//! Maps over pixels of the distances of a grid of patches. Both steps are means with weights that do not depend on
//! the values, so a map stays on the scale of the distances.

use tch::{Kind, Tensor};

use crate::PatchesError;

/// A map over pixels, bilinear.
///
/// # Shapes
/// `[n, rows·columns]` → `[n, 1, h, w]`.
pub(crate) fn over_pixels(
    distances: &Tensor,
    [rows, columns]: [usize; 2],
    [h, w]: [usize; 2],
) -> Result<Tensor, PatchesError> {
    let (n, rows, columns) = (distances.size()[0], rows as i64, columns as i64);
    let (h, w) = (h as i64, w as i64);
    let map = distances.f_reshape([n, 1, rows, columns])?;
    Ok(map.f_upsample_bilinear2d([h, w], false, None, None)?)
}

/// A map smoothed by a Gaussian cut at four of its standard deviations, the borders repeated.
///
/// # Shapes
/// `[n, 1, h, w]` → `[n, h, w]`.
pub(crate) fn smoothed(map: &Tensor, smoothing: f64) -> Result<Tensor, PatchesError> {
    if smoothing == 0.0 {
        return Ok(map.f_squeeze_dim(1)?);
    }
    let radius = (4.0 * smoothing).ceil() as i64;
    let i = Tensor::f_arange_start(-radius, radius + 1, (Kind::Double, map.device()))?;
    let weights = i
        .f_square()?
        .f_mul_scalar(-0.5 / smoothing.powi(2))?
        .f_exp()?;
    let weights = weights.f_div(&weights.f_sum(Kind::Double)?)?;
    let weights = weights.f_to_kind(Kind::Float)?;
    let size = 2 * radius + 1;
    let map = map.f_replication_pad2d([radius, radius, radius, radius])?;
    let along = |map: &Tensor, shape: [i64; 4]| -> Result<Tensor, PatchesError> {
        let weights = weights.f_view(shape)?;
        Ok(map.f_conv2d(&weights, None::<&Tensor>, [1, 1], [0, 0], [1, 1], 1)?)
    };
    let map = along(&map, [1, 1, size, 1])?;
    Ok(along(&map, [1, 1, 1, size])?.f_squeeze_dim(1)?)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn map_of(distances: &Tensor, grid: [usize; 2], size: [usize; 2], smoothing: f64) -> Tensor {
        smoothed(&over_pixels(distances, grid, size).unwrap(), smoothing).unwrap()
    }

    #[test]
    fn a_constant_stays_and_a_peak_spreads_around_its_place() {
        let flat = Tensor::full([2, 9], 3.5, (Kind::Float, Device::Cpu));
        let map = map_of(&flat, [3, 3], [20, 31], 2.0);
        assert_eq!(map.size(), [2, 20, 31]);
        assert!((map - 3.5).abs().max().double_value(&[]) < 1e-5);

        let peak = Tensor::zeros([1, 64], (Kind::Float, Device::Cpu));
        let _ = peak.get(0).get(2 * 8 + 5).fill_(1.0); // row 2, column 5
        let map = map_of(&peak, [8, 8], [64, 32], 1.5).get(0);
        let at = map.argmax(None, false).int64_value(&[]);
        // The middle of the patch is between rows 19 and 20 and between columns 21 and 22.
        assert!(
            [19, 20].contains(&(at / 32)) && [21, 22].contains(&(at % 32)),
            "{at}"
        );
        // What the peak weighs is kept: 8 x 4 pixels for a patch.
        assert!((map.sum(Kind::Double).double_value(&[]) - 32.0).abs() < 1e-3);
        let plain = map_of(&peak, [8, 8], [64, 32], 0.0);
        assert!(plain.max().double_value(&[]) > map.max().double_value(&[]));
    }
}
