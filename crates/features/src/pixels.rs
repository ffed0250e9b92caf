use ndarray::ArrayView4;
use tch::{Device, Kind, Tensor};

use crate::FeaturesError;

/// Images as a network's input, grey ones three times the same channel.
///
/// # Shapes
/// `[n, 1 or 3, h, w]` → `[n, 3, h, w]`, float from 0 to 255.
///
/// # Errors
/// [`FeaturesError::Images`] for another number of channels or no pixels, [`FeaturesError::Torch`]
/// where the device is absent or full.
pub fn to_tensor(images: ArrayView4<'_, u8>, device: Device) -> Result<Tensor, FeaturesError> {
    let (n, channels, h, w) = images.dim();
    if !matches!(channels, 1 | 3) || h * w == 0 {
        return Err(FeaturesError::Images { channels, h, w });
    }
    let images = images.as_standard_layout();
    let shape = [n, channels, h, w].map(|size| size as i64);
    let bytes = images.as_slice().unwrap_or_default();
    let x = Tensor::f_from_data_size(bytes, &shape, Kind::Uint8)?;
    let x = x.f_to_device(device)?.f_to_kind(Kind::Float)?;
    Ok(x.f_expand([shape[0], 3, shape[2], shape[3]], false)?)
}

/// `x` with its shorter side brought to `side` pixels, bilinear, antialiased where it shrinks. A network
/// trained on 224 pixels sees little in an image of 28. The whole image stays, unrounded; squares of one size
/// are made by the data sets' reader before.
///
/// # Shapes
/// `[n, c, h, w]` → `[n, c, h', w']` with `min(h', w') = side`.
///
/// # Errors
/// [`FeaturesError::Torch`] where memory runs out.
pub fn resized(x: &Tensor, side: usize) -> Result<Tensor, FeaturesError> {
    let (_, _, h, w) = x.size4()?;
    let shorter = h.min(w);
    if shorter == side as i64 || shorter == 0 {
        return Ok(x.shallow_clone());
    }
    let scaled = |size: i64| {
        (size as f64 * side as f64 / shorter as f64)
            .round()
            .max(1.0) as i64
    };
    let size = [scaled(h), scaled(w)];
    Ok(x.f_internal_upsample_bilinear2d_aa(size, false, None, None)?)
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;

    #[test]
    fn grey_images_get_three_channels_and_keep_their_axes() {
        let images =
            Array4::from_shape_fn((2, 1, 3, 5), |(n, _, y, x)| (100 * n + 10 * y + x) as u8);
        let x = to_tensor(images.view(), Device::Cpu).unwrap();
        assert_eq!(x.size(), [2, 3, 3, 5]);
        for channel in 0..3 {
            assert_eq!(x.double_value(&[1, channel, 2, 4]), 124.0);
        }
        // A view in another order is the same images.
        let turned = images.view().permuted_axes([0, 1, 3, 2]);
        let turned = to_tensor(turned, Device::Cpu).unwrap();
        assert_eq!(turned.double_value(&[1, 0, 4, 2]), 124.0);
    }

    #[test]
    fn other_channels_and_empty_images_are_errors() {
        for (c, h, w) in [(2, 4, 4), (4, 4, 4), (3, 0, 4)] {
            let images = Array4::<u8>::zeros((1, c, h, w));
            let error = to_tensor(images.view(), Device::Cpu).unwrap_err();
            assert!(matches!(error, FeaturesError::Images { .. }), "{error}");
        }
    }

    #[test]
    fn the_shorter_side_is_as_asked_for() {
        let ramp = Tensor::arange(40, (Kind::Float, Device::Cpu)).view([1, 1, 1, 40]);
        let x = ramp.expand([1, 1, 20, 40], false);
        assert_eq!(resized(&x, 10).unwrap().size(), [1, 1, 10, 20]);
        let small = resized(&x, 10).unwrap();
        // A triangle over four pixels around 20.5, which a ramp does not notice.
        assert!((small.double_value(&[0, 0, 5, 10]) - 20.5).abs() < 1e-4);
        assert_eq!(resized(&x, 33).unwrap().size(), [1, 1, 33, 66]);
        assert_eq!(resized(&x, 20).unwrap().size(), x.size());
    }
}
