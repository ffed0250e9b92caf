"""The methods masked-wiener and views-and-pairs of crates/analytic in numpy, and their golden scores.

Run from the workspace root: python scripts/golden/views_and_pairs.py
Made with numpy 2.4.6, scipy 1.17.1. Inverses by numpy.linalg, nearest points by comparing all of them.

Of equal distances the smaller row number is first. So that distances that are equal in the crate are equal here, sums
are added one after another, and squared distances in four lanes.
"""

import json
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import ndtri

OUT = Path(__file__).resolve().parents[2] / "crates/analytic/tests/golden/views_and_pairs.json"
EPSILON = np.finfo(float).eps
NEIGHBOURS = (1, 3, 10, 30)


def total(x):
    """The sum of each column, row after row."""
    return np.add.accumulate(x, axis=0)[-1]


def moments(x):
    """Mean and standard deviation (divisor n) of each column, whatever the order of the rows."""
    x = np.sort(x, axis=0)
    mean = total(x) / len(x)
    return mean, np.sqrt(total((x - mean) ** 2) / len(x))


# Views: training rows, test rows, and the number that all are over. Means are taken off nowhere, since only
# differences count.


def standard(train, test):
    mean, sd = moments(train)
    sd = np.where((sd < 1e-12) | (sd < 10 * EPSILON * abs(mean)), 1.0, sd)
    low = train.min(0)
    return (train - low) / sd, (test - low) / sd, 1.0


def root_mean_variance(x):
    square = np.mean(moments(x)[1] ** 2)
    return np.sqrt(square) if square > 0 else 1.0


def value_range(train, test):
    low, spread = train.min(0), train.max(0) - train.min(0)
    constant = spread == 0
    over = np.where(constant, 1.0, spread)
    a, b = (train - low) / over, (test - low) / over
    unit = root_mean_variance(a)
    off = (test - low)[:, constant]
    b[:, constant] = np.where(abs(off) > 1e-9, off.clip(-1, 1) * unit, 0)
    return a, b, unit


def rank_gauss(train, test):
    n = len(train)
    a, b = np.zeros(train.shape), np.zeros(test.shape)
    for j, (x, y) in enumerate(zip(train.T, test.T)):
        u, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
        if len(u) == 1:
            off = y - u[0]
            b[:, j] = np.where(abs(off) > 1e-12, 3 * np.sign(off), 0)
            continue
        ranks = np.cumsum(counts) - counts + counts / 2
        q = ndtri((ranks / n).clip(0.5 / n, 1 - 0.5 / n))
        a[:, j] = q[inverse]
        slope = moments(x[:, None])[1][0] / max(moments(a[:, [j]])[1][0], 1e-9)
        place = np.searchsorted(u, y, side="right").clip(1, len(u) - 1)
        low, high = u[place - 1], u[place]
        inside = q[place - 1] + (y - low) / (high - low) * (q[place] - q[place - 1])
        below, above = q[0] + (y - u[0]) / slope, q[-1] + (y - u[-1]) / slope
        b[:, j] = np.where(y <= u[0], below, np.where(y >= u[-1], above, inside))
    return a, b, root_mean_variance(a)


# One view: the pseudo-likelihood residual under local Gaussians


def squared_distances(a, b):
    d = a.shape[1]
    lanes = [np.zeros((len(a), len(b))) for _ in range(4)]
    rest = np.zeros((len(a), len(b)))
    for j in range(d):
        to = lanes[j % 4] if j < d - d % 4 else rest
        to += (a[:, j, None] - b[None, :, j]) ** 2
    return ((lanes[0] + lanes[1]) + lanes[2]) + lanes[3] + rest


def nearest(a, b, k, own=False):
    """Places and distances of the k nearest rows of b, nearest first, of equal ones the smaller place."""
    places, distances = np.empty((len(a), k), int), np.empty((len(a), k))
    for first in range(0, len(a), 500):
        squared = squared_distances(a[first : first + 500], b)
        if own:
            rows = np.arange(len(squared))
            squared[rows, first + rows] = np.inf
        limit = np.partition(squared, k - 1, axis=1)[:, k - 1]
        for i, row in enumerate(squared):
            some = np.flatnonzero(row <= limit[i])
            some = some[np.argsort(row[some], kind="stable")][:k]
            places[first + i], distances[first + i] = some, np.sqrt(row[some])
    return places, distances


def view_scores(train, test, unit, ks=NEIGHBOURS, local=20):
    """Scores of the training rows, each left out, and of the test rows."""
    n, d = train.shape
    ks = [min(k, n - 1) for k in ks]
    local = min(local, n - 1)
    most = max(*ks, local, min(5, n - 1))
    own, distances = nearest(train, train, most, own=True)
    r = distances[:, min(5, n - 1) - 1] / unit
    sigma = 2 * max(np.median(r), 0.1 * r.mean(), 1e-6) / np.sqrt(d)
    others, _ = nearest(test, train, max(*ks, local))
    train, test = train / unit, test / unit
    b_train, b_test = np.zeros(n), np.zeros(len(test))
    for k in ks:
        deltas = [
            x - sum(train[places[:, i]] for i in range(k)) / k
            for x, places in ((train, own), (test, others))
        ]
        precision = np.linalg.inv(deltas[0].T @ deltas[0] / n + sigma**2 * np.eye(d))
        for b, delta in zip((b_train, b_test), deltas):
            residual = delta @ precision / np.diag(precision)
            b += np.log((residual**2).sum(1) + 1e-6 * d) / len(ks)
    close = np.exp(b_train)
    score = [
        b - 0.25 * np.log(close[places[:, :local]].mean(1))
        for b, places in ((b_train, own), (b_test, others))
    ]
    return score[0], score[1]


