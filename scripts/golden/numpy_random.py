"""Golden draws of numpy.random.RandomState for crates/numpy-random.

Run from the workspace root: python scripts/golden/numpy_random.py
Made with numpy 2.4; the legacy stream is frozen (NEP 19), so any numpy >= 1.17 gives the same file.
"""

import json
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[2] / "crates/numpy-random/tests/golden/draws.json"

RANGES = [
    (0, 1),
    (0, 2),
    (-5, 12),
    (0, 2**31 - 1),
    (0, 2**32 - 1),
    (0, 2**32),
    (0, 2**32 + 1),
    (-(2**40), 2**41 + 3),
    (-(2**63), 2**63 - 1),
]


def stream(seed):
    state = np.random.RandomState(seed)
    return {
        "seed": seed,
        # A draw is a whole number of 2^-53; as an integer it survives any JSON reader.
        "random_sample_times_2_53": [int(v * 2.0**53) for v in state.random_sample(7)],
        "randint": [
            {"low": low, "high": high, "values": state.randint(low, high, size=6, dtype=np.int64).tolist()}
            for low, high in RANGES
        ],
        "choice_with_replacement_61_20": state.choice(61, 20, replace=True).tolist(),
        "choice_without_replacement_61_20": state.choice(61, 20, replace=False).tolist(),
        "permutation_33": state.permutation(33).tolist(),
        # tomaxint() shifts a word, bytes() does not: four bytes are one word, little endian.
        "word_after_2000_more": int.from_bytes(state.bytes(4 * 2001)[-4:], "little"),
    }


OUT.write_text(json.dumps({"streams": [stream(s) for s in (0, 44, 12345, 2**32 - 1)]}, indent=1) + "\n")
