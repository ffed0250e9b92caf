"""Golden values for crates/conformal: Benjamini–Hochberg, Beta quantiles, the generalised Pareto tail.

Run from the workspace root: python scripts/golden/conformal.py
Made with numpy 2.4.6, scipy 1.17.1. Writes crates/conformal/tests/golden/conformal.json.

The estimate of Zhang and Stephens is written here from the paper (Technometrics 51, 2009, section 2), whose k is
minus SciPy's shape c. Certified ranks come from scipy.stats.beta by a scan over all ranks.
"""

import json
from pathlib import Path

import numpy as np
from scipy import stats

OUT = Path(__file__).resolve().parents[2] / "crates/conformal/tests/golden/conformal.json"


def adjusted(p):
    return {"p": p, "adjusted": stats.false_discovery_control(p).tolist()}


def rates():
    state = np.random.RandomState(0)
    yield adjusted(np.round(state.rand(30) ** 2, 4).tolist())
    yield adjusted([0.01, 0.02, 0.02, 0.03, 0.5, 0.01, 1.0])
    # A grid of conformal p-values with many ties.
    yield adjusted(((1 + state.randint(0, 20, 50)) / 21).tolist())
    yield adjusted([0.3])


def beta():
    for n in (1, 10, 200, 5_000, 1_000_000):
        for k in sorted({1, (n + 9) // 10, (n + 1) // 2, n}):
            law = stats.beta(k, n + 1 - k)
            points = [law.mean(), 0.5 * law.mean(), 1 - 0.9 * (1 - law.mean())]
            yield {
                "n": n,
                "k": k,
                "quantiles": [[q, float(law.ppf(q))] for q in (0.05, 0.5, 0.95)],
                "cdf": [[float(x), float(law.cdf(x))] for x in points],
            }


def certified():
    for n, target, confidence in ((500, 0.05, 0.9), (2000, 0.01, 0.95), (2995, 0.001, 0.95), (10_000, 0.05, 0.99)):
        ranks = np.arange(1, n + 1)
        good = ranks[stats.beta.sf(target, ranks, n + 1 - ranks) <= 1 - confidence]
        yield {"n": n, "target": target, "confidence": confidence, "k": int(good.max())}


def zhang_stephens(x):
    x = np.sort(x)
    n = len(x)
    m = 20 + int(np.sqrt(n))
    j = np.arange(1, m + 1)
    theta = 1 / x[-1] + (1 - np.sqrt(m / (j - 0.5))) / (3 * x[int(n / 4 + 0.5) - 1])
    k = -np.mean(np.log(1 - theta[:, None] * x), axis=1)
    likelihood = n * (np.log(theta / k) + k - 1)
    weights = 1 / np.exp(likelihood[None] - likelihood[:, None]).sum(1)
    best = (theta * weights).sum()
    k = -np.mean(np.log(1 - best * x))
    return -k, k / best


def anderson_darling(x, shape, scale):
    law = stats.genpareto(shape, scale=scale)
    n, i = len(x), np.arange(1, len(x) + 1)
    x = np.sort(x)
    return float(-n - np.mean((2 * i - 1) * (law.logcdf(x) + law.logsf(x[::-1]))))


def tails():
    state = np.random.RandomState(1)
    for shape, n in ((0.5, 400), (0.2, 3000), (0.0, 1000)):
        scores = np.round(stats.genpareto.rvs(shape, size=n, random_state=state), 6)
        top = np.sort(scores)[::-1]
        count = min(n // 10, 1000)
        excesses = (top[:count] - top[count])[::-1]
        shape, scale = zhang_stephens(excesses)
        estimated = shape
        if shape < 0:
            shape, scale = 0.0, excesses.mean()
        points = [float(top[0]) * factor for factor in (1.1, 2.0, 10.0)]
        tail = stats.genpareto(shape, scale=scale)
        yield {
            "scores": scores.tolist(),
            "shape": float(shape),
            "scale": float(scale),
            "estimated_shape": float(estimated),
            "anderson_darling": anderson_darling(excesses, shape, scale),
            "p": [[x, float(min(count / n * tail.sf(x - top[count]), 1 / (n + 1)))] for x in points],
        }


def survival():
    for shape in (-0.4, 0.0, 1e-9, 0.3, 2.0):
        for x in (0.0, 0.5, 3.0, 40.0):
            yield {"shape": shape, "scale": 2.5, "x": x, "p": float(stats.genpareto.sf(x, shape, scale=2.5))}


golden = {
    "adjusted": list(rates()),
    "beta": list(beta()),
    "certified": list(certified()),
    "survival": list(survival()),
    "tails": list(tails()),
}
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
