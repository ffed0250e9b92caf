"""scikit-learn's conventions, by its own checks."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest

import residuum
from residuum import _residuum

CLASSES = residuum.CLASSES
# The checks have few rows: folds calibrate the first, a share of the rows the second.
DETECTORS = [residuum.Detector(), residuum.Detector(calibration=0.2, fpr=0.1)]


def test_every_method_without_a_network_has_a_class():
    listed = {m["name"]: m for m in json.loads(_residuum.methods()) if not m["needs_libtorch"]}
    assert [c._method for c in CLASSES] and {c._method for c in CLASSES} == set(listed)
    for c in CLASSES:
        keys = set(c._settings.values())
        # Rows are scored in the number type they come in; transductive scores are in no model.
        assert set(listed[c._method]["settings"]) - {"numbers", "ecdf"} == keys, c
        assert getattr(residuum, c.__name__) is c
        assert set(c._settings) <= set(c._parameters()), c
    assert set(residuum.__all__) >= {c.__name__ for c in CLASSES}


def test_defaults_are_the_registrys_but_for_what_docstrings_say():
    listed = {m["name"]: m["settings"] for m in residuum.methods()}
    differ = {
        "iforest": {"rng", "rows"}, "ocsvm": {"gamma", "rows"}, "dte-np": {"score"},
        **{name: {"rows"} for name in ("lof", "copod", "ecod", "hbos", "knn", "feature-bagging", "mcd")},
    }  # fmt: skip
    for c in CLASSES:
        ours = json.loads(json.dumps(c()._config(1000)))
        theirs = listed[c._method]
        found = {key for key, value in ours.items() if value != theirs[key]["default"]}
        assert found == differ.get(c._method, set()), c


@pytest.mark.parametrize("estimator", [*(c() for c in CLASSES), *DETECTORS], ids=repr)
def test_check_estimator(estimator):
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = checks.check_estimator(estimator, on_skip=None, on_fail=None)
    bad = {r["check_name"]: str(r["exception"]) for r in results if r["status"] in ("failed", "xfail")}
    assert bad == {} and len(results) > 40


def test_array_api_inputs():
    """The one check that needs SCIPY_ARRAY_API before SciPy is loaded."""
    pytest.importorskip("sklearn")
    code = """
import warnings, residuum
from sklearn.utils.estimator_checks import check_array_api_input
warnings.simplefilter("ignore")
for c in residuum.CLASSES:
    check_array_api_input(c.__name__, c(), array_namespace="numpy", expect_only_array_outputs=False)
print("passed")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, env={**__import__("os").environ, "SCIPY_ARRAY_API": "1"},
    )  # fmt: skip
    assert done.stdout == "passed\n", done.stderr


@pytest.mark.parametrize("c", CLASSES, ids=lambda c: c.__name__)
def test_in_a_pipeline_a_search_and_cross_validation(c, rows):
    pytest.importorskip("sklearn")
    from sklearn.base import clone, is_outlier_detector
    from sklearn.metrics import make_scorer, roc_auc_score
    from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = rows
    X = np.vstack([train[:150], test])
    y = np.r_[np.ones(200), -np.ones(10)]
    pipeline = make_pipeline(StandardScaler(), c())
    assert is_outlier_detector(pipeline)
    assert set(pipeline.fit(train).predict(test)) <= {-1, 1}
    assert clone(c()).get_params() == c().get_params()
    scorer = make_scorer(roc_auc_score, response_method="decision_function")
    folds = KFold(3, shuffle=True, random_state=0)
    for scoring in ("roc_auc", scorer):
        found = cross_val_score(pipeline, X, y, cv=folds, scoring=scoring)
        assert (found > 0.6).all(), (c, found)
    grid = {f"{c.__name__.lower()}__scaling": ["raw", "standard"]}
    search = GridSearchCV(pipeline, grid, cv=folds, scoring="roc_auc").fit(X, y)
    assert search.best_score_ > 0.6


def test_docstrings_say_shapes_signs_errors_and_the_source():
    for c in (*CLASSES, residuum.Detector):
        for words in ("Source: ", "Shapes: `fit` takes [n, d]", "Signs: ", "Raises ValueError", "random_state: "):
            if words != "random_state: " or "random_state" in c._parameters():
                assert words in c.__doc__, (c, words)
        for name in c._parameters():
            assert f"{name}:" in c.__doc__ or f"{name}, " in c.__doc__ or f", {name}" in c.__doc__, (c, name)
        for name, value in vars(c.__mro__[-3]).items():
            if callable(value) and not name.startswith("_"):
                assert value.__doc__, (c, name)


def test_not_fitted_is_scikit_learns_error_too(rows):
    exceptions = pytest.importorskip("sklearn.exceptions")
    for error in (residuum.NotFittedError, exceptions.NotFittedError, AttributeError, ValueError):
        with pytest.raises(error, match="not fitted yet"):
            residuum.KNN().predict(rows[1])
    assert not hasattr(residuum.KNN(), "offset_")


def test_parameters_that_do_not_exist_are_refused():
    with pytest.raises(TypeError, match="neighbours"):
        residuum.KNN(neighbours=3)
    with pytest.raises(ValueError, match="Invalid parameter 'neighbours'"):
        residuum.KNN().set_params(neighbours=3)
    assert repr(residuum.KNN(7, fpr=0.02)) == "KNN(n_neighbors=7, fpr=0.02)"


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (residuum.KNN(n_neighbors=0), "neighbours = 0"),
        (residuum.KNN(fpr=1.5), "fpr = 1.5"),
        (residuum.KNN(scaling="log"), "log"),
        (residuum.HBOS(alpha=2.0), "alpha = 2"),
        (residuum.IsolationForest(random_state=-1), "random_state = -1"),
        (residuum.IsolationForest(random_state=np.random.RandomState(0)), "random_state"),
        (residuum.IsolationForest(max_samples="all"), "max_samples"),
        (residuum.OneClassSVM(nu=0.0), "nu = 0"),
        (residuum.OneClassSVM(gamma=float("nan")), "gamma|range|compliant"),
        (residuum.Detector("nope"), "unknown method `nope`; methods are iforest, "),
        (residuum.Detector("knn", settings={"k": 3}), "no setting `k`; settings are neighbours"),
        (residuum.Detector(settings={"k": 3}), "a method that is named"),
        (residuum.Detector(calibration=1), "folds"),
        (residuum.Detector(calibration=0.0), "share of 0"),
        (residuum.Detector(fpr=0.0), "fpr = 0.0: expected above 0"),
        (residuum.Detector(confidence=95), "confidence = 95"),
        (residuum.Detector(missing="no"), "missing|variant"),
        (residuum.Detector(key="id"), "key names columns, and an array has none"),
        (residuum.Detector(fpr=0.001, confidence=0.95), "give more rows"),
    ],
    ids=repr,
)
def test_settings_out_of_range_are_value_errors(estimator, words, rows):
    with pytest.raises(ValueError, match=words):
        estimator.fit(rows[0])
