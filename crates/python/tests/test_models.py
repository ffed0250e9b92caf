"""Decisions, files, pickles, threads and signals."""

import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import residuum

CLASSES = residuum.CLASSES


def same(a, b):
    return np.array_equal(np.asarray(a).view(np.int64), np.asarray(b).view(np.int64))


@pytest.mark.parametrize("c", CLASSES, ids=lambda c: c.__name__)
def test_pickles_copies_and_files_have_the_same_bits(c, rows, tmp_path):
    train, test = rows
    model = c().fit(train)
    scores, offset = model.anomaly_scores(test), model.offset_
    path = tmp_path / "model.residuum"
    model.save(path)
    for other in (
        pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model),
        c.load(path), residuum.load(path),
    ):  # fmt: skip
        assert same(other.anomaly_scores(test), scores)
        assert (other.predict(test) == model.predict(test)).all()
        assert other.threshold_ == model.threshold_
    # With the same settings: a second fit gives the same.
    assert same(c.load(path).fit(train).anomaly_scores(test), scores)
    assert c.load(path).offset_ == offset
    other = next(other for other in CLASSES if other is not c)
    with pytest.raises(ValueError, match="a model of the method"):
        other.load(path)


def test_an_offset_leaves_a_share_of_the_training_rows_beyond(rows):
    train, _ = rows
    for share in (0.0, 0.01, 0.1):
        model = residuum.KNN(fpr=share).fit(train)
        assert (model.predict(train) == -1).sum() == share * len(train)


def test_calibration_sets_a_threshold_that_is_kept(rng):
    train, fresh = rng.normal(size=(400, 5)), rng.normal(size=(999, 5))
    model = residuum.KNN().fit(train)
    with pytest.raises(residuum.NotCalibratedError, match="trained on all rows"):
        model.p_values(fresh)
    with pytest.raises(ValueError, match="rows it was trained on"):
        model.calibrate(train)
    scores = model.anomaly_scores(fresh)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.calibrate(fresh, fpr=0.05, confidence=0.9) is model
    assert same(model.anomaly_scores(fresh), scores)
    p = model.p_values(fresh)
    expected = [(1 + (scores >= score).sum()) / (len(scores) + 1) for score in scores]
    assert np.allclose(p, expected, rtol=1e-15)
    assert ((scores > model.threshold_) == (model.predict(fresh) == -1)).all()
    assert model.offset_ == -model.threshold_
    assert (model.predict(fresh) == -1).mean() < 0.05
    assert same(model.calibration_scores_, np.sort(scores))
    with pytest.raises(ValueError, match="give more rows"):
        model.calibrate(fresh[:50], fpr=0.01, confidence=0.95)
    # In a pipeline's clone nothing is fitted.
    assert "_fitted" not in vars(type(model)(**model.get_params()))


def test_a_detector_holds_rows_out_and_decides(rng):
    train, normal = rng.normal(size=(3000, 5)), rng.normal(size=(2000, 5))
    odd = rng.normal(size=(100, 5)) + 4
    detector = residuum.Detector(fpr=0.02, confidence=0.95).fit(train)
    assert detector.method_ == "views-and-pairs" and "leads" in detector.reason_
    manifest = detector.to_dict()
    assert (manifest["trained"], manifest["calibrated"]) == (2400, 600)
    assert detector.anomalies(normal).mean() < 0.02
    assert detector.anomalies(odd).mean() > 0.9
    assert len(detector.calibration_scores_) == 600
    found = detector.anomalies(np.vstack([normal, odd]), fdr=0.1)
    assert found[-100:].mean() > 0.8 and found[:-100].sum() <= 0.2 * found.sum()
    assert (detector.decision_function(odd) < 0).mean() > 0.9


