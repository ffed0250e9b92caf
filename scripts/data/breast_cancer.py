"""The files of data/breast-cancer from the copy that scikit-learn's package holds.

Run from the workspace root: python scripts/data/breast_cancer.py
Made with scikit-learn 1.9.1, NumPy 2.4.6.
"""

import csv
import pathlib

import numpy as np
from sklearn.datasets import load_breast_cancer

FOLDER = pathlib.Path("data/breast-cancer")
GOOD, NEW_GOOD, NEW_ODD = 300, 57, 43


def write(name, header, rows):
    with open(FOLDER / name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main():
    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names]
    random = np.random.RandomState(0)
    benign = random.permutation(np.flatnonzero(data.target == 1))
    malignant = random.permutation(np.flatnonzero(data.target == 0))

    def row(i):
        return [i + 1, *(repr(float(v)) for v in data.data[i])]

    good = sorted(benign[:GOOD])
    new = random.permutation([*benign[GOOD : GOOD + NEW_GOOD], *malignant[:NEW_ODD]])
    write("normal.csv", ["id", *names], [row(i) for i in good])
    labelled = [[*row(i), int(data.target[i] == 0)] for i in new]
    write("new.csv", ["id", *names, "malignant"], labelled)


if __name__ == "__main__":
    main()
