"""Golden values of metrics::statistics from scipy.

Intervals over seeds, signed-rank tests, Friedman's test and the studentised range are scipy's functions.
scipy has no DeLong test: it is written here pair by pair from DeLong, DeLong & Clarke-Pearson (1988),
section 2. Newcombe's interval (2006, part 2, method 5) is the roots of its equation by scipy's `brentq`. The exact signed-rank test with ties is scipy's permutation test over all signs. The bootstrap
draws other numbers than ours: its ends agree within their own spread only.

Made with scipy 1.17.1, numpy 2.4.6, Python 3.11. Run from the repository's root:

    python scripts/golden/statistics.py

Writes crates/metrics/tests/golden/statistics.json.
"""

import json
import math
import sys
from pathlib import Path

sys.path.pop(0)  # this file's folder hides the standard library's `statistics` behind it

import numpy as np
import scipy
from scipy import stats
from scipy.optimize import brentq

OUT = Path(__file__).parents[2] / "crates/metrics/tests/golden/statistics.json"
ZEROS = {"drop": "wilcox", "pratt": "pratt", "split": "zsplit"}


def seeds(values, level):
    values = np.array(values)
    low, high = stats.t.interval(level, len(values) - 1, values.mean(), stats.sem(values))
    return {
        "values": values.tolist(),
        "level": level,
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)),
        "low": float(low),
        "high": float(high),
    }


def components(scores, labels):
    """psi of every pair: 1 where the anomaly is higher, 1/2 where both are equal."""
    x, y = scores[labels == 1], scores[labels == 0]
    return (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])


def delong(first, second, labels, level):
    psi = [components(np.array(s), np.array(labels)) for s in (first, second)]
    m, n = psi[0].shape
    ten = np.cov([p.mean(axis=1) for p in psi])
    one = np.cov([p.mean(axis=0) for p in psi])
    covariance = ten / m + one / n
    areas = [p.mean() for p in psi]
    z_level = stats.norm.ppf(0.5 + level / 2)
    errors = np.sqrt(np.diag(covariance))
    error = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    z = (areas[0] - areas[1]) / error
    return {
        "first": list(first),
        "second": list(second),
        "labels": [int(label) for label in labels],
        "level": level,
        "areas": [float(a) for a in areas],
        "standard_errors": errors.tolist(),
        "low": float(max(0.0, areas[0] - z_level * errors[0])),
        "high": float(min(1.0, areas[0] + z_level * errors[0])),
        "difference_error": error,
        "z": float(z),
        "p": float(2 * stats.norm.sf(abs(z))),
    }


def newcombe(auroc, m, n, level):
    z2 = stats.norm.ppf(0.5 + level / 2) ** 2
    half = (m + n) / 2 - 1

    def excess(theta):
        variance = theta * (1 - theta) * (1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta)) / (m * n)
        return (theta - auroc) ** 2 - z2 * variance

    # At the estimate itself the excess is negative, or 0 at the ends of the range, where one root is the end.
    tiny = 1e-9
    low = brentq(excess, 0.0, auroc - tiny, xtol=1e-15) if auroc > 0 else 0.0
    high = brentq(excess, auroc + tiny, 1.0, xtol=1e-15) if auroc < 1 else 1.0
    return {"auroc": auroc, "anomalies": m, "normals": n, "level": level, "low": low, "high": high}


def bootstrap(scores, labels, level):
    scores, labels = np.array(scores), np.array(labels)

    def auroc(x, y):
        return (np.searchsorted(np.sort(y), x, "left") + np.searchsorted(np.sort(y), x, "right")).sum() / (
            2 * len(x) * len(y)
        )

    result = stats.bootstrap(
        (scores[labels == 1], scores[labels == 0]),
        auroc,
        n_resamples=20_000,
        vectorized=False,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(5),
    )
    low, high = result.confidence_interval
    return {
        "scores": scores.tolist(),
        "labels": labels.tolist(),
        "level": level,
        "low": float(low),
        "high": float(high),
        "standard_error": float(result.standard_error),
    }


