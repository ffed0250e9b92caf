"""Ways to train a denoiser of feature maps, on one class of images against nine: does one beat the untrained network?

A second implementation of `dit-features` in PyTorch (configs/experiments/README.md, `training.toml`), with variants of
its training and its score that the program does not have. Development classes only.

    pip install numpy pillow torch==2.11.0
    residuum run --dataset CIFAR10_1@pixels --protocol leave-out --method dit-features --models MODELS
    python scripts/studies/token_denoiser.py MODELS/maps SET CLASSES VARIANTS [seed]

The first command makes the feature maps that the second reads; one for each class that is asked for. SET is
`cifar10` (FILE cifar10/cifar10_13k.npz), `fashion-mnist` (the four IDX files) or `imagenette` (imagenette224), looked
for in RESIDUUM_DATA. CLASSES and VARIANTS are lists with commas. A line for each noise level of the score: AUROC in
percent of the class being anomalous, by the mean squared residual of the tokens, by the squared mean of their
residuals, and by the first after a Wiener gain whose covariance is that of training residuals.

Variants: `untrained`; `base`, 1000 steps of 16 maps; `short` and `long`, 300 and 4000 steps; `wide`, noise up to 32
times the tokens' deviation; `flow`, flow matching (noise levels sigma = t/(1 - t) with a logit-normal t, the error of
the velocity as the loss); `variance`, a variance for each token that is learned by the Gaussian likelihood and divides
the score; `mask`, a block of the map of half its sides is hidden and predicted from the rest.
"""

import gzip
import hashlib
import math
import os
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

VARIANTS = {
    "untrained": {"steps": 0},
    "base": {},
    "short": {"steps": 300},
    "long": {"steps": 4000},
    "wide": {"sigmas": (1.0, 32.0)},
    "flow": {"loss": "flow"},
    "variance": {"loss": "variance"},
    "mask": {"loss": "mask"},
}
LEVELS = (1.0, 2.0, 4.0, 8.0)
BATCH = 16


def found(relative):
    for root in os.environ["RESIDUUM_DATA"].split(os.pathsep):
        if (Path(root) / relative).exists():
            return Path(root) / relative
    sys.exit(f"{relative} is in no folder of RESIDUUM_DATA")


def images_of(name):
    """Images [n, c, h, w], classes, and 1 where an image is of the test part."""
    if name == "cifar10":
        arrays = np.load(found("cifar10/cifar10_13k.npz"))
        return arrays["images"].transpose(0, 3, 1, 2), arrays["labels"], arrays["split"]
    images, classes, parts = [], [], []
    if name == "fashion-mnist":
        for part, prefix in enumerate(("train", "t10k")):
            folder = found("fashion-mnist/train-images-idx3-ubyte.gz").parent
            pixels = gzip.open(folder / f"{prefix}-images-idx3-ubyte.gz").read()
            labels = gzip.open(folder / f"{prefix}-labels-idx1-ubyte.gz").read()
            images.append(np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 1, 28, 28))
            classes.append(np.frombuffer(labels, np.uint8, offset=8))
            parts.append(np.full(len(classes[-1]), part))
        return np.concatenate(images), np.concatenate(classes), np.concatenate(parts)
    for part, folder in enumerate(("train", "val")):
        for label, kind in enumerate(sorted(found(f"imagenette224/{folder}").iterdir())):
            for path in sorted(kind.iterdir()):
                images.append(np.array(Image.open(path).convert("RGB")).transpose(2, 0, 1))
                classes.append(label)
                parts.append(part)
    return np.stack(images), np.array(classes), np.array(parts)


def maps_of(images, folder, sides):
    """The maps that the program kept: [n, 320, rows, columns]."""
    n, c, h, w = images.shape
    head = f"({c}, {h}, {w}) ".encode()
    where = {}
    for i, image in enumerate(images):
        key = hashlib.sha256(head + np.ascontiguousarray(image).tobytes()).digest()
        where.setdefault(key, []).append(i)
    numbers = 320 * sides[0] * sides[1]
    maps, seen = np.zeros((n, numbers), np.float32), np.zeros(n, bool)
    for path in Path(folder).glob("*/*.maps"):
        if path.stat().st_size % (64 + 4 * numbers):
            continue  # of another size of image
        for record in np.memmap(path, np.uint8, "r").reshape(-1, 64 + 4 * numbers):
            for i in where.get(record[:32].tobytes(), ()):
                maps[i] = np.frombuffer(record[64:].tobytes(), np.float32)
                seen[i] = True
    return torch.from_numpy(maps.reshape(n, 320, *sides)), seen


