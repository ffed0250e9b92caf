"""Golden values for `dit`: DiT-S/8 over images and a small one over vectors in PyTorch 2.11, written
from the published description (Peebles & Xie 2023, arXiv:2212.09748; names and details as in
facebookresearch/DiT, `models.py`), with weights from a formula that the Rust tests repeat: outputs,
a loss, gradient norms and projections, names and shapes, and the parameter counts of all sizes.

    pip install torch==2.11.0
    python scripts/golden/dit.py

writes crates/dit/tests/golden/dit.json.
"""

import json
import math
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

OUT = Path(__file__).parents[2] / "crates/dit/tests/golden/dit.json"
SIZES = {"s": (12, 384, 6), "b": (12, 768, 12), "l": (24, 1024, 16), "xl": (28, 1152, 16)}
IMAGE, STEPS = (2, 4, 32, 24), [3.0, 871.0]


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        b, n, width = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        out = F.scaled_dot_product_attention(q, k, v)
        return self.proj(out.transpose(1, 2).reshape(b, n, width))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


def modulate(x, shift, scale):
    return x * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)


class Block(nn.Module):
    def __init__(self, width, heads, ratio):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.mlp = Mlp(width, ratio * width)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x, c):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(c).chunk(6, dim=1)
        x = x + gate1.unsqueeze(1) * self.attn(modulate(self.norm1(x), shift1, scale1))
        return x + gate2.unsqueeze(1) * self.mlp(modulate(self.norm2(x), shift2, scale2))


class Final(nn.Module):
    def __init__(self, width, d_out):
        super().__init__()
        self.norm_final = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.linear = nn.Linear(width, d_out)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x, c):
        shift, scale = self.adaLN_modulation(c).chunk(2, dim=1)
        return self.linear(modulate(self.norm_final(x), shift, scale))


class Time(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t):
        freqs = torch.exp(-math.log(10000) * torch.arange(128, dtype=torch.float32) / 128)
        args = t[:, None] * freqs[None]
        return self.mlp(torch.cat([args.cos(), args.sin()], dim=-1))


def sin_cos(positions, width):
    omega = 10000.0 ** (-torch.arange(width // 2, dtype=torch.float64) / (width // 2))
    phase = positions.reshape(-1, 1).double() * omega
    return torch.cat([phase.sin(), phase.cos()], dim=1)


class Transformer(nn.Module):
    """All but the first embedding and the reassembly."""

    def __init__(self, embedder, positions, depth, width, heads, ratio, d_out):
        super().__init__()
        self.x_embedder = nn.Module()
        self.x_embedder.proj = embedder
        self.pos_embed = nn.Parameter(positions.float()[None], requires_grad=False)
        self.t_embedder = Time(width)
        self.blocks = nn.ModuleList([Block(width, heads, ratio) for _ in range(depth)])
        self.final_layer = Final(width, d_out)

    def tokens(self, x, t):
        c = self.t_embedder(t)
        x = x + self.pos_embed
        for block in self.blocks:
            x = block(x, c)
        return self.final_layer(x, c)


class Dit(Transformer):
    def __init__(self, c, h, w, patch, depth, width, heads, ratio=4, outputs=2):
        rows, columns = torch.meshgrid(
            torch.arange(h // patch), torch.arange(w // patch), indexing="ij"
        )
        halves = [sin_cos(columns, width // 2), sin_cos(rows, width // 2)]
        proj = nn.Conv2d(c, width, kernel_size=patch, stride=patch)
        d_out = patch * patch * outputs * c
        super().__init__(proj, torch.cat(halves, 1), depth, width, heads, ratio, d_out)
        self.grid, self.patch = (h // patch, w // patch), patch

    def forward(self, x, t):
        x = self.x_embedder.proj(x).flatten(2).transpose(1, 2)
        x = self.tokens(x, t)
        (h, w), p = self.grid, self.patch
        x = torch.einsum("nhwpqc->nchpwq", x.reshape(len(x), h, w, p, p, -1))
        return x.reshape(len(x), -1, h * p, w * p)


class VectorDit(Transformer):
    def __init__(self, d, chunk, depth, width, heads, ratio=4, outputs=1):
        n = -(-d // chunk)
        proj = nn.Linear(chunk, width)
        positions = sin_cos(torch.arange(n), width)
        super().__init__(proj, positions, depth, width, heads, ratio, outputs * chunk)
        self.d, self.chunk, self.n, self.outputs = d, chunk, n, outputs

    def forward(self, x, t):
        x = F.pad(x, (0, self.n * self.chunk - self.d)).reshape(len(x), self.n, self.chunk)
        x = self.tokens(self.x_embedder.proj(x), t)
        x = x.reshape(len(x), self.n, self.outputs, self.chunk).transpose(1, 2)
        x = x.reshape(len(x), self.outputs, self.n * self.chunk)[:, :, : self.d]
        return x.reshape(len(x), self.outputs * self.d)


def saw(k, n):
    """Number i of sequence k: (2654435761·i + 1013904223·k) mod 2³², scaled to [−1, 1)."""
    i = torch.arange(n, dtype=torch.int64)
    return ((2654435761 * i + 1013904223 * k) % 2**32).double() / 2**31 - 1


def fill(network):
    """Number k in the order of the names; a weight times 1.5/√fan_in, a bias times 0.1."""
    for k, (name, p) in enumerate(sorted(network.named_parameters())):
        if p.requires_grad:
            scale = 0.1 if name.endswith("bias") else 1.5 / math.sqrt(p[0].numel())
            p.data.copy_((scale * saw(k, p.numel())).reshape(p.shape))


def answers(network, x, t, stride, watched):
    fill(network)
    with torch.no_grad():
        shared = network(x, t[:1])
    out = network(x, t)
    target = saw(2000, out.numel()).reshape(out.shape).float()
    loss = F.mse_loss(out, target)
    loss.backward()
    gradients = {}
    for name, p in network.named_parameters():
        if name in watched:
            g = p.grad.flatten()
            along = (g * saw(3000, g.numel()).float()).sum().item()
            gradients[name] = {"norm": g.norm().item(), "along": along}
    assert len(gradients) == len(watched)
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
    watched = [
        "x_embedder.proj.weight",
        "t_embedder.mlp.0.weight",
        "blocks.{last}.attn.qkv.weight",
        "blocks.0.mlp.fc1.bias",
        "blocks.1.adaLN_modulation.1.weight",
        "final_layer.linear.weight",
    ]
    t = torch.tensor(STEPS)
    b, c, h, w = IMAGE
    x = 2 * saw(1000, b * c * h * w).reshape(IMAGE).float()
    image = answers(
        Dit(c, h, w, 8, *SIZES["s"]), x, t, 61, [name.format(last=11) for name in watched]
    )
    x = 2 * saw(1000, 2 * 50).reshape(2, 50).float()
    vector = answers(
        VectorDit(50, 16, 3, 48, 3, ratio=2, outputs=2),
        x,
        t,
        1,
        [name.format(last=2) for name in watched],
    )
    for golden in (image, vector):
        print("loss", golden["loss"], "largest", max(map(abs, golden["out"])))
    counts = {}
    with torch.device("meta"):
        for name, size in SIZES.items():
            for patch in (2, 4, 8):
                network = Dit(4, 32, 32, patch, *size)
                count = sum(p.numel() for p in network.parameters() if p.requires_grad)
                counts[f"{name}/{patch}"] = count
    vector["shapes"] = {}
    golden = rounded({"image": image, "vector": vector, "parameters": counts})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(OUT.name, OUT.stat().st_size, "bytes", counts)


if __name__ == "__main__":
    main()
