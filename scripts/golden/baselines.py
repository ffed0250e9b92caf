"""Golden scores of PyOD's and scikit-learn's detectors for crates/baselines.

Run from the workspace root: RESIDUUM_DATA=... python scripts/golden/baselines.py
Made with pyod 3.6.7 (which wants combo 0.1.3 for feature bagging), scikit-learn 1.9.1, scipy 1.17.1,
numpy 2.4.6.

Two parts: a small made-up table that is stored whole, and ADBench sets of which only scores are stored
(every STEP-th test row): protocol `semi`, standard scaling in float32, scored in float64.
"""

import json
import os
from pathlib import Path

import numpy as np
from pyod.models.ecod import ECOD
from pyod.models.feature_bagging import FeatureBagging
from pyod.models.hbos import HBOS
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from pyod.models.mcd import MCD
from pyod.models.pca import PCA
from sklearn.decomposition import PCA as Components
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

OUT = Path(__file__).resolve().parents[2] / "crates/baselines/tests/golden/pyod.json"
STEP = 23
SEEDS = (0, 1, 2)


class Reconstruction:
    """What the fewest components with a share of the variance leave of a row."""

    def __init__(self, share):
        self.share = share

    def fit(self, x):
        self.components = Components(svd_solver="full").fit(x)
        shares = np.cumsum(self.components.explained_variance_ratio_)
        count = min(int(np.searchsorted(shares, self.share)) + 1, x.shape[1] - 1)
        self.directions = self.components.components_[:count]
        return self

    def decision_function(self, x):
        off = x - self.components.mean_
        return ((off - off @ self.directions.T @ self.directions) ** 2).sum(1)


def methods():
    return {
        "knn largest": KNN(method="largest"),
        "knn mean": KNN(method="mean"),
        "knn median": KNN(method="median"),
        "lof": LOF(),
        "ecod": ECOD(),
        "hbos": HBOS(),
        "hbos auto": HBOS(n_bins="auto"),
        # Rows come standardised.
        "pca": PCA(standardization=False),
        "pca reconstruction": Reconstruction(0.95),
        "feature bagging": FeatureBagging(random_state=7),
        "mcd": MCD(random_state=7),
    }


def table(seed, n, d):
    """Thousandths without a pattern, columns of different widths and skewness."""
    state = np.random.RandomState(seed)
    x = state.randn(n, d) * np.arange(1, d + 1) + state.rand(n, 1) * 3
    x[:, 0] = np.exp(x[:, 0] / 3)
    return np.round(x * 1000).astype(np.float32).astype(np.float64) / 1000


def scores(train, test, left_out=()):
    kept = {name: method for name, method in methods().items() if name not in left_out}
    return {name: method.fit(train).decision_function(test) for name, method in kept.items()}


def made_up():
    # Thousandths are rounded to float32 by who reads them: so are these.
    train, test = (table(seed, n, 5).astype(np.float32).astype(np.float64) for seed, n in ((1, 80), (2, 14)))
    found = {name: values.tolist() for name, values in scores(train, test).items()}
    return {"train": train.tolist(), "test": test.tolist(), "scores": found}


def semi(name):
    data = np.load(Path(os.environ["RESIDUUM_DATA"]) / "adbench" / f"{name}.npz")
    x, y = data["X"].astype(np.float32), data["y"].ravel()
    normal, anomalous = x[y == 0], x[y == 1]
    half = round(0.5 * len(normal))
    scaler = StandardScaler().fit(normal[:half])
    train, test = normal[:half], np.concatenate([normal[half:], anomalous])
    labels = np.r_[np.zeros(len(normal) - half), np.ones(len(anomalous))]
    return *(scaler.transform(rows).astype(np.float64) for rows in (train, test)), labels


def real(name, left_out=()):
    train, test, labels = semi(name)
    found = {method: values[::STEP].tolist() for method, values in scores(train, test, left_out).items()}
    if "mcd" in left_out:
        return {"scores": found}
    aurocs = [
        100 * roc_auc_score(labels, MCD(random_state=seed).fit(train).decision_function(test))
        for seed in SEEDS
    ]
    return {"scores": found, "mcd aurocs": aurocs}


golden = {
    "step": STEP,
    "made up": made_up(),
    "sets": {
        # Columns that add up: PyOD's PCA divides by rounding, and by another in each of its two scalings.
        "Classical/6_cardio": real("Classical/6_cardio", ("pca",)),
        "Classical/40_vowels": real("Classical/40_vowels"),
        "Classical/28_pendigits": real("Classical/28_pendigits"),
        # Fewer rows than columns: the same, and MCD has no covariance.
        "CV_by_ResNet18/MVTec-AD_tile": real("CV_by_ResNet18/MVTec-AD_tile", ("pca", "mcd")),
    },
}
OUT.write_text(json.dumps(golden) + "\n")
