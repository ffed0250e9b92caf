"""Golden values of scikit-learn's OneClassSVM (libsvm) for crates/baselines.

Run from the workspace root, with the folder that holds adbench/ in RESIDUUM_DATA:
    RESIDUUM_DATA=data/external python scripts/golden/ocsvm.py
Without the data only the small cases are made. Made with scikit-learn 1.9.1, numpy 2.4.6.
"""

import json
import os
from pathlib import Path

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

OUT = Path(__file__).resolve().parents[2] / "crates/baselines/tests/golden"


def table(seed, n, d):
    """Normal rows in eighths, exact in f32 and in any JSON reader, some of them twice."""
    x = np.round(np.random.RandomState(seed).normal(size=(n, d)) * 8) / 8
    x[:, 1] = 2.5  # a constant column
    x[:, 2] *= 6
    x[n // 2] = x[3]
    x[-1] = x[3]
    return x


def case(name, train, test, nu, gamma, tolerance):
    svm = OneClassSVM(nu=nu, gamma=gamma, tol=tolerance).fit(train)
    return {
        "table": name,
        "nu": nu,
        "gamma": gamma,
        "tolerance": tolerance,
        "rho": svm.offset_[0],
        "n_support": int(svm.n_support_[0]),
        "scores": (-svm.decision_function(test)).tolist(),
    }


def small():
    tables = {"short": (table(1, 80, 6), table(2, 15, 6)), "long": (table(3, 150, 20), table(4, 9, 20))}
    settings = [(0.5, "auto"), (0.1, "scale"), (0.9, 0.02), (0.013, "auto"), (0.004, 0.3)]
    cases = [
        case(name, *rows, nu, gamma, tolerance)
        for name, rows in tables.items()
        for nu, gamma in settings
        for tolerance in (1e-3, 1e-6)
    ]
    tables = {n: {"train": a.tolist(), "test": b.tolist()} for n, (a, b) in tables.items()}
    (OUT / "ocsvm.json").write_text(json.dumps({"tables": tables, "cases": cases}) + "\n")


def cifar10_4(root):
    """The protocol `paper`: 2500 normals in file order train, every 57th of the 2763 others is kept."""
    file = np.load(Path(root) / "adbench/CV_by_ResNet18/CIFAR10_4.npz")
    x, y = file["X"], file["y"]
    normal = x[y == 0]
    train, test = normal[:2500], np.concatenate([normal[2500:], x[y == 1]])
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    cases = [case("CIFAR10_4", train, test[::57], 0.5, "auto", tol) for tol in (1e-3, 1e-6)]
    (OUT / "ocsvm_cifar10_4.json").write_text(json.dumps({"every": 57, "cases": cases}) + "\n")


small()
if "RESIDUUM_DATA" in os.environ:
    cifar10_4(os.environ["RESIDUUM_DATA"])
