//! What detectors of images have to hold.

use ndarray::{Array3, Array4, ArrayView4, Axis, s};

use super::samples::{Samples, check_close, fit_refuses, score, score_refuses, uniform};
use super::tolerance::Tolerance;
use crate::{Detector, DetectorError, Input, Scorer, Silent};

const N_TRAIN: usize = 80;
const N_NORMAL: usize = 24;
const N_OUTLIERS: usize = 6;

/// Checks `detector` on made-up images of `[c, h, w]`, each a soft blob; in the outliers a block of
/// pixels is noise. It holds what [`check_within`](super::check_within) asks of detectors of rows; and
/// its maps, where it has them, are finite, shaped like the images, the same for an image alone and in a
/// batch, and in an outlier higher inside the block than outside.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check_images_within(
    detector: &dyn Detector,
    shape: [usize; 3],
    tolerance: Tolerance,
) -> Result<(), String> {
    let train = blobs(N_TRAIN, shape, 1);
    let test = test_images(shape);
    let samples = Samples {
        train: Input::Images(train.view()),
        test: Input::Images(test.view()),
        n_outliers: N_OUTLIERS,
        name: "image",
    };
    let (scorer, scores) = samples.check(detector, tolerance)?;
    samples.check_second_fit(detector, &scores, tolerance)?;

    // Row by row from below in memory.
    let turned = test
        .slice(s![.., .., ..;-1, ..])
        .as_standard_layout()
        .into_owned();
    let turned = Input::Images(turned.slice(s![.., .., ..;-1, ..]));
    let turned = score(&*scorer, turned)?;
    check_close("images laid out otherwise", &scores, &turned, tolerance)?;

    check_maps(&*scorer, test.view(), shape, tolerance)?;
    check_errors(detector, &*scorer, &train, shape)
}

fn check_maps(
    scorer: &dyn Scorer,
    test: ArrayView4<'_, u8>,
    shape: [usize; 3],
    tolerance: Tolerance,
) -> Result<(), String> {
    let Some(all) = maps(scorer, test)? else {
        return Ok(());
    };
    let [_, h, w] = shape;
    let expected = (test.dim().0, h, w);
    if all.dim() != expected {
        return Err(format!("maps of {:?}, expected {expected:?}", all.dim()));
    }
    if let Some((at, value)) = all.indexed_iter().find(|(_, v)| !v.is_finite()) {
        return Err(format!("{value} at {at:?} of the maps"));
    }
    let alone =
        maps(scorer, test.slice(s![1..2, .., .., ..]))?.ok_or("maps are there only for many")?;
    let gap = |(a, b): (&f32, &f32)| f64::from((a - b).abs());
    let one = all.slice(s![1..2, .., ..]);
    let largest = one.iter().fold(0.0, |m: f32, v| m.max(v.abs()));
    let worst = one.iter().zip(&alone).map(gap).fold(0.0, f64::max);
    if worst > tolerance.relative * f64::from(largest) {
        return Err(format!("the map of an image alone differs by {worst}"));
    }
    let (rows, columns) = block(h, w);
    let mut inside = 0;
    for map in all.axis_iter(Axis(0)).take(N_OUTLIERS) {
        let block = map.slice(s![rows.0..rows.1, columns.0..columns.1]);
        let (sum, count) = (block.sum(), block.len() as f32);
        let outside = (map.sum() - sum) / (map.len() as f32 - count);
        inside += usize::from(sum / count > outside);
    }
    if inside < N_OUTLIERS - 1 {
        return Err(format!(
            "only {inside} of {N_OUTLIERS} maps are higher inside the defect"
        ));
    }
    Ok(())
}

fn maps(scorer: &dyn Scorer, x: ArrayView4<'_, u8>) -> Result<Option<Array3<f32>>, String> {
    scorer
        .maps(Input::Images(x), &Silent)
        .map_err(|e| format!("maps failed: {e}"))
}

fn check_errors(
    detector: &dyn Detector,
    scorer: &dyn Scorer,
    train: &Array4<u8>,
    [c, h, w]: [usize; 3],
) -> Result<(), String> {
    let rows = ndarray::Array2::<f32>::zeros((3, c * h * w));
    let none = Array4::<u8>::zeros((0, c, h, w));
    let (rows, none) = (Input::Rows(rows.view()), Input::Images(none.view()));
    let not_images = |e: &DetectorError| matches!(e, DetectorError::NotImages);
    let is_empty = |e: &DetectorError| matches!(e, DetectorError::Empty { .. });
    fit_refuses(detector, rows, "NotImages", not_images)?;
    score_refuses(scorer, rows, "NotImages", not_images)?;
    fit_refuses(detector, none, "Empty", is_empty)?;
    score_refuses(scorer, none, "Empty", is_empty)?;
    let without_channels = Input::Images(train.slice(s![.., ..0, .., ..]));
    fit_refuses(detector, without_channels, "Empty", is_empty)?;
    let wider = Array4::<u8>::zeros((2, c, h, w + 1));
    score_refuses(scorer, Input::Images(wider.view()), "Shape", |e| {
        matches!(e, DetectorError::Shape { .. })
    })
}

/// Where the outliers differ: first and end of rows and columns.
fn block(h: usize, w: usize) -> ((usize, usize), (usize, usize)) {
    (
        (h / 4, h / 4 + h.div_ceil(3)),
        (w / 2, w / 2 + w.div_ceil(3)),
    )
}

