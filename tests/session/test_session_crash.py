"""Programs that are killed while they train, and runs that fail: what is left, and how it goes on."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from session_help import paused_after, same_bits, until

from engines.clustering.kmeans import KMeans
from engines.clustering.lloyd import Lloyd
from workbench.data import guess
from workbench.project import Project
from workbench.project.disk import Disk
from workbench.session import Session, SessionError, recorder

GMLVQ = ("GMLVQ", {"solver": "adam", "max_iter": 25, "random_state": 0, "n_jobs": 1})
LLOYD = ("KMeans", {"n_clusters": 40, "n_init": 40, "tol": 0.0, "random_state": 0, "n_jobs": 1})


def kill_after(path: Path, csv: Path, steps: int, engine: str, parameters: dict) -> None:
    """Train in a program of its own and kill it once it has done so many steps."""
    root, program = Path(__file__).parents[2], Path(__file__).with_name("session_child.py")
    command = [sys.executable, str(program), str(path), str(csv), engine, json.dumps(parameters)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=environment) as child:
        for line in child.stdout:
            if int(line.split()[0]) >= steps:
                child.send_signal(signal.SIGKILL)
                break
    assert child.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
@pytest.mark.parametrize(
    ("steps", "engine"),
    [
        (15, LLOYD),
        pytest.param(0, LLOYD, marks=pytest.mark.slow),
        *(pytest.param(k, engine, marks=pytest.mark.slow) for k in range(1, 20, 3) for engine in (LLOYD, GMLVQ)),
    ],
)
def test_a_killed_run_goes_on_to_the_same_end_bit_for_bit(tmp_path, blobs_csv, steps, engine):
    path = tmp_path / "killed.vqw"
    kill_after(path, blobs_csv, steps, *engine)
    with Session.open(path) as session:
        run = session.run("cut")
        assert run.status in ("interrupted", "finished")
        if run.status == "interrupted":
            session.resume_run(run)
            assert run.wait(120) == "finished", run.error
        whole = session.add_run(run.dataset, *engine)
        assert whole.wait(120) == "finished"
        assert same_bits(run.model(), whole.model())
        assert run.history.keys() == whole.history.keys()
        for name, column in whole.history.items():
            np.testing.assert_array_equal(run.history[name], column)
        assert [s.iteration for s in run.snapshots()] == [s.iteration for s in whole.snapshots()]
        assert session.project.verify() == []


def test_a_cost_that_is_no_number_fails_the_run_and_keeps_the_last_good_state(session, blobs, monkeypatch):
    step = Lloyd.snapshot

    def diverging(self):
        snapshot = step(self)
        if snapshot.iteration == 3:
            object.__setattr__(snapshot, "cost", float("nan"))
        return snapshot

    told = []
    session.events.failed.connect(lambda title, detail: told.append((title, detail)))
    monkeypatch.setattr(Lloyd, "snapshot", diverging)
    run = paused_after(session, blobs, 3, "KMeans", {"n_clusters": 9, "random_state": 1})
    until(lambda: run.file.state() is not None)
    run.resume()
    assert run.wait(120) == "failed"
    assert run.error == ("the cost became nan in iteration 3; scale the features or choose a smaller learning rate.")
    assert run.latest.iteration == 2
    assert run.model().prototypes_.tobytes() == run.latest.arrays["prototypes"].tobytes()
    assert told == [(run.name, run.error)]
    monkeypatch.undo()
    run.resume()
    assert run.wait(120) == "finished"
    assert run.error == ""
    whole = KMeans(9, random_state=1).fit(blobs.rows().read(0, 180))
    assert run.model().prototypes_.tobytes() == whole.prototypes_.tobytes()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "there is not enough memory for it; use fewer rows, features or prototypes."),
        (ValueError("X is bent\nsecond line"), "X is bent."),
        (RuntimeError(), "an error of the kind RuntimeError without further words."),
    ],
)
def test_an_error_inside_a_step_fails_the_run_in_one_sentence_and_the_session_goes_on(
    session, blobs, monkeypatch, error, sentence
):
    step, calls = Lloyd.step, []

    def failing(self, stop):
        calls.append(1)
        if len(calls) == 3:
            raise error
        step(self, stop)

    monkeypatch.setattr(Lloyd, "step", failing)
    run = session.add_run(blobs, "KMeans", {"n_clusters": 9, "random_state": 1})
    assert run.wait(120) == "failed"
    assert run.error == sentence
    assert run.latest.iteration == 2
    monkeypatch.undo()
    after = session.add_run(blobs, "KMeans", {"n_clusters": 9, "random_state": 1})
    assert after.wait(120) == "finished"
    run.resume()
    assert run.wait(120) == "finished"
    assert same_bits(run.model(), after.model())


class FullDisk(Disk):
    """A disk that can run full."""

    full = False

    def write(self, handle, data, offset):
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(handle, data, offset)


@pytest.fixture
def full_disk(tmp_path):
    disk = FullDisk()
    with Session(Project.create(tmp_path / "full.vqw", disk=disk)) as session:
        yield session, disk
        disk.full = False


def test_a_full_disk_fails_the_run_keeps_the_last_state_and_it_goes_on_when_there_is_room(
    full_disk, blobs_csv, monkeypatch
):
    session, disk = full_disk
    monkeypatch.setattr(recorder, "SAVE_SECONDS", 0.0)
    blobs = session.import_data(guess(blobs_csv)).result(60)
    run = paused_after(session, blobs, 3, "GMLVQ", {"max_iter": 30, "random_state": 0, "tol": 0.0})
    until(lambda: run.file.state() is not None)
    disk.full = True
    run.resume()
    assert run.wait(120) == "failed"
    assert run.error.startswith("There is no room left on the disk that holds 'full.vqw'")
    assert run.model().prototypes_.shape == run.latest.arrays["prototypes"].shape
    with pytest.raises(Exception, match="no room left"):
        session.rename(run, "other")
    assert run.name != "other"
    with pytest.raises(Exception, match="no room left"):
        session.add_run(blobs, "KMeans")
    assert list(session.runs.values()) == [run]
    disk.full = False
    run.resume()
    assert run.wait(120) == "finished"
    whole = session.add_run(blobs, "GMLVQ", {"max_iter": 30, "random_state": 0, "tol": 0.0})
    whole.wait(120)
    assert same_bits(run.model(), whole.model())


def test_an_import_on_a_full_disk_fails_in_one_sentence_and_leaves_nothing(full_disk, blobs_csv):
    session, disk = full_disk
    disk.full = True
    job = session.import_data(guess(blobs_csv))
    with pytest.raises(Exception, match="There is no room left on the disk"):
        job.result(60)
    assert (job.status, dict(session.datasets), session.can_undo) == ("failed", {}, None)


def test_a_stop_is_felt_inside_a_long_step(session, blobs, monkeypatch):
    entered = threading.Event()

    def endless(self, stop):
        entered.set()
        while True:
            stop.check()

    monkeypatch.setattr(Lloyd, "step", endless)
    run = session.add_run(blobs, "KMeans", {"n_clusters": 3})
    assert entered.wait(30)
    run.stop()
    assert run.wait(30) == "stopped"
    assert run.latest.iteration == 0


def test_a_run_that_an_engine_refuses_fails_with_its_sentence(session, blobs):
    run = session.add_run(blobs, "KMeans", {"n_clusters": 2, "init": [[0.0, 0.0], [1.0, 1.0]]})
    assert run.wait(120) == "failed"
    assert run.error == "init has shape (2, 2), expected (2, 4): one row for each prototype."
    with pytest.raises(SessionError, match="init has shape"):
        run.job.result()
