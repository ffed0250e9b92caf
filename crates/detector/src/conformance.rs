//! What every detector has to hold, as one function that its tests call, for detectors of rows and of
//! images.

mod gradient;
mod images;

pub use gradient::check_gradient;
pub use images::check_images_within;

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::{Detector, DetectorError, Input, Scorer, Silent};

/// Normal rows to fit to.
const N_TRAIN: usize = 301;
/// Normal rows to score.
const N_NORMAL: usize = 67;
/// Planted outliers to score.
const N_OUTLIERS: usize = 9;
const D: usize = 5;

/// What a detector has to hold beyond the contract's exact part.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// Largest relative difference between a row's score alone and in a batch, and between two fits
    /// of one seed. 0 asks for identical bits, as the classical methods give; networks whose kernels
    /// depend on the batch size need more.
    pub relative: f64,
    /// Smallest share of (outlier, normal row) pairs that the scores order rightly.
    pub auroc: f64,
}

impl Default for Tolerance {
    /// Identical bits, and planted outliers all but perfectly apart: they lie eight standard
    /// deviations out.
    fn default() -> Self {
        Self {
            relative: 0.0,
            auroc: 0.99,
        }
    }
}

/// Checks `detector` on made-up rows with [`Tolerance::default`].
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check(detector: &dyn Detector) -> Result<(), String> {
    check_within(detector, Tolerance::default())
}

/// Checks `detector` on made-up rows: it fits and scores them with one finite number per row, ranks
/// planted outliers above normal rows, gives the same scores for the same seed, scores a row alone
/// as in a batch, whatever the memory layout, and answers empty input, another width, NaN, infinity
/// and images with the contract's errors, in `fit` and in `score`.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check_within(detector: &dyn Detector, tolerance: Tolerance) -> Result<(), String> {
    let train = normal_rows(N_TRAIN, 1);
    let test = test_rows();
    let scorer = fit(detector, train.view())?;
    let scores = score(&*scorer, test.view())?;

    if scores.len() != test.nrows() {
        return Err(format!("{} scores for {} rows", scores.len(), test.nrows()));
    }
    if let Some((row, value)) = scores.iter().enumerate().find(|(_, v)| !v.is_finite()) {
        return Err(format!("score {value} for row {row}"));
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
    for (row, slot) in test.axis_iter(Axis(0)).zip(&mut alone) {
        *slot = score(&*scorer, row.insert_axis(Axis(0)))?[0];
    }
    check_close("rows scored one by one", &scores, &alone, tolerance)?;

    let reversed = score(&*scorer, test.slice(s![..;-1, ..]))?;
    let reversed = reversed.slice(s![..;-1]).to_owned();
    check_close("rows in reverse order", &scores, &reversed, tolerance)?;

    // Column by column in memory, as a table read by columns arrives.
    let columns = test.t().as_standard_layout().into_owned();
    let transposed = score(&*scorer, columns.t())?;
    check_close("rows laid out by columns", &scores, &transposed, tolerance)?;

    check_64_bits(detector, &train, &test, tolerance)?;
    check_errors(detector, &*scorer, &train)
}

/// Rows of 64-bit floats: ranked as well, a row alone as in a batch, and rows of 32 bits like the same
/// numbers in 64.
fn check_64_bits(
    detector: &dyn Detector,
    train: &Array2<f32>,
    test: &Array2<f32>,
    tolerance: Tolerance,
) -> Result<(), String> {
    // Not a number of these has its like in 32 bits.
    let fine = |x: &Array2<f32>| x.mapv(|v| f64::from(v) * (1.0 + 1e-9) + 1e-9);
    let scorer = detector
        .fit(Input::Rows64(fine(train).view()), 7, &Silent)
        .map_err(|e| format!("fit in 64 bits failed: {e}"))?;
    let score = |x: Input<'_>| {
        let scored = scorer.score(x, &Silent);
        scored.map_err(|e| format!("score in 64 bits failed: {e}"))
    };
    let scores = score(Input::Rows64(fine(test).view()))?;
    if let Some(value) = scores.iter().find(|v| !v.is_finite()) {
        return Err(format!("score {value} in 64 bits"));
    }
    check_ranking(&scores, N_OUTLIERS, tolerance.auroc)?;
    let mut alone = Array1::zeros(scores.len());
    for (row, slot) in fine(test).axis_iter(Axis(0)).zip(&mut alone) {
        *slot = score(Input::Rows64(row.insert_axis(Axis(0))))?[0];
    }
    check_close("rows of 64 bits one by one", &scores, &alone, tolerance)?;
    let narrow = score(Input::Rows(test.view()))?;
    let wide = score(Input::Rows64(test.mapv(f64::from).view()))?;
    check_close("rows of 32 bits", &wide, &narrow, tolerance)?;
    let mut x = fine(train);
    x[[3, 2]] = f64::NAN;
    match scorer.score(Input::Rows64(x.view()), &Silent).map(|_| ()) {
        Err(DetectorError::NotFinite {
            row: 3, column: 2, ..
        }) => Ok(()),
        other => Err(format!(
            "score in 64 bits: expected NotFinite, found {other:?}"
        )),
    }
}

fn fit(detector: &dyn Detector, x: ArrayView2<'_, f32>) -> Result<Box<dyn Scorer>, String> {
    detector
        .fit(Input::Rows(x), 7, &Silent)
        .map_err(|e| format!("fit failed: {e}"))
}

fn score(scorer: &dyn Scorer, x: ArrayView2<'_, f32>) -> Result<Array1<f64>, String> {
    scorer
        .score(Input::Rows(x), &Silent)
        .map_err(|e| format!("score failed: {e}"))
}

