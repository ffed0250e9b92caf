"""Random calls end with a result or an exception, and memory stays where it was."""

import gc
import os
import time
import warnings

import numpy as np
import pytest

import residuum

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as some  # noqa: E402

CALLS = int(os.environ.get("RESIDUUM_CALLS", "10000"))
TYPES = ["f2", "f4", "f8", "g", "i1", "i8", "u8", "?", "c16", "O", "U3", "S2", "M8[s]", "V4", ">f4", ">i2"]
NUMBERS = some.one_of(
    some.floats(-10, 10), some.floats(), some.sampled_from([0.0, -0.0, 1e300, -1e300, 5e-324, np.nan, np.inf])
)


def cast(X, kind):
    """X as this type; moments go through whole numbers."""
    return np.nan_to_num(X).astype("i8").astype(kind) if kind.startswith("M8") else X.astype(kind)


@some.composite
def arrays(draw):
    """Arrays of any shape, type and layout, most of them of a few rows of numbers."""
    shape = draw(
        some.one_of(
            some.tuples(some.integers(0, 40), some.integers(0, 6)),
            some.lists(some.integers(0, 3), max_size=4).map(tuple),
        )
    )
    kind = draw(some.sampled_from(["f8"] * 8 + ["f4"] * 4 + TYPES))
    few = draw(some.lists(NUMBERS, min_size=1, max_size=4)) + [0.5, -1.0, 2.0, 0.25]
    seed = draw(some.integers(0, 2**16))
    values = np.random.default_rng(seed).choice(np.array(few), size=shape)
    noise = np.random.default_rng(seed).normal(size=shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X = np.asarray(values + draw(some.sampled_from([0.0, 1.0])) * noise)
        X = np.asarray(np.zeros(shape, dtype=kind) if kind == "V4" else cast(X, kind))
    layout = draw(some.sampled_from(["c", "f", "step", "reverse", "readonly", "broadcast", "list"]))
    if layout == "f":
        X = np.asfortranarray(X)
    elif layout == "step":
        X = np.repeat(X, 2, axis=0)[::2] if X.ndim else X
    elif layout == "reverse":
        X = X[::-1] if X.ndim else X
    elif layout == "readonly":
        X.flags.writeable = False
    elif layout == "broadcast" and X.ndim == 2 and len(X):
        X = np.broadcast_to(X[:1], (7, X.shape[1]))
    elif layout == "list":
        X = X.tolist()
    return X


PARAMETERS = {
    "n_neighbors": some.integers(-1, 50), "fpr": some.floats(), "noise": some.floats(),
    "n_estimators": some.integers(-1, 20), "max_samples": some.one_of(some.floats(), some.integers(-1, 300)),
    "scaling": some.sampled_from(["raw", "standard", "minmax", "l2", "none"]), "gamma": some.floats(),
    "nu": some.floats(), "n_bins": some.integers(-1, 30), "random_state": some.integers(-1, 2**33),
}  # fmt: skip


@settings(max_examples=CALLS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(some.data())
def test_random_calls(data):
    c = data.draw(some.sampled_from([*residuum.CLASSES, residuum.Detector]))
    known = sorted(set(c._parameters()) & set(PARAMETERS))
    chosen = data.draw(some.sets(some.sampled_from(known), max_size=2)) if known else set()
    estimator = c(**{name: data.draw(PARAMETERS[name]) for name in sorted(chosen)})
    X = data.draw(arrays())
    call = data.draw(
        some.sampled_from(["predict", "anomaly_scores", "decision_function", "p_values", "explain", "calibrate"])
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            estimator.fit(X)
            found = getattr(estimator, call)(data.draw(some.one_of(some.just(X), arrays())))
        except (ValueError, TypeError, MemoryError, OverflowError):
            return
        if call in ("anomaly_scores", "decision_function", "p_values"):
            assert np.isfinite(found).all()


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc")
def test_memory_is_flat_over_a_thousand_fits():
    X = np.random.default_rng(0).normal(size=(2000, 30))

    def fit(n):
        for i in range(n):
            c = residuum.CLASSES[i % len(residuum.CLASSES)]
            model = c().fit(X[:500] if c is not residuum.KNN else X)
            model.anomaly_scores(X[:100])
            model.predict(X[:10])
        gc.collect()

    fit(100)
    before = resident()
    fit(1000)
    # One copy of X kept by each fit would be 480 MB.
    assert resident() - before < 20e6


def test_a_call_on_a_thousand_rows_costs_less_than_a_millisecond():
    """The norm of a row is next to no work: what is measured is the way there and back."""
    X = np.random.default_rng(0).normal(size=(1000, 30))
    model = residuum.Norm(scaling="raw").fit(X)
    calls = {"fit": lambda: residuum.Norm(scaling="raw").fit(X), "score": lambda: model.anomaly_scores(X)}
    for name, call in calls.items():
        times = []
        for _ in range(200):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        assert np.median(times) < 1e-3, (name, np.median(times))
