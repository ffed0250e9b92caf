"""The same detectors with PyOD's names, signs and attributes: put `residuum.pyod` where `pyod.models.…` was.

`decision_function` is higher for anomalies, labels are 1 for them and 0 for others, and `contamination` is the share of
the training rows that `labels_` and `threshold_` call anomalies, which has to be guessed here as there.

Differences from PyOD 3.6: a row's score depends on the training rows and on itself alone. `COPOD` and `ECOD` count
shares among the training rows and the row, where PyOD counts all rows that are scored together; `decision_scores_` of
`LOF` and `FeatureBagging` compare a training row with all training rows, itself among them, where PyOD leaves it out.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from . import _classical, _drop_in
from ._base import Estimator
from ._errors import not_fitted

__all__ = ["COPOD", "ECOD", "HBOS", "IForest", "KNN", "LOF", "FeatureBagging", "MCD", "OCSVM", "PCA"]

_JOBS = (1, "detectors share the threads of the process: residuum.set_threads(n)")


class Adapter(Estimator):
    """PyOD's side of a detector."""

    contamination: float

    def _detector(self) -> Any:
        raise NotImplementedError

    def fit(self, X: Any, y: Any = None) -> Any:
        """Fits to rows and scores them: [n, d]. Raises ValueError for a contamination outside (0, 0.5]."""
        if not 0.0 < self.contamination <= 0.5:
            raise ValueError(f"contamination = {self.contamination!r}: expected above 0 and at most 0.5")
        self.detector_ = self._detector().fit(X)
        self.decision_scores_ = self._training_scores(X)
        self.threshold_ = float(np.percentile(self.decision_scores_, 100 * (1 - self.contamination)))
        self.labels_ = (self.decision_scores_ > self.threshold_).astype(int)
        self.n_features_in_ = self.detector_.n_features_in_
        return self

    def _training_scores(self, X: Any) -> np.ndarray:
        return self.detector_.anomaly_scores(X)

    def decision_function(self, X: Any) -> np.ndarray:
        """[m] scores, higher is more anomalous."""
        return self._fitted_detector().anomaly_scores(X)

    def predict(self, X: Any) -> np.ndarray:
        """[m] of 1 for anomalies and 0 for others, by `threshold_`."""
        return (self.decision_function(X) > self.threshold_).astype(int)

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """`labels_` after `fit`."""
        return self.fit(X).labels_

    def predict_proba(self, X: Any, method: str = "linear") -> np.ndarray:
        """[m, 2]: how normal and how anomalous, by the scores of the training rows: "linear" or "unify" (Kriegel et
        al., 2011). Neither is a probability: p-values are, of `Detector` or after `calibrate`."""
        scores = self.decision_function(X)
        train = self.decision_scores_
        if method == "linear":
            low, high = train.min(), train.max()
            width = high - low if high > low else 1.0
            odd = np.clip((scores - low) / width, 0.0, 1.0)
        elif method == "unify":
            spread = train.std() or 1.0
            odd = np.clip([_erf(score) for score in (scores - train.mean()) / (spread * sqrt(2))], 0.0, 1.0)
        else:
            raise ValueError(f"method = {method!r}: expected \"linear\" or \"unify\"")
        return np.column_stack([1 - odd, odd])

    def _fitted_detector(self) -> Any:
        if "detector_" not in self.__dict__:
            raise not_fitted(type(self).__name__)
        return self.detector_


def _erf(value: float) -> float:
    from math import erf

    return erf(value)


