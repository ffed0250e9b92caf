"""Golden scores of scikit-learn's IsolationForest for crates/baselines.

Run from the workspace root: python scripts/golden/iforest.py
Made with scikit-learn 1.9.1, numpy 2.4.6.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.ensemble import IsolationForest

OUT = Path(__file__).resolve().parents[2] / "crates/baselines/tests/golden/iforest.json"


def table(seed, n, d):
    """Rows with ties, negative numbers, a constant column and one that varies in three rows only.

    Eighths up to 2^10 are exact in f32 and in any JSON reader.
    """
    x = np.random.RandomState(seed).randint(-60, 90, size=(n, d)) / 8.0
    x[:, 2] = -1.5
    if d > 4:
        x[:, 4] = 0.0
        x[[3, n // 2, n - 1], 4] = [2.0, -1.0, 40.0]
    x[7] = x[8]
    return x


def case(name, x, test, seed, trees, sample_size):
    def scores(random_state):
        forest = IsolationForest(
            n_estimators=trees, max_samples=sample_size, random_state=random_state
        )
        forest.fit(x.astype(np.float32))
        return (-forest.score_samples(test.astype(np.float32))).tolist()

    return {
        "name": name,
        "seed": seed,
        "trees": trees,
        "sample_size": sample_size,
        "table": "long" if len(x) > 100 else "short",
        "scores": scores(np.random.RandomState(seed)),
        # An integer starts the stream of a state a second time.
        "scores_of_integer": scores(seed),
    }


short, short_test = table(1, 60, 7), table(2, 21, 7)
long, long_test = table(3, 300, 4), table(4, 13, 4)
cases = [
    case("a permutation picks the rows", short, short_test, 0, 25, 16),
    case("a sample size that is not a power of two", short, short_test, 44, 10, 23),
    case("all rows", short, short_test, 2**32 - 1, 10, 60),
    case("a set picks the rows", long, long_test, 5, 40, 2),
    case("a reservoir picks the rows", long, long_test, 44, 10, 299),
    case("the default sample size", long, long_test, 7, 100, 256),
]
tables = {
    "short": {"train": short.tolist(), "test": short_test.tolist()},
    "long": {"train": long.tolist(), "test": long_test.tolist()},
}
OUT.write_text(json.dumps({"tables": tables, "cases": cases}) + "\n")
