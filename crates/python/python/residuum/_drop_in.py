"""The classes that carry scikit-learn's names, with its parameters, its defaults and its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._classes import Method

_THREADS = "detectors share the threads of the process: residuum.set_threads(n)"
_QUIET = "nothing is printed"
_NO_SHARE = "nobody has to guess a share of anomalies: calibrate(X, fpr=0.01) sets a threshold that keeps what it promises"


class IsolationForest(Method):
    """Isolation forest: rows that random splits set apart early are anomalous.

    `score_samples` has the numbers of `sklearn.ensemble.IsolationForest` 1.9 with the same `random_state`, draw for
    draw, for float32 and float64 rows; `offset_` is its -0.5 until `calibrate`.

    Source: Liu, Ting and Zhou, 2008, "Isolation Forest", ICDM.

    n_estimators: trees, 1 to 100,000.
    max_samples: rows drawn for each tree: a number, a share, or "auto" for at most 256.
    random_state: a whole number from 0 below 2**32; None is 0.
    rng: "sklearn-integer", the trees that scikit-learn grows with an integer; "sklearn", those that it grows with
        `RandomState(random_state)`; "fast", our own draws, a few times as fast.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d], n at least 2; scores are [m], in (0, 1), without a unit.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, and for a single row.
    """

    _method = "iforest"
    _offset = 0.5
    _settings = {"n_estimators": "trees", "max_samples": "sample-size", "rng": "rng", "scaling": "rows"}
    _absent = {
        "contamination": ("auto", _NO_SHARE),
        "max_features": (1.0, "every tree sees all columns"),
        "bootstrap": (False, "rows are drawn without putting back"),
        "n_jobs": (None, _THREADS),
        "verbose": (0, _QUIET),
        "warm_start": (False, "a forest is grown at once"),
    }

    def __init__(
        self,
        *,
        n_estimators: int = 100,
        max_samples: int | float | str = "auto",
        random_state: int | None = None,
        rng: str = "sklearn-integer",
        scaling: str = "raw",
    ) -> None:
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.random_state = random_state
        self.rng = rng
        self.scaling = scaling

    def _config(self, n_rows: int) -> dict[str, Any]:
        size = self.max_samples
        if isinstance(size, str):
            if size != "auto":
                raise ValueError(f"max_samples = {size!r}: expected a number, a share or \"auto\"")
            size = 256
        elif isinstance(size, (float, np.floating)):
            if not 0.0 < size <= 1.0:
                raise ValueError(f"max_samples = {size!r}: a share is above 0 and at most 1")
            size = int(size * n_rows)
        return {**super()._config(n_rows), "sample-size": size}


class OneClassSVM(Method):
    """One-class support vector machine with an RBF kernel: rows outside of the estimated support are anomalous.

    `decision_function`, `score_samples` and `offset_` are those of `sklearn.svm.OneClassSVM` up to the solver's
    tolerance, until `calibrate` sets another offset.

    Source: Schölkopf et al., 2001, "Estimating the support of a high-dimensional distribution", Neural Computation 13.

    gamma: of exp(-gamma |x - y|²): a number, "scale" for 1/(d Var X) or "auto" for 1/d.
    tol: the largest violation of the optimality conditions when training stops.
    nu: in (0, 1]: at most this share of the training rows lies outside.
    shrinking: leave out of the search what stays at a bound.
    cache_size: memory for kernel rows, in MiB.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d]; scores are [m], weighted sums of n kernel values, without a unit.
    Signs: `score_samples` are the sums, higher for normal rows; `anomaly_scores` are rho, the offset of the training,
    minus them.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, and where
    the tolerance cannot be reached; MemoryError where the cache has no room.
    """

    _method = "ocsvm"
    _offset = 0.0
    _settings = {
        "gamma": "gamma",
        "tol": "tolerance",
        "nu": "nu",
        "shrinking": "shrinking",
        "cache_size": "cache-mib",
        "scaling": "rows",
    }
    _absent = {
        "kernel": ("rbf", "the kernel is the RBF"),
        "degree": (3, "the kernel is the RBF, which has no degree"),
        "coef0": (0.0, "the kernel is the RBF, which has no such term"),
        "verbose": (False, _QUIET),
        "max_iter": (-1, "training ends where the tolerance is reached"),
    }

    def __init__(
        self,
        *,
        gamma: float | str = "scale",
        tol: float = 1e-3,
        nu: float = 0.5,
        shrinking: bool = True,
        cache_size: float = 200,
        scaling: str = "raw",
    ) -> None:
        self.gamma = gamma
        self.tol = tol
        self.nu = nu
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.scaling = scaling

    def _config(self, n_rows: int) -> dict[str, Any]:
        config = super()._config(n_rows)
        size = self.cache_size
        if isinstance(size, (float, np.floating)) and float(size).is_integer():
            config["cache-mib"] = int(size)
        return config

    def _shift(self) -> float:
        return self._get_fitted().model.number("rho")


class LocalOutlierFactor(Method):
    """Local outlier factor: rows in a thinner place than their neighbours are anomalous.

    `score_samples` has the numbers of `sklearn.neighbors.LocalOutlierFactor(novelty=True)` up to rounding; `offset_`
    is its -1.5 until `calibrate`. New rows are compared with the training rows; a training row that is scored has
    itself for a neighbour, so `fit_predict` is not that of `novelty=False`.

    Source: Breunig, Kriegel, Ng and Sander, 2000, "LOF: identifying density-based local outliers", SIGMOD.

    n_neighbors: nearest training rows, at most all but one.
    scaling: of the columns before: "raw", "standard", "minmax" or "l2".

    Shapes: `fit` takes [n, d], n at least 2; scores are [m], ratios of densities, about 1 for normal rows.
    Signs: `anomaly_scores` are these; `score_samples` are minus these, higher for normal rows.
    Raises ValueError for a setting out of range and a value that is NaN or infinite, and for a single row.
    """

    _method = "lof"
    _offset = 1.5
    _settings = {"n_neighbors": "neighbours", "scaling": "rows"}
    _absent = {
        "novelty": (True, "new rows are scored, as with novelty=True; for novelty=False take scikit-learn's"),
        "algorithm": ("auto", "neighbours are exact, and there is one search"),
        "leaf_size": (30, "neighbours are exact, and there is no tree"),
        "metric": ("minkowski", "distances are Euclidean"),
        "p": (2, "distances are Euclidean"),
        "metric_params": (None, "distances are Euclidean"),
        "contamination": ("auto", _NO_SHARE),
        "n_jobs": (None, _THREADS),
    }

    def __init__(self, n_neighbors: int = 20, *, scaling: str = "raw") -> None:
        self.n_neighbors = n_neighbors
        self.scaling = scaling
