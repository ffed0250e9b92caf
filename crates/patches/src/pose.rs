use ndarray::{Array2, ArrayView3};

use crate::part::part;

/// Each end of a part, as a share of its length.
const END: f64 = 1.0 / 3.0;

/// How a long part lies on a photograph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pose {
    /// The middle of its axis in pixels, `[x, y]`, from the image's corner.
    pub(crate) centre: [f64; 2],
    /// The direction of its axis, `[x, y]`, of length 1, from its thicker end to the other.
    pub(crate) along: [f64; 2],
    /// Its standard deviation along the axis over that across it.
    pub(crate) elongation: f64,
}

impl Pose {
    /// Of the part on an image, `[c, h, w]`; `None` where nothing stands out.
    ///
    /// # Formula
    /// The axis goes through the part's centre of gravity along the eigenvector of the covariance of its pixels with
    /// the larger eigenvalue. The thicker end is the third of the part's extent along the axis whose pixels spread
    /// more across it.
    pub(crate) fn of(image: ArrayView3<'_, u8>) -> Option<Self> {
        part(image).map(|mask| Self::of_pixels(&mask))
    }

    /// As an image lies, where nothing stands out from it.
    pub(crate) fn upright([h, w]: [usize; 2]) -> Self {
        Self {
            centre: [0.5 * w as f64, 0.5 * h as f64],
            along: [1.0, 0.0],
            elongation: 1.0,
        }
    }

    fn of_pixels(mask: &Array2<bool>) -> Self {
        let pixels: Vec<[f64; 2]> = mask
            .indexed_iter()
            .filter(|(_, set)| **set)
            .map(|((row, column), _)| [column as f64 + 0.5, row as f64 + 0.5])
            .collect();
        let n = pixels.len() as f64;
        let mean = |axis: usize| pixels.iter().map(|at| at[axis]).sum::<f64>() / n;
        let centre = [mean(0), mean(1)];
        let moment = |a: usize, b: usize| {
            let terms = pixels
                .iter()
                .map(|at| (at[a] - centre[a]) * (at[b] - centre[b]));
            terms.sum::<f64>() / n
        };
        let (xx, xy, yy) = (moment(0, 0), moment(0, 1), moment(1, 1));
        let half = (0.25 * (xx - yy).powi(2) + xy * xy).sqrt();
        let (larger, smaller) = (0.5 * (xx + yy) + half, 0.5 * (xx + yy) - half);
        let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
        let axis = [angle.cos(), angle.sin()];
        // Each pixel along the axis and across it.
        let turned: Vec<[f64; 2]> = pixels
            .iter()
            .map(|[x, y]| {
                let [x, y] = [x - centre[0], y - centre[1]];
                [x * axis[0] + y * axis[1], y * axis[0] - x * axis[1]]
            })
            .collect();
        let first = turned.iter().fold(f64::INFINITY, |a, at| a.min(at[0]));
        let last = turned.iter().fold(f64::NEG_INFINITY, |a, at| a.max(at[0]));
        let end = END * (last - first);
        let spread = |is_in: &dyn Fn(f64) -> bool| {
            let across: Vec<f64> = turned
                .iter()
                .filter(|at| is_in(at[0]))
                .map(|at| at[1])
                .collect();
            let n = across.len().max(1) as f64;
            let mean = across.iter().sum::<f64>() / n;
            across.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n
        };
        let is_thicker_last = spread(&|t| t >= last - end) > spread(&|t| t <= first + end);
        let sign = if is_thicker_last { -1.0 } else { 1.0 };
        let middle = 0.5 * (first + last);
        let centre = [centre[0] + middle * axis[0], centre[1] + middle * axis[1]];
        // A line of single pixels has no width: that of one pixel counts.
        let width = smaller.max(0.0) + 1.0 / 12.0;
        Self {
            centre,
            along: axis.map(|v| sign * v),
            elongation: ((larger + 1.0 / 12.0) / width).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    /// A nail: a head and a shaft, turned by `degrees` clockwise as seen, about a point.
    fn nail(degrees: f64, [x0, y0]: [f64; 2]) -> Array3<u8> {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Array3::from_shape_fn((3, 128, 128), |(_, row, column)| {
            let [x, y] = [column as f64 + 0.5 - x0, row as f64 + 0.5 - y0];
            let [t, u] = [x * cos + y * sin, y * cos - x * sin];
            let head = (-40.0..-30.0).contains(&t) && u.abs() < 12.0;
            let shaft = (-30.0..40.0).contains(&t) && u.abs() < 4.0;
            if head || shaft { 60 } else { 200 }
        })
    }

    #[test]
    fn axis_and_head_are_found_at_every_angle() {
        for degrees in (0..360).step_by(15) {
            let degrees = f64::from(degrees);
            let pose = Pose::of(nail(degrees, [66.0, 61.0]).view()).unwrap();
            let (sin, cos) = degrees.to_radians().sin_cos();
            // The cosine of the angle between the axis found and the true one, head first.
            let along = pose.along[0] * cos + pose.along[1] * sin;
            assert!(along > 0.9995, "{degrees}: {pose:?}");
            assert!(pose.elongation > 3.0, "{pose:?}");
            // The middle of its length, which goes from -40 to 40.
            let [dx, dy] = [pose.centre[0] - 66.0, pose.centre[1] - 61.0];
            let (t, u) = (dx * cos + dy * sin, dy * cos - dx * sin);
            assert!(t.abs() < 1.0 && u.abs() < 0.5, "{degrees}: {t} {u}");
        }
    }

    #[test]
    fn a_disc_is_not_long_and_an_even_image_shows_nothing() {
        let disc = Array3::from_shape_fn((1, 64, 64), |(_, row, column)| {
            let [x, y] = [column as f64 - 30.0, row as f64 - 33.0];
            if x.hypot(y) < 15.0 { 10 } else { 150 }
        });
        let pose = Pose::of(disc.view()).unwrap();
        assert!((pose.elongation - 1.0).abs() < 0.05, "{pose:?}");
        assert_eq!(Pose::of(Array3::from_elem((1, 8, 8), 7).view()), None);
    }
}
