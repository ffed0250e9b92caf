"""Data frames as typed columns: pandas by its own columns, others by the Arrow capsule, else by `__dataframe__`."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _interchange
from ._residuum import Columns


def is_frame(X: Any) -> bool:
    """Whether X has named columns."""
    ways = ("__arrow_c_stream__", "__dataframe__")
    return not isinstance(X, np.ndarray) and (_is_pandas(X) or any(hasattr(X, way) for way in ways))


def columns_of(X: Any) -> tuple[Columns, list[str]] | None:
    """The columns of X and the names of those that are categories by their type.

    None where the columns of a pandas frame have no names but numbers, as those of an array have: as for
    scikit-learn, X is then an array.
    """
    if not _is_pandas(X):
        if hasattr(X, "__arrow_c_stream__"):
            return Columns.from_arrow(X.__arrow_c_stream__())
        parts, categories = _interchange.parts_of(X)
        return Columns(parts), categories
    if getattr(X, "ndim", 2) != 2:
        return None
    named = [isinstance(name, str) for name in X.columns]
    if not all(named):
        if any(named):
            raise TypeError("names of columns are all text, or none is: X.columns = X.columns.astype(str)")
        return None
    found = [_pandas_column(name, X.iloc[:, i]) for i, name in enumerate(X.columns)]
    categories = [
        name for i, name in enumerate(X.columns) if hasattr(X.dtypes.iloc[i], "categories")
    ]
    return Columns(found), categories


def _is_pandas(X: Any) -> bool:
    return type(X).__module__.split(".")[0] == "pandas" and hasattr(X, "iloc")


def _pandas_column(name: str, series: Any) -> tuple[str, str, Any, list[bool] | None]:
    dtype = series.dtype
    if hasattr(dtype, "categories"):
        series = series.astype(dtype.categories.dtype if series.notna().all() else object)
        dtype = series.dtype
    gone = np.asarray(series.isna(), dtype=bool)
    missing = gone.tolist() if gone.any() else None
    kind = getattr(dtype, "kind", "O")
    if kind == "f":
        wanted = np.float32 if getattr(dtype, "itemsize", 8) <= 4 else np.float64
        values = series.to_numpy(dtype=wanted, na_value=np.nan)
        return name, np.dtype(wanted).name, np.ascontiguousarray(values), missing
    if kind in "iu":
        values = series.to_numpy(dtype=object if missing else None, na_value=0) if missing else series.to_numpy()
        return name, "integer", _whole(name, values), missing
    if kind == "b":
        values = series.to_numpy(dtype=bool, na_value=False) if missing else series.to_numpy(dtype=bool)
        return name, "boolean", np.ascontiguousarray(values), missing
    if kind == "M":
        if getattr(dtype, "tz", None) is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        moments = series.to_numpy().astype("datetime64[ns]").view(np.int64)
        return name, "time", np.ascontiguousarray(np.where(gone, 0, moments)), missing
    if kind in "OUTS":
        return _objects(name, series.to_numpy(dtype=object), gone, missing)
    raise TypeError(
        f"column {name!r} has the type {dtype}: columns are numbers, text, true or false, or moments"
    )


def _objects(name: str, values: Any, gone: Any, missing: list[bool] | None) -> tuple:
    """A column of Python's objects: text, or numbers, or booleans, but all of one kind."""
    present = [value for value, absent in zip(values, gone) if not absent]
    if all(isinstance(value, str) for value in present):
        texts = ["" if absent else value for value, absent in zip(values, gone)]
        return name, "text", texts, missing
    if all(isinstance(value, (bool, np.bool_)) for value in present):
        booleans = [False if absent else bool(value) for value, absent in zip(values, gone)]
        return name, "boolean", np.array(booleans, dtype=bool), missing
    if any(isinstance(value, (str, bool, np.bool_)) for value in present):
        raise TypeError(f"column {name!r} mixes text with other values: make it one type, such as astype(str)")
    if all(isinstance(value, (int, np.integer)) for value in present):
        whole = [0 if absent else int(value) for value, absent in zip(values, gone)]
        return name, "integer", _whole(name, np.array(whole, dtype=object)), missing
    # What is not a number raises what float() raises.
    floats = [np.nan if absent else float(value) for value, absent in zip(values, gone)]
    return name, "float64", np.array(floats), missing


def _whole(name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype == object or values.dtype == np.uint64:
        if len(values) and (max(values) >= 2**63 or min(values) < -(2**63)):
            raise ValueError(f"column {name!r} holds whole numbers beyond 64 bits with a sign")
    return np.ascontiguousarray(values.astype(np.int64))
