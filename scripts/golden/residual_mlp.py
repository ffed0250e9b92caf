"""Golden values for `mlp`: the residual MLP of DTE's DDPM in PyTorch 2.11, small, with weights from a
formula that the Rust test repeats: outputs in eval mode and in train mode without dropout, the
noise loss, its gradient norms, and the batch statistics that one training pass leaves.

    pip install torch==2.11.0
    python scripts/golden/residual_mlp.py

writes crates/mlp/tests/golden/residual_mlp.json. Architecture: vicliv/DTE, `diffusion/ddpm.py`.
"""

import json
import math
from pathlib import Path

import torch
from torch import nn

OUT = Path(__file__).parents[2] / "crates/mlp/tests/golden/residual_mlp.json"
D, D_MAIN, D_HIDDEN, D_TIME, N_BLOCKS, B = 5, 6, 7, 8, 2, 4


class Block(nn.Module):
    def __init__(self, main, hidden):
        super().__init__()
        self.normalization = nn.BatchNorm1d(main)
        self.linear_first = nn.Linear(main, hidden)
        self.linear_second = nn.Linear(hidden, main)

    def forward(self, x):
        return x + self.linear_second(torch.relu(self.linear_first(self.normalization(x))))


class Head(nn.Module):
    def __init__(self, main, out):
        super().__init__()
        self.normalization = nn.BatchNorm1d(main)
        self.linear = nn.Linear(main, out)

    def forward(self, x):
        return self.linear(torch.relu(self.normalization(x)))


class ResNet(nn.Module):
    def __init__(self, d, main, hidden, time, blocks):
        super().__init__()
        self.first_layer = nn.Linear(d, main)
        self.blocks = nn.Sequential(*[Block(main, hidden) for _ in range(blocks)])
        self.head = Head(main, d)
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time, main))

    def forward(self, x, emb):
        return self.head(self.blocks(self.first_layer(x) + self.mlp(emb)))


class Network(nn.Module):
    def __init__(self, d=D, main=D_MAIN, hidden=D_HIDDEN, time=D_TIME, blocks=N_BLOCKS):
        super().__init__()
        self.resnet = ResNet(d, main, hidden, time, blocks)
        self.time_embed = nn.Sequential(nn.Linear(time, time), nn.SiLU(), nn.Linear(time, time))
        self.time = time

    def forward(self, x, t):
        half = self.time // 2
        freqs = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        args = t[:, None].float() * freqs[None]
        return self.resnet(x, self.time_embed(torch.cat([args.cos(), args.sin()], dim=-1)))


def wave(k, n):
    return torch.tensor([math.sin(1.0 + k + 0.37 * i) for i in range(n)], dtype=torch.float64)


def fill(network):
    """Number k in the order of the names: 0.4·wave; scales 1 + 0.3·wave, variances 1 + 0.5·wave."""
    state = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
    for k, name in enumerate(sorted(state)):
        tensor = state[name]
        values = wave(k, tensor.numel())
        if name.endswith("running_var"):
            values = 1 + 0.5 * values
        elif name.endswith("normalization.weight"):
            values = 1 + 0.3 * values
        else:
            values = 0.4 * values
        tensor.copy_(values.reshape(tensor.shape).float())


def main():
    network = Network()
    with torch.no_grad():
        fill(network)
    x = (2 * wave(100, B * D)).reshape(B, D).float()
    eps = wave(200, B * D).reshape(B, D).float()
    t = torch.tensor([0, 250, 999, 37])
    network.eval()
    with torch.no_grad():
        evaluated = network(x, t)
    network.train()
    trained = network(x, t)
    loss = nn.functional.mse_loss(trained, eps)
    loss.backward()
    golden = {
        "eval": evaluated.flatten().tolist(),
        "train": trained.flatten().tolist(),
        "loss": loss.item(),
        "gradient_norms": {n: p.grad.norm().item() for n, p in network.named_parameters()},
        "running": {
            n: b.flatten().tolist()
            for n, b in network.named_buffers()
            if "num_batches" not in n
        },
        "parameters_at_512": sum(
            p.numel() for p in Network(512, 128, 256, 256, 3).parameters()
        ),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(golden, indent=1) + "\n")
    print(OUT.name, OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
