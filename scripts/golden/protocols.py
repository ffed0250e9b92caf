"""Golden splits for crates/datasets: the steps of vicliv/DTE (data_generator.py, run.py) and ADBench
(data_generator.py) in terms of numpy's legacy generator and scikit-learn's train_test_split.

Versions: numpy 2.4.6, scikit-learn 1.9.1.
Run: python scripts/golden/protocols.py > crates/datasets/tests/golden/protocols.json
"""

import hashlib
import json
import sys

import numpy as np
from sklearn.model_selection import train_test_split


def labels(n):
    """About 9 % anomalies, spread over the file; crates/datasets/tests/protocols.rs has the same."""
    i = np.arange(n)
    return (i * 37 % 101 < 9).astype(int)


def sampled(n, seed, small, cap):
    np.random.seed(seed)
    if n < small:
        return np.random.choice(np.arange(n), small, replace=True)
    if n > cap:
        return np.random.choice(np.arange(n), cap, replace=False)
    return np.arange(n)


def semi(y, rows):
    normals, anomalies = rows[y[rows] == 0], rows[y[rows] == 1]
    k = round(0.5 * normals.size)
    return normals[:k], np.append(normals[k:], anomalies)


def split(protocol, n, seed):
    y = labels(n)
    if protocol == "paper":
        return semi(y, sampled(n, seed, 1000, 50_000))
    if protocol == "semi":
        return semi(y, sampled(n, seed, 0, 50_000))
    if protocol == "unsup":
        rows = sampled(n, seed, 1000, 50_000)
        np.random.choice(np.where(y[rows] == 1)[0], 0, replace=False)  # la=0 labelled anomalies
        return rows[np.random.choice(np.arange(rows.size), rows.size, replace=True)], rows
    rows = sampled(n, seed, 1000, 10_000)
    return train_test_split(rows, test_size=0.3, shuffle=True, stratify=y[rows])


def digest(rows):
    text = ",".join(map(str, rows))
    return {
        "n": len(rows),
        "first": [int(i) for i in rows[:5]],
        "last": [int(i) for i in rows[-5:]],
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


cases = []
for protocol in ["paper", "semi", "unsup", "adbench"]:
    for n in [102, 293, 999, 1000, 1001, 5263, 10_001, 60_007]:
        for seed in [44] if n > 9000 else [44, 0, 4294967295]:
            train, test = split(protocol, n, seed)
            cases.append(
                {
                    "protocol": protocol,
                    "n": n,
                    "seed": seed,
                    "train": digest(train),
                    "test": digest(test),
                }
            )
# numpy's choice alone, for other sizes.
draws = []
for n in [2, 3, 255, 256, 257, 292, 65_536, 100_000]:
    with_replacement = np.random.RandomState(44).choice(np.arange(n), 1000, replace=True)
    without = np.random.RandomState(44).choice(np.arange(n), n // 2, replace=False)
    draws.append({"n": n, "with": digest(with_replacement), "without": digest(without)})
json.dump({"cases": cases, "draws": draws}, sys.stdout, indent=1)
