"""The tables of crates/pictures/src/colour_map: viridis and inferno, 256 colours each.

The colour maps are by Stefan van der Walt and Nathaniel Smith, dedicated to the public domain (CC0 1.0),
https://bids.github.io/colormap. Read from matplotlib 3.11.2, Python 3.11, which carries them.
Run from the repository's root:

    python scripts/golden/colour_maps.py
"""

from pathlib import Path

import matplotlib

OUT = Path(__file__).parents[2] / "crates/pictures/src/colour_map"


def main():
    for name in ["viridis", "inferno"]:
        colours = [tuple(round(255 * c) for c in rgb) for rgb in matplotlib.colormaps[name].colors]
        assert len(colours) == 256
        numbers = [f"0x{r:02x}{g:02x}{b:02x}" for r, g, b in colours]
        rows = [", ".join(numbers[i : i + 8]) for i in range(0, 256, 8)]
        text = "//! Made by `scripts/golden/colour_maps.py`; by S. van der Walt and N. Smith, CC0 1.0.\n\n"
        text += "/// Red, green and blue from the upper byte down.\n"
        text += "#[rustfmt::skip]\n"
        text += f"pub(super) const {name.upper()}: [u32; 256] = [\n"
        text += "".join(f"    {row},\n" for row in rows) + "];\n"
        (OUT / f"{name}.rs").write_text(text)


if __name__ == "__main__":
    main()
