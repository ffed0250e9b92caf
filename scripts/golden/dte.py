"""Golden values for `dte`, from the formulas of Livernoche et al. (arXiv:2305.18593) and of TCCM
(arXiv:2510.18328), written anew.

- The non-parametric estimator in numpy float64 on rows with near and exact copies: all distances,
  the posterior of scipy's inverse gamma where that is defined (d > 2), else the normalised Gaussian
  likelihood it comes from.
- With RESIDUUM_DATA set, the same on ADBench's embeddings of MVTec-AD under protocol `paper`, seed 0:
  AUROC in points of the mode and of the distance.
- The three networks in PyTorch, small, without dropout, with weights from a formula that the Rust test
  repeats: losses at given times and noise, gradient norms, scores.

    pip install torch==2.11.0 numpy scipy scikit-learn
    python scripts/golden/dte.py

writes crates/baselines/tests/golden/dte_np.json, dte_np_mvtec.json, crates/dte/tests/golden/networks.json and
crates/deep/tests/golden/tccm.json.
"""

import json
import math
import os
from pathlib import Path

import numpy as np
import torch
from scipy.stats import invgamma
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional as F

CRATES = Path(__file__).parents[2] / "crates"
D, B, STEPS, BINS = 5, 6, 40, 7


def wave(k, n):
    return np.array([math.sin(1.0 + k + 0.37 * i) for i in range(n)])


def variances(steps):
    return 1 - np.cumprod(1 - np.linspace(1e-4, 0.01, steps))


# The non-parametric estimator


def posterior(squared, d, steps):
    s2 = variances(steps)
    log = -0.5 * d * np.log(s2) - squared / (2 * s2)
    if d > 2 and squared > 0:
        scipys = invgamma.logpdf(s2, a=0.5 * d - 1, scale=squared / 2)
        np.testing.assert_allclose(log - log.max(), scipys - scipys.max(), rtol=1e-9, atol=1e-9)
    p = np.exp(log - log.max())
    return p / p.sum()


def non_parametric_case(d, n, m, k, scale, offset):
    """Training rows with copies, and test rows of which some are training rows or nearly so."""
    train = np.array(offset + scale * wave(d, n * d).reshape(n, d), dtype=np.float32)
    train[n // 2 : n // 2 + n // 3] = train[0]  # exact copies of one row, k or more where n > k
    test = np.array(offset + 1.5 * scale * wave(50 + d, m * d).reshape(m, d), dtype=np.float32)
    test[0] = train[0]
    test[1] = np.nextafter(train[0], np.float32(9))  # one unit in the last place away
    test[2] = train[n - 1]
    differences = test[:, None, :].astype(np.float64) - train[None].astype(np.float64)
    squares = np.sort((differences**2).sum(-1), axis=1)
    distance = squares[:, : min(k, n)].mean(1)
    p = np.array([posterior(s, d, 300) for s in distance])
    return {
        "d": d,
        "k": k,
        "train": train.flatten().tolist(),
        "test": test.flatten().tolist(),
        "distance": distance.tolist(),
        "argmax": p.argmax(1).tolist(),
        "mean": (p * np.arange(300)).sum(1).tolist(),
    }


def paper_rows(path, seed):
    """Rows as vicliv/DTE's `data_generator.py` makes them: resampled, split, standardised."""
    data = np.load(path)
    x, y = data["X"], data["y"]
    if len(y) < 1000:
        drawn = np.random.RandomState(seed).choice(np.arange(len(y)), 1000, replace=True)
        x, y = x[drawn], y[drawn]
    normal = np.flatnonzero(y == 0)
    half = round(0.5 * len(normal))
    train, test = normal[:half], np.concatenate([normal[half:], np.flatnonzero(y == 1)])
    scaler = StandardScaler().fit(x[train])
    return scaler.transform(x[train]), scaler.transform(x[test]), y[test]


def mvtec(folder):
    golden = {}
    for path in sorted(folder.glob("MVTec-AD_*.npz")):
        train, test, anomaly = paper_rows(path, 0)
        knn = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(train.astype(np.float64))
        neighbours = train[knn.kneighbors(test.astype(np.float64), return_distance=False)]
        differences = test[:, None].astype(np.float64) - neighbours.astype(np.float64)
        distance = (differences**2).sum(-1).mean(1)
        mode = [posterior(s, train.shape[1], 300).argmax() for s in distance]
        golden[path.stem.removeprefix("MVTec-AD_")] = {
            "argmax": 100 * roc_auc_score(anomaly, mode),
            "distance": 100 * roc_auc_score(anomaly, distance),
        }
    return golden


# The networks


def fill(network):
    """Number k in the order of the names: 0.4·wave."""
    for k, name in enumerate(sorted(dict(network.named_parameters()))):
        parameter = network.get_parameter(name)
        values = 0.4 * wave(k, parameter.numel()).reshape(parameter.shape)
        with torch.no_grad():
            parameter.copy_(torch.tensor(values))
    return network


class TimeMlp(nn.Module):
    def __init__(self, *widths):
        super().__init__()
        pairs = zip(widths, widths[1:])
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in pairs])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


