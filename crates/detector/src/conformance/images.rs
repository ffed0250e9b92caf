//! The same for detectors of images.

use ndarray::{Array1, Array3, Array4, ArrayView4, Axis, s};

use super::{Tolerance, check_close, check_ranking, uniform};
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
    let scorer = fit(detector, train.view())?;
    let scores = score(&*scorer, test.view())?;
    if scores.len() != test.dim().0 {
        return Err(format!(
            "{} scores for {} images",
            scores.len(),
            test.dim().0
        ));
    }
    if let Some((image, value)) = scores.iter().enumerate().find(|(_, v)| !v.is_finite()) {
        return Err(format!("score {value} for image {image}"));
    }
    check_ranking(&scores, N_OUTLIERS, tolerance.auroc)?;

    let again = score(&*fit(detector, train.view())?, test.view())?;
    check_close(
        "a second fit with the same seed",
        &scores,
        &again,
        tolerance,
    )?;

    let mut alone = Array1::zeros(scores.len());
    for (image, slot) in test.axis_iter(Axis(0)).zip(&mut alone) {
        *slot = score(&*scorer, image.insert_axis(Axis(0)))?[0];
    }
    check_close("images scored one by one", &scores, &alone, tolerance)?;

    // Row by row from below in memory.
    let turned = test
        .slice(s![.., .., ..;-1, ..])
        .as_standard_layout()
        .into_owned();
    let turned = score(&*scorer, turned.slice(s![.., .., ..;-1, ..]))?;
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
    let wider = Array4::<u8>::zeros((2, c, h, w + 1));
    let fitted = |x| detector.fit(x, 7, &Silent).map(|_| ());
    let scored = |x| scorer.score(x, &Silent).map(|_| ());
    for (step, found) in [
        ("fit", fitted(Input::Rows(rows.view()))),
        ("score", scored(Input::Rows(rows.view()))),
    ] {
        if !matches!(found, Err(DetectorError::NotImages)) {
            return Err(format!("{step}: expected NotImages, found {found:?}"));
        }
    }
    for (step, found) in [
        ("fit", fitted(Input::Images(none.view()))),
        ("score", scored(Input::Images(none.view()))),
        (
            "fit",
            fitted(Input::Images(train.slice(s![.., ..0, .., ..]))),
        ),
    ] {
        if !matches!(found, Err(DetectorError::Empty { .. })) {
            return Err(format!("{step}: expected Empty, found {found:?}"));
        }
    }
    match scored(Input::Images(wider.view())) {
        Err(DetectorError::Shape { .. }) => Ok(()),
        other => Err(format!("score: expected Shape, found {other:?}")),
    }
}

fn fit(detector: &dyn Detector, x: ArrayView4<'_, u8>) -> Result<Box<dyn Scorer>, String> {
    detector
        .fit(Input::Images(x), 7, &Silent)
        .map_err(|e| format!("fit failed: {e}"))
}

fn score(scorer: &dyn Scorer, x: ArrayView4<'_, u8>) -> Result<Array1<f64>, String> {
    scorer
        .score(Input::Images(x), &Silent)
        .map_err(|e| format!("score failed: {e}"))
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
    use super::*;
    use crate::Progress;

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
            ("mirrored", "of 6 maps are higher inside the defect"),
        ] {
            let found = check_images_within(&MeanImage { fault }, [1, 12, 12], TOLERANCE);
            let error = found.unwrap_err();
            assert!(error.contains(complaint), "{fault}: {error}");
        }
    }
}
