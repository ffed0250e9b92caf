"""Golden row scaling for crates/residuum: scikit-learn on float32 rows, hashed byte for byte.

Versions: numpy 2.4.6, scikit-learn 1.9.1.
Run: RESIDUUM_DATA=DIR python scripts/golden/scaling.py > crates/residuum/tests/golden/scaling.json
With RESIDUUM_DATA (a data root) two real sets are hashed as well.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler

# Factor and offset of each column; crates/residuum/tests/scaling.rs has the same. Constant columns,
# nearly constant ones, large offsets, tiny and huge values.
COLUMNS = [(0, 0), (0, 2.6), (0, 1e6 + 0.1), (1, 0), (0.1, 7), (1e-3, 1e4), (1e-9, 0), (1e-9, 1),
           (1e20, 0), (-2.5, 1e3), (1e-20, 0)]


def rows(n):
    i, j = np.arange(n)[:, None], np.arange(len(COLUMNS))[None, :]
    k = (i * 131 + j * 71 + i * j * 17) % 257 - 128
    factor, offset = np.array(COLUMNS).T
    return (k * factor + offset).astype(np.float32)


def sha256(x):
    return hashlib.sha256(np.ascontiguousarray(x).astype("<f4").tobytes()).hexdigest()


def unit(x):
    x = x.astype(np.float64)
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


class Minmax(MinMaxScaler):
    """Without the rule that a column with a range below 10 eps is constant whatever its scale."""

    def fit(self, x):
        super().fit(x)
        narrow = (self.data_range_ > 0) & (self.data_range_ < 10 * np.finfo(np.float32).eps)
        self.scale_[narrow] = np.float32(1) / self.data_range_[narrow]
        self.min_[narrow] = np.float32(0) - self.data_min_[narrow] * self.scale_[narrow]
        return self


def case(train, test):
    out = {}
    for name, scaler in [("standard", StandardScaler()), ("minmax", Minmax())]:
        scaler.fit(train)
        out[name] = {
            "train": sha256(scaler.transform(train)),
            "test": sha256(scaler.transform(test)),
            "row": [float(v) for v in scaler.transform(test)[3][:11]],
        }
    # Each row over its norm, centred, one scale, in float64.
    a, b = unit(train), unit(test)
    mean = a.mean(axis=0)
    s = np.sqrt(np.mean((a - mean) ** 2)) or 1.0
    out["l2"] = {"row": [float(v) for v in ((b - mean) / s)[3][:11]]}
    return out


result = {}
for n in [1, 2, 7, 500]:
    result[f"made-{n}"] = case(rows(n), rows(n + 4)[::-1])
for root in os.environ.get("RESIDUUM_DATA", "").split(os.pathsep):
    for name in ["CV_by_ResNet18/MVTec-AD_bottle", "Classical/6_cardio"]:
        path = Path(root) / "adbench" / f"{name}.npz"
        if path.exists():
            x = np.ascontiguousarray(np.load(path)["X"].astype(np.float32))
            result[name] = case(x[:100], x[100:])
json.dump(result, sys.stdout, indent=1)
