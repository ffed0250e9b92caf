"""Frames of polars and pyarrow through the Arrow capsule, and through `__dataframe__` alone."""

import datetime
import warnings

import numpy as np
import pytest

import residuum

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")


def bits(array):
    return np.asarray(array).view(np.int64).tolist()


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 300
    gaps = rng.normal(size=n)
    gaps[::50] = np.nan
    return pandas.DataFrame(
        {
            "width": rng.normal(size=n),
            "depth": rng.normal(size=n).astype(np.float32),
            "holes": rng.integers(0, 9, n),
            "small": rng.integers(0, 9, n).astype(np.uint8),
            "coated": rng.random(n) < 0.5,
            "colour": rng.choice(["red", "blue"], n),
            "line": pandas.Categorical(rng.choice(["a", "b", "c"], n)),
            "gaps": gaps,
        }
    )


def forms(frame):
    yield polars.from_pandas(frame)
    yield pyarrow.Table.from_pandas(frame, preserve_index=False)
    yield pyarrow.Table.from_batches(
        pyarrow.Table.from_pandas(frame, preserve_index=False).to_batches(max_chunksize=37)
    )
    yield pyarrow.Table.from_pandas(frame, preserve_index=False).to_batches()[0]
    yield polars.from_pandas(frame).with_columns(polars.col("line").cast(polars.Enum(["c", "b", "a"])))


def test_every_form_gives_the_bits_of_pandas(frame):
    settings = {"missing": "mean", "calibration": 0.3}
    expected = residuum.Detector(**settings).fit(frame)
    for form in forms(frame):
        detector = residuum.Detector(**settings).fit(form)
        assert detector.to_dict()["layout"] == expected.to_dict()["layout"], type(form)
        assert bits(detector.anomaly_scores(form)) == bits(expected.anomaly_scores(frame))
        assert bits(expected.anomaly_scores(form)) == bits(expected.anomaly_scores(frame))
        assert list(detector.feature_names_in_) == list(frame.columns)


class Only:
    """A frame that hides all but the interchange protocol."""

    def __init__(self, frame):
        self._frame = frame

    def __dataframe__(self, nan_as_null=False, allow_copy=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._frame.__dataframe__(nan_as_null=nan_as_null, allow_copy=allow_copy)


def test_the_interchange_protocol_alone_gives_the_bits_of_pandas(frame):
    settings = {"missing": "mean", "calibration": 0.3}
    expected = residuum.Detector(**settings).fit(frame)
    found = 0
    for form in [frame, *forms(frame)]:
        if not hasattr(form, "__dataframe__"):
            continue
        found += 1
        detector = residuum.Detector(**settings).fit(Only(form))
        assert detector.to_dict()["layout"] == expected.to_dict()["layout"], type(form)
        assert bits(detector.anomaly_scores(Only(form))) == bits(expected.anomaly_scores(frame))
        assert bits(expected.anomaly_scores(Only(form))) == bits(expected.anomaly_scores(frame))
    assert found >= 4
    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    assert bits(expected.anomaly_scores(Only(table.slice(7, 20)))) == bits(expected.anomaly_scores(frame)[7:27])
    with pytest.raises(ValueError, match="0 sample"):
        expected.predict(Only(table[:0]))


def test_slices_and_empty_frames(frame):
    detector = residuum.KNN().fit(polars.from_pandas(frame.drop(columns="gaps")))
    table = polars.from_pandas(frame.drop(columns="gaps"))
    assert bits(detector.anomaly_scores(table[100:150])) == bits(detector.anomaly_scores(table)[100:150])
    arrow = table.to_arrow()
    assert bits(detector.anomaly_scores(arrow.slice(7, 20))) == bits(detector.anomaly_scores(table)[7:27])
    with pytest.raises(ValueError, match="0 sample"):
        detector.predict(table[:0])


def test_types_of_arrow(frame):
    n = 60
    base = pyarrow.table({"x": np.arange(n) / 7})

    def kind(array):
        column = residuum.Detector("norm", as_number=["y"], as_category=[]).fit(
            base.append_column("y", array)
        )
        return column.to_dict()["layout"]["columns"][1]["kind"]

    whole = pyarrow.array(range(n))
    for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        assert kind(whole.cast(name)) == "integer"
    for name, found in (("float16", "float32"), ("float32", "float32"), ("float64", "float64")):
        assert kind(pyarrow.array(np.arange(n, dtype=name))) == found
    for name in ("timestamp[s]", "timestamp[ms]", "timestamp[us]", "timestamp[ns]"):
        assert kind(whole.cast(name)) == "time"
    assert kind(pyarrow.array([datetime.date(2024, 1, 1 + i % 28) for i in range(n)])) == "time"
    assert kind(pyarrow.array(["a", "b"] * (n // 2)).dictionary_encode()) == "text"
    assert kind(pyarrow.array(["a", "b"] * (n // 2), type=pyarrow.string_view())) == "text"
    for array in (
        pyarrow.array([[1]] * n), pyarrow.array([{"a": 1}] * n), pyarrow.array([b"a"] * n),
        pyarrow.array([datetime.time(1)] * n), pyarrow.array([1] * n).cast(pyarrow.decimal128(20)),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="column `y` has the Arrow type"):
            kind(array)
    with pytest.raises(ValueError, match="does not fit into 64 bits"):
        kind(pyarrow.array([2**63] * n, type=pyarrow.uint64()))
    with pytest.raises(ValueError, match="column `y` has no value"):
        kind(pyarrow.nulls(n))
