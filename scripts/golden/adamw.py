"""Golden values for `training`: parameters after 100 steps of PyTorch 2.11's Adam and AdamW.

    pip install torch==2.11.0
    python scripts/golden/adamw.py

writes crates/training/tests/golden/adamw.json.

Two parameters start from ramps: weight[i, j] = sin(10 i + j) of shape [3, 10] and bias[i] = cos(i) of
shape [7]. The loss 0.3 sum(weight^4) + sum((bias - 2)^4) + (sum(weight) - sum(bias))^2 / 10 couples
them. Each case sets the optimiser, its penalty, clipping of the gradient's norm, linear warm-up and
half a cosine; the learning rate peaks at 0.01.
"""

import json
import math
from pathlib import Path

import torch

OUT = Path(__file__).parents[2] / "crates/training/tests/golden/adamw.json"
STEPS = 100
CASES = [
    {"name": "adam", "weight_decay": 0.0},
    {"name": "adam", "weight_decay": 0.05},
    {"name": "adamw", "weight_decay": 0.05},
    {"name": "adamw", "weight_decay": 0.05, "clip": 0.5},
    {"name": "adamw", "weight_decay": 0.01, "clip": 1.0, "warm_up": 10, "cosine": True},
]


def rate(step, warm_up, cosine):
    if step < warm_up:
        return (step + 1) / warm_up
    share = (step - warm_up) / (STEPS - warm_up)
    return (1 + math.cos(math.pi * share)) / 2 if cosine else 1.0


def run(name, weight_decay, clip=0.0, warm_up=0, cosine=False):
    weight = torch.sin(torch.arange(30.0)).view(3, 10).requires_grad_()
    bias = torch.cos(torch.arange(7.0)).requires_grad_()
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    optimizer = kind([weight, bias], lr=0.01, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: rate(k, warm_up, cosine))
    for _ in range(STEPS):
        optimizer.zero_grad()
        coupling = (weight.sum() - bias.sum()) ** 2 / 10
        loss = 0.3 * (weight**4).sum() + ((bias - 2) ** 4).sum() + coupling
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_([weight, bias], clip)
        optimizer.step()
        schedule.step()
    values = torch.cat([weight.detach().flatten(), bias.detach()])
    return {
        "optimizer": name,
        "weight-decay": weight_decay,
        "clip": clip,
        "warm-up": warm_up,
        "decay": "cosine" if cosine else "constant",
        "parameters": [round(v, 7) for v in values.tolist()],
    }


if __name__ == "__main__":
    OUT.write_text(json.dumps([run(**case) for case in CASES], indent=1) + "\n")
