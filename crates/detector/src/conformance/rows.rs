//! What detectors of rows have to hold.

use ndarray::{Array2, Axis, s};

use super::samples::{Samples, check_close, fit_refuses, score, score_refuses, uniform};
use super::tolerance::Tolerance;
use crate::{Detector, DetectorError, Input, Scorer};

/// Normal rows to fit to.
pub(super) const N_TRAIN: usize = 301;
/// Normal rows to score.
pub(super) const N_NORMAL: usize = 67;
/// Planted outliers to score.
const N_OUTLIERS: usize = 9;
const D: usize = 5;

/// Checks `detector` on made-up rows with [`Tolerance::default`].
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check(detector: &dyn Detector) -> Result<(), String> {
    check_within(detector, Tolerance::default())
}

/// Checks `detector` on made-up rows: it fits and scores them with one finite number per row, ranks
/// planted outliers above normal rows, gives the same scores for the same seed, scores a row alone
/// as in a batch, whatever the memory layout, is the same when its stored state is restored
/// ([`check_restored`](super::check_restored)), and answers empty input, another width, NaN, infinity
/// and images with the contract's errors, in `fit` and in `score`. All of this for rows of 32 bits, and
/// what could differ for rows of 64.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check_within(detector: &dyn Detector, tolerance: Tolerance) -> Result<(), String> {
    let train = normal_rows(N_TRAIN, 1);
    let test = test_rows();
    let samples = Samples {
        train: Input::Rows(train.view()),
        test: Input::Rows(test.view()),
        n_outliers: N_OUTLIERS,
        name: "row",
    };
    let (scorer, scores) = samples.check(detector, tolerance)?;
    samples.check_second_fit(detector, &scores, tolerance)?;

    let reversed = score(&*scorer, Input::Rows(test.slice(s![..;-1, ..])))?;
    let reversed = reversed.slice(s![..;-1]).to_owned();
    check_close("rows in reverse order", &scores, &reversed, tolerance)?;

    // Column by column in memory, as a table read by columns arrives.
    let columns = test.t().as_standard_layout().into_owned();
    let transposed = score(&*scorer, Input::Rows(columns.t()))?;
    check_close("rows laid out by columns", &scores, &transposed, tolerance)?;

    check_64_bits(detector, &train, &test, tolerance)?;
    check_errors(detector, &*scorer, &train)
}

/// Rows of 64-bit floats, and rows of 32 bits like the same numbers in 64.
fn check_64_bits(
    detector: &dyn Detector,
    train: &Array2<f32>,
    test: &Array2<f32>,
    tolerance: Tolerance,
) -> Result<(), String> {
    // Not a number of these has its like in 32 bits.
    let fine = |x: &Array2<f32>| x.mapv(|v| f64::from(v) * (1.0 + 1e-9) + 1e-9);
    let (mut fine_train, fine_test) = (fine(train), fine(test));
    let samples = Samples {
        train: Input::Rows64(fine_train.view()),
        test: Input::Rows64(fine_test.view()),
        n_outliers: N_OUTLIERS,
        name: "64-bit row",
    };
    let (scorer, _) = samples.check(detector, tolerance)?;
    let narrow = score(&*scorer, Input::Rows(test.view()))?;
    let wide = score(&*scorer, Input::Rows64(test.mapv(f64::from).view()))?;
    check_close("rows of 32 bits", &wide, &narrow, tolerance)?;
    fine_train[[3, 2]] = f64::NAN;
    let x = Input::Rows64(fine_train.view());
    score_refuses(&*scorer, x, "NotFinite at [3, 2]", not_finite)
}

fn check_errors(
    detector: &dyn Detector,
    scorer: &dyn Scorer,
    train: &Array2<f32>,
) -> Result<(), String> {
    let both = |x: Input<'_>, expected: &str, is: fn(&DetectorError) -> bool| {
        fit_refuses(detector, x, expected, is)?;
        score_refuses(scorer, x, expected, is)
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
        both(Input::Rows(x.view()), "NotFinite at [3, 2]", not_finite)?;
    }
    let images = ndarray::Array4::<u8>::zeros((2, 1, 1, D));
    both(Input::Images(images.view()), "NotRows", |e| {
        matches!(e, DetectorError::NotRows)
    })?;
    let narrow = Input::Rows(train.slice(s![.., 1..]));
    score_refuses(scorer, narrow, "Width", |e| {
        matches!(e, DetectorError::Width { trained: D, .. })
    })
}

fn not_finite(error: &DetectorError) -> bool {
    matches!(
        error,
        DetectorError::NotFinite {
            row: 3,
            column: 2,
            ..
        }
    )
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
pub(super) fn normal_rows(n: usize, stream: u64) -> Array2<f32> {
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

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::{Progress, State};

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

        fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
            if self.fault != "any kind" {
                state.expect("centre", 1)?;
            }
            let mean = match self.fault {
                "hollow" => state.list::<f32>("mean").unwrap_or_default(),
                _ => state.list("mean")?,
            };
            let mut mean = Array1::from_vec(mean);
            let fault = match self.fault {
                "rounds" => {
                    mean[0] += 1e-3;
                    ""
                }
                "silent" => "",
                "drifts" => "drifted",
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
                "drifted" => scores[3] = scores[3].next_up(),
                "nan" => scores[0] = f64::NAN,
                "shape" => scores = scores.slice(s![1..]).to_owned(),
                _ => {}
            }
            Ok(scores)
        }

        fn state(&self) -> Result<State, DetectorError> {
            let mut state = State::new("centre", 1).with_array("mean", &self.mean);
            if self.fault == "rounds" {
                state = state.with_array("mean", &self.mean.mapv(|v| v - 1e-3));
            }
            Ok(state)
        }

        fn warnings(&self) -> Vec<String> {
            let warning = (self.fault == "silent").then(|| "careful".to_owned());
            warning.into_iter().collect()
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
            ("rounds", "restored and stored again, its state is another"),
            ("any kind", "a state of another kind: expected State"),
            ("drifts", "restored, sample 3 scores"),
            ("hollow", "a state of no content: expected State"),
            ("silent", "restored, it warns [], before [\"careful\"]"),
        ] {
            let error = check(&Centre { fault }).unwrap_err();
            assert!(error.contains(complaint), "{fault}: {error}");
        }
    }
}
