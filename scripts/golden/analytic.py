"""Golden scores of the linear and the local Wiener denoiser for crates/analytic.

Run from the workspace root: python scripts/golden/analytic.py
Made with numpy 2.4.6. Every distance by differences, every gain by eigenvectors, as the formula says.
"""

import json
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[2] / "crates/analytic/tests/golden/analytic.json"


def table(seed, n, d):
    """Thousandths on a plane of two dimensions with noise: no two distances are equal."""
    state = np.random.RandomState(seed)
    plane = np.sin(np.arange(2 * d).reshape(2, d) * 1.3)
    x = state.randn(n, 2) @ plane + 0.1 * state.randn(n, d)
    return np.round(x * 1000).astype(np.float32).astype(np.float64) / 1000


def order(distances):
    return np.argsort(distances, axis=1, kind="stable")


def distances(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(2))


def unexplained(train_deltas, deltas, variance):
    n, d = train_deltas.shape
    _, singular, directions = np.linalg.svd(train_deltas, full_matrices=False)
    values = singular**2 / n
    along = deltas @ directions.T
    outside = deltas - along @ directions
    return ((variance / (values + variance)) ** 2 * along**2).sum(1) + (outside**2).sum(1)


def scores(train, test):
    n, d = train.shape
    own = distances(train, train)
    np.fill_diagonal(own, np.inf)
    own_order, test_order = order(own), order(distances(test, train))
    r = np.sort(own, axis=1)[:, min(5, n - 1) - 1]
    sigma = 2 * max(np.median(r), 0.1 * r.mean(), 1e-6) / np.sqrt(d)

    def log(squared):
        return np.log(squared + 1e-6 * d)

    mean = train.mean(0)
    linear = log(unexplained(train - mean, test - mean, sigma**2))
    b_train, b_test = [], []
    for k in (min(k, n - 1) for k in (5, 10, 20)):
        train_deltas = train - train[own_order[:, :k]].mean(1)
        b_train.append(log(unexplained(train_deltas, train_deltas, sigma**2)))
        test_deltas = test - train[test_order[:, :k]].mean(1)
        b_test.append(log(unexplained(train_deltas, test_deltas, sigma**2)))
    b_train, b_test = np.mean(b_train, 0), np.mean(b_test, 0)
    close = np.exp(b_train)[test_order[:, : min(20, n - 1)]].mean(1)
    return linear, b_test - 0.25 * np.log(close)


def case(train, test):
    linear, wiener = scores(train, test)
    rows = {"train": train.tolist(), "test": test.tolist()}
    return rows | {"linear": linear.tolist(), "wiener": wiener.tolist()}


constant = table(7, 40, 4)
constant[:, 2] = 0.5
constant_test = table(8, 9, 4)
constant_test[:6, 2] = 0.5
cases = {
    "rows": case(table(1, 60, 5), table(2, 15, 5)),
    "columns": case(table(3, 12, 30), table(4, 7, 30)),
    "one column": case(table(5, 33, 1), table(6, 8, 1)),
    "few rows": case(table(9, 4, 3), table(10, 6, 3)),
    "two rows": case(table(11, 2, 3), table(12, 5, 3)),
    "constant column": case(constant, constant_test),
    # Rows written three times: which copy counts is the same to every mean.
    "copies": case(np.repeat(table(13, 20, 3), 3, axis=0), table(14, 8, 3)),
}
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps(cases) + "\n")