/// Outliers, then normal images.
fn test_images(shape: [usize; 3]) -> Array4<u8> {
    let mut x = blobs(N_OUTLIERS + N_NORMAL, shape, 2);
    let (rows, columns) = block(shape[1], shape[2]);
    let mut counter = 3 << 32;
    for value in x.slice_mut(s![..N_OUTLIERS, .., rows.0..rows.1, columns.0..columns.1]) {
        counter += 1;
        *value = (uniform(counter) * 256.0) as u8;
    }
    x
}

/// Soft bright blobs on grey, their centres and widths drawn at random.
fn blobs(n: usize, [c, h, w]: [usize; 3], stream: u64) -> Array4<u8> {
    let mut counter = stream << 32;
    let mut draw = || {
        counter += 1;
        uniform(counter)
    };
    let mut x = Array4::zeros((n, c, h, w));
    for mut image in x.axis_iter_mut(Axis(0)) {
        let (y_0, x_0) = (
            (0.3 + 0.4 * draw()) * h as f64,
            (0.3 + 0.4 * draw()) * w as f64,
        );
        let width = (0.15 + 0.1 * draw()) * h.min(w) as f64;
        for ((channel, i, j), value) in image.indexed_iter_mut() {
            let r = (i as f64 - y_0).powi(2) + (j as f64 - x_0).powi(2);
            let bright = (-0.5 * r / (width * width)).exp();
            *value = (60.0 + 150.0 * bright / (1 + channel) as f64) as u8;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::{Progress, State};

    /// Squared differences from the mean image; `fault` breaks one promise.
    #[derive(Clone, Copy)]
    struct MeanImage {
        fault: &'static str,
    }

    struct Fitted {
        mean: Array3<f32>,
        fault: &'static str,
    }

    impl Fitted {
        fn errors(&self, x: ArrayView4<'_, u8>) -> Array4<f32> {
            let mut errors = x.mapv(f32::from);
            for mut image in errors.axis_iter_mut(Axis(0)) {
                image.zip_mut_with(&self.mean, |a, b| *a = (*a - b).powi(2));
            }
            errors
        }

        fn shape(&self) -> [usize; 3] {
            let (c, h, w) = self.mean.dim();
            [c, h, w]
        }
    }

    impl Detector for MeanImage {
        fn fit(
            &self,
            x: Input<'_>,
            _seed: u64,
            _progress: &dyn Progress,
        ) -> Result<Box<dyn Scorer>, DetectorError> {
            let x = x.images()?.mapv(f32::from);
            let mean = x.sum_axis(Axis(0)) / x.dim().0 as f32;
            let fault = self.fault;
            Ok(Box::new(Fitted { mean, fault }))
        }

        fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
            state.expect("mean-image", 1)?;
            let mean = state.array("mean")?;
            let fault = match self.fault {
                "forgets maps" => "no maps",
                fault => fault,
            };
            Ok(Box::new(Fitted { mean, fault }))
        }
    }

    impl Scorer for Fitted {
        fn score(
            &self,
            x: Input<'_>,
            _progress: &dyn Progress,
        ) -> Result<Array1<f64>, DetectorError> {
            let x = match self.fault {
                "rows" => match x {
                    Input::Rows(rows) => return Ok(Array1::zeros(rows.nrows())),
                    images => images.images_of_shape(self.shape())?,
                },
                _ => x.images_of_shape(self.shape())?,
            };
            let errors = self.errors(x);
            Ok(errors
                .axis_iter(Axis(0))
                .map(|image| image.iter().map(|&v| f64::from(v)).sum())
                .collect())
        }

        fn maps(
            &self,
            x: Input<'_>,
            _progress: &dyn Progress,
        ) -> Result<Option<Array3<f32>>, DetectorError> {
            let mut maps = self
                .errors(x.images_of_shape(self.shape())?)
                .sum_axis(Axis(1));
            match self.fault {
                "per image" => maps /= x.len() as f32,
                "mirrored" => maps = maps.slice(s![.., ..;-1, ..;-1]).to_owned(),
                "no maps" => return Ok(None),
                _ => {}
            }
            Ok(Some(maps))
        }

        fn state(&self) -> Result<State, DetectorError> {
            Ok(State::new("mean-image", 1).with_array("mean", &self.mean))
        }
    }

    /// Distances to the mean image rank no better: the blobs lie in different places.
    const TOLERANCE: Tolerance = Tolerance {
        relative: 0.0,
        auroc: 0.9,
    };

    #[test]
    fn an_honest_detector_passes() {
        for shape in [[1, 12, 12], [3, 8, 16]] {
            for fault in ["", "no maps"] {
                let found = check_images_within(&MeanImage { fault }, shape, TOLERANCE);
                assert_eq!(found, Ok(()), "{shape:?} {fault}");
            }
        }
    }

    #[test]
    fn each_broken_promise_is_named() {
        for (fault, complaint) in [
            ("rows", "expected NotImages"),
            ("per image", "the map of an image alone differs"),
            ("forgets maps", "restored, its maps are others"),
            ("mirrored", "of 6 maps are higher inside the defect"),
        ] {
            let found = check_images_within(&MeanImage { fault }, [1, 12, 12], TOLERANCE);
            let error = found.unwrap_err();
            assert!(error.contains(complaint), "{fault}: {error}");
        }
    }
}