def test_few_rows_are_calibrated_in_folds(rng):
    train = rng.normal(size=(150, 4))
    with pytest.warns(residuum.PromiseWarning, match="the rows are few"):
        detector = residuum.Detector(fpr=0.1).fit(train)
    test = np.vstack([rng.normal(size=(200, 4)), rng.normal(size=(20, 4)) + 5])
    p, scores = detector.p_values(test), detector.anomaly_scores(test)
    assert (detector.anomalies(test) == (p <= 0.1)).all()
    # One threshold for all folds: where a score has the p-value 0.1 among all that were held out.
    held_out = detector.calibration_scores_
    pooled = np.array([(1 + (held_out >= score).sum()) / 151 for score in scores])
    decisions = detector.predict(test) == -1
    assert (decisions == (pooled <= 0.1)).all()
    assert (decisions != detector.anomalies(test)).mean() < 0.02
    assert decisions[-20:].all() and decisions[:200].mean() < 0.15
    # Rows that it was fitted to have the scores that were held out.
    assert same(np.sort(-detector.score_samples(train)), held_out)
    assert (detector.fit_predict(train) == -1).sum() == 14
    assert same(-detector.score_samples(test), scores)
    assert np.array_equal(detector.decision_function(test), detector.score_samples(test) - detector.offset_)
    for other in (pickle.loads(pickle.dumps(detector)), copy.copy(detector)):
        assert other.offset_ == detector.offset_


def test_a_program_and_the_package_make_the_same_model(program, tmp_path, ten_sets):
    for name, X in ten_sets[:4]:
        train, new = X[::2], X[1::2]
        np.save(tmp_path / "train.npy", train)
        np.save(tmp_path / "new.npy", new)
        for c in CLASSES:
            model, ours = tmp_path / "program.residuum", tmp_path / "ours.residuum"
            program(
                "fit", tmp_path / "train.npy", "-o", model, "--method", c._method,
                "--calibration", "0.3", "--fpr", "0.1",
            )  # fmt: skip
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", residuum.PromiseWarning)
                detector = residuum.Detector(c._method, calibration=0.3, fpr=0.1).fit(train)
            detector.save(ours)
            assert model.read_bytes() == ours.read_bytes(), (name, c)
            rows = table(program("score", model, tmp_path / "new.npy", "--only-scores"))
            assert same(rows["score"], detector.anomaly_scores(new)), (name, c)
            assert same(rows["p_value"], detector.p_values(new)), (name, c)
            assert (rows["anomaly"] == detector.anomalies(new)).all(), (name, c)
            loaded = residuum.load(model)
            assert same(loaded.anomaly_scores(new), rows["score"])
            assert loaded.threshold_ == detector.threshold_


def test_the_program_scores_what_a_class_saved(program, tmp_path, rows):
    train, new = rows
    np.save(tmp_path / "new.npy", new)
    for c in CLASSES:
        path = tmp_path / "class.residuum"
        model = c().fit(train)
        model.save(path)
        found = table(program("score", path, tmp_path / "new.npy", "--only-scores"))
        assert same(found["score"], model.anomaly_scores(new)), c
        assert np.isnan(found["p_value"]).all()
        model.calibrate(new[:50], fpr=0.1).save(path)
        found = table(program("score", path, tmp_path / "new.npy", "--only-scores"))
        assert same(found["p_value"], model.p_values(new)), c


def table(text):
    lines = [line.split(",") for line in text.strip().splitlines()]
    columns = dict(zip(lines[0], zip(*lines[1:])))
    numbers = {k: np.array([float(v) if v else np.nan for v in columns[k]]) for k in ("score", "p_value")}
    return {**numbers, "anomaly": np.array([v == "true" for v in columns["anomaly"]])}


def test_the_readmes_table_has_the_programs_decisions(program, tmp_path):
    pandas = pytest.importorskip("pandas")
    data = os.path.join(os.path.dirname(__file__), "../../../data/breast-cancer")
    model = tmp_path / "cells.residuum"
    program("fit", f"{data}/normal.csv", "-o", model, "--key", "id", "--fpr", "0.05")
    normal, new = pandas.read_csv(f"{data}/normal.csv"), pandas.read_csv(f"{data}/new.csv")
    with pytest.warns(residuum.PromiseWarning):
        detector = residuum.Detector(key="id", fpr=0.05).fit(normal)
    found = table(program("score", model, f"{data}/new.csv", "--only-scores"))
    assert same(found["score"], detector.anomaly_scores(new))
    assert same(found["p_value"], detector.p_values(new))
    assert (found["anomaly"] == detector.anomalies(new)).all()


