"""Training steps a second of a U-Net over images in PyTorch, eager and compiled: the peer of

    cargo run -p unet --release --example unet_throughput -- [size] [side] [batch] [steps] [f32|bf16] [nchw|nhwc]

    pip install torch==2.11.0
    python scripts/bench/unet_pytorch.py [size] [side] [batch] [steps] [f32|bf16] [nchw|nhwc]

The network is that of the golden values, `scripts/golden/unet.py`; AdamW is PyTorch's fused one on CUDA.
"""

import sys
import time
from pathlib import Path

import torch
from torch import nn

here = Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent / "golden")]
from unet import Unet  # noqa: E402

CHANNELS, WARM_UP = 3, 10
MULTIPLIERS = {
    32: (1, 2, 2, 2),
    64: (1, 2, 3, 4),
    128: (1, 1, 2, 3, 4),
    224: (1, 1, 2, 2, 4, 4),
    256: (1, 1, 2, 2, 4, 4),
}


def build(size, side):
    if size == "small":
        return Unet(CHANNELS, side, 8, (1, 2, 4), 1, set(), 1, groups=4, scale_shift=True)
    if size == "ho":
        return Unet(CHANNELS, side, 128, (1, 2, 2, 2), 2, {16}, 1)
    levels = MULTIPLIERS[side]
    attention = {side >> i for i in range(len(levels)) if side >> i <= 16}
    return Unet(CHANNELS, side, 128, levels, 2, attention, 4, scale_shift=True)


def main():
    given = sys.argv[1:]
    size, side, batch, steps, precision, layout = (
        given + ["small", "32", "8", "5", "f32", "nchw"][len(given) :]
    )
    side, batch, steps = int(side), int(batch), int(steps)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    bars = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, device=device), 0)
    signal, noise = bars.sqrt(), (1 - bars).sqrt()
    memory = torch.channels_last if layout == "nhwc" else torch.contiguous_format
    x_0 = torch.randn(batch, CHANNELS, side, side, device=device).to(memory_format=memory)

    def finish():
        if device == "cuda":
            torch.cuda.synchronize()

    for name in ("eager", "compiled"):
        torch.manual_seed(0)
        network = build(size, side).to(device).to(memory_format=memory).train()
        parameters = list(network.parameters())
        optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0, fused=device == "cuda")
        run = torch.compile(network) if name == "compiled" else network
        for step in range(WARM_UP + steps):
            if step == WARM_UP:
                finish()
                start = time.perf_counter()
            t = torch.randint(0, 1000, (batch,), device=device)
            eps = torch.randn_like(x_0)
            x_t = signal[t].view(-1, 1, 1, 1) * x_0 + noise[t].view(-1, 1, 1, 1) * eps
            optimizer.zero_grad()
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
                loss = nn.functional.mse_loss(run(x_t, t.float()).float(), eps)
            loss.backward()
            optimizer.step()
        finish()
        per_second = steps / (time.perf_counter() - start)
        count = sum(p.numel() for p in parameters) / 1e6
        print(
            f"PyTorch {name} {precision} {layout}: {per_second:.2f} steps/s, "
            f"{per_second * batch:.0f} images/s, {count:.1f} M parameters",
            flush=True,
        )


if __name__ == "__main__":
    main()
