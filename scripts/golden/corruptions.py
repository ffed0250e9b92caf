"""The formulas of MNIST-C's corruptions for crates/datasets/src/corruptions.

Python 3.11, numpy, scipy, scikit-image 0.26. Written from the descriptions in Mu and Gilmer 2019 (arXiv
1906.02337) and the constants of google-research/mnist-c; chance is given instead of drawn. Values
in 0..255 with three decimals. Affine maps are given as matrices, because scikit-image changed the
meaning of `shear` in 0.19. ImageMagick's motion blur is written out. Run:

    python scripts/golden/corruptions.py > crates/datasets/tests/golden/corruptions.json
"""

import json

import numpy as np
from scipy import ndimage
from skimage import feature, transform

SIDE = 28
ROW, COLUMN = np.mgrid[0:SIDE, 0:SIDE]


def picture():
    bar = (ROW >= 4) & (ROW < 24) & (np.abs(COLUMN * 3 + ROW - 45) < 9)
    return np.where(bar, 230 - 3 * ROW, (ROW * COLUMN) % 23) / 255.0


def warp(x, a, shift=None):
    a = np.array(a)
    if shift is None:
        shift = 13.5 - a @ [13.5, 13.5]
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = a, shift
    return transform.warp(x, transform.AffineTransform(matrix=matrix), order=1, mode="constant")


def line(c0, r0, c1, r1):
    if c0 == c1:
        return np.zeros((SIDE, SIDE))
    distance = np.abs(ROW - ((r1 - r0) / (c1 - c0) * (COLUMN - c0) + r0))
    value = np.clip(np.log(1 - np.minimum(distance, 2.3 - 1e-10) / 2.3) + 1, 0, 1)
    value[(COLUMN < np.floor(c0)) | (COLUMN >= np.ceil(c1))] = 0
    return value


def dotted(x, r0, r1):
    return np.minimum(x + line(0, r0, 27, r1) * (COLUMN % 4 >= 2), 1)


def zigzag(x, r0, r1):
    theta = np.arctan2(r1 - r0, 23)
    length = 23 / np.cos(theta)
    ends = [(0, 0)] + [(4 * i + 2, 2 * (-1) ** i) for i in range(int((length - 2) // 4) + 1)]
    rest = length - 4 * (length // 4)
    if rest:
        ends.append((length, ends[-1][1] / (2 * rest)))
    turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    ends = np.array(ends) @ turn.T + [2, r0]
    for (a, b), (c, d) in zip(ends, ends[1:]):
        x = np.clip(x + line(a, b, c, d), 0, 1)
    return x


def motion_blur(x, degrees):
    k = np.arange(21)
    weights = np.exp(-(k**2) / 18.0)
    weights /= weights.sum()
    out = np.zeros_like(x)
    for weight, step in zip(weights, k):
        right = int(np.ceil(step * np.cos(np.radians(degrees)) - 0.5))
        down = int(np.ceil(step * np.sin(np.radians(degrees)) - 0.5))
        out += weight * x[np.clip(ROW + down, 0, 27), np.clip(COLUMN + right, 0, 27)]
    return out


def spatter(x, liquid):
    blots = ndimage.gaussian_filter(liquid, 1, mode="nearest") > 0.65
    cover = ndimage.gaussian_filter(blots.astype(float), 1.5, mode="nearest")
    cover[cover < 0.8] = 0
    return x * (1 - cover) + 63 / 255 * cover


def plasma(rng, size=256, decay=1.4):
    grid = np.zeros((size, size))
    step, wibble = size, 100.0
    while step >= 2:
        half = step // 2

        def noisy(total):
            return total / 4 + wibble * rng.uniform(-wibble, wibble, total.shape)

        corner = grid[::step, ::step]
        pairs = corner + np.roll(corner, -1, 0)
        grid[half::step, half::step] = noisy(pairs + np.roll(pairs, -1, 1))
        centre = grid[half::step, half::step]
        above = centre + np.roll(centre, 1, 0) + corner + np.roll(corner, -1, 1)
        beside = centre + np.roll(centre, 1, 1) + corner + np.roll(corner, -1, 0)
        grid[::step, half::step] = noisy(above)
        grid[half::step, ::step] = noisy(beside)
        step, wibble = half, wibble / decay
    grid -= grid.min()
    return grid / grid.max()


x = picture()
c, s = np.cos(0.4), np.sin(0.4)
stripe = x.copy()
stripe[:, :7], stripe[:, 21:] = 1 - x[:, :7], 1 - x[:, 21:]
wave = 0.5 + 0.5 * np.sin(ROW * 0.3 + COLUMN * 0.2)
found = {
    "picture": x,
    "scale": warp(x, [[1 / 0.7, 0], [0, 1 / 0.7]]),
    "brightness": np.minimum(x + 0.5, 1),
    "stripe": stripe,
    "canny_edges": feature.canny(x).astype(float),
    "shear_plus": warp(x, [[1, -s], [0, c]]),
    "shear_minus": warp(x, [[1, s], [0, c]]),
    "rotate_plus": warp(x, [[c, -s], [s, c]]),
    "rotate_minus": warp(x, [[c, s], [-s, c]]),
    "translate": warp(x, np.eye(2), [3, -3]),
    "dotted_line": dotted(x, 3, 21),
    "zigzag_up": zigzag(x, 20, 16),
    "zigzag_down": zigzag(x, 2, 5),
    "glass_blurred": ndimage.gaussian_filter1d(x, 0.7, axis=0, mode="nearest"),
    "motion_blur": motion_blur(x, 30.0),
    "fog": (x + 3 * wave) * x.max() / (x.max() + 3),
    "spatter": spatter(x, wave),
}
rng = np.random.default_rng(0)
maps = [plasma(rng) for _ in range(200)]
fog_map = {
    "mean": float(np.mean([m.mean() for m in maps])),
    "step": float(np.mean([np.abs(np.diff(m, axis=1)).mean() for m in maps])),
}
result = {name: [round(float(v) * 255, 3) for v in image.ravel()] for name, image in found.items()}
print(json.dumps({**result, "fog_map": fog_map}, separators=(",", ":")))
