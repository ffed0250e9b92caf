//! The crate `metrics` on numpy's arrays.

use std::fmt::Display;

use metrics::statistics;
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

type Scores<'py> = PyReadonlyArray1<'py, f64>;
type Labels<'py> = PyReadonlyArray1<'py, bool>;

/// The estimate and the ends of its interval.
type Interval = (f64, f64, f64);

fn wrong(error: impl Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The AUROC.
#[pyfunction]
pub(crate) fn auroc(scores: Scores<'_>, labels: Labels<'_>) -> PyResult<f64> {
    metrics::auroc(scores.as_slice()?, labels.as_slice()?).map_err(wrong)
}

/// The AUROC with DeLong's interval.
#[pyfunction]
pub(crate) fn auroc_interval(
    scores: Scores<'_>,
    labels: Labels<'_>,
    level: f64,
) -> PyResult<Interval> {
    let found = statistics::auroc_interval(scores.as_slice()?, labels.as_slice()?, level);
    let found = found.map_err(wrong)?;
    Ok((found.estimate, found.low, found.high))
}

/// Two AUROCs on the same rows: both, the standard error of their difference, z and p.
#[pyfunction]
pub(crate) fn auroc_difference(
    first: Scores<'_>,
    second: Scores<'_>,
    labels: Labels<'_>,
) -> PyResult<(f64, f64, f64, f64, f64)> {
    let (first, second) = (first.as_slice()?, second.as_slice()?);
    let found = statistics::auroc_difference(first, second, labels.as_slice()?).map_err(wrong)?;
    Ok((
        found.first,
        found.second,
        found.standard_error,
        found.z,
        found.p,
    ))
}

/// The average precision.
#[pyfunction]
pub(crate) fn average_precision(scores: Scores<'_>, labels: Labels<'_>) -> PyResult<f64> {
    metrics::average_precision(scores.as_slice()?, labels.as_slice()?).map_err(wrong)
}

/// The least false-positive rate at a true-positive rate.
#[pyfunction]
pub(crate) fn fpr_at_tpr(scores: Scores<'_>, labels: Labels<'_>, tpr: f64) -> PyResult<f64> {
    metrics::fpr_at_tpr(scores.as_slice()?, labels.as_slice()?, tpr).map_err(wrong)
}

/// The area under the per-region overlap.
#[pyfunction]
pub(crate) fn aupro(
    maps: PyReadonlyArray3<'_, f32>,
    masks: PyReadonlyArray3<'_, bool>,
    max_fpr: f64,
) -> PyResult<f64> {
    let shape = |of: &[usize]| (of[0], of[1], of[2]);
    let maps_view = ndarray::ArrayView3::from_shape(shape(maps.shape()), maps.as_slice()?);
    let masks_view = ndarray::ArrayView3::from_shape(shape(masks.shape()), masks.as_slice()?);
    let (maps, masks) = (maps_view.map_err(wrong)?, masks_view.map_err(wrong)?);
    metrics::aupro(maps, masks, max_fpr).map_err(wrong)
}

/// The two sums of ranks and the p-value.
#[pyfunction]
pub(crate) fn wilcoxon(
    first: Scores<'_>,
    second: Scores<'_>,
    zeros: &str,
    exact: bool,
) -> PyResult<(usize, f64, f64, f64)> {
    let test = match exact {
        true => statistics::wilcoxon_exact,
        false => statistics::wilcoxon_normal,
    };
    let found = test(first.as_slice()?, second.as_slice()?, self::zeros(zeros)?).map_err(wrong)?;
    Ok((
        found.pairs,
        found.first_higher,
        found.second_higher,
        found.p,
    ))
}

/// Mean ranks, pairs `(first, second, p, adjusted)`, and groups that do not differ.
#[allow(clippy::type_complexity)] // plain tuples
#[pyfunction]
pub(crate) fn wilcoxon_holm(
    values: PyReadonlyArray2<'_, f64>,
    zeros: &str,
    alpha: f64,
) -> PyResult<(Vec<f64>, Vec<(usize, usize, f64, f64)>, Vec<Vec<usize>>)> {
    let found = statistics::wilcoxon_holm(table(&values)?, self::zeros(zeros)?, alpha);
    let found = found.map_err(wrong)?;
    let pairs = found.pairs.iter();
    let pairs = pairs.map(|pair| (pair.first, pair.second, pair.p, pair.adjusted));
    Ok((found.ranks, pairs.collect(), found.cliques))
}

/// Mean ranks, the critical difference, and groups that do not differ.
#[pyfunction]
pub(crate) fn nemenyi(
    values: PyReadonlyArray2<'_, f64>,
    alpha: f64,
) -> PyResult<(Vec<f64>, f64, Vec<Vec<usize>>)> {
    let found = statistics::nemenyi(table(&values)?, alpha).map_err(wrong)?;
    Ok((found.ranks, found.critical_difference, found.cliques))
}

fn table<'a>(values: &'a PyReadonlyArray2<'_, f64>) -> PyResult<ndarray::ArrayView2<'a, f64>> {
    let shape = (values.shape()[0], values.shape()[1]);
    ndarray::ArrayView2::from_shape(shape, values.as_slice()?).map_err(wrong)
}

fn zeros(name: &str) -> PyResult<statistics::Zeros> {
    use statistics::Zeros;
    match name {
        "wilcox" => Ok(Zeros::Drop),
        "pratt" => Ok(Zeros::Pratt),
        "zsplit" => Ok(Zeros::Split),
        _ => Err(PyValueError::new_err(format!(
            "zeros = {name:?}: expected \"wilcox\", \"pratt\" or \"zsplit\""
        ))),
    }
}
