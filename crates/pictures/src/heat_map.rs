use ndarray::{ArrayView2, ArrayView3, Axis};

use crate::colour_map::ColourMap;
use crate::error::PictureError;
use crate::picture::Picture;

/// How far above the median the light end lies, in distances of normal images' largest values from it.
const ABOVE: f32 = 2.0;

/// The values that the two ends of a colour map stand for. One scale for all pictures of a sheet, else
/// a normal image's noise glows as brightly as a defect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f32,
    high: f32,
}

impl Scale {
    /// Values at or below `low` get the dark end, those at or above `high` the light one.
    ///
    /// # Errors
    /// [`PictureError::Scale`] unless both are finite and `low < high`.
    pub fn new(low: f32, high: f32) -> Result<Self, PictureError> {
        if low.is_finite() && high.is_finite() && low < high {
            Ok(Self { low, high })
        } else {
            Err(PictureError::Scale { low, high })
        }
    }

    /// From `maps` of normal images, so that these stay dark and what exceeds them glows, whatever else is
    /// drawn: the dark end is the median of their pixels, and their largest values lie half-way up.
    ///
    /// # Formula
    /// `low = q(0.5)`, `high = low + 2·(q(0.999) − low)`, with `q(s)` the smallest value that at least the
    /// share s of all pixels does not exceed.
    ///
    /// # Shapes
    /// `[n, h, w]`.
    ///
    /// # Errors
    /// [`PictureError`] where a value is not finite, there is none, or both quantiles are equal.
    pub fn of_normals(maps: ArrayView3<'_, f32>) -> Result<Self, PictureError> {
        maps.axis_iter(Axis(0)).try_for_each(check_finite)?;
        let mut values: Vec<f32> = maps.iter().copied().collect();
        if values.is_empty() {
            return Self::new(f32::NAN, f32::NAN);
        }
        let low = quantile(&mut values, 0.5);
        let large = quantile(&mut values, 0.999);
        Self::new(low, low + ABOVE * (large - low))
    }

    /// The low and the high end.
    pub fn ends(self) -> [f32; 2] {
        [self.low, self.high]
    }

    /// Where `value` lies, 0 to 1.
    fn share(self, value: f32) -> f32 {
        // In f64, where the width of no scale overflows.
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        ((f64::from(value) - low) / (high - low)).clamp(0.0, 1.0) as f32
    }
}

impl Picture {
    /// The picture of an image of real numbers, such as a reconstruction: the scale's low end is black, its
    /// high end full brightness.
    ///
    /// # Shapes
    /// `[c, h, w]` with c = 1 (grey) or 3 (red, green, blue).
    ///
    /// # Errors
    /// [`PictureError`] for another number of channels, a value that is not finite, no pixels, or too
    /// many.
    pub fn from_values(image: ArrayView3<'_, f32>, scale: Scale) -> Result<Self, PictureError> {
        image.axis_iter(Axis(0)).try_for_each(check_finite)?;
        let bytes = image.mapv(|value| (255.0 * scale.share(value)).round() as u8);
        Self::from_image(bytes.view())
    }
}

/// The map in colours.
///
/// # Shapes
/// `map` `[h, w]`.
///
/// # Errors
/// [`PictureError`] where a value is not finite or the map has no pixels.
pub fn heat_map(
    map: ArrayView2<'_, f32>,
    scale: Scale,
    colours: ColourMap,
) -> Result<Picture, PictureError> {
    check_finite(map)?;
    let (height, width) = map.dim();
    let mut picture = Picture::filled(width, height, [0; 3])?;
    for (pixel, &value) in picture.pixels_mut().iter_mut().zip(map) {
        *pixel = colours.colour(scale.share(value));
    }
    Ok(picture)
}

/// The map in colours over its picture: the more, the higher the value. Where the map is low the picture
/// shows through unchanged.
///
/// # Formula
/// `(1 − o·v)·picture + o·v·colour(v)` with o the `opacity` and v the value's place on the scale, 0 to 1.
///
/// # Shapes
/// `map` `[h, w]`, as large as the picture.
///
/// # Errors
/// [`PictureError`] where a value is not finite, the sizes differ or `opacity` is not in [0, 1].
pub fn overlay(
    picture: &Picture,
    map: ArrayView2<'_, f32>,
    scale: Scale,
    colours: ColourMap,
    opacity: f32,
) -> Result<Picture, PictureError> {
    if !(0.0..=1.0).contains(&opacity) {
        return Err(PictureError::Opacity { found: opacity });
    }
    check_size("a map", map.dim(), picture)?;
    check_finite(map)?;
    let mut over = picture.clone();
    for (pixel, &value) in over.pixels_mut().iter_mut().zip(map) {
        let share = scale.share(value);
        let colour = colours.colour(share);
        let weight = opacity * share;
        for (channel, colour) in pixel.iter_mut().zip(colour) {
            let mixed = (1.0 - weight) * f32::from(*channel) + weight * f32::from(colour);
            *channel = mixed.round() as u8;
        }
    }
    Ok(over)
}

/// What lies over a picture is as large as it.
pub(crate) fn check_size(
    what: &'static str,
    (height, width): (usize, usize),
    picture: &Picture,
) -> Result<(), PictureError> {
    if (width, height) == (picture.width(), picture.height()) {
        return Ok(());
    }
    Err(PictureError::SizeMismatch {
        what,
        width,
        height,
        expected_width: picture.width(),
        expected_height: picture.height(),
    })
}

