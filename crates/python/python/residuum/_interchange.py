"""Columns of objects that have the data frame interchange protocol, `__dataframe__`, and no Arrow capsule."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

# Of the protocol: DtypeKind and ColumnNullType.
_INT, _UINT, _FLOAT, _BOOL, _STRING, _DATETIME, _CATEGORICAL = 0, 1, 2, 20, 21, 22, 23
_NON_NULLABLE, _NAN, _SENTINEL, _BITS, _BYTES = range(5)
_CPU = 1

_UNITS = {"s": 10**9, "m": 10**6, "u": 10**3, "n": 1}
"""Nanoseconds of the units of a moment."""
_DAY = 86_400 * 10**9

Part = tuple[str, str, Any, "list[bool] | None"]
"""Name, kind, values, and which are missing."""


def parts_of(X: Any) -> tuple[list[Part], list[str]]:
    """The columns of `X.__dataframe__()`, and the names of those that are categories by their type.

    Raises TypeError for a column of a type that is not data.
    """
    frame = X.__dataframe__()
    names = list(frame.column_names())
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise TypeError(f"names of columns are text, and {odd[0]!r} is none")
    # Chunks are of rows: each has all columns.
    chunks = list(frame.get_chunks()) or [frame]
    parts = []
    categories = []
    for place, name in enumerate(names):
        pieces = [_piece(name, part) for chunk in chunks for part in chunk.get_column(place).get_chunks()]
        if not pieces:
            pieces = [_piece(name, frame.get_column(place))]
        parts.append(_joined(name, pieces))
        if frame.get_column(place).dtype[0] == _CATEGORICAL:
            categories.append(name)
    return parts, categories


def _joined(name: str, pieces: list[tuple[str, Any, np.ndarray]]) -> Part:
    kinds = {kind for kind, _, _ in pieces}
    if len(kinds) > 1:
        raise TypeError(f"column {name!r} is {' and '.join(sorted(kinds))} in turn: make it one type")
    if isinstance(pieces[0][1], list):
        values: Any = [value for _, some, _ in pieces for value in some]
    else:
        values = np.concatenate([some for _, some, _ in pieces])
    gone = np.concatenate([gone for _, _, gone in pieces])
    return name, kinds.pop(), values, gone.tolist() if gone.any() else None


def _piece(name: str, column: Any) -> tuple[str, Any, np.ndarray]:
    """The kind, the values, and which are missing, of a column in one piece."""
    kind, bits, form, order = column.dtype
    buffers = column.get_buffers()
    data, stored = buffers["data"]
    size, offset = column.size(), column.offset
    if kind == _STRING:
        gone = _missing(name, column, buffers, None)
        return "text", _texts(name, data, buffers["offsets"], size, offset, gone), gone
    if kind == _CATEGORICAL:
        # Some give the type of the codes with the buffer, some that of the column.
        signed = "u" if stored[0] == _UINT else "i"
        codes = _numbers(name, data, signed, bits, order, size, offset)
        return _decoded(name, column, codes, _missing(name, column, buffers, codes))
    if kind == _BOOL and bits == 1:
        values = _bits(name, data, size, offset)
        return "boolean", values, _missing(name, column, buffers, values)
    letters = {_INT: "i", _UINT: "u", _FLOAT: "f", _BOOL: "u", _DATETIME: "i"}
    if kind not in letters:
        raise TypeError(_refusal(name, form))
    stored_values = _numbers(name, data, letters[kind], bits, order, size, offset)
    gone = _missing(name, column, buffers, stored_values)
    if kind == _FLOAT:
        values = stored_values.astype(np.float32 if bits <= 32 else np.float64)
        return values.dtype.name, values, gone | np.isnan(values)
    if kind == _BOOL:
        return "boolean", stored_values.astype(bool), gone
    values = np.where(gone, stored_values.dtype.type(0), stored_values)
    if kind == _DATETIME:
        return "time", _moments(name, values, form), gone
    if len(values) and int(values.max()) >= 2**63:
        raise ValueError(f"column {name!r} holds whole numbers beyond 64 bits with a sign")
    return "integer", values.astype(np.int64), gone


def _refusal(name: str, form: str) -> str:
    return f"column {name!r} has the type {form!r}: columns are numbers, text, true or false, or moments"


def _memory(name: str, buffer: Any, count: int, dtype: np.dtype) -> np.ndarray:
    """The first `count` values in a buffer; not a copy."""
    device = int(buffer.__dlpack_device__()[0])
    if device != _CPU:
        raise TypeError(f"column {name!r} is not in main memory: bring the frame there first")
    wanted = count * dtype.itemsize
    if wanted > buffer.bufsize:
        raise ValueError(f"column {name!r} has a buffer of {buffer.bufsize} bytes where {wanted} are needed")
    if wanted == 0:
        return np.empty(0, dtype)
    return np.frombuffer((ctypes.c_char * wanted).from_address(buffer.ptr), dtype)


def _numbers(
    name: str, buffer: Any, letter: str, bits: int, order: str, size: int, offset: int
) -> np.ndarray:
    dtype = np.dtype(f"{order if order in '<>' else '='}{letter}{bits // 8}")
    return _memory(name, buffer, offset + size, dtype)[offset:].astype(dtype.newbyteorder("="))


def _bits(name: str, buffer: Any, size: int, offset: int) -> np.ndarray:
    """Booleans of a bit each, the lowest first."""
    packed = _memory(name, buffer, (offset + size + 7) // 8, np.dtype(np.uint8))
    return np.unpackbits(packed, count=offset + size, bitorder="little")[offset:].astype(bool)


def _texts(
    name: str, data: Any, offsets: tuple[Any, Any], size: int, offset: int, gone: np.ndarray
) -> list[str]:
    """Texts in UTF-8, one behind the other."""
    where, (_, bits, _, order) = offsets
    ends = _numbers(name, where, "i", bits, order, size + 1 if size else 0, offset)
    if size == 0:
        return []
    if int(ends.min()) < 0 or (np.diff(ends) < 0).any():
        raise ValueError(f"column {name!r} has texts that end before they begin")
    whole = _memory(name, data, int(ends[-1]), np.dtype(np.uint8)).tobytes()
    pairs = zip(ends[:-1].tolist(), ends[1:].tolist(), gone.tolist())
    return ["" if absent else whole[start:end].decode() for start, end, absent in pairs]


def _missing(name: str, column: Any, buffers: Any, values: np.ndarray | None) -> np.ndarray:
    """Which rows have no value."""
    how, value = column.describe_null
    size = column.size()
    if how in (_BITS, _BYTES) and buffers["validity"] is not None:
        mask, (_, bits, _, _) = buffers["validity"]
        if how == _BITS or bits == 1:
            marks = _bits(name, mask, size, column.offset)
        else:
            marks = _numbers(name, mask, "u", bits, "=", size, column.offset).astype(bool)
        return marks == bool(value)
    if how == _SENTINEL and values is not None:
        return values == value
    return np.zeros(size, dtype=bool)


def _decoded(
    name: str, column: Any, codes: np.ndarray, gone: np.ndarray
) -> tuple[str, Any, np.ndarray]:
    """The values that the codes of categories stand for."""
    described = column.describe_categorical
    if not described["is_dictionary"]:
        raise TypeError(f"column {name!r} has categories without a list of them")
    kind, values, absent = _piece(name, described["categories"])
    gone = gone | (codes < 0)
    places = np.where(gone, 0, codes)
    if len(values) == 0 and not gone.all() or len(values) and len(places) and int(places.max()) >= len(values):
        raise ValueError(f"column {name!r} has codes beyond its categories")
    if len(values) == 0:
        return "text", [""] * len(codes), gone
    if isinstance(values, list):
        return kind, ["" if out else values[at] for at, out in zip(places.tolist(), gone.tolist())], gone
    return kind, values[places], gone | absent[places]


def _moments(name: str, values: np.ndarray, form: str) -> np.ndarray:
    """Nanoseconds since 1970 in UTC. `form` is Arrow's: "tdD" days, "tdm" milliseconds, "tsn:" and others."""
    if form == "tdD":
        factor = _DAY
    elif form == "tdm":
        factor = _UNITS["m"]
    elif form[:2] == "ts" and form[2:3] in _UNITS:
        factor = _UNITS[form[2]]
    else:
        raise TypeError(_refusal(name, form))
    most = (2**63 - 1) // factor
    if len(values) and max(abs(int(values.max())), abs(int(values.min()))) > most:
        raise ValueError(f"column {name!r} holds moments that do not fit into 64 bits of nanoseconds")
    return values.astype(np.int64) * factor
