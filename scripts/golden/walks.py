"""Golden values for `diffusion-core`'s walks and scoring rules (PyTorch 2.11, float64), from the
formulas of Song et al. 2021 (arXiv:2010.02502, equation 12), Nichol & Dhariwal 2021
(arXiv:2102.09672) and Ho et al. 2020 (arXiv:2006.11239).

    pip install torch==2.11.0
    python scripts/golden/walks.py

writes crates/diffusion-core/tests/golden/walks.json. NOISE is what `RowNoise::new(x, 11)` draws first
for the two rows of X, three times; the test compares it too, and so pins the stream.
"""

import json
import math
from pathlib import Path

import torch

OUT = Path(__file__).parents[2] / "crates/diffusion-core/tests/golden/walks.json"
T = 1000
X = [[0.3, -1.5, 2.0], [0.7, 0.1, -0.2]]
NOISE = [  # [draw][row][number]
    [[2.0541556, 1.1713237, 0.07780448], [-0.6012331, -1.0181137, -2.3244934]],
    [[-0.47924593, -1.7026675, 0.84592366], [-0.4348625, 1.2315532, 1.279337]],
    [[-1.3141872, 0.25035933, -0.5659996], [2.1652644, -0.67674315, -1.0995454]],
]


def even_steps(start, count):
    if count == 0:
        return list(range(start))
    if count == 1:
        return [start - 1]
    return [(2 * (start - 1) * i + count - 1) // (2 * (count - 1)) for i in range(count)]


def network(x, t):
    return torch.sin(1.2 * x + 0.01 * t) - 0.2 * x.flip(1)


def shared_noise(i):
    return torch.sin(torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64) * (i + 1))


BARS = torch.cumprod(1 - torch.linspace(1e-4, 0.01, T, dtype=torch.float64), 0)


class Spaced:
    """The schedule over some of the steps."""

    def __init__(self, kept):
        self.kept = kept
        self.bar = [BARS[k].item() for k in kept]
        self.prev = [1.0] + self.bar[:-1]
        self.beta = [1 - a / b for a, b in zip(self.bar, self.prev)]
        self.variance = [
            b * (1 - p) / (1 - a) for a, p, b in zip(self.bar, self.prev, self.beta)
        ]

    def predict(self, x, i):
        eps = network(x, self.kept[i])
        return eps, (x - math.sqrt(1 - self.bar[i]) * eps) / math.sqrt(self.bar[i])

    def mean(self, x, i):
        x_0 = self.predict(x, i)[1]
        a, p, b = self.bar[i], self.prev[i], self.beta[i]
        from_x_0 = b * math.sqrt(p) / (1 - a)
        from_x_t = (1 - p) * math.sqrt(1 - b) / (1 - a)
        return from_x_0 * x_0 + from_x_t * x

    def walk(self, x, kind, eta=0.0, noise=shared_noise, path=None):
        for i in reversed(range(len(self.kept))):
            if path is not None:
                path.append(self.predict(x, i)[1])
            if kind == "ddim":
                eps, x_0 = self.predict(x, i)
                a, p = self.bar[i], self.prev[i]
                sigma = eta * math.sqrt((1 - p) / (1 - a)) * math.sqrt(1 - a / p)
                x = math.sqrt(p) * x_0 + math.sqrt(1 - p - sigma**2) * eps
                if sigma > 0:
                    x = x + sigma * noise(i)
            else:
                x = self.mean(x, i)
                if kind == "ancestral" and i > 0:
                    x = x + math.sqrt(self.variance[i]) * noise(i)
        return x

    def invert(self, x):
        for i, (a, p) in enumerate(zip(self.bar, self.prev)):
            c = math.sqrt(a / p)
            x = c * x + (math.sqrt(1 - a) - c * math.sqrt(1 - p)) * network(x, self.kept[i])
        return x


def noised(x, t, eps):
    return torch.sqrt(BARS[t]) * x + torch.sqrt(1 - BARS[t]) * eps


def volume(x):
    """ln|det| of the inversion to first order, as its docs have it, the Jacobian by autograd."""
    spaced, probe = Spaced(even_steps(T, 50)), torch.sign(NOISE[0])
    total = torch.zeros(len(x), dtype=torch.float64)
    for i, (a, p) in enumerate(zip(spaced.bar, spaced.prev)):
        c = math.sqrt(a / p)
        k = math.sqrt(1 - a) - c * math.sqrt(1 - p)
        eps, slope = torch.func.jvp(lambda x: network(x, spaced.kept[i]), (x,), (probe,))
        total += x.shape[1] * math.log(c) + k / c * (slope * probe).sum(1)
        x = c * x + k * eps
    return total


def rules(x):
    def mse(a):
        return ((a - x) ** 2).mean(1)

    scores = {}
    scores[""] = mse(Spaced(even_steps(250, 0)).walk(x, "mean"))
    starts = [Spaced(even_steps(s, 10)).walk(x, "ddim") for s in (250, 50)]
    scores["start = [250, 50]\nwalk = 'ddim'\nevaluations = 10\nerror = 'l1'"] = sum(
        (end - x).abs().mean(1) for end in starts
    ) / 2
    path = []
    Spaced(even_steps(250, 10)).walk(x, "mean", path=path)
    scores["evaluations = 10\npath = 'full'"] = sum(map(mse, path)) / 10
    draws = iter(NOISE[1:])
    end = Spaced(even_steps(250, 3)).walk(
        noised(x, 249, NOISE[0]), "ancestral", noise=lambda _: next(draws)
    )
    scores["noised = true\nwalk = 'ancestral'\nevaluations = 3"] = mse(end)

    errors = []
    for t, eps in zip((249, 249), NOISE):
        errors.append(((network(noised(x, t, eps), t) - eps) ** 2).mean(1))
    scores["rule = 'epsilon-error'\ndraws = 2"] = sum(errors) / 2

    norms = [network(x, t).norm(dim=1) / torch.sqrt(1 - BARS[t]) for t in (249, 9)]
    scores["rule = 'score-norm'\nstart = [250, 10]"] = sum(norms) / 2

    end = Spaced(even_steps(T, 50)).invert(x)
    nats = 0.5 * (end**2).sum(1) + 0.5 * 3 * math.log(2 * math.pi)
    scores["rule = 'inversion'\nevaluations = 50\ndraws = 0"] = nats / (3 * math.log(2))
    scores["rule = 'inversion'\nevaluations = 50"] = (nats - volume(x)) / (3 * math.log(2))
    return [{"config": config, "scores": s.tolist()} for config, s in scores.items()]


def main():
    global NOISE
    noise, NOISE = NOISE, torch.tensor(NOISE, dtype=torch.float32).double()
    x = torch.tensor(X, dtype=torch.float32).double()
    fifty = Spaced(even_steps(T, 50))
    out = {
        "x": X,
        "noise": noise,
        "ddim": fifty.walk(x, "ddim").tolist(),
        "ddim_eta": fifty.walk(x, "ddim", 0.7).tolist(),
        "ancestral": fifty.walk(x, "ancestral").tolist(),
        "inverted": fifty.invert(x).tolist(),
        "rules": rules(x),
    }
    OUT.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
