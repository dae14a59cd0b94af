"""The small parts: thinning of the timeline, curves, mailbox, control, pace."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.session.control import Control, Turn
from workbench.session.events import SessionEvents, tell
from workbench.session.mailbox import Curves, Mailbox
from workbench.session.pace import StepClock
from workbench.session.timeline import MOST_BYTES, MOST_SNAPSHOTS, Thinning

costs = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=600)


def offered(costs, n_bytes=1000):
    thinning, stored = Thinning(), set()
    for iteration, cost in enumerate(costs):
        keep, drop = thinning.offer(iteration, cost, n_bytes)
        stored -= set(drop)
        stored |= {iteration} if keep else set()
        assert stored == thinning.wanted()
    return thinning, stored


@given(costs)
@settings(max_examples=50, deadline=None)
def test_a_timeline_holds_the_first_the_best_and_an_even_rest_of_at_most_64(costs):
    thinning, stored = offered(costs)
    assert {0, int(np.argmin(costs))} <= stored
    assert len(thinning.kept) <= MOST_SNAPSHOTS
    assert len(stored) <= MOST_SNAPSHOTS + 2
    assert len(set(np.diff(thinning.kept))) <= 1
    assert len(thinning.kept) >= min(len(costs), MOST_SNAPSHOTS // 2)


def test_great_snapshots_are_bounded_by_bytes():
    _, stored = offered(range(1000), n_bytes=MOST_BYTES // 10)
    assert len(stored) * MOST_BYTES // 10 <= MOST_BYTES


@given(costs, st.integers(0, 600))
@settings(max_examples=50, deadline=None)
def test_thinning_goes_on_from_json_as_if_never_interrupted(costs, cut):
    whole, _ = offered(costs)
    thinning = Thinning()
    for iteration, cost in enumerate(costs):
        if iteration == cut:
            thinning = Thinning.from_json(thinning.to_json())
        thinning.offer(iteration, cost, 1000)
    assert thinning == whole


def test_curves_keep_their_columns_equally_long_while_names_come_and_go():
    curves = Curves()
    for k in range(300):
        curves.append({"iteration": k, "cost": 1.0 / (k + 1)} | ({"late": k} if k % 3 == 1 else {}))
    columns = curves.arrays()
    assert {len(column) for column in columns.values()} == {300}
    late = columns["late"]
    assert np.array_equal(np.isnan(late), np.arange(300) % 3 != 1)
    assert columns["iteration"].tolist() == list(range(300))
    with pytest.raises(ValueError, match="read-only"):
        columns["cost"][0] = 0


def test_curves_already_handed_out_do_not_change():
    curves = Curves({"cost": [3.0, 2.0]})
    before = curves.arrays()["cost"]
    for _ in range(100):
        curves.append({"cost": 1.0})
    assert before.tolist() == [3.0, 2.0]


def test_a_mailbox_holds_the_newest_thing_and_counts():
    box = Mailbox()
    assert (box.sequence, box.latest) == (0, None)
    for k in range(5):
        box.put(k)
    assert (box.sequence, box.latest) == (5, 4)


class FakeTraining:
    stopped = False

    def stop(self):
        self.stopped = True


def test_control_lets_pull_until_paused_then_gives_one_pull_a_step():
    control = Control()
    assert control.turn() is Turn.PULL
    control.pause()
    assert control.turn() is Turn.WAIT
    control.step()
    control.step()
    assert [control.turn() for _ in range(3)] == [Turn.PULL, Turn.PULL, Turn.WAIT]
    control.resume()
    assert control.turn() is Turn.PULL


def test_a_stop_reaches_the_training_whether_it_comes_before_or_after_the_start():
    early, late, training, other = Control(), Control(), FakeTraining(), FakeTraining()
    early.stop()
    early.attach(training)
    late.attach(other)
    late.stop()
    assert training.stopped
    assert other.stopped
    assert early.turn() is late.turn() is Turn.STOP


def test_whoever_waits_in_a_pause_wakes_up_for_step_resume_and_stop():
    for wake in (Control.step, Control.resume, Control.stop):
        control = Control()
        control.pause()
        waiter = threading.Thread(target=control.wait)
        waiter.start()
        wake(control)
        waiter.join(10)
        assert not waiter.is_alive()


def test_time_left_is_the_median_step_times_what_is_left():
    clock = StepClock()
    assert clock.left(3, 10) is None
    for seconds in (1.0, 2.0, 90.0):
        clock.add(seconds)
    assert clock.left(3, 10) == 14.0
    assert clock.left(3, None) is None
    assert clock.left(12, 10) == 0


def test_a_listener_that_raises_disturbs_neither_the_teller_nor_the_others(monkeypatch):
    events, heard, caught = SessionEvents(), [], []
    monkeypatch.setattr(threading, "excepthook", lambda args: caught.append(args.exc_value))

    def broken():
        raise RuntimeError("listener")

    events.history_changed.connect(broken)
    events.job_changed.connect(heard.append)
    tell(events.history_changed)
    tell(events.job_changed, 1)
    assert [str(error) for error in caught] == ["listener"]
    assert heard == [1]