def all_views(train, test):
    return [view_scores(*view(train, test)) for view in (standard, rank_gauss, value_range)]


def log_p(a, b):
    """-ln((1 + #{a >= b})/(n + 1)) with a slope that orders what the count does not."""
    reached = len(a) - np.searchsorted(np.sort(a), b, side="left")
    mean = total(a[:, None])[0] / len(a)
    sd = np.sqrt(total((a[:, None] - mean) ** 2)[0] / len(a))
    return -np.log((1 + reached) / (len(a) + 1)) + 1e-3 * (b - mean) / max(sd, 1e-9)


def masked_wiener(train, test):
    return sum(log_p(a, b) for a, b in all_views(train, test))


# Columns and pairs


def surprise(a, b):
    """L of the training keys a, each counted, and of the test keys b."""
    ordered = np.sort(a)

    def reach(v):
        return len(a) - np.searchsorted(ordered, v - 1e-9 * abs(v) - 1e-15, side="left")

    n = len(a)
    return -np.log(reach(a) / (n + 1)), -np.log((1 + reach(b)) / (n + 1))


def keys(train, test):
    """How rare a point is: the distance to the nearest other, or minus its share where it is repeated."""
    n = len(train)
    u, inverse, counts = np.unique(train, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.ravel()
    tree = cKDTree(u)
    apart = tree.query(u, k=2)[0][:, 1] if len(u) > 1 else np.zeros(1)
    of_point = np.where(counts > 1, -(counts - 1) / n, apart)
    distance, place = tree.query(test)
    equal = (u[place] == test).all(1)
    return of_point[inverse], np.where(equal, -counts[place] / n, distance)


def pairs(d):
    if d == 1:
        return [(0, 0)]
    if d <= 10:
        return [(i, j) for i in range(d) for j in range(i + 1, d)]
    steps = -(-45 // d)
    return [(i, (i + s) % d) for s in range(1, steps + 1) for i in range(d)]


def squares(train, test, groups):
    """Sums over groups of columns of L squared."""
    a, b = np.zeros(len(train)), np.zeros(len(test))
    for group in groups:
        of_train, of_test = surprise(*keys(train[:, group], test[:, group]))
        a += of_train**2
        b += of_test**2
    return a, b


def repeats(train):
    return np.mean([1 - len(np.unique(x)) / len(x) for x in train.T])


def views_and_pairs(train, test, weight=None, views=None):
    x, y, _ = standard(train, test)
    d = x.shape[1]
    m1 = squares(x, y, [[j] for j in range(d)])
    m2 = squares(x, y, [list(pair) for pair in pairs(d)])
    q = [np.maximum(log_p(a, b), 0) ** 2 for a, b in [*(views or all_views(train, test)), m1, m2]]
    weight = min(1, 2 * repeats(x)) if weight is None else weight
    return q[0] + q[1] + q[2] + weight * (0.5 * q[3] + q[4])


# Golden scores


def plane(seed, n, d):
    """Thousandths near a plane of two dimensions: no two distances are equal."""
    state = np.random.RandomState(seed)
    of = np.sin(np.arange(2 * d).reshape(2, d) * 1.3)
    return np.round((state.randn(n, 2) @ of + 0.1 * state.randn(n, d)) * 1000) / 1000


def mixed(seed, n):
    """Rows of a price, a code, a flag, a constant and a measurement."""
    state = np.random.RandomState(seed)
    price = np.round(np.exp(state.randn(n)) * 20) / 4
    code = state.randint(0, 9, n).astype(float)
    flag = (state.rand(n) < 0.2).astype(float)
    return np.stack([price, code, flag, np.full(n, 7.5), state.randn(n) * 1e5], axis=1)


def case(train, test):
    return {
        "train": train.tolist(),
        "test": test.tolist(),
        "masked-wiener": masked_wiener(train, test).tolist(),
        "views-and-pairs": views_and_pairs(train, test).tolist(),
        "views-and-pairs, weight 1": views_and_pairs(train, test, 1.0).tolist(),
    }


def main():
    odd = mixed(8, 12)
    odd[:3, 3] = [7.0, 8.0, 99.0]  # Off the constant.
    odd[3:6, 0] = [-3.0, 1e4, 5.1]  # Beyond the ends and between.
    cases = {
        "rows": case(plane(1, 60, 5), plane(2, 15, 5)),
        "columns": case(plane(3, 12, 30), plane(4, 7, 30)),
        "eleven columns": case(plane(15, 50, 11), plane(16, 7, 11)),
        "one column": case(plane(5, 33, 1), plane(6, 8, 1)),
        "few rows": case(plane(9, 4, 3), plane(10, 6, 3)),
        "two rows": case(plane(11, 2, 3), plane(12, 5, 3)),
        "mixed": case(mixed(7, 80), odd),
        # A row that occurs three times: which copy is a neighbour is the same to every mean.
        "copies": case(np.repeat(plane(13, 20, 3), 3, axis=0), plane(14, 8, 3)),
        "binary": case(
            # As often 1 as the other, two columns would make distances that only rounding tells apart.
            (np.random.RandomState(17).rand(40, 4) < (0.1, 0.2, 0.35, 0.6)).astype(float),
            (np.random.RandomState(18).rand(9, 4) < 0.5).astype(float),
        ),
    }
    OUT.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
