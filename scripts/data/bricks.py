"""The images of data/bricks from photographs that scikit-image's package holds.

Run from the workspace root: python scripts/data/bricks.py
Made with scikit-image (see data/bricks/README.md), NumPy 2.4.6, Pillow 12.
"""

import pathlib

import numpy as np
import skimage.data
from PIL import Image

FOLDER = pathlib.Path("data/bricks")
SIDE = 96
NORMAL = 100


def save(name, pixels):
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, optimize=True)


def main():
    bricks, gravel = skimage.data.brick(), skimage.data.gravel()
    random = np.random.RandomState(0)
    height, width = bricks.shape

    def crop():
        y, x = random.randint(height - SIDE), random.randint(width - SIDE)
        return bricks[y : y + SIDE, x : x + SIDE].copy()

    for i in range(NORMAL):
        save(f"normal/{i:03}.png", crop())
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for i in range(10):
        pixels = crop()
        name = "good"
        if i >= 6:
            name = "gravel"
            radius = 9 + 2 * (i - 6)
            middle = random.randint(24, SIDE - 24, 2)
            hole = (rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 < radius**2
            from_ = random.randint(512 - SIDE, size=2)
            piece = gravel[from_[0] : from_[0] + SIDE, from_[1] : from_[1] + SIDE]
            pixels[hole] = piece[hole]
        save(f"new/{name}-{i}.png", pixels)


if __name__ == "__main__":
    main()