class Basis:
    """Tokens in the eigenbasis of their covariance, variances of mean 1: [n, 320, rows, columns] -> [n, tokens, 320]."""

    def __init__(self, maps):
        tokens = maps.double().transpose(0, 1).flatten(1)
        self.mean = tokens.mean(1, keepdim=True)
        centred = tokens - self.mean
        values, vectors = torch.linalg.eigh(centred @ centred.T / tokens.shape[1])
        scale = values.clamp_min(0).mean().sqrt()
        self.rotation = (vectors / scale).float()
        self.variances = (values / scale**2).clamp_min(1e-4).float()

    def __call__(self, maps):
        return ((maps - self.mean.float().view(1, -1, 1, 1)).permute(0, 2, 3, 1) @ self.rotation).flatten(1, 2)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.modulation = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x, condition):
        a, b, gate, c, d, second = self.modulation(condition).unsqueeze(1).chunk(6, -1)
        y = F.layer_norm(x, x.shape[-1:]) * (1 + a) + b
        n, tokens, width = y.shape
        q, k, v = self.qkv(y).view(n, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, tokens, width)
        x = x + gate * self.out(y)
        y = F.layer_norm(x, x.shape[-1:]) * (1 + c) + d
        return x + second * self.outer(F.gelu(self.inner(y), approximate="tanh"))


