"""Golden values for `diffusion-core`: schedule tables (numpy 2, float64) and process steps (PyTorch
2.11, float32), from the formulas of openai/improved-diffusion, `gaussian_diffusion.py`, and
vicliv/DTE, `diffusion/ddpm.py`.

    pip install numpy torch==2.11.0
    python scripts/golden/diffusion.py

writes crates/diffusion-core/tests/golden/{schedules,process}.json.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch

OUT = Path(__file__).parents[2] / "crates/diffusion-core/tests/golden"


def cosine(steps):
    def alpha_bar(fraction):
        return math.cos((fraction + 0.008) / 1.008 * math.pi / 2) ** 2

    pairs = [(i / steps, (i + 1) / steps) for i in range(steps)]
    return np.array([min(1 - alpha_bar(b) / alpha_bar(a), 0.999) for a, b in pairs])


def linear_ho(steps):
    scale = 1000 / steps
    return np.linspace(scale * 1e-4, scale * 0.02, steps, dtype=np.float64)


SCHEDULES = [
    ({"kind": "linear", "first": 1e-4, "last": 0.01}, 1000, np.linspace(1e-4, 0.01, 1000)),
    ({"kind": "linear", "first": 0.03, "last": 0.4}, 7, np.linspace(0.03, 0.4, 7)),
    ({"kind": "linear-ho"}, 1000, linear_ho(1000)),
    ({"kind": "linear-ho"}, 250, linear_ho(250)),
    ({"kind": "cosine"}, 1000, cosine(1000)),
    ({"kind": "cosine"}, 37, cosine(37)),
]


def tables(betas):
    alphas = 1.0 - betas
    bars = np.cumprod(alphas, axis=0)
    prev = np.append(1.0, bars[:-1])
    variance = betas * (1.0 - prev) / (1.0 - bars)
    return {
        "betas": betas,
        "alphas": alphas,
        "alpha_bars": bars,
        "alpha_bars_prev": prev,
        "sqrt_alpha_bars": np.sqrt(bars),
        "sqrt_one_minus_alpha_bars": np.sqrt(1.0 - bars),
        "sqrt_recip_alpha_bars": np.sqrt(1.0 / bars),
        "sqrt_recipm1_alpha_bars": np.sqrt(1.0 / bars - 1),
        "posterior_variances": variance,
        "posterior_log_variances_clipped": np.log(np.append(variance[1], variance[1:])),
        "posterior_mean_x_0": betas * np.sqrt(prev) / (1.0 - bars),
        "posterior_mean_x_t": (1.0 - prev) * np.sqrt(alphas) / (1.0 - bars),
        "snr": bars / (1.0 - bars),
    }


def schedules():
    out = []
    for config, steps, betas in SCHEDULES:
        at = sorted({i % steps for i in [0, 1, 2, 3, 9, 100, 249, 250, 500, 777, -3, -2, -1]})
        values = {name: [float(table[i]) for i in at] for name, table in tables(betas).items()}
        out.append({"config": config, "steps": steps, "at": at, "tables": values})
    return out


class Toy(torch.nn.Module):
    """A stand-in for a network: smooth, nonlinear, and it depends on the step."""

    def forward(self, x, t):
        return torch.sin(1.7 * x + 0.01 * t[:, None].float()) - 0.2 * x.flip(1)


def process():
    steps = 1000
    betas = torch.linspace(1e-4, 0.01, steps, dtype=torch.float64)
    alphas = 1.0 - betas
    bars = torch.cumprod(alphas, 0)
    prev = torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
    variance = betas * (1.0 - prev) / (1.0 - bars)

    generator = torch.Generator().manual_seed(5)
    x_0 = torch.randn(4, 3, generator=generator) * 2
    eps = torch.randn(4, 3, generator=generator)
    t = torch.tensor([0, 999, 250, 37])

    def gather(table):
        return table[t].float()[:, None]

    x_t = gather(bars.sqrt()) * x_0 + gather((1 - bars).sqrt()) * eps
    posterior = (
        gather(betas * prev.sqrt() / (1 - bars)) * x_0
        + gather((1 - prev) * alphas.sqrt() / (1 - bars)) * x_t
    )
    model = Toy()
    loss = torch.nn.functional.mse_loss(model(x_t, t), eps)

    def mean(x, step):
        at = torch.full((x.shape[0],), step)
        scaled = betas[step] / (1 - bars[step]).sqrt() * model(x, at)
        return ((x - scaled) / alphas[step].sqrt()).float()

    def walk(x, start, noise):
        for step in reversed(range(start)):
            sigma = variance[step].sqrt() if noise and step > 0 else 0.0
            x = (mean(x, step) + sigma * shared(step)).float()
        return x

    def shared(step):
        return torch.sin(torch.tensor([[1.0, 2.0, 3.0]]) * (step + 1))

    numbers = {
        "x_0": x_0,
        "eps": eps,
        "x_t": x_t,
        "posterior_mean": posterior,
        "reverse_mean_at_250": mean(x_0, 250),
        "reverse_step_at_250": mean(x_0, 250) + (variance[250].sqrt() * shared(250)).float(),
        "mean_only_from_30": walk(x_0, 30, noise=False),
        "ancestral_from_30": walk(x_0, 30, noise=True),
    }
    out = {name: value.flatten().tolist() for name, value in numbers.items()}
    return {"t": t.tolist(), "loss": loss.item(), **out}


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for name, make in [("schedules", schedules), ("process", process)]:
        path = OUT / f"{name}.json"
        path.write_text(json.dumps(make(), indent=1) + "\n")
        print(path.name, path.stat().st_size, "bytes")