/// Outliers come first in the samples that are scored.
fn check_ranking(scores: &Array1<f64>, n_outliers: usize, floor: f64) -> Result<(), String> {
    let (outliers, normal) = scores.view().split_at(Axis(0), n_outliers);
    let mut ordered = 0.0;
    for a in &outliers {
        for b in &normal {
            ordered += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
        }
    }
    let auroc = ordered / (outliers.len() * normal.len()) as f64;
    if auroc < floor {
        return Err(format!(
            "AUROC {auroc:.4} on planted outliers, expected at least {floor}"
        ));
    }
    Ok(())
}

fn check_close(
    what: &str,
    expected: &Array1<f64>,
    found: &Array1<f64>,
    tolerance: Tolerance,
) -> Result<(), String> {
    for (row, (e, f)) in expected.iter().zip(found).enumerate() {
        let allowed = tolerance.relative * e.abs().max(f.abs());
        if (e - f).abs() > allowed {
            return Err(format!("{what}: row {row} scores {f}, before {e}"));
        }
    }
    Ok(())
}

fn check_errors(
    detector: &dyn Detector,
    scorer: &dyn Scorer,
    train: &Array2<f32>,
) -> Result<(), String> {
    let both = |x: Input<'_>, expected: &str, is: fn(&DetectorError) -> bool| {
        let fitted = detector.fit(x, 7, &Silent).map(|_| ());
        let scored = scorer.score(x, &Silent).map(|_| ());
        for (step, result) in [("fit", fitted), ("score", scored)] {
            match result {
                Err(error) if is(&error) => {}
                other => return Err(format!("{step}: expected {expected}, found {other:?}")),
            }
        }
        Ok(())
    };
    for (n, d) in [(0, D), (N_TRAIN, 0)] {
        let empty = Array2::<f32>::zeros((n, d));
        both(Input::Rows(empty.view()), "Empty", |e| {
            matches!(e, DetectorError::Empty { .. })
        })?;
    }
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = train.clone();
        x[[3, 2]] = value;
        both(Input::Rows(x.view()), "NotFinite at [3, 2]", |e| {
            matches!(
                e,
                DetectorError::NotFinite {
                    row: 3,
                    column: 2,
                    ..
                }
            )
        })?;
    }
    let images = ndarray::Array4::<u8>::zeros((2, 1, 1, D));
    both(Input::Images(images.view()), "NotRows", |e| {
        matches!(e, DetectorError::NotRows)
    })?;

    let narrow = train.slice(s![.., 1..]);
    match scorer.score(Input::Rows(narrow), &Silent).map(|_| ()) {
        Err(DetectorError::Width { trained: D, .. }) => Ok(()),
        other => Err(format!("score: expected Width, found {other:?}")),
    }
}

/// Planted outliers, then normal rows.
fn test_rows() -> Array2<f32> {
    let mut x = normal_rows(N_OUTLIERS + N_NORMAL, 2);
    for (i, mut row) in x.axis_iter_mut(Axis(0)).take(N_OUTLIERS).enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            let sign = if (i + j) % 2 == 0 { 1.0 } else { -1.0 };
            *value += 8.0 * sign;
        }
    }
    x
}

/// Independent columns of mean 0 and variance 1, each a sum of four uniform numbers.
fn normal_rows(n: usize, stream: u64) -> Array2<f32> {
    let mut counter = stream << 32;
    Array2::from_shape_simple_fn((n, D), || {
        let sum: f64 = (0..4)
            .map(|_| {
                counter += 1;
                uniform(counter)
            })
            .sum();
        ((sum - 2.0) * 3f64.sqrt()) as f32
    })
}

/// The finaliser of SplitMix64 as a hash: one number in [0, 1) per counter.
fn uniform(counter: u64) -> f64 {
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Progress;

    /// Distance to the mean of the training rows; `fault` breaks one promise.
    #[derive(Clone, Copy)]
    struct Centre {
        fault: &'static str,
    }

    struct Fitted {
        mean: Array1<f32>,
        fault: &'static str,
    }

    impl Detector for Centre {
        fn fit(
            &self,
            x: Input<'_>,
            _seed: u64,
            _progress: &dyn Progress,
        ) -> Result<Box<dyn Scorer>, DetectorError> {
            let x = x.rows()?.to::<f32>();
            let mean = x.sum_axis(Axis(0)) / x.nrows() as f32;
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
            let x = if self.fault == "width" {
                x.rows()?.to::<f32>().slice_move(s![.., ..1])
            } else {
                x.rows_like(self.mean.len())?
            };
            let mut scores: Array1<f64> = x
                .axis_iter(Axis(0))
                .map(|row| {
                    let squares = row.iter().zip(&self.mean).map(|(a, b)| (a - b).powi(2));
                    f64::from(squares.sum::<f32>())
                })
                .collect();
            match self.fault {
                "direction" => scores.mapv_inplace(|s| -s),
                "batch" => scores /= scores.len() as f64,
                "nan" => scores[0] = f64::NAN,
                "shape" => scores = scores.slice(s![1..]).to_owned(),
                _ => {}
            }
            Ok(scores)
        }
    }

    #[test]
    fn an_honest_detector_passes() {
        assert_eq!(check(&Centre { fault: "" }), Ok(()));
    }

    #[test]
    fn each_broken_promise_is_named() {
        for (fault, complaint) in [
            ("direction", "AUROC 0.0000"),
            ("batch", "rows scored one by one"),
            ("nan", "score NaN for row 0"),
            ("shape", "75 scores for 76 rows"),
            ("width", "expected Width"),
        ] {
            let error = check(&Centre { fault }).unwrap_err();
            assert!(error.contains(complaint), "{fault}: {error}");
        }
    }
}
