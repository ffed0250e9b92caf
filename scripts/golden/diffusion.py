"""Golden values for `diffusion-core`: schedule tables (numpy 2, float64) and process steps (PyTorch
2.11, float32), from the formulas of openai/improved-diffusion, `gaussian_diffusion.py` and
`respace.py`, and vicliv/DTE, `diffusion/ddpm.py`.

    pip install numpy torch==2.11.0
    python scripts/golden/diffusion.py

writes crates/diffusion-core/tests/golden/{schedules,respacings,process}.json.
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


def scaled_linear(steps, first, last):
    return np.linspace(math.sqrt(first), math.sqrt(last), steps) ** 2


def sigmoid(steps, start=-3.0, end=3.0, tau=1.0):
    """Jabri et al. 2022 as in lucidrains/denoising-diffusion-pytorch."""

    def logistic(x):
        return 1 / (1 + math.exp(-x))

    v_start, v_end = logistic(start / tau), logistic(end / tau)
    bars = np.array(
        [
            (v_end - logistic((i / steps * (end - start) + start) / tau)) / (v_end - v_start)
            for i in range(steps + 1)
        ]
    )
    return np.clip(1 - bars[1:] / bars[:-1], 0, 0.999)


def zero_terminal_snr(betas):
    """Lin et al. 2023, algorithm 1."""
    roots = np.sqrt(np.cumprod(1.0 - betas))
    first, last = roots[0], roots[-1]
    bars = ((roots - last) * (first / (first - last))) ** 2
    return 1.0 - np.append(bars[0], bars[1:] / bars[:-1])


def respaced(betas, keep):
    kept = space_timesteps(len(betas), keep)
    bars = np.cumprod(1.0 - betas)[kept]
    return 1.0 - bars / np.append(1.0, bars[:-1])


def space_timesteps(steps, keep):
    """The steps to keep, by the rules of improved-diffusion's `respace.py`."""
    if keep.startswith("ddim"):
        strides = [k for k in range(1, steps) if len(range(0, steps, k)) == int(keep[4:])]
        return list(range(0, steps, strides[0]))
    counts = [int(count) for count in keep.split(",")]
    sizes = [steps // len(counts) + (i < steps % len(counts)) for i in range(len(counts))]
    kept, start = [], 0
    for size, count in zip(sizes, counts):
        stride = (size - 1) / (count - 1) if count > 1 else 1
        at = 0.0
        for _ in range(count):
            kept.append(start + round(at))
            at += stride
        start += size
    return kept


RESPACINGS = [
    (1000, "ddim50"),
    (1000, "ddim250"),
    (1000, "ddim143"),
    (1000, "10,15,20"),
    (1000, "40"),
    (100, "1,0,7,25"),
    (37, "5,6,3"),
    (21, "9"),
]

BETAS = [0.1, 1e-5, 0.7, 0.31]
SCALED = {"kind": "scaled-linear", "first": 0.00085, "last": 0.012}
SHARP = {"kind": "sigmoid", "start": 0.0, "end": 3.0, "tau": 0.7}

SCHEDULES = [
    (SCALED, 1000, scaled_linear(1000, 0.00085, 0.012)),
    ({"kind": "sigmoid"}, 1000, sigmoid(1000)),
    (SHARP, 37, sigmoid(37, 0.0, 3.0, 0.7)),
    ({"kind": "betas", "betas": BETAS}, 4, np.array(BETAS)),
    (
        {"kind": "zero-terminal-snr", "of": SCALED},
        1000,
        zero_terminal_snr(scaled_linear(1000, 0.00085, 0.012)),
    ),
    (
        {"kind": "zero-terminal-snr", "of": {"kind": "cosine"}},
        37,
        zero_terminal_snr(cosine(37)),
    ),
    (
        {"kind": "respaced", "keep": "10,15,20", "of": {"kind": "linear-ho"}},
        1000,
        respaced(linear_ho(1000), "10,15,20"),
    ),
    (
        {"kind": "respaced", "keep": "ddim50", "of": {"kind": "cosine"}},
        1000,
        respaced(cosine(1000), "ddim50"),
    ),
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
        "log_betas_clipped": np.log(np.append(variance[1], betas[1:])),
        "posterior_log_variances_clipped": np.log(np.append(variance[1], variance[1:])),
        "posterior_mean_x_0": betas * np.sqrt(prev) / (1.0 - bars),
        "posterior_mean_x_t": (1.0 - prev) * np.sqrt(alphas) / (1.0 - bars),
        "snr": bars / (1.0 - bars),
    }


def finite(value):
    return float(value) if math.isfinite(value) else None


def respacings():
    return [
        {"steps": steps, "keep": keep, "kept": space_timesteps(steps, keep)}
        for steps, keep in RESPACINGS
    ]


def schedules():
    out = []
    for config, steps, betas in SCHEDULES:
        n = len(betas)
        at = sorted({i % n for i in [0, 1, 2, 3, 9, 100, 249, 250, 500, 777, -3, -2, -1]})
        with np.errstate(divide="ignore"):  # zero terminal SNR: 1/0, written as null
            derived = tables(betas)
        values = {name: [finite(table[i]) for i in at] for name, table in derived.items()}
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
    for name, make in [("schedules", schedules), ("respacings", respacings), ("process", process)]:
        path = OUT / f"{name}.json"
        path.write_text(json.dumps(make(), separators=(",", ":")) + "\n")
        print(path.name, path.stat().st_size, "bytes")