class Contraction(nn.Module):
    def __init__(self, d, d_time, a, b):
        super().__init__()
        self.half = d_time // 2
        self.model = nn.Sequential(
            nn.Linear(d + d_time, a), nn.ReLU(), nn.Linear(a, b), nn.ReLU(), nn.Linear(b, d)
        )

    def forward(self, x, t):
        i = torch.arange(self.half, dtype=torch.float32)
        phase = t[:, None] * torch.exp(-math.log(10000) * i / self.half)
        return self.model(torch.cat([x, phase.sin(), phase.cos()], dim=1))


def with_gradients(network, loss):
    network.zero_grad()
    loss.backward()
    norms = {n: p.grad.norm().item() for n, p in network.named_parameters()}
    return {"loss": loss.item(), "gradient_norms": norms}


def networks():
    x = torch.tensor(2 * wave(100, B * D).reshape(B, D), dtype=torch.float32)
    eps = torch.tensor(1.5 * wave(200, B * D).reshape(B, D), dtype=torch.float32)
    t = torch.tensor([0, 39, 5, 6, 17, 34])  # both ends, and both sides of a bin's edge
    variance = torch.tensor(variances(STEPS), dtype=torch.float32)[t][:, None]
    x_t = x + variance.sqrt() * eps
    bins = torch.floor(t * BINS / STEPS).long()

    classifier = fill(TimeMlp(D, 6, 8, 7, BINS))
    logits = classifier(x_t)
    single = with_gradients(classifier, F.cross_entropy(logits, bins))
    double = with_gradients(classifier, F.cross_entropy(torch.softmax(classifier(x_t), 1), bins))
    k = torch.arange(BINS, dtype=torch.float64)
    categorical = (torch.softmax(classifier(x).double(), 1) @ k).tolist()

    scale = fill(TimeMlp(D, 6, 8, 1))
    b = scale(x_t) ** 2
    log_likelihood = (D / 2 - 1) * torch.log(b + 1e-5) - b / variance
    inverse_gamma = with_gradients(scale, -log_likelihood.mean())
    inverse_gamma["scores"] = (scale(x).squeeze(1).double() ** 2).tolist()

    contraction = fill(Contraction(D, 8, 6, 7))
    time = torch.tensor([0.0, 0.25, 0.5, 0.125, 0.9, 0.999])
    tccm = with_gradients(contraction, F.mse_loss(contraction(x, time), -x))
    tccm["scores"] = (contraction(x, torch.ones(B)) + x).double().norm(dim=1).tolist()
    return {
        "bins": bins.tolist(),
        "single": single,
        "double": double,
        "categorical_scores": categorical,
        "inverse_gamma": inverse_gamma,
    }, tccm


def write(name, golden):
    path = CRATES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(name, path.stat().st_size, "bytes")


def main():
    cases = [
        non_parametric_case(1, 12, 6, 3, 0.4, 0.0),
        non_parametric_case(2, 12, 6, 3, 0.4, 0.0),
        non_parametric_case(3, 14, 7, 5, 0.3, 0.0),
        non_parametric_case(6, 13, 6, 5, 0.3, 7.5),
        non_parametric_case(4, 3, 5, 5, 0.5, 0.0),
        non_parametric_case(24, 12, 8, 2, 0.2, -3.0),
    ]
    write("baselines/tests/golden/dte_np.json", cases)
    estimators, tccm = networks()
    write("dte/tests/golden/networks.json", estimators)
    write("deep/tests/golden/tccm.json", tccm)
    if "RESIDUUM_DATA" in os.environ:
        write("baselines/tests/golden/dte_np_mvtec.json", mvtec(Path(os.environ["RESIDUUM_DATA"]) / "adbench/CV_by_ResNet18"))


if __name__ == "__main__":
    main()
