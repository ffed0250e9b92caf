use std::ops::Range;

use detector::{Number, State, StateError};
use ndarray::{Array2, ArrayView2, CowArray, Ix2};
use neighbours::Nearest;

/// A matrix product of few rows takes another path with other rounding; blocks are filled up with
/// rows of zeros to a multiple of this, so that a row scores the same alone as in any batch.
const PAD: usize = 8;

/// The point from which each row deviates.
pub(crate) enum Centre<'a, T> {
    /// One point for all.
    Point(&'a [f64]),
    /// The mean of its first `k` nearest rows of `table`.
    Nearest {
        table: ArrayView2<'a, T>,
        nearest: &'a Nearest,
        k: usize,
    },
}

/// The deviations `δ = x − m(x)` of some rows, made block by block. `x` and the table lie row by row in
/// memory.
pub(crate) struct Deltas<'a, T> {
    pub(crate) x: ArrayView2<'a, T>,
    pub(crate) centre: Centre<'a, T>,
}

impl<T: Number> Deltas<'_, T> {
    /// Rows and columns.
    pub(crate) fn shape(&self) -> (usize, usize) {
        self.x.dim()
    }

    /// `[rows.len(), d]`
    pub(crate) fn of(&self, rows: Range<usize>) -> Array2<f64> {
        self.filled(rows.clone(), rows.len())
    }

    /// The same with rows of zeros at the end.
    pub(crate) fn padded(&self, rows: Range<usize>) -> Array2<f64> {
        self.filled(rows.clone(), rows.len().next_multiple_of(PAD))
    }

    fn filled(&self, rows: Range<usize>, height: usize) -> Array2<f64> {
        let mut deltas = Array2::zeros((height, self.x.ncols()));
        for (i, mut delta) in rows.zip(deltas.outer_iter_mut()) {
            let delta = delta.as_slice_mut().expect("in standard layout");
            match &self.centre {
                Centre::Point(mean) => delta.copy_from_slice(mean),
                Centre::Nearest { table, nearest, k } => {
                    for j in &nearest.rows(i)[..*k] {
                        add(row(table, *j as usize), delta);
                    }
                    delta.iter_mut().for_each(|sum| *sum /= *k as f64);
                }
            }
            for (delta, x) in delta.iter_mut().zip(row(&self.x, i)) {
                *delta = x.wide() - *delta;
            }
        }
        deltas
    }
}

fn add<T: Number>(row: &[T], sums: &mut [f64]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += value.wide();
    }
}

/// A row as a slice, several times as fast to walk as a view.
fn row<'a, T>(x: &'a ArrayView2<'_, T>, i: usize) -> &'a [T] {
    let d = x.ncols();
    let all = x.as_slice().expect("in standard layout");
    &all[i * d..(i + 1) * d]
}

/// The mean of each column; `x` lies row by row in memory.
pub(crate) fn mean<T: Number>(x: ArrayView2<'_, T>) -> Vec<f64> {
    let mut sums = vec![0.0; x.ncols()];
    (0..x.nrows()).for_each(|i| add(row(&x, i), &mut sums));
    sums.iter_mut().for_each(|sum| *sum /= x.nrows() as f64);
    sums
}

/// `0..n` cut every `size`; a cut depends on `n` alone, never on the threads.
pub(crate) fn blocks(n: usize, size: usize) -> Vec<Range<usize>> {
    let firsts = (0..n).step_by(size);
    firsts.map(|first| first..n.min(first + size)).collect()
}

/// Rows that vary by less than this, per column on average, are counted in larger units.
const SMALL: f64 = 1.0 / 1024.0;

/// The power of two that brings rows of small numbers to the scale the constants of this crate are made
/// for; 1 for rows that vary by a thousandth or more, and where all are equal.
pub(crate) fn unit<T: Number>(x: ArrayView2<'_, T>) -> f64 {
    let x = x.as_standard_layout();
    let mean = mean(x.view());
    let mut squares = 0.0;
    for i in 0..x.nrows() {
        for (value, mean) in row(&x.view(), i).iter().zip(&mean) {
            squares += (value.wide() - mean).powi(2);
        }
    }
    let spread = (squares / x.len() as f64).sqrt();
    if spread > 0.0 && spread < SMALL {
        2f64.powi(-(spread.log2().ceil() as i32))
    } else {
        1.0
    }
}

/// The [`unit`] of a stored detector.
///
/// # Errors
/// [`StateError::Content`] where it is missing or not a positive number.
pub(crate) fn stored_unit(state: &State) -> Result<f64, StateError> {
    let unit: f64 = state.value("unit")?;
    if unit > 0.0 {
        return Ok(unit);
    }
    Err(state.wrong("unit", format!("{unit}, expected a number above 0")))
}

/// `x` in units of `1/unit`, row by row in memory; exact, as `unit` is a power of two.
pub(crate) fn in_units<T: Number>(x: CowArray<'_, T, Ix2>, unit: f64) -> CowArray<'_, T, Ix2> {
    let x = if unit == 1.0 {
        x
    } else {
        CowArray::from(x.mapv(|v| T::nearest(v.wide() * unit)))
    };
    if x.is_standard_layout() {
        x
    } else {
        CowArray::from(x.as_standard_layout().into_owned())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn only_small_numbers_have_another_unit() {
        assert_eq!(unit(array![[1.0, -7.0], [3.0, -7.0]].view()), 1.0);
        assert_eq!(unit(array![[0.01f32], [0.03]].view()), 1.0);
        assert_eq!(unit(array![[5.0], [5.0]].view()), 1.0);
        // A spread of 3·2⁻²⁰ is between 2⁻¹⁹ and 2⁻¹⁸.
        let step = 3.0 * 2f64.powi(-20);
        let x = array![[1.0 - step], [1.0 + step]];
        assert_eq!(unit(x.view()), 2f64.powi(18));
        assert_eq!(
            in_units(x.view().into(), 2f64.powi(18))[[1, 0]],
            2f64.powi(18) + 0.75
        );
    }
}
