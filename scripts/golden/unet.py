"""Golden values for `unet`: the residual U-Net with attention in PyTorch 2.11, written from the published
description (Ho et al. 2020, arXiv:2006.11239, appendix B; Nichol & Dhariwal 2021, arXiv:2102.09672,
section 6; names and details as in openai/improved-diffusion, `unet.py`), with weights from a formula that
the Rust tests repeat: outputs, a loss, gradient norms and projections, names and shapes, and the parameter
counts of the published sizes.

    pip install torch==2.11.0
    python scripts/golden/unet.py

writes crates/unet/tests/golden/unet.json.
"""

import json
import math
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

OUT = Path(__file__).parents[2] / "crates/unet/tests/golden/unet.json"
IMAGE, STEPS = (2, 3, 16, 24), [3.0, 871.0]


class Res(nn.Module):
    def __init__(self, c_in, c_out, d_time, groups, scale_shift):
        super().__init__()
        self.in_layers = nn.Sequential(
            nn.GroupNorm(groups, c_in), nn.SiLU(), nn.Conv2d(c_in, c_out, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(
            nn.SiLU(), nn.Linear(d_time, 2 * c_out if scale_shift else c_out)
        )
        self.out_layers = nn.Sequential(
            nn.GroupNorm(groups, c_out),
            nn.SiLU(),
            nn.Dropout(0.0),
            nn.Conv2d(c_out, c_out, 3, padding=1),
        )
        self.skip_connection = nn.Identity() if c_in == c_out else nn.Conv2d(c_in, c_out, 1)
        self.scale_shift = scale_shift

    def forward(self, x, emb):
        h = self.in_layers(x)
        told = self.emb_layers(emb)[:, :, None, None]
        if self.scale_shift:
            scale, shift = told.chunk(2, dim=1)
            h = self.out_layers[0](h) * (1 + scale) + shift
            h = self.out_layers[1:](h)
        else:
            h = self.out_layers(h + told)
        return self.skip_connection(x) + h


class Attention(nn.Module):
    def __init__(self, c, heads, groups):
        super().__init__()
        self.norm = nn.GroupNorm(groups, c)
        self.qkv = nn.Conv1d(c, 3 * c, 1)
        self.proj_out = nn.Conv1d(c, c, 1)
        self.heads = heads

    def forward(self, x, emb):
        b, c, h, w = x.shape
        qkv = self.qkv(self.norm(x).reshape(b, c, h * w))
        d = c // self.heads
        q, k, v = qkv.reshape(b * self.heads, 3 * d, h * w).split(d, dim=1)
        scale = d**-0.25
        weight = torch.einsum("bdn,bdm->bnm", q * scale, k * scale).softmax(dim=-1)
        out = torch.einsum("bnm,bdm->bdn", weight, v).reshape(b, c, h * w)
        return x + self.proj_out(out).reshape(b, c, h, w)


class Down(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.op = nn.Conv2d(c, c, 3, stride=2, padding=1)

    def forward(self, x, emb):
        return self.op(x)


class Up(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x, emb):
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class Stem(nn.Conv2d):
    def forward(self, x, emb):
        return super().forward(x)


class Unet(nn.Module):
    def __init__(
        self,
        image_channels,
        side,
        channels,
        multipliers,
        blocks,
        attention,
        heads,
        groups=32,
        scale_shift=False,
        outputs=1,
    ):
        super().__init__()
        d_time = 4 * channels
        self.channels = channels
        self.time_embed = nn.Sequential(
            nn.Linear(channels, d_time), nn.SiLU(), nn.Linear(d_time, d_time)
        )

        def level(c_in, c_out, resolution):
            layers = [Res(c_in, c_out, d_time, groups, scale_shift)]
            if resolution in attention:
                layers.append(Attention(c_out, heads, groups))
            return layers

        now = channels * multipliers[0]
        self.input_blocks = nn.ModuleList(
            [nn.ModuleList([Stem(image_channels, now, 3, padding=1)])]
        )
        skips = [now]
        for i, m in enumerate(multipliers):
            for _ in range(blocks):
                self.input_blocks.append(nn.ModuleList(level(now, m * channels, side >> i)))
                now = m * channels
                skips.append(now)
            if i + 1 < len(multipliers):
                self.input_blocks.append(nn.ModuleList([Down(now)]))
                skips.append(now)
        self.middle_block = nn.ModuleList(
            [
                Res(now, now, d_time, groups, scale_shift),
                Attention(now, heads, groups),
                Res(now, now, d_time, groups, scale_shift),
            ]
        )
        self.output_blocks = nn.ModuleList()
        for i, m in reversed(list(enumerate(multipliers))):
            for j in range(blocks + 1):
                layers = level(now + skips.pop(), m * channels, side >> i)
                now = m * channels
                if i > 0 and j == blocks:
                    layers.append(Up(now))
                self.output_blocks.append(nn.ModuleList(layers))
        self.out = nn.Sequential(
            nn.GroupNorm(groups, now),
            nn.SiLU(),
            nn.Conv2d(now, outputs * image_channels, 3, padding=1),
        )

    def forward(self, x, t):
        half = self.channels // 2
        freqs = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        args = t[:, None].float() * freqs.to(t.device)[None]
        emb = self.time_embed(torch.cat([args.cos(), args.sin()], dim=-1))

        def through(layers, h):
            for layer in layers:
                h = layer(h, emb)
            return h

        skips, h = [], x
        for layers in self.input_blocks:
            h = through(layers, h)
            skips.append(h)
        h = through(self.middle_block, h)
        for layers in self.output_blocks:
            h = through(layers, torch.cat([h, skips.pop()], dim=1))
        return self.out(h)


def saw(k, n):
    """Number i of sequence k: (2654435761·i + 1013904223·k) mod 2³², scaled to [−1, 1)."""
    i = torch.arange(n, dtype=torch.int64)
    return ((2654435761 * i + 1013904223 * k) % 2**32).double() / 2**31 - 1


def fill(network):
    """Number k in the order of the names; a weight times 1.5/√fan_in, a bias times 0.1, the scale of a
    norm 1 + 0.1 times it."""
    for k, (name, p) in enumerate(sorted(network.named_parameters())):
        values = saw(k, p.numel()).reshape(p.shape)
        if name.endswith("bias"):
            values = 0.1 * values
        elif p.dim() == 1:
            values = 1 + 0.1 * values
        else:
            values = 1.5 / math.sqrt(p[0].numel()) * values
        p.data.copy_(values)


def answers(network, x, t, stride):
    fill(network)
    with torch.no_grad():
        shared = network(x, t[:1])
    out = network(x, t)
    target = saw(2000, out.numel()).reshape(out.shape).float()
    loss = F.mse_loss(out, target)
    loss.backward()
    gradients = {}
    for name, p in network.named_parameters():
        g = p.grad.flatten()
        along = (g * saw(3000, g.numel()).float()).sum().item()
        gradients[name] = [g.norm().item(), along]
    return {
        "shapes": {n: list(p.shape) for n, p in sorted(network.state_dict().items())},
        "out": out.flatten()[::stride].tolist(),
        "shared": shared.flatten()[::stride].tolist(),
        "loss": loss.item(),
        "gradients": gradients,
    }


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def main():
    t = torch.tensor(STEPS)
    b, c, h, w = IMAGE
    x = 2 * saw(1000, b * c * h * w).reshape(IMAGE).float()
    scale_shift = Unet(c, w, 16, (1, 2, 3), 2, {12, 6}, 4, groups=8, scale_shift=True, outputs=2)
    added = Unet(c, w, 16, (1, 2), 1, {12}, 1, groups=16)
    golden = {
        "scale_shift": answers(scale_shift, x, t, 13),
        "added": answers(added, x, t, 7),
    }
    for name, found in golden.items():
        print(name, "loss", found["loss"], "largest", max(map(abs, found["out"])))
    counts = {}
    with torch.device("meta"):
        sizes = {"ho-cifar10": ((3, 32, 128, (1, 2, 2, 2), 2, {16}, 1), {})}
        for channels in (64, 96, 128, 192):
            sizes[f"improved-imagenet64/{channels}"] = (
                (3, 64, channels, (1, 2, 3, 4), 3, {16, 8}, 4),
                {"scale_shift": True, "outputs": 2},
            )
        for name, (positional, named) in sizes.items():
            counts[name] = sum(p.numel() for p in Unet(*positional, **named).parameters())
    golden["parameters"] = counts
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rounded(golden), separators=(",", ":")) + "\n")
    print(OUT.name, OUT.stat().st_size, "bytes", counts)


if __name__ == "__main__":
    main()
