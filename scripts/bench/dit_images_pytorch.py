"""Training steps a second of a diffusion transformer over images in PyTorch, eager and compiled: the
peer of

    cargo run -p dit --release --example throughput -- [size] [patch] [side] [batch] [steps] [f32|bf16] [peak TFLOP/s]

    pip install torch==2.11.0
    python scripts/bench/dit_images_pytorch.py [size] [patch] [side] [batch] [steps] [f32|bf16] [peak TFLOP/s]

The network is that of the golden values, `scripts/golden/dit.py`; AdamW is PyTorch's fused one on CUDA.
"""

import sys
import time
from pathlib import Path

import torch
from torch import nn

here = Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent / "golden")]
from dit import SIZES, Dit  # noqa: E402

CHANNELS, WARM_UP = 3, 10


def multiply_adds(depth, width, patch, side):
    tokens, d_token = (side // patch) ** 2, CHANNELS * patch**2
    block = tokens * (12 * width * width + 2 * tokens * width) + 6 * width * width
    return depth * block + tokens * 3 * d_token * width


def main():
    given = sys.argv[1:]
    size, patch, side, batch, steps, precision, peak = given + ["s", "8", "32", "8", "5", "f32", "0"][len(given) :]
    patch, side, batch, steps, peak = int(patch), int(side), int(batch), int(steps), float(peak)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    depth, width, heads = SIZES[size]
    bars = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, device=device), 0)
    signal, noise = bars.sqrt(), (1 - bars).sqrt()
    x_0 = torch.randn(batch, CHANNELS, side, side, device=device)

    def finish():
        if device == "cuda":
            torch.cuda.synchronize()

    for name in ("eager", "compiled"):
        torch.manual_seed(0)
        network = Dit(CHANNELS, side, side, patch, depth, width, heads).to(device).train()
        parameters = [p for p in network.parameters() if p.requires_grad]
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
                found = run(x_t, t.float())[:, :CHANNELS]
                loss = nn.functional.mse_loss(found.float(), eps)
            loss.backward()
            optimizer.step()
        finish()
        per_second = steps / (time.perf_counter() - start)
        images = per_second * batch
        tflops = images * 6 * multiply_adds(depth, width, patch, side) / 1e12
        share = f", {100 * tflops / peak:.1f} % of {peak:g} TFLOP/s" if peak else ""
        print(
            f"PyTorch {name} {precision}: {per_second:.2f} steps/s, {images:.0f} images/s, "
            f"{tflops:.2f} TFLOP/s{share}",
            flush=True,
        )


if __name__ == "__main__":
    main()