class IForest(Adapter):
    """`residuum.IsolationForest`, as `pyod.models.iforest.IForest`: its scores with the same `random_state`."""

    _absent = {
        "max_features": (1.0, "every tree sees all columns"),
        "bootstrap": (False, "rows are drawn without putting back"),
        "n_jobs": _JOBS,
        "verbose": (0, "nothing is printed"),
    }

    def __init__(
        self,
        n_estimators: int = 100,
        max_samples: int | float | str = "auto",
        contamination: float = 0.1,
        *,
        random_state: int | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.contamination = contamination
        self.random_state = random_state

    def _detector(self) -> Any:
        return _drop_in.IsolationForest(
            n_estimators=self.n_estimators,
            max_samples=self.max_samples,
            random_state=self.random_state,
        )

    def _training_scores(self, X: Any) -> np.ndarray:
        # PyOD's scores have the offset that scikit-learn takes from the contamination.
        scores = super()._training_scores(X)
        self.offset_ = float(np.percentile(-scores, 100 * self.contamination))
        return scores + self.offset_

    def decision_function(self, X: Any) -> np.ndarray:
        """[m] scores, higher is more anomalous."""
        return super().decision_function(X) + self.offset_


class OCSVM(Adapter):
    """`residuum.OneClassSVM` with PyOD's gamma = 1/d; both solvers stop within `tol` of the optimum."""

    _absent = {
        "kernel": ("rbf", "the kernel is the RBF"),
        "degree": (3, "the kernel is the RBF, which has no degree"),
        "coef0": (0.0, "the kernel is the RBF, which has no such term"),
        "verbose": (False, "nothing is printed"),
        "max_iter": (-1, "training ends where the tolerance is reached"),
    }

    def __init__(
        self,
        *,
        gamma: float | str = "auto",
        tol: float = 1e-3,
        nu: float = 0.5,
        shrinking: bool = True,
        cache_size: float = 200,
        contamination: float = 0.1,
    ) -> None:
        self.gamma = gamma
        self.tol = tol
        self.nu = nu
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.contamination = contamination

    def _detector(self) -> Any:
        return _drop_in.OneClassSVM(
            gamma=self.gamma,
            tol=self.tol,
            nu=self.nu,
            shrinking=self.shrinking,
            cache_size=self.cache_size,
        )


class LOF(Adapter):
    """`residuum.LocalOutlierFactor`; `decision_scores_` have the row itself among its neighbours; PyOD leaves it out."""

    _absent = {
        "algorithm": ("auto", "neighbours are exact, and there is one search"),
        "leaf_size": (30, "neighbours are exact, and there is no tree"),
        "metric": ("minkowski", "distances are Euclidean"),
        "p": (2, "distances are Euclidean"),
        "metric_params": (None, "distances are Euclidean"),
        "novelty": (True, "new rows are scored"),
        "n_jobs": _JOBS,
    }

    def __init__(self, n_neighbors: int = 20, *, contamination: float = 0.1) -> None:
        self.n_neighbors = n_neighbors
        self.contamination = contamination

    def _detector(self) -> Any:
        return _drop_in.LocalOutlierFactor(self.n_neighbors)


class KNN(Adapter):
    """`residuum.KNN`; `decision_scores_` leave the row itself out, as PyOD's, but for method = "median"."""

    _absent = {
        "radius": (1.0, "PyOD does not use it either"),
        "algorithm": ("auto", "neighbours are exact, and there is one search"),
        "leaf_size": (30, "neighbours are exact, and there is no tree"),
        "metric": ("minkowski", "distances are Euclidean"),
        "p": (2, "distances are Euclidean"),
        "metric_params": (None, "distances are Euclidean"),
        "n_jobs": _JOBS,
    }

    def __init__(
        self, contamination: float = 0.1, n_neighbors: int = 5, method: str = "largest"
    ) -> None:
        self.contamination = contamination
        self.n_neighbors = n_neighbors
        self.method = method

    def _detector(self) -> Any:
        return _classical.KNN(self.n_neighbors, method=self.method)

    def _training_scores(self, X: Any) -> np.ndarray:
        if self.method == "median":
            return super()._training_scores(X)
        # With one neighbour more, the row itself at distance 0 among them.
        k = self.n_neighbors
        scores = _classical.KNN(k + 1, method=self.method).fit(X).anomaly_scores(X)
        return scores * ((k + 1) / k) if self.method == "mean" else scores


class HBOS(Adapter):
    """`residuum.HBOS`, a value on an edge scored by the bin below, as in PyOD."""

    def __init__(
        self, n_bins: int | str = 10, alpha: float = 0.1, tol: float = 0.5, contamination: float = 0.1
    ) -> None:
        self.n_bins = n_bins
        self.alpha = alpha
        self.tol = tol
        self.contamination = contamination

    def _detector(self) -> Any:
        return _classical.HBOS(
            n_bins=self.n_bins, alpha=self.alpha, tol=self.tol, on_edge="published"
        )


class COPOD(Adapter):
    """`residuum.COPOD`; PyOD's scores move with the rows that are scored together, these do not."""

    _absent = {"n_jobs": _JOBS}

    def __init__(self, contamination: float = 0.1) -> None:
        self.contamination = contamination

    def _detector(self) -> Any:
        return _classical.COPOD()


class ECOD(Adapter):
    """`residuum.ECOD`; PyOD's scores move with the rows that are scored together, these do not."""

    _absent = {"n_jobs": _JOBS}

    def __init__(self, contamination: float = 0.1) -> None:
        self.contamination = contamination

    def _detector(self) -> Any:
        return _classical.ECOD()


class FeatureBagging(Adapter):
    """`residuum.FeatureBagging` over local outlier factors, PyOD's default; in `decision_scores_` the row itself is among
    its neighbours, and PyOD leaves it out."""

    _absent = {
        "base_estimator": (None, "the detectors are local outlier factors"),
        "max_features": (1.0, "sets have half of the columns or more"),
        "bootstrap_features": (False, "columns are drawn without putting back"),
        "check_detector": (True, "there is nothing to check"),
        "check_estimator": (False, "there is nothing to check"),
        "n_jobs": _JOBS,
        "combination": ("average", "scores are averaged"),
        "verbose": (0, "nothing is printed"),
        "estimator_params": (None, "n_neighbors is a parameter here"),
    }

    def __init__(
        self,
        *,
        n_estimators: int = 10,
        n_neighbors: int = 20,
        contamination: float = 0.1,
        random_state: int | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.n_neighbors = n_neighbors
        self.contamination = contamination
        self.random_state = random_state

    def _detector(self) -> Any:
        return _classical.FeatureBagging(
            n_estimators=self.n_estimators,
            n_neighbors=self.n_neighbors,
            random_state=self.random_state,
        )


class PCA(Adapter):
    """`residuum.PCA` with PyOD's score over all components, but for directions in which the training rows do not vary."""

    _absent = {
        "n_components": (None, "all components count"),
        "n_selected_components": (None, "all components count"),
        "copy": (True, "X is never changed"),
        "whiten": (False, "components are not whitened"),
        "svd_solver": ("auto", "components are exact"),
        "tol": (0.0, "components are exact"),
        "iterated_power": ("auto", "components are exact"),
        "random_state": (None, "components are exact"),
        "weighted": (True, "distances are weighted by the variance"),
        "standardization": (True, "columns are standardised"),
    }

    def __init__(self, *, contamination: float = 0.1) -> None:
        self.contamination = contamination

    def _detector(self) -> Any:
        return _classical.PCA()


class MCD(Adapter):
    """`residuum.MCD`."""

    _absent = {
        "store_precision": (True, "it is of no consequence to scores"),
        "assume_centered": (False, "the centre is estimated"),
        "support_fraction": (None, "(n + d + 1)/2 rows support the estimate"),
    }

    def __init__(self, contamination: float = 0.1, *, random_state: int | None = None) -> None:
        self.contamination = contamination
        self.random_state = random_state

    def _detector(self) -> Any:
        return _classical.MCD(random_state=self.random_state)
