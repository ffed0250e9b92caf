"""Why ours are not DTE's published numbers: PCA's signs, rounding in HBOS and MCD.

Prints, for each table where ours is elsewhere, the AUROC of PyOD under DTE's settings, seed 0:
- PCA with the signs of the principal directions as scikit-learn chooses them since 1.5 (by the largest
  entry of the direction) and as before (by the row of the largest projection);
- HBOS on rows of 64 and of 32 bits;
- MCD on rows of 64 bits and on rows read and scaled in 32, as ours are: in vertebral one column is the sum of
  two others but for 0.01, and scaling leaves of that sum more or less than what `pinvh` takes for 0.

    python scripts/golden/dte_differences.py FOLDER_OF_ADBENCH/Classical data/published/dte_semi_auroc.csv [pca|hbos|mcd]

numpy 2.4, scikit-learn 1.9, PyOD 3.6.
"""

import csv
import sys
import warnings
from pathlib import Path

import numpy as np
from pyod.models.hbos import HBOS
from pyod.models.mcd import MCD
from pyod.models.pca import PCA
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

WITH_PCA = (
    "2_annthyroid 19_landsat 20_letter 23_mammography 27_PageBlocks 33_skin 40_vowels 41_Waveform 44_Wilt 47_yeast"
)
WITH_MCD = "23_mammography 28_pendigits 39_vertebral 47_yeast"
WITH_HBOS = "6_cardio 7_Cardiotocography 12_fault 20_letter 26_optdigits 30_satellite 31_satimage-2"


def split(path, bits="f8"):
    """Training rows, test rows and test labels under DTE's settings, seed 0; scaled in `bits`."""
    file = np.load(path)
    x, y = file["X"].astype(bits), file["y"]
    state, n = np.random.RandomState(0), len(y)
    if n < 1000:
        rows = state.choice(np.arange(n), 1000, replace=True)
        x, y = x[rows], y[rows]
    if n > 50_000:
        rows = state.choice(np.arange(n), 50_000, replace=False)
        x, y = x[rows], y[rows]
    normals = np.flatnonzero(y == 0)
    half = round(0.5 * normals.size)
    test = np.append(normals[half:], np.flatnonzero(y == 1))
    scaler = StandardScaler().fit(x[normals[:half]])
    return scaler.transform(x[normals[:half]]), scaler.transform(x[test]), y[test]


def weighted(train, test, signs):
    """PyOD's score of PCA, with other signs than scikit-learn's own."""
    scaler = StandardScaler().fit(train)
    z = scaler.transform(train)
    u, s, v = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    places = np.abs(u).argmax(axis=0) if signs == "rows" else np.abs(v).argmax(axis=1)
    chosen = u[places, np.arange(len(s))] if signs == "rows" else v[np.arange(len(s)), places]
    v = v * np.sign(chosen)[:, None]
    return (cdist(scaler.transform(test), v) / (s**2 / (s**2).sum())).sum(axis=1)


def main():
    warnings.filterwarnings("ignore")
    folder, published = Path(sys.argv[1]), {}
    with open(sys.argv[2], encoding="utf-8") as file:
        for row in csv.DictReader(file):
            published[row["dataset"], row["method"]] = row["mean"]
    print("table,method,published,pyod,other,what the other is")
    wanted = sys.argv[3:] or ["pca", "hbos", "mcd"]
    for name in WITH_PCA.split() if "pca" in wanted else []:
        train, test, y = split(folder / f"{name}.npz")
        now = PCA().fit(train).decision_function(test)
        before = weighted(train, test, "rows")
        same = weighted(train, test, "entries")
        assert abs(roc_auc_score(y, now) - roc_auc_score(y, same)) < 1e-9, name
        line(published, name, "pca", y, now, before, "signs as before scikit-learn 1.5")
    for name in WITH_HBOS.split() if "hbos" in wanted else []:
        train, test, y = split(folder / f"{name}.npz")
        wide = HBOS().fit(train).decision_function(test)
        narrow = HBOS().fit(train.astype("f4")).decision_function(test.astype("f4"))
        line(published, name, "hbos", y, wide, narrow, "rows of 32 bits")
    for name in WITH_MCD.split() if "mcd" in wanted else []:
        scores = []
        for bits in ("f8", "f4"):
            train, test, y = split(folder / f"{name}.npz", bits)
            mcd = MCD(random_state=0).fit(train.astype("f8"))
            scores.append(mcd.decision_function(test.astype("f8")))
        line(published, name, "mcd", y, *scores, "rows scaled in 32 bits")


def line(published, name, method, y, first, second, what):
    family = name.split("_", 1)[1].lower()
    scores = [f"{100 * roc_auc_score(y, score):.2f}" for score in (first, second)]
    print(",".join([name, method, published[family, method], *scores, what]), flush=True)


main()
