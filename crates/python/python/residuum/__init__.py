"""Anomaly detectors in scikit-learn's conventions, with thresholds that keep what they promise.

`Detector` chooses a method, holds rows out and decides with a guarantee; there is a class for each method, which trains
on all rows. `residuum.pyod` has PyOD's signs, `residuum.metrics` the metrics and tests that scikit-learn lacks.
"""

from __future__ import annotations

from typing import Any

from ._base import Reason, Reasons
from ._classical import COPOD, ECOD, HBOS, KNN, MCD, PCA, FeatureBagging
from ._denoisers import (
    DTENonParametric,
    LinearDenoiser,
    MaskedWiener,
    Norm,
    ViewsAndPairs,
    Wiener,
)
from ._detector import Detector, load
from ._drop_in import IsolationForest, LocalOutlierFactor, OneClassSVM
from ._errors import NotCalibratedError, NotFittedError, PromiseWarning
from ._residuum import __version__, set_threads

CLASSES = (
    IsolationForest,
    OneClassSVM,
    COPOD,
    ECOD,
    HBOS,
    KNN,
    LocalOutlierFactor,
    FeatureBagging,
    PCA,
    MCD,
    LinearDenoiser,
    Wiener,
    MaskedWiener,
    ViewsAndPairs,
    DTENonParametric,
    Norm,
)
"""The class of each method that needs no network."""

__all__ = [
    "CLASSES",
    "COPOD",
    "DTENonParametric",
    "Detector",
    "ECOD",
    "FeatureBagging",
    "HBOS",
    "IsolationForest",
    "KNN",
    "LinearDenoiser",
    "LocalOutlierFactor",
    "MCD",
    "MaskedWiener",
    "Norm",
    "NotCalibratedError",
    "NotFittedError",
    "OneClassSVM",
    "PCA",
    "PromiseWarning",
    "Reason",
    "Reasons",
    "ViewsAndPairs",
    "Wiener",
    "__version__",
    "load",
    "methods",
    "set_threads",
]


def methods() -> list[dict[str, Any]]:
    """Every method: its name, title and source, its settings, and whether it is a network, which the program has."""
    import json

    from ._residuum import methods

    return json.loads(methods())
