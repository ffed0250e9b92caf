"""The examples run, and say what they say."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def run(name):
    done = subprocess.run([sys.executable, EXAMPLES / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_alarms():
    pytest.importorskip("pandas")
    first, second = run("alarms.py").splitlines()
    words = first.split()
    odd, all_of, malignant = int(words[0]), int(words[2]), int(words[6])
    assert all_of == 100 and 30 <= malignant <= 43 and odd - malignant <= 12
    assert second.startswith("id ") and "%" in second


def test_replacing_pyod():
    first, second = run("replacing_pyod.py").splitlines()
    assert first == "training rows called odd: 50"
    assert float(second.split()[-1]) > 0.9


def test_stream():
    alarms = run("stream.py").strip().removeprefix("rows with an alarm: ")
    rows = [int(row) for row in alarms.strip("[]").split(",")]
    assert 1500 in rows and len(rows) <= 8


def test_every_example_is_tested():
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"alarms.py", "replacing_pyod.py", "stream.py"}
