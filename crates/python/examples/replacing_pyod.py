"""Replacing PyOD: one import changes.

    python examples/replacing_pyod.py
"""

import numpy as np

from residuum.metrics import auroc
from residuum.pyod import KNN  # was: from pyod.models.knn import KNN

rng = np.random.default_rng(42)
train = rng.normal(size=(500, 10))
test = np.vstack([rng.normal(size=(90, 10)), 3 * rng.normal(size=(10, 10))])
is_odd = np.r_[np.zeros(90), np.ones(10)]

model = KNN(contamination=0.1).fit(train)
print(f"training rows called odd: {model.labels_.sum()}")
print(f"AUROC of new rows: {auroc(is_odd, model.decision_function(test)):.3f}")
