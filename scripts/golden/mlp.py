"""Golden values for `mlp`: the plain MLP in PyTorch 2.11, both ways for the time to enter and both
activations, small, with weights from a formula that the Rust test repeats: names and shapes,
outputs, a loss and its gradient norms.

    pip install torch==2.11.0
    python scripts/golden/mlp.py

writes crates/mlp/tests/golden/mlp.json.
"""

import json
import math
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

OUT = Path(__file__).parents[2] / "crates/mlp/tests/golden/mlp.json"
D, D_TIME, WIDTHS, B = 5, 6, (8, 7), 3


class Mlp(nn.Module):
    def __init__(self, add, activation, outputs):
        super().__init__()
        self.add, self.activation = add, activation
        sizes = [D if add else D + D_TIME, *WIDTHS, outputs * D]
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
        if add:
            self.time = nn.ModuleDict(
                {"0": nn.Linear(D_TIME, WIDTHS[0]), "2": nn.Linear(WIDTHS[0], WIDTHS[0])}
            )

    def forward(self, x, t):
        half = D_TIME // 2
        freqs = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        args = t[:, None] * freqs[None]
        e = torch.cat([args.cos(), args.sin()], dim=-1)
        if self.add:
            h = self.layers[0](x) + self.time["2"](self.activation(self.time["0"](e)))
        else:
            h = self.layers[0](torch.cat([x, e], dim=1))
        for layer in self.layers[1:]:
            h = layer(self.activation(h))
        return h


def wave(k, n):
    return torch.tensor([math.sin(1.0 + k + 0.37 * i) for i in range(n)], dtype=torch.float64)


def main():
    x = (2 * wave(100, B * D)).reshape(B, D).float()
    t = torch.tensor([0.0, 250.0, 999.0])
    golden = {}
    for name, add, activation, outputs in [
        ("concatenate-silu", False, F.silu, 1),
        ("add-relu", True, F.relu, 2),
    ]:
        network = Mlp(add, activation, outputs)
        for k, (_, p) in enumerate(sorted(network.named_parameters())):
            p.data.copy_((0.4 * wave(k, p.numel())).reshape(p.shape).float())
        out = network(x, t)
        loss = F.mse_loss(out, wave(200, out.numel()).reshape(out.shape).float())
        loss.backward()
        golden[name] = {
            "out": out.flatten().tolist(),
            "loss": loss.item(),
            "gradient_norms": {n: p.grad.norm().item() for n, p in network.named_parameters()},
            "shapes": {n: list(p.shape) for n, p in network.named_parameters()},
        }
    OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(OUT.name, OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
