"""One job of one's own data, done with Residuum, with PyOD and, on paper, with anomalib.

    python -m venv env && env/bin/pip install -r scripts/bench/requirements.txt -r scripts/bench/requirements-own-data.txt
    env/bin/python scripts/bench/own_data.py target/release/residuum > docs/compared.md

The job: fit a detector to 100,000 x 30 rows of Parquet, save it, load it in another process, score 100,000 other rows
and write their scores. Both sides read and write the same files. Seconds are the medians of three rounds, each round
every side once, with the start of the process. PyOD's program is written below as its documentation does it; its lines
are counted. What is installed is the size of the folder of the packages without pip: PyOD, what it needs, and pandas and
pyarrow, with which it reads Parquet; of anomalib, which brings PyTorch, it is the size of the wheels that pip would fetch, by pip's own report.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

ROWS, COLUMNS, ROUNDS = 100_000, 30, 3

PYOD_FIT = """\
import joblib, pandas as pd
from pyod.models.{module} import {name}
train = pd.read_parquet("train.parquet").to_numpy()
detector = {name}({settings}).fit(train)
joblib.dump(detector, "{name}.joblib")
"""
PYOD_SCORE = """\
import joblib, pandas as pd
detector = joblib.load("{name}.joblib")
new = pd.read_parquet("new.parquet")
new["score"] = detector.decision_function(new.to_numpy())
new["anomaly"] = detector.predict(new[new.columns[:-1]].to_numpy())
new.to_parquet("{name}.parquet")
"""
# What a fitted detector says in the process that fitted it.
PYOD_BEFORE = PYOD_FIT + """\
import numpy as np
np.save("before.npy", detector.decision_function(pd.read_parquet("new.parquet").to_numpy()))
"""
ANOMALIB = """\
from anomalib.data import Folder
from anomalib.engine import Engine
from anomalib.models import Patchcore
data = Folder(name="parts", root="photos", normal_dir="good")
engine = Engine()
engine.fit(model=Patchcore(), datamodule=data)
predictions = engine.predict(model=Patchcore(), data_path="photos/new", ckpt_path=engine.best_model_path)
"""
METHODS = [
    ("iforest", "iforest", "IForest", "random_state=0"),
    ("copod", "copod", "COPOD", ""),
]


def seconds(command, folder):
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def lines(text):
    return sum(1 for line in text.splitlines() if line.strip())


def megabytes(paths):
    files = [f for p in paths for f in (p.rglob("*") if p.is_dir() else [p]) if f.is_file() and not f.is_symlink()]
    return sum(f.stat().st_size for f in files) / 1e6


def installed():
    """Megabytes of the packages of this environment, but for pip."""
    site = Path(np.__file__).parent.parent
    left_out = ("pip", "setuptools", "_distutils")
    return megabytes([p for p in site.iterdir() if not p.name.startswith(left_out)])


def wheels(requirement):
    """Megabytes of the wheels that pip would fetch for it, and how many packages that are."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        done = subprocess.run([*pip, "--report", str(report), requirement], capture_output=True)
        if done.returncode != 0:
            return None
        items = json.loads(report.read_text())["install"]
    total = 0
    for item in items:
        asked = urllib.request.Request(item["download_info"]["url"], method="HEAD")
        with urllib.request.urlopen(asked) as answer:
            total += int(answer.headers["Content-Length"])
    return total / 1e6, len(items)


def main(program):
    program = Path(program).resolve()
    os.environ["OMP_WAIT_POLICY"] = "passive"
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(COLUMNS, COLUMNS))
    table = lambda: pd.DataFrame(rng.normal(size=(ROWS, COLUMNS)) @ mix, columns=[f"c{i}" for i in range(COLUMNS)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table().to_parquet(folder / "train.parquet")
        table().to_parquet(folder / "new.parquet")
        sides = {}
        for ours, module, peer, settings in METHODS:
            values = dict(module=module, name=peer, settings=settings)
            fit, score = PYOD_FIT.format(**values), PYOD_SCORE.format(**values)
            sides[ours, "Residuum"] = (
                [program, "fit", "train.parquet", "-o", f"{ours}.residuum", "--method", ours],
                [program, "score", f"{ours}.residuum", "new.parquet", "-o", f"{ours}.parquet"],
            )
            sides[ours, "PyOD"] = ([sys.executable, "-c", fit], [sys.executable, "-c", score])
        sides["auto", "Residuum"] = (
            [program, "fit", "train.parquet", "-o", "auto.residuum"],
            [program, "score", "auto.residuum", "new.parquet", "-o", "auto.parquet"],
        )
        times = {side: [] for side in sides}
        for _ in range(ROUNDS):
            for side, (fit, score) in sides.items():
                times[side].append((seconds(fit, folder), seconds(score, folder)))
        same = {}
        for ours, module, peer, settings in METHODS:
            before = PYOD_BEFORE.format(module=module, name=peer, settings=settings)
            subprocess.run([sys.executable, "-c", before], cwd=folder, check=True)
            after = pd.read_parquet(folder / f"{peer}.parquet")["score"].to_numpy()
            same[ours] = bool((np.load(folder / "before.npy") == after).all())
        stored = {}
        for (method, side) in sides:
            peer = {m[0]: m[2] for m in METHODS}.get(method)
            file = f"{method}.residuum" if side == "Residuum" else f"{peer}.joblib"
            stored[method, side] = (folder / file).stat().st_size / 1e6

    ours_mb = program.stat().st_size / 1e6
    pyod_mb = installed()
    anomalib = wheels("anomalib==2.7.0")
    fit, score = PYOD_FIT, PYOD_SCORE
    print("# Beside PyOD and anomalib\n")
    print("The same job with each: " + " ".join(__doc__.split("The job: ")[1].split("Both sides")[0].split()) + "\n")
    print("| | fit and save, s | load, score and write, s | model, MB | loaded scores equal the fitted ones |")
    print("| --- | ---: | ---: | ---: | --- |")
    for (method, side), pairs in times.items():
        fits, scores = zip(*pairs)
        equal = "yes, bit for bit (tested for every method)" if side == "Residuum" else ("yes" if same[method] else "no")
        median = lambda x: f"{statistics.median(x):.2f}"
        print(f"| {method}, {side} | {median(fits)} | {median(scores)} | {stored[method, side]:.2f} | {equal} |")
    print("\n| | to write | installed, MB | the file it saves | threshold |")
    print("| --- | --- | ---: | --- | --- |")
    print(f"| Residuum | 2 commands | {ours_mb:.0f} | safetensors: numbers and JSON | from held-out rows, at a rate that is certified |")
    print(f"| PyOD {version('pyod')} | {lines(fit) + lines(score)} lines of Python | {pyod_mb:.0f} with pandas and pyarrow | a pickle, which can execute code | from a share of anomalies that one has to know (0.1) |")
    if anomalib:
        size, count = anomalib
        print(f"| anomalib 2.7.0 (photographs) | {lines(ANOMALIB)} lines of Python | {size:.0f} to download, {count} packages | a checkpoint of PyTorch | from labelled validation images |")
    print("\nResiduum holds one row in five out of training and calibrates on it; PyOD trains on all rows.")
    print("\nanomalib was not run: its backbones' weights come from a host other than the package index.")
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    print(f"\nMade by `scripts/bench/own_data.py`; medians of {ROUNDS} rounds. {cpu}, {os.cpu_count()} cores; Python {sys.version.split()[0]}, "
          f"NumPy {np.__version__}, pandas {pd.__version__}, scikit-learn {version('scikit-learn')}.")


if __name__ == "__main__":
    main(sys.argv[1])
