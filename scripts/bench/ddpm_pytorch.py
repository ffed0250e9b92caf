"""Milliseconds per epoch of DTE's DDPM (residual MLP, noise loss, Adam with L2, batch 64, the last
batch dropped) in PyTorch 2.11 eager, on random rows, one thread: the peer of

    cargo run -p diffusion --release --example epoch_time -- [rows] [columns] [epochs]

    pip install torch==2.11.0
    python scripts/bench/ddpm_pytorch.py [rows] [columns] [epochs]

and, with `walk` first, seconds to score rows by the walk from step 250 as published, the peer of

    cargo run -p mlp --release --example walk_time -- [rows] [columns]

    python scripts/bench/ddpm_pytorch.py walk [rows] [columns]

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

    def forward(self, x, t):  # [b, d], [b]
        args = t[:, None].float() * self.freqs[None]
        emb = torch.cat([torch.cos(args), torch.sin(args)], dim=-1)
        return self.head(self.blocks(self.first_layer(x) + self.time(emb)))


def walk():
    """The loop of the public code: batches of 1000 rows, a step index for every row, tables indexed
    at every step. First without the noise, as the paper's column and the code in its last version,
    then with it."""
    given = [int(a) for a in sys.argv[2:]]
    rows, columns = given + [2763, 512][len(given) :]
    x = torch.rand(rows, columns) * 3.4 - 1.7
    betas = torch.linspace(1e-4, 0.01, 1000)
    bars = torch.cumprod(1 - betas, 0)
    recip, noise = torch.sqrt(1 / (1 - betas)), torch.sqrt(1 - bars)
    prev = nn.functional.pad(bars[:-1], (1, 0), value=1.0)
    variance = betas * (1 - prev) / (1 - bars)
    network = Network(columns).eval()
    for draws in (False, True):
        start = time.perf_counter()
        scores = []
        with torch.no_grad():
            for batch in torch.split(x, 1000):
                x_t = batch
                for step in reversed(range(250)):
                    t = torch.full((len(x_t),), step)
                    beta, root = torch.take(betas, t)[:, None], torch.take(noise, t)[:, None]
                    scale = torch.take(recip, t)[:, None]
                    x_t = scale * (x_t - beta * network(x_t, t) / root)
                    if draws and step > 0:
                        sigma = torch.sqrt(torch.take(variance, t))[:, None]
                        x_t = x_t + sigma * torch.randn_like(x_t)
                scores.append(((batch - x_t) ** 2).mean(1))
        torch.cat(scores)
        seconds = time.perf_counter() - start
        print(f"{rows} x {columns}: {seconds:.2f} s, {'ancestral' if draws else 'mean-only'} walk")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if sys.argv[1:2] == ["walk"]:
        return walk()
    given = [int(a) for a in sys.argv[1:]]
    rows, columns, epochs = given + [300, 512, 30][len(given) :]
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
