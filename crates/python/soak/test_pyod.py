"""PyOD's own example, with its detectors and with those of residuum.pyod."""

import importlib
import warnings

import numpy as np
import pytest

import residuum.pyod

pytest.importorskip("pyod")
pytest.importorskip("combo")
from pyod.utils.data import generate_data  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

MODULES = {
    "IForest": "iforest", "OCSVM": "ocsvm", "COPOD": "copod", "ECOD": "ecod", "HBOS": "hbos", "KNN": "knn",
    "LOF": "lof", "FeatureBagging": "feature_bagging", "PCA": "pca", "MCD": "mcd",
}  # fmt: skip
# Whose scores of new rows differ, as docstrings say: shares of training rows, not of all rows scored together.
OTHER = {"COPOD", "ECOD"}
# Whose scores of training rows differ: the row itself is among its neighbours.
OTHER_IN_TRAINING = OTHER | {"LOF", "FeatureBagging"}


def pair(name, **settings):
    theirs = getattr(importlib.import_module(f"pyod.models.{MODULES[name]}"), name)
    ours = getattr(residuum.pyod, name)
    if "random_state" in ours._parameters():
        settings["random_state"] = 42
    return ours(**settings), theirs(**settings)


def test_every_adapter_is_compared():
    assert set(residuum.pyod.__all__) == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("n_features", [2, 20])
def test_the_example_has_pyods_auroc(name, n_features):
    train, test, y_train, y_test = generate_data(
        n_train=200, n_test=100, n_features=n_features, contamination=0.1, random_state=42
    )
    ours, theirs = pair(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours.fit(train), theirs.fit(train)
    a, b = ours.decision_function(test), theirs.decision_function(test)
    difference = abs(roc_auc_score(y_test, a) - roc_auc_score(y_test, b))
    assert difference < (0.05 if name in OTHER else 1e-6)
    if name not in OTHER:
        # Both solvers of the OCSVM stop within a tolerance of 1e-3 of the optimum.
        assert np.allclose(a, b, rtol=1e-9, atol=2e-3 if name == "OCSVM" else 1e-9)
    if name in OTHER_IN_TRAINING:
        return
    assert (ours.predict(test) == theirs.predict(test)).all()
    difference = abs(
        roc_auc_score(y_train, ours.decision_scores_) - roc_auc_score(y_train, theirs.decision_scores_)
    )
    assert difference < 1e-6
    assert (ours.labels_ == theirs.labels_).all()
    assert abs(ours.threshold_ - theirs.threshold_) < 2e-3
    for method in ("linear", "unify"):
        p, q = ours.predict_proba(test, method=method), theirs.predict_proba(test, method=method)
        assert np.abs(p - q).max() < 1e-3


def test_settings_reach_the_detector():
    train, test, *_ = generate_data(n_train=200, n_test=100, n_features=5, random_state=1)
    for name, settings in (
        ("KNN", {"n_neighbors": 9, "method": "mean"}), ("KNN", {"method": "median"}),
        ("LOF", {"n_neighbors": 7}), ("HBOS", {"n_bins": 7, "alpha": 0.2, "tol": 0.1}),
        ("HBOS", {"n_bins": "auto"}), ("IForest", {"n_estimators": 20, "max_samples": 50}),
        ("OCSVM", {"nu": 0.2, "gamma": 0.1}),
    ):  # fmt: skip
        ours, theirs = pair(name, **settings)
        a, b = (model.fit(train).decision_function(test) for model in (ours, theirs))
        assert np.allclose(a, b, rtol=1e-9, atol=1e-9), (name, settings)


def test_what_has_no_counterpart_says_so():
    for name, settings in (("KNN", {"metric": "l1"}), ("LOF", {"n_jobs": 2}), ("PCA", {"n_components": 3})):
        with pytest.raises(TypeError, match=f"residuum.{name} has no setting"):
            getattr(residuum.pyod, name)(**settings)
    with pytest.raises(ValueError, match="contamination = 0.9"):
        residuum.pyod.KNN(contamination=0.9).fit(np.eye(9))
    with pytest.raises(residuum.NotFittedError):
        residuum.pyod.IForest().predict(np.eye(9))