class Transformer(nn.Module):
    """adaLN-zero over the tokens; untrained it answers 0."""

    def __init__(self, rows, columns, inputs, outputs, width=128, depth=4, heads=4):
        super().__init__()
        frequencies = torch.exp(-math.log(10000) * torch.arange(width // 4) / (width // 4))
        phases = [torch.arange(n)[:, None] * frequencies for n in (rows, columns)]
        row, column = (torch.cat([p.sin(), p.cos()], 1) for p in phases)
        row = row[:, None].expand(rows, columns, -1)
        column = column[None].expand(rows, columns, -1)
        self.places = torch.cat([row, column], 2).flatten(0, 1)
        self.frequencies = 0.5 * 64 ** (torch.arange(32) / 31)
        self.input, self.output = nn.Linear(inputs, width), nn.Linear(width, outputs)
        self.time = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.last = nn.Linear(width, 2 * width)
        for layer in (self.last, self.output):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x, level):
        phases = level[:, None] * self.frequencies
        condition = F.silu(self.time(torch.cat([phases.sin(), phases.cos()], 1)))
        x = self.input(x) + self.places
        for block in self.blocks:
            x = block(x, condition)
        a, b = self.last(condition).unsqueeze(1).chunk(2, -1)
        return self.output(F.layer_norm(x, x.shape[-1:]) * (1 + a) + b)


class Denoiser:
    def __init__(self, train, sides, variances, seed, steps=1000, sigmas=(0.5, 8.0), loss="edm"):
        torch.manual_seed(seed)
        self.sides, self.variances, self.kind, k = sides, variances, loss, train.shape[2]
        self.network = Transformer(*sides, k + (loss == "mask"), k + (loss == "variance"))
        optimizer = torch.optim.AdamW(self.network.parameters(), 1e-3, weight_decay=1e-2)
        average = {name: value.clone() for name, value in self.network.state_dict().items()}
        for step in range(steps):
            for group in optimizer.param_groups:
                cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
                group["lr"] = 1e-3 * min(1, (step + 1) / 30) * cosine
            x = train[torch.randint(len(train), (BATCH,))]
            mirrored = x.view(BATCH, *sides, k).flip(2).flatten(1, 2)
            x = torch.where(torch.rand(BATCH, 1, 1) < 0.5, mirrored, x)
            optimizer.zero_grad()
            self.loss(x, sigmas).backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            optimizer.step()
            decay = min(0.99, (step + 1) / (step + 10))
            for name, value in self.network.state_dict().items():
                average[name].mul_(decay).add_(value, alpha=1 - decay)
        self.network.load_state_dict(average)

    def parts(self, sigma):
        total = self.variances + sigma**2
        change = (self.variances * sigma**2 / total).sqrt()
        return self.variances / total, change, total.sqrt(), (sigma.log() / 4).flatten()

    def loss(self, x, sigmas):
        if self.kind == "flow":
            t = torch.sigmoid(1.5 * torch.randn(len(x), 1, 1) + 1.0).clamp(0.05, 0.97)
            sigma = t / (1 - t)
        else:
            low, high = map(math.log, sigmas)
            sigma = torch.exp(torch.rand(len(x), 1, 1) * (high - low) + low)
        y = x + torch.randn_like(x) * sigma
        signal, change, size, level = self.parts(sigma)
        rest, weight = x - signal * y, (change**2).mean(2, keepdim=True)
        if self.kind == "mask":
            hidden = self.block(*(torch.randint(n - (n + 1) // 2 + 1, (len(x), 1, 1)) for n in self.sides))
            seen = torch.where(hidden, y / size, x / size)
            answer = self.network(torch.cat([seen, hidden.float()], 2), level)
            missed = ((rest - change * answer) ** 2 / weight).mean(2, keepdim=True)
            return (missed * hidden).sum() / hidden.sum()
        answer = self.network(y / size, level)
        if self.kind == "variance":
            log_variance, answer = answer[..., -1:], answer[..., :-1]
            missed = ((rest - change * answer) ** 2 / weight).mean(2, keepdim=True)
            return 0.5 * (missed * torch.exp(-log_variance) + log_variance).mean()
        missed = (rest - change * answer) ** 2
        return (missed / t**2).mean() if self.kind == "flow" else (missed / weight).mean()

    def block(self, row, column):
        """Which tokens lie in the block that begins there, [n, tokens, 1]."""
        rows, columns = (torch.arange(n) for n in self.sides)
        inside = [(at >= first) & (at < first + (n + 1) // 2) for at, first, n in (
            (rows[None, :, None], row, self.sides[0]), (columns[None, None], column, self.sides[1]))]
        return (inside[0] & inside[1]).flatten(1).unsqueeze(2)

    @torch.no_grad()
    def residuals(self, x, sigma):
        """x - D(x; sigma); hidden tokens are predicted from no noisy value of their own."""
        parts = []
        for x in x.split(256):
            signal, change, size, level = self.parts(torch.full((len(x), 1, 1), sigma))
            if self.kind == "mask":
                total, count = torch.zeros_like(x), torch.zeros_like(x[..., :1])
                corners = [sorted({0, n - (n + 1) // 2}) for n in self.sides]
                for row in corners[0]:
                    for column in corners[1]:
                        hidden = self.block(torch.full((len(x), 1, 1), row), torch.full((len(x), 1, 1), column))
                        seen = torch.where(hidden, 0 * x, x / size)
                        answer = self.network(torch.cat([seen, hidden.float()], 2), level)
                        total += (x - change * answer) * hidden
                        count += hidden
                parts.append(total / count)
                continue
            answer = self.network(x / size, level)
            scale = 1.0
            if self.kind == "variance":
                scale, answer = torch.exp(-answer[..., -1:] / 2), answer[..., :-1]
            parts.append((x - signal * x - change * answer) * scale)
        return torch.cat(parts)


def auroc(scores, anomalous):
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    n = anomalous.sum()
    return 100 * (ranks[anomalous].sum() - n * (n + 1) / 2) / (n * (len(scores) - n))


def gain(residuals):
    """sigma^2 (S + sigma^2)^-1 with S the mean of r r^T and sigma^2 its mean eigenvalue."""
    tokens = residuals.flatten(0, 1).double()
    values, vectors = torch.linalg.eigh(tokens.T @ tokens / len(tokens))
    noise = values.mean()
    return (vectors * (noise / (values.clamp_min(0) + noise)) @ vectors.T).float()


def main(folder, name, classes, variants, seed=0):
    torch.set_num_threads(1)
    images, labels, parts = images_of(name)
    sides = (7, 7) if name == "imagenette" else (4, 4)
    maps, seen = maps_of(images, folder, sides)
    print(f"{'set':>13} class {'variant':>9} sigma tokens   mean   gain")
    for left_out in map(int, classes.split(",")):
        train, test = (parts == 0) & (labels != left_out), parts == 1
        if not seen[train | test].all():
            sys.exit(f"the maps of class {left_out} are not all in {folder}: run the program first")
        basis = Basis(maps[train])
        train, x = basis(maps[train]), basis(maps[test])
        anomalous = labels[test] == left_out
        some = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:3000]]
        for variant in variants.split(","):
            denoiser = Denoiser(train, sides, basis.variances, int(seed), **VARIANTS[variant])
            for sigma in LEVELS:
                residuals, normal = denoiser.residuals(x, sigma), denoiser.residuals(some, sigma)
                scores = [
                    residuals.square().sum(2).mean(1),
                    residuals.mean(1).square().sum(1),
                    (residuals @ gain(normal)).square().sum(2).mean(1),
                ]
                found = " ".join(f"{auroc(score.numpy(), anomalous):6.2f}" for score in scores)
                print(f"{name:>13} {left_out:>5} {variant:>9} {sigma:>5} {found}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    main(*sys.argv[1:])
