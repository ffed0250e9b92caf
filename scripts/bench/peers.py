"""The Python side of `cargo xtask bench --against-python`; the Rust side is
crates/baselines/examples/peers.rs.

    python scripts/bench/peers.py export FOLDER [CIFAR10_4.npz | ROWS | ROWSxCOLUMNS]
    python scripts/bench/peers.py serve FOLDER

`export` writes train.f32 and test.f32 (row-major, little-endian) and header.json: CIFAR10_4 under
protocol `paper` (first half of the normal rows trains; the other half and all anomalies test;
standard scaling fitted on train), or generated rows of the same shape, or as many generated rows of
512 columns, or as many as is said, to train and to test.

`serve` prints a line of JSON when it is ready, then for each line "METHOD JOBS" on stdin the
seconds that fit and score took. The process stays warm. Methods: ocsvm and iforest are
scikit-learn's, copod is PyOD's, with the settings of the paper's table; ecod and hbos are PyOD's, knn
(k = 5) and lof (k = 20) scikit-learn's by brute force. "package-METHOD" is the class of the package residuum, which
`cargo xtask wheel` builds.

    pip install -r scripts/bench/requirements.txt
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

TRAIN, TEST, D = 2500, 2763, 512


def paper_split(path):
    with np.load(path) as data:
        x, y = data["X"].astype(np.float32), data["y"].ravel().astype(int)
    normal, anomalous = x[y == 0], x[y == 1]
    half = round(0.5 * len(normal))  # to even, as Python rounds
    return normal[:half], np.concatenate([normal[half:], anomalous])


def generated(n_train, n_test, d=D):
    """Non-negative and skewed, with a few constant columns, as embeddings after a ReLU are."""
    rng = np.random.RandomState(0)
    mixing = rng.normal(size=(64, d)) / 8
    rows = np.maximum(rng.normal(size=(n_train + n_test, 64)) @ mixing, 0)
    rows[:, ::100] = 0
    rows[-(n_test // 10) :] *= 1.2
    rows = rows.astype(np.float32)
    return rows[:n_train], rows[n_train:]


def export(folder, npz=None):
    if npz is None or npz.replace("x", "").isdigit():
        shape = [int(n) for n in (npz or "").split("x") if n]
        n_train, n_test = (shape[0], shape[0]) if shape else (TRAIN, TEST)
        train, test = generated(n_train, n_test, *shape[1:])
        source = "generated rows of the shape of CIFAR10_4" if npz is None else "generated rows"
    else:
        train, test = paper_split(npz)
        source = "CIFAR10_4, protocol paper"
    mean, scale = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1
    folder = Path(folder)
    for name, rows in (("train", train), ("test", test)):
        ((rows - mean) / scale).astype("<f4").tofile(folder / f"{name}.f32")
    header = {"train": len(train), "test": len(test), "d": train.shape[1], "source": source}
    (folder / "header.json").write_text(json.dumps(header) + "\n")


def ocsvm(train, test, jobs):
    from sklearn.svm import OneClassSVM

    return OneClassSVM(nu=0.5, gamma="auto", tol=1e-3).fit(train).decision_function(test)


def iforest(train, test, jobs):
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=100, max_samples=256, random_state=44, n_jobs=jobs)
    return forest.fit(train).score_samples(test)


def copod(train, test, jobs):
    from pyod.models.copod import COPOD

    detector = COPOD(n_jobs=jobs)
    detector.fit(train)
    return detector.decision_function(test)


def ecod(train, test, jobs):
    from pyod.models.ecod import ECOD

    detector = ECOD(n_jobs=jobs)
    detector.fit(train)
    return detector.decision_function(test)


def hbos(train, test, jobs):
    from pyod.models.hbos import HBOS

    detector = HBOS()
    detector.fit(train)
    return detector.decision_function(test)


def knn(train, test, jobs):
    from sklearn.neighbors import NearestNeighbors

    table = NearestNeighbors(n_neighbors=5, algorithm="brute", n_jobs=jobs).fit(train)
    return table.kneighbors(test)[0][:, -1]


def lof(train, test, jobs):
    from sklearn.neighbors import LocalOutlierFactor

    factor = LocalOutlierFactor(20, algorithm="brute", novelty=True, n_jobs=jobs).fit(train)
    return -factor.score_samples(test)


def of_package(name, **settings):
    """Fit and score by a class of the package residuum."""

    def run(train, test, jobs):
        import residuum

        return getattr(residuum, name)(**settings).fit(train).anomaly_scores(test)

    return run


PACKAGE = {
    "package-ocsvm": of_package("OneClassSVM", gamma="auto"),
    "package-iforest": of_package("IsolationForest", random_state=44, rng="fast"),
    "package-copod": of_package("COPOD"),
    "package-ecod": of_package("ECOD"),
    "package-hbos": of_package("HBOS"),
    "package-knn": of_package("KNN"),
    "package-lof": of_package("LocalOutlierFactor"),
}
METHODS = {"ocsvm": ocsvm, "iforest": iforest, "copod": copod, "ecod": ecod, "hbos": hbos, "knn": knn, "lof": lof}
METHODS |= PACKAGE


def serve(folder):
    import pyod
    import sklearn

    folder = Path(folder)
    d = json.loads((folder / "header.json").read_text())["d"]
    train, test = (np.fromfile(folder / f"{n}.f32", "<f4").reshape(-1, d) for n in ("train", "test"))
    versions = {
        "python": sys.version.split()[0],
        "scikit-learn": sklearn.__version__,
        "pyod": pyod.__version__,
        "numpy": np.__version__,
    }
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        method, jobs = line.split()
        start = time.perf_counter()
        scores = METHODS[method](train, test, int(jobs))
        seconds = time.perf_counter() - start
        assert len(scores) == len(test)
        print(seconds, flush=True)


if __name__ == "__main__":
    {"export": export, "serve": serve}[sys.argv[1]](*sys.argv[2:])
