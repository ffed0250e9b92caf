"""The wheel as a user gets it."""

import os
import statistics
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import residuum


def test_importing_takes_less_than_50_ms():
    code = "import numpy, time; t = time.perf_counter(); import residuum; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
        for _ in range(7)
    ]
    assert statistics.median(times) < 0.05, times


def test_nothing_but_numpy_is_loaded():
    code = """
import numpy, numpy.random, sys
before = {name.split(".")[0] for name in sys.modules}
import residuum, residuum.metrics, residuum.pyod
model = residuum.Detector(calibration=0.5).fit(numpy.random.default_rng(0).normal(size=(900, 4)))
model.predict(numpy.zeros((1, 4)))
found = {name.split(".")[0] for name in sys.modules} - before - set(sys.stdlib_module_names)
print(sorted(found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "['residuum']\n", done.stderr


@pytest.fixture
def wheel():
    path = os.environ.get("RESIDUUM_WHEEL")
    if not path:
        pytest.skip("no wheel: RESIDUUM_WHEEL names it, as cargo xtask test does")
    return Path(path)


def test_the_wheel_is_small_and_for_every_python_from_3_10(wheel):
    assert wheel.stat().st_size < 6e6
    assert "-cp310-abi3-" in wheel.name


def test_it_installs_into_a_bare_environment(wheel, tmp_path):
    """numpy, the only requirement, is lent by this environment: no index is asked."""
    import numpy

    venv.create(tmp_path / "bare", with_pip=True)
    python = tmp_path / "bare/bin/python"
    pip = [python, "-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    code = """
import importlib.metadata as m
print([r for r in m.requires("residuum") or []])
import residuum, numpy
x = numpy.random.default_rng(0).normal(size=(50, 3))
print(residuum.KNN().fit(x).predict(x).shape, residuum.__version__ == m.version("residuum"))
"""
    lent = tmp_path / "lent"
    lent.mkdir()
    packages = Path(numpy.__file__).parents[1]
    for path in packages.glob("numpy*"):
        (lent / path.name).symlink_to(path)
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(lent)}
    )
    assert done.stdout == "['numpy>=1.23']\n(50,) True\n", done.stderr


def test_types_are_there_for_every_name():
    folder = Path(residuum.__file__).parent
    assert (folder / "py.typed").is_file()
    stub = (folder / "_residuum.pyi").read_text()
    from residuum import _residuum

    for name in vars(_residuum):
        if not name.startswith("_") and name != "residuum":
            assert f"class {name}:" in stub or f"def {name}(" in stub, name
    for kind in (_residuum.Model, _residuum.Columns):
        for name in vars(kind):
            if not name.startswith("_"):
                assert f"def {name}(" in stub, name
