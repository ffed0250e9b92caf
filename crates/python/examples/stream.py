"""Scoring a stream: rows come one by one, and a model that was saved decides about each.

    python examples/stream.py
"""

import tempfile
from pathlib import Path

import numpy as np

import residuum

rng = np.random.default_rng(0)


def measured(n):
    """Rows of a machine: the second column follows the first."""
    speed = rng.normal(50, 5, size=n)
    return np.column_stack([speed, 2 * speed + rng.normal(0, 1, size=n)])


path = Path(tempfile.mkdtemp()) / "machine.residuum"
residuum.Detector(fpr=0.001, confidence=0.95).fit(measured(20_000)).save(path)

model = residuum.load(path)
alarms = []
for i, row in enumerate(measured(2_000)):
    if i == 1_500:
        row[1] += 15  # something breaks
    if model.predict(row.reshape(1, -1))[0] == -1:
        alarms.append(i)
print(f"rows with an alarm: {alarms}")
