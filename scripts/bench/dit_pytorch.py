"""Milliseconds per training step of the diffusion transformer over chunks of vectors (noise loss,
AdamW without decay) in PyTorch 2.11 eager, on random rows, one thread: the peer of

    cargo run -p dit --release --example step_time -- [batch] [d] [chunk] [depth] [width] [heads] [steps]

    pip install torch==2.11.0
    python scripts/bench/dit_pytorch.py [batch] [d] [chunk] [depth] [width] [heads] [steps]

The network is that of the golden values, `scripts/golden/dit.py`; the optimiser PyTorch's default
and, in the second line, its fused one.
"""

import sys
import time
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))
from dit import VectorDit  # noqa: E402


def main():
    given = [int(a) for a in sys.argv[1:]]
    defaults = [64, 512, 64, 2, 128, 4, 60]
    batch, d, chunk, depth, width, heads, steps = given + defaults[len(given) :]
    torch.set_num_threads(1)
    for fused in (False, True):
        torch.manual_seed(0)
        bars = torch.cumprod(1 - torch.linspace(1e-4, 0.01, 1000), 0)
        signal, noise = bars.sqrt(), (1 - bars).sqrt()
        network = VectorDit(d, chunk, depth, width, heads).train()
        parameters = [p for p in network.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0, fused=fused or None)
        x_0 = torch.randn(batch, d)
        times = []
        for _ in range(steps + 5):
            start = time.perf_counter()
            t = torch.randint(0, 1000, (batch,))
            eps = torch.randn_like(x_0)
            x_t = signal[t][:, None] * x_0 + noise[t][:, None] * eps
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(network(x_t, t.float()), eps)
            loss.backward()
            optimizer.step()
            times.append((time.perf_counter() - start) * 1e3)
        times = sorted(times[5:])
        print(f"{times[len(times) // 2]:.3f} ms per step{', fused AdamW' if fused else ''}")


if __name__ == "__main__":
    main()
