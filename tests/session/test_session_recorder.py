"""When a training is saved, what a save holds, and that the worker does not wait for it."""

from __future__ import annotations

import random
import threading
from concurrent.futures import Future

import numpy as np
import pytest
from session_help import paused_after, until

from engines import Snapshot
from workbench.data import guess
from workbench.project import StorageFull, schema
from workbench.session import Session, recorder
from workbench.session.recorder import CommitTimer, Recorder
from workbench.session.timeline import Thinning


class SlowStorage:
    """Keeps the saves and leaves them unfinished until told."""

    def __init__(self):
        self.saves, self.futures = [], []

    def save(self, save, timer):
        self.saves.append(save)
        self.futures.append(Future())
        return self.futures[-1]


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(recorder, "time", clock)
    return clock


def snapshot(iteration, cost=None, size=10):
    cost = 100.0 - iteration if cost is None else cost
    return Snapshot(iteration, None, cost, {}, "", lambda: {"prototypes": np.full((size, 2), float(iteration))})


def test_a_state_is_due_after_five_seconds_and_never_while_a_save_is_under_way(clock):
    storage = SlowStorage()
    made = Recorder(storage, Thinning(), set())
    made.offer(snapshot(0))
    assert not made.due()
    clock.now = 5.0
    assert made.due()
    made.save({}, {}, {})
    clock.now = 100.0
    assert not made.due()
    assert made.busy()
    storage.futures[0].set_result(None)
    assert made.due()


def test_slow_commits_make_saves_rarer(clock):
    storage = SlowStorage()
    made = Recorder(storage, Thinning(), set())
    made.save({}, {}, {})
    storage.futures[0].set_result(None)
    made._timer.begin()
    clock.now = 2.0
    made._timer.end()
    clock.now = 19.9
    assert not made.due()
    clock.now = 20.1
    assert made.due()


def test_a_failed_save_is_told_at_the_next_step(clock):
    storage = SlowStorage()
    made = Recorder(storage, Thinning(), set())
    made.save({}, {}, {})
    storage.futures[0].set_exception(StorageFull("There is no room left."))
    with pytest.raises(StorageFull):
        made.due()


def test_many_great_snapshots_are_saved_before_they_fill_the_memory(clock):
    made = Recorder(SlowStorage(), Thinning(), set())
    for k in range(3):
        made.offer(snapshot(k, size=recorder.MOST_HELD_BYTES // 16 // 2))
    assert made.due()


def test_each_save_brings_the_stored_timeline_to_what_is_wanted_and_the_last(clock):
    storage, stored = SlowStorage(), {}
    made = Recorder(storage, Thinning(), set())
    costs = [random.Random(k).random() for k in range(500)]
    for k, cost in enumerate(costs):
        made.offer(snapshot(k, cost))
        if k % 7 == 3:
            made.save({}, {}, {})
            save = storage.saves[-1]
            for iteration in save.drop:
                del stored[iteration]
            assert not save.keep.keys() & stored.keys()
            stored.update(save.keep)
            assert stored.keys() == Thinning.from_json(save.attributes["timeline"]).wanted() | {k}
            assert all(s.iteration == i for i, s in stored.items())
            assert int(np.argmin(costs[: k + 1])) in stored
    assert len(stored) <= 67


def test_a_pause_saves_the_state_and_slots_take_turns(session, blobs):
    run = paused_after(session, blobs, 2, "KMeans", {"n_clusters": 9, "random_state": 1})
    until(lambda: len(session.project.read(lambda reader: reader.keys(f"{run.id}/state")).result()) == 1)
    run.step()
    until(lambda: len(session.project.read(lambda reader: reader.keys(f"{run.id}/state")).result()) == 2)
    state = run.file.state()
    assert state["history"]["iteration"] == [0.0, 1.0, 2.0]
    assert session.project.read(lambda reader: schema.read_run(reader, run.id)).result().status == "paused"


def test_training_goes_on_while_the_storage_thread_is_held_up(session, blobs, monkeypatch):
    monkeypatch.setattr(recorder, "SAVE_SECONDS", 0.0)
    go_on = threading.Event()
    run = paused_after(session, blobs, 1, "KMeans", {"n_clusters": 40, "n_init": 500, "tol": 0.0})
    session.project.transact(lambda transaction: go_on.wait(30))
    n = run.sequence
    run.resume()
    until(lambda: run.sequence > n + 10)
    go_on.set()
    run.stop()
    assert run.wait(30) == "stopped"


def test_timer_measures_from_begin_to_end(clock):
    timer = CommitTimer()
    timer.begin()
    clock.now = 3.0
    timer.end()
    assert timer.seconds == 3.0


def test_many_threads_at_once_neither_hang_nor_lose_a_command(tmp_path, blobs_csv):
    path = tmp_path / "busy.vqw"
    errors = []

    def work(number):
        try:
            for k in range(6):
                run = session.add_run(blobs, "KMeans", {"n_clusters": 2}, name=f"run {number}.{k}", paused=k % 2 == 0)
                if k % 3 == 0:
                    session.rename(run, f"{run.name}!")
                session.note(run, f"{number}")
                run.stop()
        except Exception as error:
            errors.append(error)

    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(session.runs) > 5)
        session.undo()
        for thread in threads:
            thread.join(60)
        count = len(session.log)
    assert errors == []
    with Session.open(path) as session:
        assert len(session.log) == count
        assert not [run for run in session.runs.values() if run.active]
        assert session.project.verify() == []
