"""Resized images by Pillow for crates/datasets/src/images/resize.rs.

Pillow 13.0. The middle square of small deterministic images of several shapes, grey and RGB, larger
and smaller, with the BILINEAR filter, whose support grows with the ratio. Run:

    python scripts/golden/resize.py > crates/datasets/tests/golden/resize.json
"""

import json

import numpy as np
from PIL import Image

CASES = [(13, 13, 1, 5), (31, 17, 3, 6), (10, 25, 1, 4), (7, 9, 3, 12), (64, 48, 1, 7), (9, 9, 1, 8)]

found = []
for w, h, c, size in CASES:
    i = np.arange(w * h * c, dtype=np.int64)
    pixels = ((i * i * 31 + i * 17) % 251).astype(np.uint8)
    pixels = pixels.reshape((h, w) if c == 1 else (h, w, c))
    side = min(w, h)
    left, top = (w - side) // 2, (h - side) // 2
    box = (left, top, left + side, top + side)
    image = Image.fromarray(pixels).crop(box).resize((size, size), Image.Resampling.BILINEAR)
    values = np.asarray(image).ravel().tolist()
    found.append({"w": w, "h": h, "c": c, "size": size, "pixels": values})
print(json.dumps(found, separators=(",", ":")))
