"""What the tests share. Tests that miss what they need are skipped and counted by `cargo xtask test`."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]


def pytest_runtest_logreport(report):
    """A line for each skipped test in the file that RESIDUUM_SKIPPED names."""
    path = os.environ.get("RESIDUUM_SKIPPED")
    if path and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        with open(path, "a") as file:
            file.write(f"python {report.nodeid}: {' '.join(reason.split())}\n")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def rows(rng):
    """500 correlated rows of 6 columns, and 60 others, the last ten of them odd."""
    mix = rng.normal(size=(6, 6))
    train, test = rng.normal(size=(500, 6)) @ mix, rng.normal(size=(60, 6)) @ mix
    test[50:] += 6 * rng.normal(size=(10, 6))
    return train, test


@pytest.fixture(scope="session")
def program():
    """The program `residuum`, called with arguments; its standard output."""
    path = os.environ.get("RESIDUUM_PROGRAM") or ROOT / "target/release/residuum"
    if not Path(path).is_file():
        pytest.skip("no program: cargo build --release -p cli")

    def run(*arguments):
        done = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def real_sets(most_rows=2500):
    """Ten small real sets of ADBench, in the folders of RESIDUUM_DATA: names and rows in 64 bits."""
    names = [
        "4_breastw", "12_fault", "14_glass", "18_Ionosphere", "29_Pima",
        "37_Stamps", "39_vertebral", "42_WBC", "43_WDBC", "47_yeast",
    ]  # fmt: skip
    folders = os.environ.get("RESIDUUM_DATA", "").split(":")
    found = []
    for folder in filter(None, folders):
        for name in names:
            path = Path(folder) / "adbench/Classical" / f"{name}.npz"
            if path.is_file():
                with np.load(path) as file:
                    found.append((name, np.ascontiguousarray(file["X"][:most_rows], dtype=np.float64)))
    return found


@pytest.fixture(scope="session")
def ten_sets():
    found = real_sets()
    if len(found) < 10:
        pytest.skip("no data: RESIDUUM_DATA names no folder with ADBench")
    return found
