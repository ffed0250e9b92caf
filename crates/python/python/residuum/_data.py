"""What users pass as X, as the compiled half takes it: an array of float32 or float64 in C order, or Columns."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from ._frames import columns_of, is_frame
from ._residuum import Columns


class Given(NamedTuple):
    """X as detectors take it."""

    payload: Any
    """An array or Columns."""
    n_rows: int
    n_features: int
    names: list[str] | None
    """The names of the columns of a frame; None of an array."""
    categories: list[str]
    """The columns of a frame that are categories by their type."""


def to_fit(X: Any, who: str) -> Given:
    """X for a fit of the estimator called `who`.

    Raises ValueError for data of another shape, TypeError for sparse matrices and values that are not numbers.
    """
    if is_frame(X):
        frame = columns_of(X)
        if frame is not None:
            columns, categories = frame
            names = columns.names()
            _check_shape(len(columns), len(names), who)
            return Given(columns, len(columns), len(names), names, categories)
    array = _array(X, who)
    return Given(array, array.shape[0], array.shape[1], None, [])


def to_score(X: Any, who: str, n_features: int, names: list[str] | None) -> Given:
    """X for scores by an estimator that was fitted to columns of these names, or to an array where names is None."""
    given = to_fit(X, who)
    if given.names is None:
        if given.n_features != n_features:
            raise ValueError(
                f"X has {given.n_features} features, but {who} is expecting {n_features} features as input"
            )
        if names is None:
            return given
        if names != places(n_features):
            warnings.warn(
                f"X does not have valid feature names, but {who} was fitted with feature names",
                UserWarning,
                stacklevel=4,
            )
        return given._replace(payload=as_columns(given.payload, names), names=names)
    if names is None:
        warnings.warn(
            f"X has feature names, but {who} was fitted without feature names",
            UserWarning,
            stacklevel=4,
        )
        if given.n_features != n_features:
            raise ValueError(
                f"X has {given.n_features} features, but {who} is expecting {n_features} features as input"
            )
        return given._replace(payload=given.payload.numbers(), names=None)
    return given


def places(n_features: int) -> list[str]:
    """The names of the columns of an array, where they need some."""
    return [str(place) for place in range(n_features)]


def as_columns(array: np.ndarray, names: list[str]) -> Columns:
    """The columns of an array; what is NaN is missing."""
    kind = "float32" if array.dtype == np.float32 else "float64"
    columns = [
        (name, kind, np.ascontiguousarray(array[:, i]), np.isnan(array[:, i]).tolist())
        for i, name in enumerate(names)
    ]
    return Columns(columns)


def select(given: Given, rows: np.ndarray) -> Any:
    """Some rows of the payload, copied."""
    if isinstance(given.payload, np.ndarray):
        return given.payload[rows]
    return given.payload.select(rows.tolist())


def _array(X: Any, who: str) -> np.ndarray:
    if hasattr(X, "toarray") and hasattr(X, "nnz"):
        raise TypeError(
            f"Sparse data was passed, but {who} takes dense data: X.toarray() makes it so where memory allows"
        )
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(
            "X is a masked array with masked values; fill them, or pass a data frame and missing=\"mean\""
        )
    array = np.asarray(X)
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{array}\n")
    if array.ndim != 2:
        _refuse_dimensions(array)
    _check_shape(*array.shape, who)
    kind = array.dtype.kind
    if kind in "USV":
        raise ValueError(
            "an array of text is not data: give numbers, or a data frame, whose columns of text are categories"
        )
    if kind == "M" or kind == "m":
        raise TypeError(f"an array of {array.dtype} is not data: give numbers, or a data frame")
    if array.dtype not in (np.float32, np.float64):
        # Objects that are not numbers raise what float() raises.
        array = array.astype(np.float32 if array.dtype == np.float16 else np.float64)
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def _refuse_dimensions(array: np.ndarray) -> None:
    n = array.ndim
    if n > 2:
        raise ValueError(f"Found array with dim {n}, while dim <= 2 is required: rows and columns")
    what = "scalar" if n == 0 else "1D"
    raise ValueError(
        f"Expected 2D array, got {what} array instead:\narray={array}.\n"
        "Reshape your data either using array.reshape(-1, 1) if your data has a single feature "
        "or array.reshape(1, -1) if it contains a single sample."
    )


def _check_shape(n_rows: int, n_features: int, who: str) -> None:
    shape = (n_rows, n_features)
    if n_rows == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={shape}) while a minimum of 1 is required by {who}."
        )
    if n_features == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={shape}) while a minimum of 1 is required by {who}."
        )
