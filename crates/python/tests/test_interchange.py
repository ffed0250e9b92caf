"""Objects that have `__dataframe__` alone."""

import numpy as np
import pytest

import residuum
from residuum import _interchange

pandas = pytest.importorskip("pandas")


class Only:
    """A frame that hides all but the interchange protocol."""

    def __init__(self, frame):
        self._frame = frame

    def __dataframe__(self, nan_as_null=False, allow_copy=True):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._frame.__dataframe__(nan_as_null=nan_as_null, allow_copy=allow_copy)


class Buffer:
    def __init__(self, array, device=1):
        self.array, self.ptr, self.bufsize, self.device = array, array.ctypes.data, array.nbytes, device

    def __dlpack_device__(self):
        return self.device, None


class Column:
    """A column written by hand; `buffers` are arrays with the type that the protocol says of them."""

    def __init__(self, dtype, size, offset=0, null=(0, None), categories=None, device=1, **buffers):
        self.dtype, self._size, self.offset, self.describe_null = dtype, size, offset, null
        self.describe_categorical = {"is_dictionary": categories is not None, "categories": categories}
        self.buffers = {"data": None, "validity": None, "offsets": None}
        self.buffers |= {k: (Buffer(array, device), of) for k, (array, of) in buffers.items()}

    def size(self):
        return self._size

    def get_chunks(self):
        return [self]

    def get_buffers(self):
        return self.buffers


class Frame:
    def __init__(self, **columns):
        self.columns = columns

    def __dataframe__(self):
        return self

    def column_names(self):
        return list(self.columns)

    def get_column(self, place):
        return list(self.columns.values())[place]

    def get_chunks(self):
        return [self]


def read(column):
    (part,), categories = _interchange.parts_of(Frame(x=column))
    name, kind, values, missing = part
    assert name == "x"
    return kind, list(values), missing, categories


def bits(array):
    return np.asarray(array).view(np.int64).tolist()


def test_pandas_without_its_own_ways_gives_the_same_bits(rng):
    n = 120
    gaps = rng.normal(size=n)
    gaps[::50] = np.nan
    colours = rng.choice(["red", "blue", "grün"], n).astype(object)
    frame = pandas.DataFrame(
        {
            "width": rng.normal(size=n),
            "depth": rng.normal(size=n).astype(np.float32),
            "holes": rng.integers(0, 9, n),
            "small": rng.integers(0, 9, n).astype(np.uint8),
            "coated": rng.random(n) < 0.5,
            "colour": colours,
            "line": pandas.Categorical(np.where(rng.random(n) < 0.1, None, rng.choice(["a", "b"], n))),
            "level": pandas.Categorical(rng.choice([10, 20], n)),
            "at": pandas.date_range("2024-01-01", periods=n, freq="h"),
            "gaps": gaps,
        }
    )
    settings = {"missing": "mean", "calibration": 0.3, "as_number": ["at"]}
    expected = residuum.Detector(**settings).fit(frame)
    detector = residuum.Detector(**settings).fit(Only(frame))
    assert detector.to_dict()["layout"] == expected.to_dict()["layout"]
    assert bits(detector.anomaly_scores(Only(frame))) == bits(expected.anomaly_scores(frame))
    assert bits(expected.anomaly_scores(Only(frame[20:31]))) == bits(expected.anomaly_scores(frame[20:31]))
    assert list(detector.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="0 sample"):
        detector.predict(Only(frame[:0]))
    with pytest.raises(ValueError, match="no column `depth`"):
        detector.predict(Only(frame.drop(columns="depth")))
    lost = frame.assign(at=frame["at"].where(frame["at"] != frame["at"][3]))
    with pytest.raises(ValueError, match="column `at` has no value in row 3"):
        residuum.Detector(calibration=0.3, drop=["line", "gaps"], as_number=["at"]).fit(Only(lost))


