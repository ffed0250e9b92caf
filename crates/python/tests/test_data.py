"""What X may be, and what it may not."""

import datetime
import warnings

import numpy as np
import pytest

import residuum


def bits(array):
    return np.asarray(array, dtype=np.float64).view(np.int64).tolist()


def test_layouts_types_and_flags_of_arrays_change_nothing(rows):
    train, test = rows
    knn = residuum.KNN().fit(train)
    expected = bits(knn.anomaly_scores(test))
    readonly = test.copy()
    readonly.flags.writeable = False
    wide = np.zeros((120, 12))
    wide[::2, ::2] = test
    for X in (
        np.asfortranarray(test), readonly, wide[::2, ::2], test[::-1][::-1], test.tolist(),
        test.astype(">f8"), test.astype(object),
    ):  # fmt: skip
        assert bits(knn.anomaly_scores(X)) == expected
        assert bits(residuum.KNN().fit(X).anomaly_scores(test[:3])) == bits(
            residuum.KNN().fit(test).anomaly_scores(test[:3])
        )
    whole = np.arange(60).reshape(20, 3)
    assert bits(residuum.KNN().fit(whole).anomaly_scores(whole)) == bits(
        residuum.KNN().fit(whole.astype(float)).anomaly_scores(whole.astype(float))
    )
    narrow = test.astype(np.float16)
    assert bits(knn.anomaly_scores(narrow)) == bits(knn.anomaly_scores(narrow.astype(np.float32)))


def test_arrays_in_c_order_are_not_copied(rows):
    from residuum import _data

    for dtype in (np.float32, np.float64):
        X = np.ascontiguousarray(rows[0], dtype=dtype)
        assert np.shares_memory(_data.to_fit(X, "X").payload, X)


