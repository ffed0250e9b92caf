"""AUROC of masked-wiener and views-and-pairs in numpy on sets of a folder, one line of CSV each.

Run from the workspace root: python scripts/golden/views_and_pairs_sets.py FOLDER > sets.csv
FOLDER holds .npz files with X_train, X_test and y_test, or with X and y (split as `semi-random`, seeds 0 to 2; of larger
ones the 12,000 rows that `NAME@12000` has), at any depth. Minutes to hours.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from views_and_pairs import all_views, log_p, views_and_pairs

MOST = 12_000


def auroc(scores, labels):
    positive = labels > 0
    a, n = positive.sum(), len(labels)
    return (rankdata(scores)[positive].sum() - a * (a + 1) / 2) / (a * (n - a))


def halves(x, y, seed):
    """`semi-random`: a random half of the normals trains, the rest and all anomalies test."""
    normals, anomalies = np.flatnonzero(y == 0), np.flatnonzero(y > 0)
    order = np.random.RandomState(seed).permutation(len(normals))
    chosen = np.zeros(len(normals), bool)
    chosen[order[: round(0.5 * len(normals))]] = True
    test = np.concatenate([normals[~chosen], anomalies])
    return x[normals[chosen]], x[test], y[test]


def splits(file):
    found = np.load(file)
    if "X_train" in found:
        yield "official", [found[name] for name in ("X_train", "X_test", "y_test")]
        return
    x, y = found["X"], found["y"]
    if len(y) > MOST:
        rows = np.sort(np.random.RandomState(44).choice(len(y), MOST, replace=False))
        x, y = x[rows], y[rows]
    for seed in range(3):
        yield seed, halves(x, y, seed)


print("set,seed,rows,columns,masked-wiener,views-and-pairs weight 1,views-and-pairs", flush=True)
for file in sorted(Path(sys.argv[1]).rglob("*.npz")):
    for seed, (train, test, labels) in splits(file):
        train, test = train.astype(float), test.astype(float)
        views = all_views(train, test)
        scores = [
            sum(log_p(a, b) for a, b in views),
            views_and_pairs(train, test, 1.0, views),
            views_and_pairs(train, test, None, views),
        ]
        found = ",".join(f"{auroc(s, labels):.9f}" for s in scores)
        name = f"{file.parent.name}/{file.stem}"
        print(f"{name},{seed},{len(train)},{train.shape[1]},{found}", flush=True)
