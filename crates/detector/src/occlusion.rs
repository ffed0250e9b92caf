use ndarray::{Array2, ArrayView2, Axis, s};

use crate::Scorer;
use crate::contributions::{ContributionKind, Contributions};
use crate::error::DetectorError;
use crate::input::Input;
use crate::progress::Progress;
use crate::rows::{Number, Rows};

/// Rows scored together: enough for a method to use all cores.
const TOGETHER: usize = 4096;
/// Numbers of these rows, so that wide rows need no more memory than narrow ones.
const NUMBERS: usize = 1 << 22;

/// Contributions for any method of rows: by how much the score of a row falls when one column alone is set to its
/// value in `reference`, the [`medians`] of the training rows for one. `[m, d]` takes `m (d + 1)` scores, so
/// this is for rows that somebody asks about. Columns that say the same thing hide one another.
///
/// For a method whose score depends on the batch the values mean nothing.
///
/// # Errors
/// As [`Scorer::score`]; [`DetectorError::Width`] for a reference of another width,
/// [`DetectorError::Interrupted`].
pub fn occlusion(
    scorer: &dyn Scorer,
    x: Input<'_>,
    reference: &[f64],
    progress: &dyn Progress,
) -> Result<Contributions, DetectorError> {
    let values = match x.rows_of_width(reference.len())? {
        Rows::F32(x) => falls(scorer, x, reference, progress),
        Rows::F64(x) => falls(scorer, x, reference, progress),
    }?;
    Ok(Contributions::new(values, ContributionKind::Occlusion))
}

fn falls<T: Number>(
    scorer: &dyn Scorer,
    x: ArrayView2<'_, T>,
    reference: &[f64],
    progress: &dyn Progress,
) -> Result<Array2<f64>, DetectorError> {
    let (m, d) = x.dim();
    let together = (TOGETHER.min(NUMBERS / d) / (d + 1)).max(1);
    let mut values = Array2::zeros((m, d));
    for first in (0..m).step_by(together) {
        if progress.interrupted() {
            return Err(DetectorError::Interrupted);
        }
        let last = m.min(first + together);
        // Of each row: itself, then one copy for each column.
        let mut copies = Array2::<T>::default(((last - first) * (d + 1), d));
        for (i, mut copy) in copies.outer_iter_mut().enumerate() {
            copy.assign(&x.row(first + i / (d + 1)));
            if let Some(j) = (i % (d + 1)).checked_sub(1) {
                copy[j] = T::nearest(reference[j]);
            }
        }
        let scores = scorer.score(Input::of(copies.view()), progress)?;
        let scores = scores.as_standard_layout();
        for (i, scores) in scores.axis_chunks_iter(Axis(0), d + 1).enumerate() {
            let falls = scores.slice(s![1..]).mapv(|without| scores[0] - without);
            values.row_mut(first + i).assign(&falls);
        }
    }
    Ok(values)
}

/// The median of each column of rows, the mean of the two middle values for an even number of rows.
///
/// # Errors
/// As [`Input::rows`].
pub fn medians(x: Input<'_>) -> Result<Vec<f64>, DetectorError> {
    Ok(match x.rows()? {
        Rows::F32(x) => of_columns(x),
        Rows::F64(x) => of_columns(x),
    })
}

fn of_columns<T: Number>(x: ArrayView2<'_, T>) -> Vec<f64> {
    let median = |column: ndarray::ArrayView1<'_, T>| {
        let mut values: Vec<f64> = column.iter().map(|v| v.wide()).collect();
        let middle = values.len() / 2;
        let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
        if x.nrows() % 2 == 1 {
            return upper;
        }
        let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        lower / 2.0 + upper / 2.0
    };
    x.axis_iter(Axis(1)).map(median).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::*;
    use crate::{Silent, State};

    /// The sum of the columns' squares, each times its place.
    struct Weighted;

    impl Scorer for Weighted {
        fn state(&self) -> Result<State, DetectorError> {
            Ok(State::new("weighted", 1))
        }

        fn score(&self, x: Input<'_>, _: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
            let x = x.rows()?.to::<f64>();
            let score = |row: ndarray::ArrayView1<'_, f64>| {
                let terms = row.iter().enumerate();
                terms.map(|(j, v)| (j + 1) as f64 * v * v).sum::<f64>()
            };
            Ok(x.map_axis(Axis(1), score))
        }
    }

    #[test]
    fn each_column_is_set_alone() {
        let x = array![[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let found = occlusion(&Weighted, Input::Rows(x.view()), &[0.0, 1.0, 6.0], &Silent);
        let found = found.unwrap();
        assert_eq!(found.kind, ContributionKind::Occlusion);
        let expected = array![[1.0, 6.0, -81.0], [16.0, 48.0, 0.0]];
        assert_eq!(found.values, expected);
    }

    #[test]
    fn many_wide_rows_are_cut_into_pieces() {
        let x = Array2::from_shape_fn((50, 300), |(i, j)| (i * 300 + j) as f64);
        let reference = vec![0.0; 300];
        let found = occlusion(&Weighted, Input::Rows64(x.view()), &reference, &Silent).unwrap();
        for ((i, j), value) in found.values.indexed_iter() {
            let expected = (j + 1) as f64 * x[[i, j]].powi(2);
            assert!(
                (value - expected).abs() <= 1e-6 * (1.0 + expected),
                "{i} {j}: {value}"
            );
        }
    }

    #[test]
    fn another_width_is_an_error() {
        let x = array![[1.0, 2.0]];
        let found = occlusion(&Weighted, Input::Rows64(x.view()), &[0.0], &Silent);
        assert!(matches!(
            found,
            Err(DetectorError::Width {
                trained: 1,
                found: 2
            })
        ));
    }

    #[test]
    fn medians_are_middle_values() {
        let x = array![[3.0, 1e308], [1.0, 1e308], [2.0, -5.0]];
        assert_eq!(medians(Input::Rows64(x.view())).unwrap(), [2.0, 1e308]);
        let x = array![[3.0f32], [1.0], [4.0], [2.0]];
        assert_eq!(medians(Input::Rows(x.view())).unwrap(), [2.5]);
        let x = array![[1e308], [1.5e308]];
        assert_eq!(medians(Input::Rows64(x.view())).unwrap(), [1.25e308]);
        assert!(medians(Input::Rows64(array![[f64::NAN]].view())).is_err());
    }
}
