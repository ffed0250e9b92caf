use ndarray::{Array2, Axis, s};

use super::rows::{N_NORMAL, N_TRAIN, normal_rows};
use crate::{ContributionKind, Contributions, Detector, Input, Scorer, Silent};

/// By how much the planted column is off, in standard deviations.
const OFF: f32 = 9.0;
/// Rounding of sums, relative.
const ROUNDING: f64 = 1e-9;

/// Checks [`Scorer::contributions`] of `detector` on made-up rows, each with one odd column: they are there, of
/// this kind, one finite number for each value; the odd column comes first in half of the rows (methods that
/// count ranks or bins cannot tell how far off a value is); exact ones sum to the score; and a row alone
/// has those that it has in the batch.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check_contributions(detector: &dyn Detector, kind: ContributionKind) -> Result<(), String> {
    let train = normal_rows(N_TRAIN, 1);
    let mut test = normal_rows(N_NORMAL, 3);
    let d = test.ncols();
    for (i, mut row) in test.outer_iter_mut().enumerate() {
        row[i % d] = if i % 2 == 0 { OFF } else { -OFF };
    }
    let scorer = detector
        .fit(Input::Rows(train.view()), 0, &Silent)
        .map_err(|e| format!("fit failed: {e}"))?;
    let found = of(&*scorer, &test)?;
    if found.kind != kind {
        return Err(format!("contributions are {}, not {kind}", found.kind));
    }
    let first = |&i: &usize| found.ranked(i)[0] == i % d;
    let found_first = (0..test.nrows()).filter(first).count();
    if 2 * found_first < test.nrows() {
        let of = test.nrows();
        return Err(format!(
            "the odd column comes first in {found_first} of {of} rows"
        ));
    }
    if kind == ContributionKind::Exact {
        check_sums(&*scorer, &test, &found)?;
    }
    for i in 0..test.nrows() {
        let alone = of(&*scorer, &test.slice(s![i..=i, ..]).to_owned())?;
        for (a, b) in alone.values.iter().zip(found.values.row(i)) {
            if (a - b).abs() > ROUNDING * b.abs() {
                return Err(format!("row {i} alone has {}", alone.values));
            }
        }
    }
    Ok(())
}

fn of(scorer: &dyn Scorer, x: &Array2<f32>) -> Result<Contributions, String> {
    let found = scorer
        .contributions(Input::Rows(x.view()), &Silent)
        .map_err(|e| format!("contributions failed: {e}"))?
        .ok_or("no contributions")?;
    if found.values.dim() != x.dim() {
        let (found, expected) = (found.values.dim(), x.dim());
        return Err(format!(
            "contributions of {found:?} for rows of {expected:?}"
        ));
    }
    match found.values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(format!("a contribution is {value}")),
        None => Ok(found),
    }
}

fn check_sums(scorer: &dyn Scorer, x: &Array2<f32>, found: &Contributions) -> Result<(), String> {
    let scores = scorer
        .score(Input::Rows(x.view()), &Silent)
        .map_err(|e| format!("score failed: {e}"))?;
    let sums = found.values.sum_axis(Axis(1));
    let sizes = found.values.mapv(f64::abs).sum_axis(Axis(1));
    for (i, ((sum, size), score)) in sums.iter().zip(&sizes).zip(&scores).enumerate() {
        if (sum - score).abs() > ROUNDING * size {
            return Err(format!(
                "contributions of row {i} sum to {sum}, its score is {score}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::{DetectorError, Progress, State};

    /// The squared length with its terms; `fault` breaks one promise.
    #[derive(Clone, Copy)]
    struct Squares {
        fault: &'static str,
    }

    impl Detector for Squares {
        fn fit(
            &self,
            _: Input<'_>,
            _: u64,
            _: &dyn Progress,
        ) -> Result<Box<dyn Scorer>, DetectorError> {
            Ok(Box::new(*self))
        }

        fn restore(&self, _: &State) -> Result<Box<dyn Scorer>, DetectorError> {
            Ok(Box::new(*self))
        }
    }

    impl Scorer for Squares {
        fn state(&self) -> Result<State, DetectorError> {
            Ok(State::new("squares", 1))
        }

        fn score(&self, x: Input<'_>, _: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
            Ok(x.rows()?.to::<f64>().mapv(|v| v * v).sum_axis(Axis(1)))
        }

        fn contributions(
            &self,
            x: Input<'_>,
            _: &dyn Progress,
        ) -> Result<Option<Contributions>, DetectorError> {
            let mut values = x.rows()?.to::<f64>().mapv(|v| v * v);
            match self.fault {
                "none" => return Ok(None),
                "sums" => values *= 1.001,
                "order" => values.mapv_inplace(|v| -v),
                "batch" => values *= values.nrows() as f64,
                "shape" => values = values.slice(s![.., 1..]).to_owned(),
                "nan" => values[[0, 0]] = f64::NAN,
                _ => {}
            }
            Ok(Some(Contributions::new(values, ContributionKind::Exact)))
        }
    }

    #[test]
    fn each_broken_promise_is_named() {
        let check = |fault| check_contributions(&Squares { fault }, ContributionKind::Exact);
        assert_eq!(check(""), Ok(()));
        for (fault, complaint) in [
            ("none", "no contributions"),
            ("sums", "its score is"),
            ("order", "the odd column comes first in 0 of 67 rows"),
            ("batch", "its score is"),
            ("shape", "contributions of (67, 4) for rows of (67, 5)"),
            ("nan", "a contribution is NaN"),
        ] {
            let error = check(fault).unwrap_err();
            assert!(error.contains(complaint), "{fault}: {error}");
        }
        let kind = ContributionKind::SquaredResidual;
        let error = check_contributions(&Squares { fault: "" }, kind).unwrap_err();
        assert_eq!(error, "contributions are exact, not squared-residual");
    }
}