def wilcoxon(name, a, b):
    """By treatment of zeros: statistic, exact p, p of the normal approximation."""
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    d = a - b
    untied = len(np.unique(np.abs(d))) == len(d) and np.all(d != 0)
    case = {"name": name, "a": a.tolist(), "b": b.tolist()}
    for ours, theirs in ZEROS.items():
        if untied:
            exact = stats.wilcoxon(a, b, zero_method=theirs, method="exact").pvalue
        elif len(d) <= 13:
            # 2^13 signs are fewer than the resamples: all of them are gone through.
            method = stats.PermutationMethod(n_resamples=10_000)
            exact = stats.wilcoxon(a, b, zero_method=theirs, method=method).pvalue
        else:
            exact = None
        normal = stats.wilcoxon(a, b, zero_method=theirs, method="asymptotic", correction=False)
        case[ours] = {
            "statistic": float(normal.statistic),
            "exact": None if exact is None else float(exact),
            "normal": float(normal.pvalue),
        }
    return case


def friedman(name, values):
    values = np.array(values, dtype=float)
    test = stats.friedmanchisquare(*values.T)
    n, k = values.shape
    f = (n - 1) * test.statistic / (n * (k - 1) - test.statistic)
    return {
        "name": name,
        "shape": [n, k],
        "values": values.ravel().tolist(),
        "ranks": stats.rankdata(-values, axis=1).mean(axis=0).tolist(),
        "chi_squared": float(test.statistic),
        "p": float(test.pvalue),
        "f": float(f),
        "f_p": float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))),
    }


def main():
    rng = np.random.default_rng(51)
    labels = (rng.random(90) < 0.3).astype(int)
    labels[:4] = [1, 1, 0, 0]
    good = np.round(rng.normal(size=90) + 1.2 * labels, 3)
    related = np.round(0.7 * good + rng.normal(size=90), 3)
    tied = np.round(good * 2) / 2
    golden = {
        "source": f"scipy {scipy.__version__}, numpy {np.__version__}",
        "seeds": [
            seeds([0.81, 0.84, 0.79], 0.95),
            seeds([0.5, 0.75], 0.9),
            seeds([91.2, 90.8, 91.9, 92.4, 90.1], 0.99),
            seeds(np.round(rng.normal(size=30), 4), 0.95),
        ],
        "delong": [
            delong(good, related, labels, 0.95),
            delong(tied, good, labels, 0.9),
            delong([3, 1, 2, 2, 1, 0], [1, 1, 2, 0, 2, 1], [1, 1, 1, 0, 0, 0], 0.95),
            delong(-related, tied, labels, 0.99),
        ],
        "newcombe": [
            newcombe(0.8932, 51, 58, 0.95),
            newcombe(1.0, 20, 30, 0.95),
            newcombe(0.0, 7, 400, 0.9),
            newcombe(0.5, 1, 1, 0.95),
            newcombe(0.25, 3, 2, 0.99),
            newcombe(0.999, 1, 5000, 0.95),
        ],
        "bootstrap": [bootstrap(good, labels, 0.95), bootstrap(tied, labels, 0.8)],
        "wilcoxon": [
            wilcoxon("one pair", [2], [1]),
            wilcoxon("no ties", [5.1, 3.3, 8.0, 1.2, 9.9, 4.4, 6.5], [4.0, 3.5, 6.3, 1.9, 5.0, 4.1, 8.7]),
            wilcoxon("ties", [3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]),
            wilcoxon("ties and zeros", [5, 3, 7, 7, 2, 8, 4, 6, 1, 9, 5, 5], [4, 3, 5, 9, 2, 5, 4, 4, 2, 6, 3, 4]),
            wilcoxon("many zeros", [1, 1, 1, 1, 1, 2, 3], [1, 1, 1, 1, 1, 1, 1]),
            wilcoxon("one side", list(range(1, 13)), [0] * 12),
            wilcoxon("45 pairs", np.round(rng.normal(size=45), 6), np.round(rng.normal(size=45) - 0.4, 6)),
            wilcoxon("60 pairs with ties", rng.integers(0, 9, 60), rng.integers(0, 9, 60)),
        ],
        "friedman": [
            friedman("no ties", rng.random((6, 4))),
            friedman("ties", rng.integers(0, 4, (9, 5))),
            friedman("wide", np.round(rng.random((5, 12)), 2)),
            friedman("a clear order", 0.5 * np.arange(3) + 0.9 * rng.random((20, 3))),
        ],
        # q, k, F(q): scipy integrates to about 1e-9.
        "studentized_range": [
            [q, k, float(stats.studentized_range.cdf(q, k, np.inf))]
            for k in [2, 3, 5, 10, 30]
            for q in [0.1, 1.0, 2.5, 3.7, 5.5]
        ],
    }
    lines = []
    for key, value in golden.items():
        text = json.dumps(value)
        if isinstance(value, list):
            text = "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"
        lines.append(f"{json.dumps(key)}: {text}")
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