@pytest.mark.parametrize(
    ("X", "error", "words"),
    [
        (np.zeros(5), ValueError, "Expected 2D array, got 1D array instead(.|\n)*Reshape your data"),
        (np.float64(3.0), ValueError, "got scalar array"),
        (np.zeros((2, 2, 2)), ValueError, "dim 3"),
        (np.zeros((0, 3)), ValueError, "0 sample"),
        (np.zeros((3, 0)), ValueError, "0 feature"),
        ([[1.0, np.nan]] + 11 * [[2.0, 3.0]], ValueError, "NaN in column `1`, row 0"),
        ([[1.0, np.inf]] + 11 * [[2.0, 3.0]], ValueError, "inf in column `1`, row 0"),
        (np.ones((3, 2)) * 1j, ValueError, "Complex data not supported"),
        ([["a", "b"], ["c", "d"]], ValueError, "array of text"),
        (np.zeros((3, 2), dtype="datetime64[s]"), TypeError, "datetime64"),
        (np.array([[1, {}], [2, 3]], dtype=object), TypeError, "argument must be .* string.* number"),
        (np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 1], [0, 0]]), ValueError, "masked"),
        (None, ValueError, "got scalar array"),
        ("text", ValueError, "got scalar array"),
        ([[1.0, 2.0], [3.0]], ValueError, "inhomogeneous"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(X, error, words):
    for c in (residuum.KNN, residuum.Detector):
        with pytest.raises(error, match=words):
            c().fit(X)


def test_sparse_matrices_are_refused_with_a_way_out(rows):
    sparse = pytest.importorskip("scipy.sparse")
    for of in (sparse.csr_matrix, sparse.coo_array):
        with pytest.raises(TypeError, match="Sparse data was passed(.|\n)*toarray"):
            residuum.KNN().fit(of(rows[0]))


def test_another_width_is_named(rows):
    with pytest.raises(ValueError, match="X has 5 features, but KNN is expecting 6 features as input"):
        residuum.KNN().fit(rows[0]).predict(rows[1][:, :5])


def parts(pandas, n=600, odd=False):
    rng = np.random.default_rng(1 + odd)
    width = rng.normal(10, 1, n)
    frame = pandas.DataFrame(
        {
            "id": np.arange(n) + 1000,
            "width": width,
            "depth": (2 * width + rng.normal(0, 0.1, n)).astype(np.float32),
            "holes": rng.integers(0, 4, n),
            "coated": rng.random(n) < 0.5,
            "colour": rng.choice(["red", "blue"], n),
            "line": pandas.Categorical(rng.choice(["a", "b", "c"], n)),
        }
    )
    if odd:
        frame.loc[3, "depth"] += 5
        frame.loc[5, "colour"] = "violet"
    return frame


@pytest.fixture
def pandas():
    return pytest.importorskip("pandas")


def test_data_frames_keep_names_types_and_categories(pandas):
    normal, new = parts(pandas), parts(pandas, 50, odd=True)
    detector = residuum.Detector(key="id", calibration=0.5).fit(normal)
    kinds = {c["name"]: (c["kind"], list(c["encoding"])[0]) for c in detector.to_dict()["layout"]["columns"]}
    assert kinds == {
        "width": ("float64", "number"),
        "depth": ("float32", "number"),
        "holes": ("integer", "number"),
        "coated": ("boolean", "number"),
        "colour": ("text", "categories"),
        "line": ("text", "categories"),
    }
    assert list(detector.feature_names_in_) == list(normal.columns)
    assert (detector.p_values(new)[[3, 5]] < 0.02).all()
    reasons = detector.explain(new, top=2)
    assert {reason.column for reason in reasons.rows[3]} & {"depth", "width"}
    assert reasons.rows[5][0].column == "colour"
    # Columns are found by name.
    turned = new[new.columns[::-1]]
    assert bits(detector.anomaly_scores(turned)) == bits(detector.anomaly_scores(new))
    with pytest.raises(ValueError, match="no column `depth`; columns are id, width"):
        detector.predict(new.drop(columns="depth"))
    with pytest.raises(ValueError, match="column `width` is text, but float64 in training"):
        detector.predict(new.assign(width="wide"))


def test_gaps_are_refused_filled_or_left_out(pandas):
    normal, new = parts(pandas), parts(pandas, 20)
    normal.loc[::9, "width"] = np.nan
    new.loc[4, "width"] = np.nan
    with pytest.raises(ValueError, match="column `width` has no value in row 0; Detector.missing=\"mean\""):
        residuum.Detector(key="id").fit(normal)
    filled = residuum.Detector(key="id", missing="mean", calibration=0.5).fit(normal)
    assert np.isfinite(filled.anomaly_scores(new)).all()
    dropped = residuum.Detector(key="id", missing="drop", calibration=0.5).fit(normal)
    scores = dropped.anomaly_scores(new)
    assert np.flatnonzero(np.isnan(scores)).tolist() == [4]
    assert np.isnan(dropped.p_values(new)[4]) and not dropped.anomalies(new)[4]
    with pytest.raises(ValueError, match="row 4 has no score"):
        dropped.predict(new)


def test_nan_in_an_array_is_missing_where_that_is_asked_for(rows):
    train, test = (X.copy() for X in rows)
    train[::9, 2] = test[4, 2] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", residuum.PromiseWarning)
        filled = residuum.Detector(missing="mean", calibration=0.5).fit(train)
        assert np.isfinite(filled.anomaly_scores(test)).all()
        dropped = residuum.Detector(missing="drop", calibration=0.5).fit(train)
        assert np.flatnonzero(np.isnan(dropped.anomaly_scores(test))).tolist() == [4]
    with pytest.raises(ValueError, match="X has 5 features"):
        filled.predict(test[:, :5])


def test_columns_of_every_pandas_type(pandas):
    n = 40
    frame = pandas.DataFrame(
        {
            "i8": pandas.array(np.arange(n) % 5, dtype="Int8"),
            "u8": (np.arange(n) % 7).astype(np.uint8),
            "f16": np.linspace(0, 1, n).astype(np.float16),
            "text": pandas.array(["a", "b"] * (n // 2), dtype="string"),
            "flag": pandas.array([True, False] * (n // 2), dtype="boolean"),
            "whole": pandas.Series([int(i) for i in range(n)], dtype=object),
            "level": pandas.Categorical([1, 2] * (n // 2)),
        }
    )
    detector = residuum.Detector("norm").fit(frame)
    kinds = {c["name"]: (c["kind"], list(c["encoding"])[0]) for c in detector.to_dict()["layout"]["columns"]}
    assert kinds == {
        "i8": ("integer", "number"),
        "u8": ("integer", "number"),
        "f16": ("float32", "number"),
        "text": ("text", "categories"),
        "flag": ("boolean", "number"),
        "whole": ("integer", "number"),
        "level": ("integer", "categories"),
    }
    when = frame.assign(at=pandas.date_range("2024-01-01", periods=n, tz="Europe/Berlin"))
    with pytest.raises(ValueError, match="column `at` holds dates or times; Detector.time=\"at\""):
        residuum.Detector("norm").fit(when)
    assert residuum.Detector("norm", as_number=["at"]).fit(when).to_dict()["layout"]["columns"][-1]["kind"] == "time"
    for column, error, words in (
        ([2**63] * n, ValueError, "beyond 64 bits"),
        ([1, "a"] * (n // 2), TypeError, "mixes text"),
        ([{}] * n, TypeError, "float"),
        ([1 + 1j] * n, TypeError, "complex128"),
        ([datetime.timedelta(1)] * n, TypeError, "timedelta"),
    ):
        with pytest.raises(error, match=words):
            residuum.Detector("norm").fit(frame.assign(odd=column))


def test_frames_and_arrays_meet_with_a_warning(pandas, rows):
    train, test = rows
    names = list("abcdef")
    framed = residuum.KNN().fit(pandas.DataFrame(train, columns=names))
    plain = residuum.KNN().fit(train)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        scores = framed.anomaly_scores(test)
    assert bits(scores) == bits(plain.anomaly_scores(test))
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        scores = plain.anomaly_scores(pandas.DataFrame(test, columns=names))
    assert bits(scores) == bits(plain.anomaly_scores(test))
    # As for scikit-learn, numbers are not names.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bits(plain.anomaly_scores(pandas.DataFrame(test))) == bits(scores)
    assert not hasattr(residuum.KNN().fit(pandas.DataFrame(train)), "feature_names_in_")
    with pytest.raises(TypeError, match="all text, or none"):
        residuum.KNN().fit(pandas.DataFrame(train, columns=[0, *"bcdef"]))
