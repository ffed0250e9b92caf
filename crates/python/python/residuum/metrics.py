"""Metrics and tests of anomaly detection that scikit-learn lacks, and the AUROC that they stand on.

Labels are true, or 1, for anomalies; scores are higher for them, as `anomaly_scores` gives them. What is undefined,
such as an AUROC with one class, raises ValueError: never NaN.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import _residuum

__all__ = [
    "AurocDifference",
    "Interval",
    "Nemenyi",
    "Pair",
    "Wilcoxon",
    "WilcoxonHolm",
    "aupro",
    "auroc",
    "auroc_difference",
    "auroc_interval",
    "average_precision",
    "fpr_at_tpr",
    "nemenyi",
    "wilcoxon",
    "wilcoxon_holm",
]


class Interval(NamedTuple):
    """An estimate with the ends of its interval."""

    estimate: float
    low: float
    high: float


class AurocDifference(NamedTuple):
    """Two AUROCs on the same rows."""

    first: float
    second: float
    standard_error: float
    """Of first - second."""
    z: float
    """first - second over its standard error."""
    p: float
    """Two-sided."""


class Wilcoxon(NamedTuple):
    """A signed-rank test."""

    pairs: int
    """Pairs that differ."""
    first_higher: float
    """Ranks of the pairs in which the first is higher, summed."""
    second_higher: float
    p: float
    """Two-sided."""


class Pair(NamedTuple):
    """Two methods, by their columns."""

    first: int
    second: int
    p: float
    adjusted: float
    """After Holm's adjustment over all pairs."""


class WilcoxonHolm(NamedTuple):
    """Which methods differ."""

    ranks: list[float]
    """Mean rank of each method; 1 is the best."""
    pairs: list[Pair]
    cliques: list[list[int]]
    """The largest groups of methods of which no two differ."""


class Nemenyi(NamedTuple):
    """Mean ranks and how far apart they must be to differ: what a diagram of critical differences draws."""

    ranks: list[float]
    critical_difference: float
    cliques: list[list[int]]


def auroc(y_true: Any, scores: Any) -> float:
    """Area under the ROC curve, ties counting one half; in [0, 1]."""
    return _residuum.auroc(_scores(scores), _labels(y_true))


def auroc_interval(y_true: Any, scores: Any, *, level: float = 0.95) -> Interval:
    """The AUROC with DeLong's interval: DeLong, DeLong and Clarke-Pearson, 1988, Biometrics 44."""
    return Interval(*_residuum.auroc_interval(_scores(scores), _labels(y_true), level))


def auroc_difference(y_true: Any, first: Any, second: Any) -> AurocDifference:
    """DeLong's test of two scorings of the same rows."""
    return AurocDifference(
        *_residuum.auroc_difference(_scores(first), _scores(second), _labels(y_true))
    )


def average_precision(y_true: Any, scores: Any) -> float:
    """Average precision, not the trapezoid under the curve; as scikit-learn's."""
    return _residuum.average_precision(_scores(scores), _labels(y_true))


def fpr_at_tpr(y_true: Any, scores: Any, *, tpr: float = 0.95) -> float:
    """The least false-positive rate at a true-positive rate of at least `tpr`."""
    return _residuum.fpr_at_tpr(_scores(scores), _labels(y_true), tpr)


def aupro(masks: Any, maps: Any, *, max_fpr: float = 0.3) -> float:
    """Area under the per-region overlap up to a false-positive rate, over `max_fpr`: of maps of images against masks.

    masks: [n, h, w], true where a pixel is anomalous; maps: [n, h, w], higher is more anomalous, in 32 bits.
    Source: Bergmann et al., 2021, "The MVTec anomaly detection dataset", IJCV 129.
    """
    maps = np.ascontiguousarray(maps, dtype=np.float32)
    return _residuum.aupro(maps, _booleans(masks), max_fpr)


def wilcoxon(first: Any, second: Any, *, zeros: str = "zsplit", exact: bool = True) -> Wilcoxon:
    """Wilcoxon's signed-rank test of paired values, such as the AUROCs of two methods on the same data sets.

    zeros: "wilcox", "pratt" or "zsplit", as in SciPy. exact: the exact distribution, with ties, for up to 500 pairs;
    else the normal one.
    """
    return Wilcoxon(*_residuum.wilcoxon(_scores(first), _scores(second), zeros, exact))


def wilcoxon_holm(values: Any, *, alpha: float = 0.05, zeros: str = "zsplit") -> WilcoxonHolm:
    """Signed-rank tests between all pairs of methods with Holm's adjustment (Benavoli et al., 2016, JMLR 17).

    values: [n, k], a row for each data set, a column for each method, higher is better.
    """
    ranks, pairs, cliques = _residuum.wilcoxon_holm(_table(values), zeros, alpha)
    return WilcoxonHolm(ranks, [Pair(*pair) for pair in pairs], cliques)


def nemenyi(values: Any, *, alpha: float = 0.05) -> Nemenyi:
    """Nemenyi's test: mean ranks further apart than the critical difference differ (Demšar, 2006, JMLR 7).

    values: [n, k], a row for each data set, a column for each method, higher is better.
    """
    return Nemenyi(*_residuum.nemenyi(_table(values), alpha))


def _scores(values: Any) -> np.ndarray:
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"Expected 1D array, got {array.ndim}D array instead")
    return array


def _table(values: Any) -> np.ndarray:
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"Expected 2D array, got {array.ndim}D array instead")
    return array


def _labels(values: Any) -> np.ndarray:
    array = _booleans(values)
    if array.ndim != 1:
        raise ValueError(f"Expected 1D array, got {array.ndim}D array instead")
    return array


def _booleans(values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise ValueError(
            "labels are 0 and 1, or true and false: 1 for anomalies (scikit-learn's -1 and 1: y == -1)"
        )
    return np.ascontiguousarray(array, dtype=np.bool_)
