"""Golden values for `schedules` and `diffusion-core`: schedule tables (numpy 2, float64), process steps (PyTorch 2.11,
float32), losses and reverse steps (PyTorch 2.11, float64), from the formulas of openai/improved-diffusion, `gaussian_diffusion.py` and
`respace.py`, and vicliv/DTE, `diffusion/ddpm.py`.

    pip install numpy torch==2.11.0
    python scripts/golden/diffusion.py

writes crates/schedules/tests/golden/{schedules,respacings}.json and
crates/diffusion-core/tests/golden/{process,losses}.json.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch

CRATES = Path(__file__).parents[2] / "crates"


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


STEPS = 1000
GAMMA = 5.0


def image(values):
    """Grey values of 8-bit images in [-1, 1]."""
    return (values.clamp(-1, 1) * 127.5 + 127.5).round() / 127.5 - 1


class TwoOutputs(torch.nn.Module):
    """A stand-in for a network with a learned variance."""

    def forward(self, x, t):
        mean = torch.sin(1.7 * x + 0.01 * t[:, None]) - 0.2 * x.flip(1)
        return mean, torch.cos(0.9 * x - 0.003 * t[:, None]) * 0.8


def normal_kl(mean_1, log_1, mean_2, log_2):
    return 0.5 * (
        -1 + log_2 - log_1 + torch.exp(log_1 - log_2) + (mean_1 - mean_2) ** 2 * torch.exp(-log_2)
    )


def gaussian_nll(x, mean, log_variance):
    return 0.5 * (math.log(2 * math.pi) + log_variance + (x - mean) ** 2 * torch.exp(-log_variance))


def discretised_nll(x, mean, log_variance):
    def cdf(z):
        return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))

    scale = torch.exp(-0.5 * log_variance)
    above, below = cdf((x - mean + 1 / 255) * scale), cdf((x - mean - 1 / 255) * scale)
    inside = torch.where(x > 0.999, 1 - below, above - below)
    return -torch.where(x < -0.999, above, inside).clamp(min=1e-12).log()


def losses():
    """Everything in float64, from float32 inputs."""
    generator = torch.Generator().manual_seed(11)
    x_0 = image(torch.randn(5, 4, generator=generator) * 0.7)
    x_0[0, 0], x_0[0, 2] = -1.0, 1.0
    eps = torch.randn(5, 4, generator=generator)
    t = torch.tensor([0, 1, 999, 250, 37])
    values = {"x_0": x_0.flatten().tolist(), "eps": eps.flatten().tolist(), "t": t.tolist()}
    x_0, eps = x_0.double(), eps.double()
    derived = {name: torch.tensor(table) for name, table in tables(linear_ho(STEPS)).items()}

    def at(name, steps=t):
        return derived[name][steps][:, None]

    def noisy(steps):
        return at("sqrt_alpha_bars", steps) * x_0 + at("sqrt_one_minus_alpha_bars", steps) * eps

    def posterior_mean(x_start, x_t, steps):
        return (
            at("posterior_mean_x_0", steps) * x_start + at("posterior_mean_x_t", steps) * x_t
        )

    def predict(target, variance, x_t, steps):
        mean, v = TwoOutputs()(x_t, steps.double())
        root, sd = at("sqrt_alpha_bars", steps), at("sqrt_one_minus_alpha_bars", steps)
        x_start = {
            "epsilon": (x_t - sd * mean) / root,
            "x0": mean,
            "v": root * x_t - sd * mean,
        }[target]
        small, large = at("posterior_log_variances_clipped", steps), at("betas", steps).log()
        log_variance = {
            "fixed-small": small.expand_as(mean),
            "fixed-large": at("log_betas_clipped", steps).expand_as(mean),
            "learned-range": (v + 1) / 2 * large + (1 - (v + 1) / 2) * small,
        }[variance]
        return mean, x_start, posterior_mean(x_start, x_t, steps), log_variance

    values["q_step"] = (at("alphas").sqrt() * x_0 + at("betas").sqrt() * eps).flatten().tolist()
    wide = x_0 + at("sqrt_one_minus_alpha_bars") * eps
    values["variance_only"] = wide.flatten().tolist()
    bar = derived["alpha_bars"][-1]
    prior = normal_kl(bar.sqrt() * x_0, (1 - bar).log(), torch.tensor(0.0), torch.tensor(0.0))
    values["prior_nats"] = prior.sum(1).tolist()
    values["cases"] = []
    values["reverse"] = []
    x_t, snr = noisy(t), derived["snr"][t]
    for target in ["epsilon", "x0", "v"]:
        for variance in ["fixed-small", "fixed-large", "learned-range"]:
            mean, x_start, p_mean, log_variance = predict(target, variance, x_t, t)
            root, sd = at("sqrt_alpha_bars"), at("sqrt_one_minus_alpha_bars")
            truth = {"epsilon": eps, "x0": x_0, "v": root * eps - sd * x_0}[target]
            simple = ((mean - truth) ** 2).mean(1)
            capped = snr.clamp(max=GAMMA)
            weight = {"epsilon": capped / snr, "x0": capped, "v": capped / (snr + 1)}[target]
            q_mean = posterior_mean(x_0, x_t, t)
            kl = normal_kl(
                q_mean, at("posterior_log_variances_clipped"), p_mean, log_variance
            ).mean(1)
            case = {
                "target": target,
                "variance": variance,
                "simple": simple.tolist(),
                "min_snr": (simple * weight).tolist(),
                "x_0_mse": ((x_start - x_0) ** 2).mean(1).tolist(),
                "eps_mse": (((x_t - root * x_start) / sd - eps) ** 2).mean(1).tolist(),
            }
            for name, nll in [("gaussian", gaussian_nll), ("discretised", discretised_nll)]:
                decoder = nll(x_0, p_mean, log_variance).mean(1)
                vb = torch.where(t == 0, decoder, kl) / math.log(2)
                case[name] = vb.tolist()
            values["cases"].append(case)
            for step in [999, 250, 1, 0]:
                steps = torch.full((5,), step)
                _, x_start, p_mean, log_variance = predict(target, variance, x_0, steps)
                sample = p_mean + (0.5 * log_variance).exp() * eps * (step > 0)
                values["reverse"].append(
                    {
                        "target": target,
                        "variance": variance,
                        "t": step,
                        "x_0": x_start.flatten().tolist(),
                        "mean": p_mean.flatten().tolist(),
                        "sample": sample.flatten().tolist(),
                    }
                )
    return rounded(values)


def rounded(value):
    """Nine digits, more than float32 has."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {name: rounded(v) for name, v in value.items()}
    return value


if __name__ == "__main__":
    for crate, make in [
        ("schedules", schedules),
        ("schedules", respacings),
        ("diffusion-core", process),
        ("diffusion-core", losses),
    ]:
        path = CRATES / crate / "tests/golden" / f"{make.__name__}.json"
        path.write_text(json.dumps(make(), separators=(",", ":")) + "\n")
        print(path.name, path.stat().st_size, "bytes")
