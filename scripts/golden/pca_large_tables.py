"""Why one mean of PCA's reconstruction error has no value: what rounding leaves of three columns.

Prints the mean AUROC over the sets of the group heldout-large-tables (data/published/research_groups.csv,
protocol semi, standardised), with as few principal components as hold 95 % of the variance, by several ways
that are the same on paper. Of http and smtp, three columns each, that is all three components, and the error
is rounding; one way leaves a component out, as ours does. The mean without these two sets stands behind each.

    python scripts/golden/pca_large_tables.py FOLDER_OF_ADBENCH data/published/research_groups.csv

numpy 2.4, scikit-learn 1.9.
"""

import csv
import sys

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

THREE_COLUMNS = ("Classical/16_http", "Classical/34_smtp")


def split(path):
    """Standardised training rows (the first half of the normal ones), test rows and test labels."""
    file = np.load(path)
    x, y = file["X"].astype("f8"), file["y"].ravel()
    rows = np.sort(np.random.RandomState(44).choice(len(x), 12000, replace=False))
    x, y = x[rows], y[rows]
    normal, anomalous = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    half = len(normal) // 2
    train, test = normal[:half], np.concatenate([normal[half:], anomalous])
    mean, sd = x[train].mean(0), x[train].std(0)
    sd[sd == 0] = 1
    return (x[train] - mean) / sd, (x[test] - mean) / sd, y[test]


def errors(train, test):
    """The squared error of each test row, by each way."""
    mean = train.mean(0)
    z = test - mean
    values, vectors = np.linalg.eigh((train - mean).T @ (train - mean) / len(train))
    values, vectors = values[::-1], vectors[:, ::-1]
    k = int(np.searchsorted(np.cumsum(values) / values.sum(), 0.95) + 1)
    of_svd = np.linalg.svd(train - mean, full_matrices=False)[2]
    pca = PCA(n_components=0.95, svd_solver="full").fit(train)

    def left(v):
        return ((z - (z @ v) @ v.T) ** 2).sum(1)

    return {
        "scikit-learn": ((test - pca.inverse_transform(pca.transform(test))) ** 2).sum(1),
        "eigenvectors of the covariance": left(vectors[:, :k]),
        "singular vectors": left(of_svd[:k].T),
        "difference of squared lengths": (z**2).sum(1) - ((z @ vectors[:, :k]) ** 2).sum(1),
        "one component stays out": left(vectors[:, : min(k, len(values) - 1)]),
    }


def main(folder, groups):
    with open(groups) as lines:
        names = [row[0] for row in csv.reader(lines) if row[1] == "heldout-large-tables"]
    for bits in ("f4", "f8"):
        found = {}
        for name in names:
            train, test, y = split(f"{folder}/{name}.npz")
            scores = errors(train.astype(bits), test.astype(bits))
            found[name] = {way: 100 * roc_auc_score(y, score) for way, score in scores.items()}
        for way in scores:
            of = {name: found[name][way] for name in names}
            three = " ".join(f"{of[name]:.2f}" for name in THREE_COLUMNS)
            rest = np.mean([of[name] for name in names if name not in THREE_COLUMNS])
            print(f"{bits} {way}: {np.mean(list(of.values())):.2f}, http and smtp {three}, mean of the others {rest:.2f}")


main(*sys.argv[1:])
