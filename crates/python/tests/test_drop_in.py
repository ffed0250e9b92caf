"""scikit-learn's numbers, on the same rows in the same process."""

import warnings

import numpy as np
import pytest

import residuum

pytest.importorskip("sklearn")
from sklearn.ensemble import IsolationForest  # noqa: E402
from sklearn.neighbors import LocalOutlierFactor  # noqa: E402
from sklearn.svm import OneClassSVM  # noqa: E402


def largest(a, b):
    return float(np.max(np.abs(a - b)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "settings",
    [{}, {"n_estimators": 30}, {"max_samples": 0.4}, {"max_samples": 100}],
    ids=repr,
)
def test_forests_are_the_same_on_real_sets(ten_sets, dtype, settings):
    for name, X in ten_sets:
        X = X.astype(dtype)
        for seed in (0, 7):
            ours = residuum.IsolationForest(random_state=seed, **settings).fit(X)
            theirs = IsolationForest(random_state=seed, **settings).fit(X)
            # The trees are the same; the power may round differently.
            assert largest(ours.score_samples(X), theirs.score_samples(X)) < 1e-12, name
            assert ours.offset_ == theirs.offset_
            near = np.abs(theirs.decision_function(X)) < 1e-12
            assert (ours.predict(X) == theirs.predict(X))[~near].all(), name


def test_support_vector_machines_agree_within_the_tolerance(ten_sets):
    for name, X in ten_sets:
        X = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
        for settings in ({}, {"nu": 0.1}, {"gamma": "auto"}, {"gamma": 0.03, "tol": 1e-6}):
            ours, theirs = residuum.OneClassSVM(**settings).fit(X), OneClassSVM(**settings).fit(X)
            tolerance = settings.get("tol", 1e-3)
            # Both stop within the tolerance of the optimum in the gradient, which scores are.
            close = 2 * tolerance
            assert largest(ours.decision_function(X), theirs.decision_function(X)) < close, name
            assert abs(ours.offset_ - theirs.offset_[0]) < close
            assert largest(ours.score_samples(X), theirs.score_samples(X)) < close, name


def test_outlier_factors_agree_to_rounding(rows):
    train, test = rows
    for k in (5, 20, 1000):
        ours = residuum.LocalOutlierFactor(k).fit(train)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            theirs = LocalOutlierFactor(k, novelty=True).fit(train)
        assert largest(ours.score_samples(test), theirs.score_samples(test)) < 1e-9
        assert ours.offset_ == theirs.offset_
        assert (ours.predict(test) == theirs.predict(test)).all()


@pytest.mark.parametrize(
    ("c", "name", "value"),
    [
        (residuum.IsolationForest, "contamination", 0.1),
        (residuum.IsolationForest, "max_features", 0.5),
        (residuum.IsolationForest, "max_features", True),
        (residuum.IsolationForest, "bootstrap", True),
        (residuum.IsolationForest, "n_jobs", -1),
        (residuum.IsolationForest, "warm_start", True),
        (residuum.OneClassSVM, "kernel", "poly"),
        (residuum.OneClassSVM, "max_iter", 100),
        (residuum.LocalOutlierFactor, "novelty", False),
        (residuum.LocalOutlierFactor, "metric", "manhattan"),
    ],
)
def test_settings_without_a_counterpart_say_so(c, name, value):
    words = f"residuum.{c.__name__} has no setting '{name}': "
    with pytest.raises(TypeError, match=words):
        c(**{name: value})
    with pytest.raises(ValueError, match=words):
        c().set_params(**{name: value})


def test_every_setting_of_scikit_learn_is_here_or_is_refused():
    for ours, theirs in (
        (residuum.IsolationForest, IsolationForest()),
        (residuum.OneClassSVM, OneClassSVM()),
        (residuum.LocalOutlierFactor, LocalOutlierFactor(novelty=True)),
    ):
        settings = theirs.get_params()
        assert set(settings) == set(settings) & (set(ours._parameters()) | set(ours._absent))
        # Their defaults say nothing else than ours.
        made = ours(**settings)
        defaults = {k: v for k, v in made.get_params().items() if k in settings}
        assert defaults == {k: v for k, v in ours().get_params().items() if k in settings}
