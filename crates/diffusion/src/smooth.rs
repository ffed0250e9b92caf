use ndarray::{Array3, ArrayViewMut1, Axis, Zip};

/// How far the kernel reaches, in standard deviations; scipy's choice.
const TRUNCATE: f64 = 4.0;

/// Smooths each map by a Gaussian of the standard deviation `sigma`, in pixels; 0 leaves it as it is.
/// At the border the map is continued by its mirror image, the border pixel repeated
/// (`scipy.ndimage.gaussian_filter` with its defaults).
///
/// # Shapes
/// `maps`: `[n, h, w]`.
pub(crate) fn smooth(maps: &mut Array3<f32>, sigma: f64) {
    if sigma <= 0.0 {
        return;
    }
    let reach = (TRUNCATE * sigma + 0.5) as i64;
    let weights: Vec<f64> = (-reach..=reach)
        .map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    let weights: Vec<f64> = weights.iter().map(|w| w / sum).collect();
    for axis in [1, 2] {
        Zip::from(maps.lanes_mut(Axis(axis))).for_each(|line| convolve(line, &weights, reach));
    }
}

fn convolve(mut line: ArrayViewMut1<'_, f32>, weights: &[f64], reach: i64) {
    let n = line.len() as i64;
    let before: Vec<f64> = line.iter().map(|&v| f64::from(v)).collect();
    for (i, slot) in line.iter_mut().enumerate() {
        let at = |k: usize| before[mirrored(i as i64 + k as i64 - reach, n)];
        let sum: f64 = weights.iter().enumerate().map(|(k, w)| w * at(k)).sum();
        *slot = sum as f32;
    }
}

/// The place among `0..n` that `i` falls on where a line is continued by its mirror image.
fn mirrored(i: i64, n: i64) -> usize {
    let i = i.rem_euclid(2 * n);
    i.min(2 * n - 1 - i) as usize
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;

    #[test]
    fn it_equals_scipys() {
        // scipy 1.17: gaussian_filter(x, 0.7) and gaussian_filter(x, 2.0), x[i, j] = (7i + 3j) % 11,
        // 3 x 5 pixels: the second kernel reaches beyond the mirror images.
        for (sigma, expected) in SCIPY {
            let mut maps =
                Array3::from_shape_fn((2, 3, 5), |(n, i, j)| (n + (7 * i + 3 * j) % 11) as f32);
            smooth(&mut maps, sigma);
            for (found, expected) in maps.slice(s![0, .., ..]).iter().zip(expected) {
                assert!(
                    (f64::from(*found) - expected).abs() < 1e-5,
                    "{found} {expected}"
                );
            }
            // A constant more stays a constant more.
            let gap = &maps.slice(s![1, .., ..]) - &maps.slice(s![0, .., ..]);
            assert!(gap.iter().all(|g| (g - 1.0).abs() < 1e-5));
        }
    }

    #[test]
    fn without_a_width_it_does_nothing() {
        let before = Array3::from_shape_fn((1, 3, 5), |(_, i, j)| (i * j) as f32);
        let mut after = before.clone();
        smooth(&mut after, 0.0);
        assert_eq!(after, before);
    }

    const SCIPY: [(f64, [f64; 15]); 2] = [
        (
            0.7,
            [
                2.214951, 4.053485, 5.572275, 6.244963, 3.748511, 5.277264, 6.292706, 5.182059,
                5.031429, 5.486133, 4.510987, 6.269016, 6.139214, 3.742553, 4.234453,
            ],
        ),
        (
            2.0,
            [
                4.753714, 4.849204, 4.942246, 4.961175, 4.936669, 4.863549, 4.931868, 4.983932,
                4.966368, 4.921973, 4.972565, 5.013839, 5.025064, 4.971063, 4.906769,
            ],
        ),
    ];
}
