"""Golden values of the pixel metrics of crates/metrics: AUPRO, pixel AUROC, pixel average precision.

AUPRO is written here from its definition (Bergmann et al., IJCV 2021, section 6.2): every distinct
value is a threshold, regions are those of scipy.ndimage.label with 8-connectivity, the curve is cut at
the largest false positive rate by linear interpolation. The other two are scikit-learn's.

Made with numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1, Python 3.11. Run from the repository's root:

    python scripts/golden/aupro.py

Writes crates/metrics/tests/golden/aupro.json.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

OUT = Path(__file__).parents[2] / "crates/metrics/tests/golden/aupro.json"
MAX_FPRS = [0.05, 0.3, 1.0]
EIGHT = np.ones((3, 3), dtype=int)


def pro_curve(maps, masks):
    """False positive rate and mean overlap at every threshold, from the point (0, 0)."""
    regions = []
    for index, mask in enumerate(masks):
        labels, count = ndimage.label(mask, structure=EIGHT)
        regions += [(index, labels == label) for label in range(1, count + 1)]
    fpr, pro = [0.0], [0.0]
    for threshold in np.unique(maps)[::-1]:
        called = maps >= threshold
        fpr.append(float(called[~masks].mean()))
        pro.append(float(np.mean([called[index][region].mean() for index, region in regions])))
    return np.array(fpr), np.array(pro), len(regions)


def aupro(fpr, pro, max_fpr):
    inside = fpr <= max_fpr
    x, y = fpr[inside], pro[inside]
    if x[-1] < max_fpr:
        i = len(x)
        slope = (pro[i] - pro[i - 1]) / (fpr[i] - fpr[i - 1])
        x, y = np.append(x, max_fpr), np.append(y, pro[i - 1] + slope * (max_fpr - fpr[i - 1]))
    return float(np.trapezoid(y, x) / max_fpr)


def case(name, maps, masks):
    maps = np.asarray(maps, dtype=np.float32)
    masks = np.asarray(masks, dtype=bool)
    fpr, pro, regions = pro_curve(maps, masks)
    return {
        "name": name,
        "shape": list(maps.shape),
        "maps": [float(v) for v in maps.ravel()],
        "masks": masks.astype(int).ravel().tolist(),
        "regions": regions,
        "aupro": [[m, aupro(fpr, pro, m)] for m in MAX_FPRS],
        "auroc": float(roc_auc_score(masks.ravel(), maps.ravel())),
        "ap": float(average_precision_score(masks.ravel(), maps.ravel())),
    }


def drawn(rng, shape, share, shift, decimals, grow=0):
    """Noise, higher inside the masks; few decimals make ties, grown masks make regions of many sizes."""
    masks = rng.random(shape) < share
    for _ in range(grow):
        masks = np.stack([ndimage.binary_dilation(m) for m in masks])
    masks[0, 0, 0], masks[-1, -1, -1] = True, False
    return np.round(rng.normal(size=shape) + shift * masks, decimals) + 0.0, masks


def main():
    rng = np.random.default_rng(40426)
    diagonal = np.eye(5, 7, dtype=bool)
    cases = [
        case("two pixels, right", [[[1.5, 0.5]]], [[[1, 0]]]),
        case("two pixels, wrong", [[[0.5, 1.5]]], [[[1, 0]]]),
        case("two pixels, tied", [[[0.5, 0.5]]], [[[1, 0]]]),
        case("one diagonal", [np.arange(35).reshape(5, 7) % 11], [diagonal]),
        case("its mirror beside it", [np.arange(35).reshape(5, 7) % 11] * 2, [diagonal, diagonal[:, ::-1]]),
        case("all tied", np.full((2, 3, 4), -2.0), [np.eye(3, 4), np.zeros((3, 4))]),
        case("a large region found, a small one missed",
             [[[9, 9, 9, 0, 0, 1], [9, 9, 9, 0, 2, 0], [9, 9, 9, 3, 0, 0]]],
             [[[1, 1, 1, 0, 0, 1], [1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0]]]),
        case("single pixels", *drawn(rng, (3, 9, 11), 0.05, 1.0, 4)),
        case("regions of many sizes", *drawn(rng, (4, 12, 13), 0.02, 1.2, 4, grow=2)),
        case("many ties", *drawn(rng, (3, 10, 9), 0.04, 1.0, 1, grow=1)),
        case("mostly anomalous", *drawn(rng, (2, 9, 8), 0.6, 0.5, 3)),
        case("worse than chance", *drawn(rng, (2, 11, 9), 0.05, -1.0, 3, grow=1)),
    ]
    source = f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}"
    lines = ",\n".join(json.dumps(c) for c in cases)
    OUT.write_text('{"source": %s, "cases": [\n%s\n]}\n' % (json.dumps(source), lines))


if __name__ == "__main__":
    main()
