"""From a data frame to certified alarms: benign cells in, malignant ones out.

    python examples/alarms.py
"""

from pathlib import Path

import pandas as pd

import residuum

DATA = Path(__file__).resolve().parents[3] / "data/breast-cancer"

normal = pd.read_csv(DATA / "normal.csv")
new = pd.read_csv(DATA / "new.csv")
detector = residuum.Detector(key="id", fpr=0.1, confidence=0.9, calibration=0.3).fit(normal)
alarms = new[detector.anomalies(new)]

print(f"{len(alarms)} of {len(new)} cells are odd, {alarms.malignant.sum()} of them malignant")
why = detector.explain(alarms[:1], top=2).rows[0]
print(f"id {alarms.id.iloc[0]}:", ", ".join(f"{r.column} {r.share:.0%}" for r in why))