/// The smallest of `values` that at least the share `q` of them does not exceed; there is one at least.
fn quantile(values: &mut [f32], q: f64) -> f32 {
    let rank = (q * values.len() as f64).ceil() as usize;
    let index = rank.saturating_sub(1).min(values.len() - 1);
    *values.select_nth_unstable_by(index, f32::total_cmp).1
}

fn check_finite(map: ArrayView2<'_, f32>) -> Result<(), PictureError> {
    let found = map.indexed_iter().find(|(_, value)| !value.is_finite());
    match found {
        Some(((row, column), &value)) => Err(PictureError::NotFinite { row, column, value }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_scale_decides_the_colour() {
        let map = array![[-9.0, 2.0, 3.0], [4.0, 9.0, 2.5]];
        let scale = Scale::new(2.0, 4.0).unwrap();
        let picture = heat_map(map.view(), scale, ColourMap::Grey).unwrap();
        assert_eq!((picture.width(), picture.height()), (3, 2));
        let grey: Vec<u8> = picture.pixels().iter().map(|pixel| pixel[0]).collect();
        assert_eq!(grey, [0, 0, 128, 255, 255, 64]);
    }

    #[test]
    fn real_numbers_become_brightness() {
        let image = array![[[-1.0, 0.0]], [[1.0, 7.0]], [[-9.0, -0.5]]];
        let scale = Scale::new(-1.0, 1.0).unwrap();
        let picture = Picture::from_values(image.view(), scale).unwrap();
        assert_eq!(picture.pixels(), [[0, 255, 0], [128, 255, 64]]);
        let unclear = image.mapv(|value| if value == 7.0 { f32::NAN } else { value });
        let error = Picture::from_values(unclear.view(), scale).unwrap_err();
        assert!(matches!(
            error,
            PictureError::NotFinite {
                row: 0,
                column: 1,
                ..
            }
        ));
    }

    #[test]
    fn low_values_show_the_picture_and_high_ones_the_colour() {
        let picture = Picture::filled(3, 1, [200, 100, 0]).unwrap();
        let map = array![[0.0, 0.5, 1.0]];
        let scale = Scale::new(0.0, 1.0).unwrap();
        let over = |opacity| {
            let over = overlay(&picture, map.view(), scale, ColourMap::Grey, opacity);
            over.unwrap().pixels().to_vec()
        };
        assert_eq!(over(1.0), [[200, 100, 0], [164, 114, 64], [255, 255, 255]]);
        assert_eq!(over(0.0), [[200, 100, 0]; 3]);
    }

    #[test]
    fn what_has_no_colour_is_an_error() {
        let scale = Scale::new(0.0, 1.0).unwrap();
        let map = array![[0.0, 0.5], [f32::NAN, 1.0]];
        let error = heat_map(map.view(), scale, ColourMap::Inferno).unwrap_err();
        assert_eq!(
            error.to_string(),
            "value NaN at row 1, column 0, expected a finite number"
        );
        let picture = Picture::filled(3, 2, [0; 3]).unwrap();
        let square = Array2::zeros((2, 2));
        let error = overlay(&picture, square.view(), scale, ColourMap::Inferno, 0.5).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a map of 2 x 2 pixels over a picture of 3 x 2"
        );
        for opacity in [-0.1, 1.1, f32::NAN] {
            let error = overlay(&picture, square.view(), scale, ColourMap::Inferno, opacity);
            assert!(matches!(error, Err(PictureError::Opacity { .. })));
        }
        for (low, high) in [
            (1.0, 1.0),
            (2.0, 1.0),
            (f32::NAN, 1.0),
            (0.0, f32::INFINITY),
        ] {
            assert!(matches!(
                Scale::new(low, high),
                Err(PictureError::Scale { .. })
            ));
        }
        let maps = |values: &[f32]| {
            let maps = ArrayView3::from_shape((values.len(), 1, 1), values).unwrap();
            Scale::of_normals(maps).unwrap_err().to_string()
        };
        assert!(maps(&[3.0, f32::NAN]).starts_with("value NaN"));
        assert!(maps(&[3.0, 3.0]).starts_with("a scale from 3 to 3"));
        assert!(maps(&[]).starts_with("a scale from NaN"));
    }

    #[test]
    fn normal_images_stay_dark() {
        // 0 to 998 in some order, and one pixel that stands out: it is not what the scale follows.
        let value = |i: usize| {
            if i == 0 {
                1e6
            } else {
                (i * 7 % 1000) as f32 - 1.0
            }
        };
        let maps = Array3::from_shape_fn((2, 20, 25), |(n, y, x)| value(n * 500 + y * 25 + x));
        let scale = Scale::of_normals(maps.view()).unwrap();
        assert_eq!(
            scale,
            Scale::new(499.0, 499.0 + 2.0 * (998.0 - 499.0)).unwrap()
        );
        assert_eq!(scale.share(499.0), 0.0);
        assert_eq!(scale.share(998.0), 0.5);
        assert_eq!(scale.share(1497.0), 1.0);
    }

    proptest! {
        #[test]
        fn any_finite_value_has_a_place(low in any::<f32>(), high in any::<f32>(), value in any::<f32>()) {
            prop_assume!(low.is_finite() && high.is_finite() && low < high && value.is_finite());
            let share = Scale::new(low, high)?.share(value);
            prop_assert!((0.0..=1.0).contains(&share));
        }
    }
}
