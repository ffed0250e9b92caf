"""Milliseconds per epoch of DTE's DDPM (residual MLP, noise loss, Adam with L2, batch 64, the last
batch dropped) in PyTorch 2.11 eager, on random rows, one thread: the peer of

    cargo run -p training --release --example epoch_time -- [rows] [columns] [epochs]

    pip install torch==2.11.0
    python scripts/bench/ddpm_pytorch.py [rows] [columns] [epochs]

Architecture and loop after vicliv/DTE, `diffusion/ddpm.py`, with its time lost to the DataLoader
left out: batches are cut from a tensor in memory, which is faster.
"""

import math
import sys
import time

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, main=128, hidden=256):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(main),
            nn.Linear(main, hidden),
            nn.ReLU(),
            nn.Dropout(0.4),
            nn.Linear(hidden, main),
            nn.Dropout(0.1),
        )

    def forward(self, x):
        return x + self.layers(x)


class Network(nn.Module):
    def __init__(self, d, main=128, time_width=256):
        super().__init__()
        self.first_layer = nn.Linear(d, main)
        self.blocks = nn.Sequential(Block(), Block(), Block())
        self.head = nn.Sequential(nn.BatchNorm1d(main), nn.ReLU(), nn.Linear(main, d))
        self.time = nn.Sequential(
            nn.Linear(time_width, time_width),
            nn.SiLU(),
            nn.Linear(time_width, time_width),
            nn.SiLU(),
            nn.Linear(time_width, main),
        )
        half = time_width // 2
        self.freqs = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)

    def forward(self, x, t):
        args = t[:, None].float() * self.freqs[None]
        emb = torch.cat([torch.cos(args), torch.sin(args)], dim=-1)
        return self.head(self.blocks(self.first_layer(x) + self.time(emb)))


def main():
    given = [int(a) for a in sys.argv[1:]]
    rows, columns, epochs = given + [300, 512, 30][len(given) :]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.rand(rows, columns) * 3.4 - 1.7
    steps, batch = 1000, min(64, rows)
    bars = torch.cumprod(1 - torch.linspace(1e-4, 0.01, steps), 0)
    signal, noise = bars.sqrt(), (1 - bars).sqrt()
    network = Network(columns).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, weight_decay=5e-4)
    times = []
    for _ in range(epochs + 5):
        start = time.perf_counter()
        order = torch.randperm(rows)
        losses = []
        for at in range(0, rows - batch + 1, batch):
            x_0 = x[order[at : at + batch]]
            t = torch.randint(0, steps, (batch,))
            eps = torch.randn_like(x_0)
            x_t = signal[t][:, None] * x_0 + noise[t][:, None] * eps
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(network(x_t, t), eps)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        times.append((time.perf_counter() - start) * 1e3)
    times = sorted(times[5:])
    print(f"{rows} x {columns}: {times[len(times) // 2]:.3f} ms per epoch")


if __name__ == "__main__":
    main()
