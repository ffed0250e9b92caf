"""Golden content of FashionMNIST_x@pixels for crates/datasets: the rows of the Fashion-MNIST test set
that belong to each set, drawn with numpy.

Versions: numpy 2.4.6.
Run: python scripts/golden/fashion_mnist.py > crates/datasets/tests/golden/fashion_mnist.json
"""

import gzip
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

data = Path(__file__).parents[2] / "data" / "fashion-mnist"
images = np.frombuffer(gzip.open(data / "t10k-images-idx3-ubyte.gz").read()[16:], np.uint8)
images = images.reshape(10_000, 784)
classes = np.frombuffer(gzip.open(data / "t10k-labels-idx1-ubyte.gz").read()[8:], np.uint8)

result = []
for normal in range(10):
    rows = list(np.where(classes == normal)[0])
    # 53 of 1053 rows is as near to 5 % as can be: 6 of the first eight other classes, 5 of the last.
    state = np.random.RandomState(normal)
    others = [c for c in range(10) if c != normal]
    for share, other in zip([6] * 8 + [5], others):
        rows += list(state.permutation(np.where(classes == other)[0])[:share])
    rows = np.sort(rows)
    result.append(
        {
            "images": hashlib.sha256(images[rows].tobytes()).hexdigest(),
            "anomalies": [int(i) for i in np.where(classes[rows] != normal)[0]],
        }
    )
json.dump(result, sys.stdout)