def test_gaps_by_bits_bytes_sentinels_and_nan():
    numbers, whole = np.array([9.0, 1.0, np.nan, 3.0]), np.array([9, 1, -1, 3], dtype=np.int16)
    float64, int16, byte, bit = (2, 64, "g", "="), (0, 16, "s", "<"), (20, 8, "b", "="), (20, 1, "b", "=")
    marks = np.array([0b1011], dtype=np.uint8)
    assert read(Column(float64, 3, 1, data=(numbers, float64)))[2] == [False, True, False]
    assert read(Column(float64, 2, data=(numbers, float64)))[2] is None
    by_bits = Column(int16, 3, 1, (3, 0), data=(whole, int16), validity=(marks, bit))
    assert read(by_bits) == ("integer", [1, 0, 3], [False, True, False], [])
    by_bytes = Column(int16, 4, 0, (4, 1), data=(whole, int16), validity=(np.array([0, 0, 1, 0], np.uint8), byte))
    assert read(by_bytes) == ("integer", [9, 1, 0, 3], [False, False, True, False], [])
    by_sentinel = Column(int16, 4, 0, (2, -1), data=(whole, int16))
    assert read(by_sentinel) == ("integer", [9, 1, 0, 3], [False, False, True, False], [])
    big = np.array([9, 1], dtype=">i2")
    assert read(Column((0, 16, "s", ">"), 2, data=(big, int16)))[:2] == ("integer", [9, 1])
    assert read(Column(bit, 3, 1, data=(marks, bit)))[:2] == ("boolean", [True, False, True])


def test_texts_and_categories_written_by_hand():
    text, ends = (21, 8, "u", "="), (0, 32, "i", "=")
    data = np.frombuffer("aßc".encode(), dtype=np.uint8)
    offsets = np.array([0, 1, 3, 3, 4], dtype=np.int32)
    column = Column(text, 3, 1, data=(data, text), offsets=(offsets, ends))
    assert read(column) == ("text", ["ß", "", "c"], None, [])
    codes = np.array([2, 0, -1], dtype=np.int8)
    levels = Column(text, 3, data=(data, text), offsets=(np.array([0, 1, 3, 4], dtype=np.int32), ends))
    kind = (23, 8, "c", "=")
    coded = Column(kind, 3, 0, (2, -1), levels, data=(codes, (0, 8, "c", "=")))
    assert read(coded) == ("text", ["c", "a", ""], [False, False, True], ["x"])


def test_what_is_no_data_is_refused():
    float64, int64 = (2, 64, "g", "="), (0, 64, "l", "=")
    numbers = np.zeros(3)
    text, ends = (21, 8, "u", "="), (0, 32, "i", "=")
    letters = np.frombuffer(b"abc", dtype=np.uint8)
    backwards = np.array([0, 3, 1, 2], dtype=np.int32)
    levels = Column(int64, 1, data=(np.array([7]), int64))
    for column, error, words in (
        (Column(float64, 4, data=(numbers, float64)), ValueError, "a buffer of 24 bytes where 32"),
        (Column(float64, 3, device=2, data=(numbers, float64)), TypeError, "not in main memory"),
        (Column((22, 64, "tDs", "="), 3, data=(np.zeros(3, np.int64), int64)), TypeError, "has the type 'tDs'"),
        (Column((22, 64, "tss:", "="), 1, data=(np.array([2**62]), int64)), ValueError, "do not fit"),
        (Column((99, 64, "?", "="), 3, data=(numbers, float64)), TypeError, "has the type"),
        (Column((1, 64, "L", "="), 1, data=(np.array([2**63], np.uint64), int64)), ValueError, "beyond 64 bits"),
        (Column(text, 3, data=(letters, text), offsets=(backwards, ends)), ValueError, "end before they begin"),
        (Column((23, 64, "l", "="), 1, categories=levels, data=(np.array([1]), int64)), ValueError, "beyond its"),
        (Column((23, 64, "l", "="), 1, data=(np.array([0]), int64)), TypeError, "without a list"),
    ):
        with pytest.raises(error, match=f"column 'x' .*{words}"):
            residuum.KNN().fit(Frame(x=column))
    numbered = Frame(x=levels)
    numbered.column_names = lambda: [7]
    with pytest.raises(TypeError, match="names of columns are text, and 7 is none"):
        residuum.KNN().fit(numbered)
