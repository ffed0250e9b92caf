"""Golden values of crates/metrics from scikit-learn.

Made with scikit-learn 1.9.1, numpy 2.4.6, Python 3.11. Run from the repository's root:

    python scripts/golden/metrics.py

Writes crates/metrics/tests/golden/metrics.json.
"""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score, roc_curve

OUT = Path(__file__).parents[2] / "crates/metrics/tests/golden/metrics.json"
TPRS = [0.5, 0.8, 0.95, 1.0]
MAX_FPRS = [0.01, 0.1, 0.3, 1.0]


def f1_at_k(scores, labels):
    """Mean of scikit-learn's F1 over every way to fill the k places from the rows tied at the cut."""
    k = int(labels.sum())
    cut = np.sort(scores)[::-1][k - 1]
    above = np.flatnonzero(scores > cut)
    tied = np.flatnonzero(scores == cut)
    free = k - len(above)
    assert math.comb(len(tied), free) < 20_000, "too many ways to break the ties"
    values = []
    for chosen in itertools.combinations(tied, free):
        flagged = np.zeros(len(scores), dtype=int)
        flagged[above] = 1
        flagged[list(chosen)] = 1
        values.append(f1_score(labels, flagged))
    return float(np.mean(values))


def case(name, scores, labels):
    scores = np.asarray(scores, dtype=float)
    labels = np.asarray(labels, dtype=int)
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    return {
        "name": name,
        "scores": scores.tolist(),
        "labels": labels.tolist(),
        "auroc": float(roc_auc_score(labels, scores)),
        "average_precision": float(average_precision_score(labels, scores)),
        "f1_at_k": f1_at_k(scores, labels),
        "fpr_at_tpr": [[t, float(fpr[tpr >= t].min())] for t in TPRS],
        "partial_auroc": [[m, float(roc_auc_score(labels, scores, max_fpr=m))] for m in MAX_FPRS],
    }


def drawn(rng, n, share, shift, decimals):
    """Normal scores, the anomalies' shifted up; few decimals make ties."""
    labels = (rng.random(n) < share).astype(int)
    labels[:2] = [1, 0]
    scores = np.round(rng.normal(size=n) + shift * labels, decimals)
    return scores + 0.0, labels


def main():
    rng = np.random.default_rng(20241)
    cases = [
        case("two rows, right", [1.5, 0.5], [1, 0]),
        case("two rows, wrong", [0.5, 1.5], [1, 0]),
        case("two rows, tied", [0.5, 0.5], [1, 0]),
        case("one anomaly in seven", [0.1, 0.4, 0.35, 0.8, 0.2, 0.4, 0.9], [0, 0, 0, 1, 0, 0, 0]),
        case("one normal in five", [0.3, 0.3, 0.1, 0.7, 0.2], [1, 0, 1, 1, 1]),
        case("all tied", [3.0] * 9, [1, 0, 0, 1, 0, 0, 0, 1, 0]),
        case("perfect", [-1.0, -2.0, 5.0, 6.0, -3.0], [0, 0, 1, 1, 0]),
        case("reversed", [1.0, 2.0, -5.0, -6.0, 3.0], [0, 0, 1, 1, 0]),
        case("negative and tiny", [-1e-300, 1e-300, -1e300, 1e300, 0.0], [0, 1, 0, 1, 1]),
        case("19 of 20 anomalies", list(range(1, 21)) + [0.5, 1.5, 2.5], [1] * 20 + [0] * 3),
        case("balanced, distinct", *drawn(rng, 101, 0.5, 1.0, 6)),
        case("imbalanced, distinct", *drawn(rng, 400, 0.03, 1.5, 6)),
        case("mostly anomalies", *drawn(rng, 120, 0.9, 0.7, 6)),
        case("some ties", *drawn(rng, 150, 0.2, 1.0, 2)),
        case("many ties", *drawn(rng, 60, 0.15, 1.0, 1)),
    ]
    golden = {"source": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}", "cases": cases}
    lines = ",\n".join(json.dumps(c) for c in cases)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text('{"source": %s, "cases": [\n%s\n]}\n' % (json.dumps(golden["source"]), lines))


if __name__ == "__main__":
    main()
