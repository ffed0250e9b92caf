"""The examples run, and say what they say."""

import re
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


def test_the_readmes_section_prints_what_it_shows(tmp_path):
    pytest.importorskip("pandas")
    root = EXAMPLES.parents[2]
    section = (root / "README.md").read_text().split("## From Python")[1]
    code, shown = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", section, re.DOTALL).groups()
    (tmp_path / "data").symlink_to(root / "data")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == shown, done.stderr


def test_what_the_packages_readme_shows_of_a_model(tmp_path):
    pytest.importorskip("pandas")
    page = (EXAMPLES.parent / "README.md").read_text()
    code, shown = re.search(r"```python\n(.*?)```.*?```python\n(.*?)```", page, re.DOTALL).groups()
    data = EXAMPLES.parents[2] / "data/breast-cancer"
    for name in ("normal", "new"):
        (tmp_path / f"{name}.csv").symlink_to(data / f"{name}.csv")
    calls = [line for line in shown.splitlines() if line and not line.startswith("#")]
    code += "".join(f"print('#', {call})\n" for call in calls)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines() == [line for line in shown.splitlines() if line.startswith("#")], done.stderr


def test_every_example_is_tested():
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"alarms.py", "replacing_pyod.py", "stream.py"}