def test_a_network_names_the_program(tmp_path):
    networks = [m["name"] for m in residuum.methods() if m["needs_libtorch"]]
    assert "ddpm" in networks
    with pytest.raises(RuntimeError, match="needs libtorch; this package has no networks; the program has: `residuum"):
        residuum.Detector("ddpm").fit(np.eye(20))


def test_files_that_are_no_models_are_refused(tmp_path, rows):
    with pytest.raises(FileNotFoundError, match="none.residuum"):
        residuum.load(tmp_path / "none.residuum")
    with pytest.raises(OSError):
        residuum.KNN().fit(rows[0]).save(tmp_path / "no" / "folder.residuum")
    with pytest.raises(residuum.NotFittedError):
        residuum.KNN().save(tmp_path / "knn.residuum")
    path = tmp_path / "knn.residuum"
    residuum.KNN().fit(rows[0]).save(path)
    whole = path.read_bytes()
    for wrong in (b"", b"cos\nsystem\n(S'true'\ntR.", whole[:-1], whole[:300] + b"x" + whole[301:]):
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match="not a model that can be used"):
            residuum.load(path)


def test_threads_share_a_model_and_the_lock_is_released(rows):
    train, test = rows
    model = residuum.KNN().fit(train)
    expected, wrong = model.anomaly_scores(test), []

    def score():
        for _ in range(20):
            if not same(model.anomaly_scores(test), expected):
                wrong.append(1)
            residuum.IsolationForest(n_estimators=10).fit(train)

    threads = [threading.Thread(target=score) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not wrong
    big = np.random.default_rng(0).normal(size=(6000, 40))
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.wait(0.002):
            ticks.append(time.monotonic())

    ticker = threading.Thread(target=tick)
    ticker.start()
    start = time.monotonic()
    residuum.KNN().fit(big).anomaly_scores(big)
    took = time.monotonic() - start
    stop.set()
    ticker.join()
    # The other thread runs on all the time.
    assert len([t for t in ticks if t > start]) > took / 0.02


def test_a_number_of_threads_changes_no_bit(rows):
    train, test = rows
    scores = []
    for n in (1, 2, 3):
        residuum.set_threads(n)
        scores.append(residuum.Wiener().fit(train).anomaly_scores(test))
    assert same(scores[0], scores[1]) and same(scores[0], scores[2])
    with pytest.raises(ValueError):
        residuum.set_threads(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_has_threads_of_its_own(rows):
    code = """
import os, sys, numpy as np, residuum
X = np.random.default_rng(0).normal(size=(300, 4))
model = residuum.KNN().fit(X)
child = os.fork()
if child == 0:
    model.anomaly_scores(X)
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("passed")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "passed\n", done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    "fit",
    [
        "IsolationForest(n_estimators=100_000, max_samples=5000).fit(X[:5000])",
        "OneClassSVM(nu=0.9, tol=1e-12, cache_size=1).fit(X)",
        "KNN().fit(X).anomaly_scores(X)",
        "LocalOutlierFactor().fit(X)",
        "Wiener().fit(X)",
        "Detector().fit(X)",
    ],
)
def test_ctrl_c_stops_a_fit(fit):
    code = f"""
import signal, sys, time, numpy as np, residuum
# Where the tests run in the background a shell has SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
X = np.random.default_rng(0).normal(size=(60_000, 60))
print("ready", flush=True)
try:
    residuum.{fit}
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.4)
    asked = time.monotonic()
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    assert out == "stopped\n"
    # A moment; machines that do other things need a few.
    assert time.monotonic() - asked < 10
