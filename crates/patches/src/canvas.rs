//! Parts laid along one axis, and maps of them back where the parts lay.

use detector::DetectorError;
use features::to_tensor;
use ndarray::{Array3, ArrayView3, Axis};
use tch::{Device, Kind, Tensor};

use crate::PatchesError;
use crate::pose::Pose;

/// Height and width of a canvas in pixels. Its width shows the larger side of an image, so it shows pixels of an
/// image of 256 at one and a half times their size.
pub(crate) const SIZE: [usize; 2] = [160, 384];

/// `[1, 2, 3]`: where on the image a place of the canvas lies, both from −1 to 1.
fn to_image(pose: &Pose, [h, w]: [usize; 2]) -> Result<Tensor, PatchesError> {
    let [height, width] = SIZE.map(|size| 0.5 * size as f64);
    let [h, w] = [h as f64, w as f64];
    let scale = 2.0 * width / h.max(w);
    let [ax, ay] = pose.along;
    let [x, y] = pose.centre;
    // A place is `centre + (along·u + across·v)/scale`, where `across` is `along` turned by a right angle.
    let rows = [
        [width * ax, -height * ay].map(|v| 2.0 * v / (w * scale)),
        [width * ay, height * ax].map(|v| 2.0 * v / (h * scale)),
    ];
    affine(rows, [2.0 * x / w - 1.0, 2.0 * y / h - 1.0])
}

/// `[1, 2, 3]`: where on the canvas a place of the image lies.
fn to_canvas(pose: &Pose, [h, w]: [usize; 2]) -> Result<Tensor, PatchesError> {
    let [height, width] = SIZE.map(|size| 0.5 * size as f64);
    let [h, w] = [h as f64, w as f64];
    let scale = 2.0 * width / h.max(w);
    let [ax, ay] = pose.along;
    let [x, y] = [0.5 * w - pose.centre[0], 0.5 * h - pose.centre[1]];
    let rows = [
        [0.5 * w * ax, 0.5 * h * ay].map(|v| v * scale / width),
        [-0.5 * w * ay, 0.5 * h * ax].map(|v| v * scale / height),
    ];
    let shift = [
        (x * ax + y * ay) * scale / width,
        (y * ax - x * ay) * scale / height,
    ];
    affine(rows, shift)
}

fn affine(rows: [[f64; 2]; 2], shift: [f64; 2]) -> Result<Tensor, PatchesError> {
    let [a, b] = rows;
    let numbers = [a[0], a[1], shift[0], b[0], b[1], shift[1]].map(|v| v as f32);
    Ok(Tensor::f_from_slice(&numbers)?.f_view([1, 2, 3])?)
}

/// An image on a canvas, turned by its pose; what lies outside the image continues its border.
///
/// # Shapes
/// `[1 or 3, h, w]` → `[3, 160, 384]`.
pub(crate) fn laid(image: ArrayView3<'_, u8>, pose: &Pose) -> Result<Array3<u8>, PatchesError> {
    let (_, h, w) = image.dim();
    let [height, width] = SIZE;
    let image = to_tensor(image.insert_axis(Axis(0)), Device::Cpu)?;
    let size = [1, 3, height as i64, width as i64];
    let places = Tensor::f_affine_grid_generator(&to_image(pose, [h, w])?, size, false)?;
    let laid = image.f_grid_sampler(&places, BILINEAR, BORDER, false)?;
    let laid = laid.f_round()?.f_to_kind(Kind::Uint8)?.f_flatten(0, -1)?;
    let laid = Array3::from_shape_vec((3, height, width), Vec::<u8>::try_from(laid)?);
    Ok(laid.map_err(|error| DetectorError::method(error.to_string()))?)
}

/// Maps of canvases where their parts lay on the images: `[n, 1, rows, columns]` → `[n, 1, h, w]`. What no canvas
/// shows is 0.
pub(crate) fn put_back(
    maps: &Tensor,
    poses: &[Pose],
    [h, w]: [usize; 2],
) -> Result<Tensor, PatchesError> {
    let n = poses.len() as i64;
    let poses = poses.iter().map(|pose| to_canvas(pose, [h, w]));
    let poses = poses.collect::<Result<Vec<_>, _>>()?;
    if poses.is_empty() {
        return Ok(maps.f_new_zeros([0, 1, h as i64, w as i64], (Kind::Float, maps.device()))?);
    }
    let poses = Tensor::f_cat(&poses, 0)?.f_to_device(maps.device())?;
    let places = Tensor::f_affine_grid_generator(&poses, [n, 1, h as i64, w as i64], false)?;
    Ok(maps.f_grid_sampler(&places, BILINEAR, ZEROS, false)?)
}

/// Modes of libtorch's sampler.
const BILINEAR: i64 = 0;
const ZEROS: i64 = 0;
const BORDER: i64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn pose(degrees: f64, centre: [f64; 2]) -> Pose {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Pose {
            centre,
            along: [cos, sin],
            elongation: 5.0,
        }
    }

    #[test]
    fn the_centre_is_in_the_middle_and_the_axis_goes_right() {
        // One bright spot at the centre, one 40 pixels along the axis, at every angle.
        for degrees in [0.0, 30.0, 90.0, 135.0, 180.0, 250.0] {
            let pose = pose(degrees, [70.0, 110.0]);
            let spots = [0.0, 40.0].map(|t| {
                let [x, y] = [70.0 + t * pose.along[0], 110.0 + t * pose.along[1]];
                [x, y]
            });
            let image = Array3::from_shape_fn((3, 200, 256), |(_, row, column)| {
                let near =
                    |[x, y]: &[f64; 2]| (column as f64 + 0.5 - x).hypot(row as f64 + 0.5 - y) < 3.0;
                if spots.iter().any(near) { 250 } else { 10 }
            });
            let canvas = laid(image.view(), &pose).unwrap();
            // One and a half times the size, 256 being the larger side.
            for (row, column) in [(80, 192), (80, 192 + 60)] {
                assert!(canvas[[0, row, column]] > 200, "{degrees}");
            }
            assert!(canvas[[0, 80, 192 - 60]] < 50, "{degrees}");
        }
    }

    #[test]
    fn maps_go_back_where_the_part_lay() {
        for degrees in [0.0, 30.0, 200.0] {
            let pose = pose(degrees, [120.0, 90.0]);
            // The patch 6 to the right of the middle of 20 × 48: its centre is 52 pixels of the canvas away.
            let map = Tensor::zeros([1, 1, 20, 48], (Kind::Float, Device::Cpu));
            let _ = map.get(0).get(0).get(10).get(30).fill_(1.0);
            let back = put_back(&map, &[pose], [256, 256]).unwrap();
            let at = back.argmax(None, false).int64_value(&[]);
            let [row, column] = [at / 256, at % 256].map(|v| v as f64 + 0.5);
            let [u, v] = [52.0 / 1.5, 4.0 / 1.5];
            let [ax, ay] = pose.along;
            let [x, y] = [120.0 + u * ax - v * ay, 90.0 + u * ay + v * ax];
            assert!(
                (column - x).hypot(row - y) < 1.5,
                "{degrees}: {column} {row}, {x} {y}"
            );
        }
    }
}
