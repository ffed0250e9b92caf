"""The Python side of `cargo xtask bench --against-python` and `--wheel`; the Rust sides are
crates/baselines/examples/peers.rs and crates/residuum/examples/calls.rs.

    python scripts/bench/peers.py export FOLDER [CIFAR10_4.npz | ROWS | ROWSxCOLUMNS]
    python scripts/bench/peers.py serve FOLDER

`export` writes train.f32 and test.f32 (row-major, little-endian) and header.json: CIFAR10_4 under
protocol `paper` (first half of the normal rows trains; the other half and all anomalies test;
standard scaling fitted on train), or generated rows of the same shape, or as many generated rows of
512 columns, or as many as is said, to train and to test. Where the package residuum is installed, which
`cargo xtask wheel` builds, it writes options.json too: what each of its classes below asks for.

`serve` prints a line of JSON when it is ready, then for each line "METHOD JOBS" on stdin the
seconds that fit and score took. The process stays warm. Methods: ocsvm and iforest are
scikit-learn's, copod is PyOD's, with the settings of the paper's table; ecod, hbos and pca are PyOD's, knn
(k = 5) and lof (k = 20) scikit-learn's by brute force. "package-METHOD" is the class of the package residuum;
"package-fit-METHOD" and "package-score-METHOD" are the median of many calls.

    pip install -r scripts/bench/requirements.txt
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

TRAIN, TEST, D = 2500, 2763, 512
CALLS = 101


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
    try:
        import residuum
    except ImportError:
        return
    detectors = {name: getattr(residuum, c)(**settings) for name, (c, settings) in PACKAGE.items()}
    options = {
        name: {"method": c._method, "settings": c._config(len(train)), "seed": c.get_params().get("random_state") or 0}
        for name, c in detectors.items()
    }
    (folder / "options.json").write_text(json.dumps(options) + "\n")


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


def pca(train, test, jobs):
    from pyod.models.pca import PCA

    return PCA().fit(train).decision_function(test)


def of_package(name):
    """The class of the package residuum for a method."""
    import residuum

    c, settings = PACKAGE[name]
    return getattr(residuum, c)(**settings)


def package(word, train, test):
    """Seconds of "METHOD", "fit-METHOD" or "score-METHOD"."""
    what, _, name = word.rpartition("-")
    if what == "fit":
        return median(lambda: of_package(name).fit(train))
    if what == "score":
        model = of_package(name).fit(train)
        return median(lambda: model.anomaly_scores(test))
    return once(lambda: of_package(name).fit(train).anomaly_scores(test), len(test))


def median(call):
    """The median of the seconds of many calls."""
    return statistics.median(once(call) for _ in range(CALLS))


def once(call, n=None):
    """The seconds of a call, which gives n scores."""
    start = time.perf_counter()
    scores = call()
    seconds = time.perf_counter() - start
    assert n is None or len(scores) == n
    return seconds


PACKAGE = {
    "ocsvm": ("OneClassSVM", {"gamma": "auto"}),
    "iforest": ("IsolationForest", {"random_state": 44, "rng": "fast"}),
    "copod": ("COPOD", {}),
    "ecod": ("ECOD", {}),
    "hbos": ("HBOS", {}),
    "knn": ("KNN", {}),
    "lof": ("LocalOutlierFactor", {}),
    "pca": ("PCA", {}),
    "norm": ("Norm", {}),
}
PEERS = {
    "ocsvm": ocsvm, "iforest": iforest, "copod": copod, "ecod": ecod, "hbos": hbos, "knn": knn, "lof": lof, "pca": pca,
}  # fmt: skip


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
        of_ours = method.removeprefix("package-")
        if of_ours != method:
            print(package(of_ours, train, test), flush=True)
        else:
            print(once(lambda: PEERS[method](train, test, int(jobs)), len(test)), flush=True)


if __name__ == "__main__":
    {"export": export, "serve": serve}[sys.argv[1]](*sys.argv[2:])
