"""Golden scores of PyOD's COPOD for crates/baselines.

Run from the workspace root: python scripts/golden/copod.py
Made with pyod 3.6.7, scipy 1.17.1, numpy 2.4.6.
"""

import json
from pathlib import Path

import numpy as np
from pyod.models.copod import COPOD

OUT = Path(__file__).resolve().parents[2] / "crates/baselines/tests/golden/copod.json"


def table(seed, n, d):
    """Eighths with ties and negative numbers; column 2 constant, 3 skewed to the left, 5 symmetric."""
    state = np.random.RandomState(seed)
    x = state.randint(-60, 90, size=(n, d)) / 8.0
    x[:, 2] = -1.5
    x[:, 3] = -state.randint(0, 30, size=n) ** 2 / 8.0
    x[:, 5] = np.where(np.arange(n) % 2 == 0, 4.0, -4.0)
    return x


def skewed(seed, n, d):
    """Squares, every other column negated: one row more does not turn the skewness."""
    squares = np.random.RandomState(seed).randint(0, 30, size=(n, d)) ** 2 / 8.0
    return squares * np.where(np.arange(d) % 2 == 0, 1.0, -1.0)


def case(train, test):
    copod = COPOD().fit(train)
    return {
        "train": train.tolist(),
        "test": test.tolist(),
        # PyOD stacks the training rows and these.
        "scores": copod.decision_function(test).tolist(),
        # A batch of one row: the row itself is all that is counted beside the training rows.
        "scores_alone": [float(copod.decision_function(row[None])[0]) for row in test],
    }


mixed = case(table(1, 60, 7), table(2, 22, 7))
OUT.write_text(json.dumps({"mixed": mixed, "skewed": case(skewed(3, 41, 3), skewed(4, 9, 3))}) + "\n")
