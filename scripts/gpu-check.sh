#!/usr/bin/env bash
# Checks the networks on a GPU and measures training in bf16 beside PyTorch: DiT-B/2 at 32x32, DiT-B/16 at
# 224x224, Ho's U-Net at 32x32 and a U-Net at 224x224, both layouts; and small networks trained as one
# (`train.replicas`) beside the same ones one after another, with the largest difference of their scores.
#
#   scripts/gpu-check.sh pack [DIR]         where Rust is: builds and collects what the other machine needs
#   DIR/gpu-check.sh run [DIR] [--cpu]      where the GPU is: Python with PyTorch 2.11 and nothing else
#
# DIR is target/gpu-check unless given. `run` prints the parity tests' result and the speeds, and writes
# both to DIR/gpu.md, a section for benches/gpu.md. With --cpu it does the same without a GPU, at a tiny
# size: a test of this script.
set -euo pipefail

packages=(diffusion-core layers mlp dit unet training patches)

pack() {
    cd "$(dirname "${BASH_SOURCE[0]}")/.."
    local dir="$1" select=() package
    for package in "${packages[@]}"; do select+=(-p "$package"); done
    mkdir -p "$dir/tests"
    rm -f "$dir"/tests/*
    cargo test --release --no-run --tests "${select[@]}" --message-format=json |
        python3 -c '
import json, sys
for line in sys.stdin:
    made = json.loads(line)
    target = made.get("target", {})
    if made.get("executable") and "test" in target.get("kind", []):
        package = made["package_id"].split("#")[0].rsplit("/", 1)[-1]
        print(made["executable"], package + "-" + target["name"])' |
        while read -r program name; do
            strip -o "$dir/tests/$name" "$program"
        done
    cargo build --release -p dit --example throughput -p unet --example unet_throughput \
        -p networks --example replicas
    local examples="${CARGO_TARGET_DIR:-target}/release/examples"
    strip -o "$dir/throughput-dit" "$examples/throughput"
    strip -o "$dir/throughput-unet" "$examples/unet_throughput"
    strip -o "$dir/replicas" "$examples/replicas"
    # The network whose features `patches` works on; without it those tests say that they were skipped.
    local weights="${RESIDUUM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/residuum}/weights"
    rm -rf "$dir/cache"
    if [[ -d $weights ]]; then
        mkdir -p "$dir/cache"
        cp -r "$weights" "$dir/cache/"
    fi
    cp scripts/gpu-check.sh scripts/bench/{dit_images,unet}_pytorch.py scripts/golden/{dit,unet}.py "$dir/"
    echo "packed: $(du -sh "$dir" | cut -f1) in $dir"
}

run() {
    local dir="$1" device="$2" python lib peak=0
    dir="$(cd "$dir" && pwd)"
    python="$(command -v python3)" || fail "no python3: PyTorch 2.11 brings the libtorch this needs"
    lib="$("$python" -c '
import pathlib, sys, torch
if not torch.__version__.startswith("2.11."):
    sys.exit(f"PyTorch {torch.__version__}, expected 2.11: install torch==2.11.0")
print(pathlib.Path(torch.__file__).parent / "lib")')" || fail "PyTorch 2.11 is needed"
    export LD_LIBRARY_PATH="$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" RESIDUUM_CACHE="$dir/cache"
    local replicas=("2 64 8 3") dits=("s 8 32 8 3 bf16") unets=("small 32 8 3 bf16 nchw" "small 32 8 3 bf16 nhwc")
    if [[ $device == cuda ]]; then
        "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' ||
            fail "PyTorch sees no GPU; --cpu tests the script without one"
        # Opened before the program starts, the library registers the CUDA kernels.
        export LD_PRELOAD="$lib/libtorch_cuda.so"
        # The maker's figures for dense bf16; for another GPU give GPU_PEAK_TFLOPS, or the share of
        # its peak is left out.
        case "$(nvidia-smi --query-gpu=name --format=csv,noheader | head -1)" in
            *"H100 PCIe"*) peak=756 ;;
            *H100* | *H200*) peak=989 ;;
            *A100*) peak=312 ;;
        esac
        peak="${GPU_PEAK_TFLOPS:-$peak}"
        replicas=("8 1000 32 400" "8 5000 32 400" "16 1000 512 400")
        dits=("b 2 32 256 100 bf16 $peak" "b 16 224 256 50 bf16 $peak")
        unets=()
        local layout
        for layout in nchw nhwc; do
            unets+=("small 32 256 100 bf16 $layout" "ho 32 128 50 bf16 $layout"
                "side 224 8 20 bf16 $layout")
        done
    else
        export CUDA_VISIBLE_DEVICES=""
    fi
    {
        echo "## $(date -u +%F), $(hardware "$device")"
        echo
        # Inside a group whose status is tested, `set -e` is off.
        parity "$dir" || exit 1
        replicas "$dir" "${replicas[@]}" || exit 1
        speeds "$dir" "$python" dit dit_images_pytorch.py \
            "size, patch, side, batch, steps, precision, peak" "${dits[@]}" || exit 1
        speeds "$dir" "$python" unet unet_pytorch.py \
            "size, side, batch, steps, precision, layout" "${unets[@]}" || exit 1
    } 2>"$dir/gpu-check.log" | tee "$dir/gpu.md" || {
        tail -20 "$dir/gpu-check.log" >&2
        fail "stopped; all messages are in $dir/gpu-check.log"
    }
}

# speeds DIR PYTHON PACKAGE PEER MEANING ARGUMENTS..: ours and PyTorch's for each of ARGUMENTS.
speeds() {
    local dir="$1" python="$2" package="$3" peer="$4" meaning="$5" arguments
    shift 5
    for arguments in "$@"; do
        echo
        echo "Training, \`$package: throughput $arguments\` ($meaning):"
        echo
        # Unquoted: several words.
        "$dir/throughput-$package" $arguments | sed 's/^/- /' || return 1
        env -u LD_PRELOAD "$python" "$dir/$peer" $arguments | sed 's/^/- /' || return 1
    done
}

# replicas DIR ARGUMENTS..: networks as one beside one after another, in full precision.
replicas() {
    local dir="$1" arguments
    shift
    for arguments in "$@"; do
        echo
        echo "Replicas, \`networks: replicas $arguments\` (replicas, rows, columns, epochs):"
        echo
        # Unquoted: several words.
        NVIDIA_TF32_OVERRIDE=0 "$dir/replicas" $arguments | sed 's/^/- /' || return 1
    done
}

# TF32 keeps 10 bits of a number: parity is asked of full precision.
parity() {
    local test
    rm -f "$1/parity.log"
    for test in "$1"/tests/*; do
        if NVIDIA_TF32_OVERRIDE=0 "$test" --test-threads=1 >>"$1/parity.log" 2>&1; then
            echo "- $(basename "$test"): passed"
        else
            echo "- $(basename "$test"): FAILED"
            tail -40 "$1/parity.log" >&2
            return 1
        fi
    done
}

hardware() {
    if [[ $1 == cuda ]]; then
        nvidia-smi --query-gpu=name,driver_version --format=csv,noheader | head -1
    else
        echo "CPU, $(nproc) cores (a test of the script: these figures mean nothing)"
    fi
}

fail() {
    echo "error: $1" >&2
    exit 1
}

command="${1:-}"
shift || true
dir=target/gpu-check device=cuda
for argument in "$@"; do
    case "$argument" in
        --cpu) device=cpu ;;
        *) dir="$argument" ;;
    esac
done
case "$command" in
    pack) pack "$dir" ;;
    run) run "$dir" "$device" ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
