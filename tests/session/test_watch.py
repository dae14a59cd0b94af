"""Runs that run away: they pause, name rows and prototypes, keep the last good snapshot; healthy ones are let be."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_help import paused_after, until, with_split, write_blobs

from engines import GLVQ, ArrayRows, DeepVQ, Snapshot, catalog
from engines.clustering.lloyd import Lloyd
from tests.signals import two_kinds_of_matrices
from workbench.data import guess
from workbench.session import Alarm, Session
from workbench.session.watch import EXTREME, MOST_ROWS, RISE_STEPS, Watch, suspects

WILD = {"solver": "sgd", "learning_rate": 1e6, "max_iter": 8, "random_state": 0}
"""Parameters with which GLVQ throws its prototypes out of the rows."""
OUTLIER = 77


def rows(n=90, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + np.repeat(4 * np.eye(3, d), n // 3, axis=0), np.repeat(np.arange(3), n // 3)


def snapshot(iteration, cost, prototypes=None, **metrics):
    arrays = {} if prototypes is None else {"prototypes": np.asarray(prototypes)}
    return Snapshot(iteration, None, cost, metrics, "", lambda: arrays)


def looked(costs, watch=None, **options):
    """Alarms over a training with these costs and no prototypes."""
    watch = watch or Watch(rows()[0], None, **options)
    return [watch.look(snapshot(k, float(cost))) for k, cost in enumerate(costs)]


def spoil(path, row):
    """Put the row of that number a thousand times as far off."""
    lines = path.read_text().splitlines()
    lines[1 + row] = "2000.0,-2500.0,10.0,0.0," + lines[1 + row].rpartition(",")[2]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """Import and compile what the runs need ahead of them, as they have the lowest priority."""
    X, y = rows()
    GLVQ(**WILD).fit(X.astype(np.float32), y)


@pytest.fixture
def with_outlier(session, tmp_path):
    """Three clouds of 60 rows, one row of them far off."""
    return session.import_data(guess(spoil(write_blobs(tmp_path / "spoiled.csv"), OUTLIER))).result(60)


def test_a_run_whose_prototypes_fly_off_pauses_and_names_the_row_behind_it(session, with_outlier):
    told = []
    session.events.run_changed.connect(lambda run: told.append((run.status, run.alarm is not None)))
    run = session.add_run(with_outlier, "GLVQ", WILD)
    assert run.wait(120) == "paused"
    alarm = run.alarm
    assert alarm is not None
    assert alarm.rule == "far"
    assert OUTLIER in alarm.rows
    assert alarm.prototypes
    assert "times as far from the middle of the rows" in alarm.sentence
    assert run.latest.iteration == alarm.iteration - 1
    assert len(run.history["cost"]) == alarm.iteration + 1  # the curve shows what happened
    assert ("paused", True) in told
    run.stop()
    assert run.wait(120) == "stopped"
    assert run.alarm == alarm
    assert run.model().prototypes_.tobytes() == run.latest.arrays["prototypes"].tobytes()


def test_a_stopped_one_is_found_again_with_its_alarm_and_its_last_good_snapshot(tmp_path):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        data = session.import_data(guess(write_blobs(tmp_path / "blobs.csv"))).result(60)
        run = session.add_run(data, "GLVQ", WILD, name="wild")
        assert run.wait(120) == "paused"
        alarm, latest = run.alarm, run.latest
    with Session.open(path) as session:
        run = session.run("wild")
        assert (run.status, run.alarm) == ("stopped", alarm)
        assert run.latest.iteration == latest.iteration
        assert run.latest.arrays["prototypes"].tobytes() == latest.arrays["prototypes"].tobytes()
        assert run.model().prototypes_.tobytes() == latest.arrays["prototypes"].tobytes()
        session.resume_run(run)
        assert run.wait(120) == "paused"  # it runs away again, and is watched again
        assert run.alarm == alarm
        run.resume()
        until(lambda: not run.active or run.alarm not in (None, alarm))
        iterations = run.history["iteration"]
        assert (np.diff(iterations) == 1).all()


def test_resuming_goes_on_in_spite_of_the_alarm_which_is_not_raised_again(session, blobs):
    free = session.add_run(blobs, "GLVQ", WILD, watched=False)
    assert free.wait(120) == "finished"
    assert free.alarm is None
    run = session.add_run(blobs, "GLVQ", WILD)
    assert run.wait(120) == "paused"
    run.resume()
    assert run.wait(120) == "finished"
    assert run.alarm is None
    assert run.model().prototypes_.tobytes() == free.model().prototypes_.tobytes()
    np.testing.assert_array_equal(run.history["cost"], free.history["cost"])
    assert run.snapshots()[-1].iteration == free.snapshots()[-1].iteration


def test_a_single_step_shows_what_raised_the_alarm(session, blobs):
    run = session.add_run(blobs, "GLVQ", WILD)
    assert run.wait(120) == "paused"
    at = run.alarm.iteration
    run.step()
    until(lambda: run.status == "paused" and run.latest.iteration == at + 1)
    assert run.alarm is None
    run.stop()
    run.wait(120)


def test_a_cost_that_is_no_number_still_fails_but_with_the_rows_named(session, with_outlier, monkeypatch):
    step = Lloyd.snapshot

    def diverging(self):
        made = step(self)
        if made.iteration == 2:
            object.__setattr__(made, "cost", float("nan"))
        return made

    monkeypatch.setattr(Lloyd, "snapshot", diverging)
    run = session.add_run(with_outlier, "KMeans", {"n_clusters": 9, "random_state": 1})
    assert run.wait(120) == "failed"
    assert run.alarm.rule == "not finite"
    assert run.alarm.iteration == 2
    assert OUTLIER in run.alarm.rows
    monkeypatch.undo()
    run.resume()
    assert run.wait(120) == "finished"
    assert run.alarm is None
    assert (np.diff(run.history["iteration"]) == 1).all()


def test_rows_are_named_by_their_numbers_in_the_dataset(session, tmp_path):
    path = write_blobs(tmp_path / "parts.csv")
    plan = with_split(guess(path), 0.5, 0, 0.5)
    outlier = int(np.flatnonzero(session.import_data(plan).result(60).split == 0)[40])
    spoil(path, outlier)
    data = session.import_data(plan).result(60)
    assert data.split[outlier] == 0
    run = session.add_run(data, "GLVQ", WILD)
    assert run.wait(120) == "paused"
    assert outlier in run.alarm.rows
    assert (data.split[list(run.alarm.rows)] == 0).all()
    run.stop()
    run.wait(120)


def test_a_pause_by_hand_is_no_alarm(session, blobs):
    run = paused_after(session, blobs, 2, "GLVQ", {"max_iter": 5})
    assert run.alarm is None
    run.stop()
    run.wait(120)


def test_a_network_with_a_huge_learning_rate_is_noticed():
    X = np.asarray(rows()[0])
    watch = Watch(X, None)
    training = DeepVQ(n_bits=4, learning_rate=1e30, max_iter=8, random_state=0).train(X)
    with np.errstate(all="ignore"):
        alarms = [watch.look(made) for made in training]
    assert any(alarm is not None for alarm in alarms)


@pytest.mark.parametrize("info", catalog(), ids=lambda info: info.name)
def test_no_healthy_training_of_any_engine_raises_an_alarm(info):
    X, y = rows()
    if "table" not in info.data_kinds:
        X, y = two_kinds_of_matrices()
    known = {parameter.name for parameter in info.parameters}
    arguments = {**info.trial, **({info.count: 3} if info.count else {})}
    arguments |= {"random_state": 0} if "random_state" in known else {}
    arguments.pop("max_iter", None)
    flat = np.asarray(X).reshape(len(X), -1)
    watch = Watch(flat, None, classifies=info.supervised)
    training = info.estimator(**arguments).train(X, y if info.supervised else None)
    alarms = [watch.look(made) for made in islice(training, 30)]
    assert len(alarms) > 1
    assert all(alarm is None for alarm in alarms)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_costs_that_fall_raise_no_alarm(costs):
    assert looked(sorted(costs, reverse=True)) == [None] * len(costs)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60))
def test_costs_of_classifiers_between_their_bounds_raise_no_alarm(costs):
    assert looked(costs, classifies=True) == [None] * len(costs)


def test_a_cost_that_stays_far_above_its_best_raises_one_after_some_iterations():
    falling = [100, 50, 20, 12, 10]
    found = looked([*falling, *[700] * RISE_STEPS])
    assert [alarm.rule if alarm else None for alarm in found[-2:]] == [None, "cost"]
    assert found[-1].iteration == len(falling) + RISE_STEPS - 1
    assert looked([*falling, 700, 700, 10, 700, 700, 10]).count(None) == 11  # it comes back


def test_a_jump_raises_one_at_once_unless_rows_alone_may_make_it():
    X = rows()[0]
    reach = 4 * len(X) * ((X - X.mean(axis=0)) ** 2).sum(axis=1).max()
    assert looked([10, 9, 8, 2 * reach + 5000])[-1].rule == "jump"
    assert looked([1e-3, 9e-4, 8e-4, 0.9 * reach])[-1] is None
    assert looked([0.5, 0.4, 101.5], classifies=True)[-1].rule == "jump"


def test_where_a_training_starts_anew_its_cost_does_too():
    watch = Watch(rows()[0], None)
    costs = [(0, 10.0), (0, 1e-6), (1, 1e7), (1, 1e6)]
    assert [watch.look(snapshot(k, cost, restart=start)) for k, (start, cost) in enumerate(costs)] == [None] * 4


def test_what_was_told_to_be_ignored_raises_no_alarm_and_other_signs_still_do():
    watch = Watch(rows()[0], None)
    watch.ignore("jump")
    found = looked([10, 9, 1e9, *[1e9] * RISE_STEPS], watch)
    assert {alarm.rule for alarm in found if alarm} == {"cost"}


def test_a_prototype_far_outside_names_the_rows_nearest_to_it():
    X = rows()[0]
    watch = Watch(X, None)
    assert watch.look(snapshot(0, 1.0, X[:3])) is None
    W = np.array([X[0], [1e5, 0, 0], X[2]])
    alarm = watch.look(snapshot(1, 0.9, W))
    assert (alarm.rule, alarm.prototypes) == ("far", (1,))
    assert alarm.rows[0] == X[:, 0].argmax()
    lost = watch.look(snapshot(2, 0.8, [X[0], X[1], [np.nan, 0, 0]]))
    assert lost.prototypes == (2,)
    assert "no number" in lost.sentence


def test_prototypes_on_an_outlier_that_was_not_among_the_first_rows_are_not_far():
    X = np.vstack([np.random.default_rng(0).normal(size=(3000, 2)), [[1e5, 1e5]]])
    for given_rows in (X, ArrayRows(X)):
        watch = Watch(given_rows, None)
        assert watch.look(snapshot(0, 1.0, X[:2])) is None
        assert watch.look(snapshot(1, 0.5, X[[0, 3000]])) is None
        assert watch.look(snapshot(2, 0.5, X[[0, 3000]] * 500)).rule == "far"


def test_suspects_are_the_rows_farthest_from_their_prototypes_then_those_with_extreme_values():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(400, 3)) * [1e3, 1e3, 1]
    X[5, 2] = 30  # extreme in its feature, near in space
    W = X[:4]
    found = suspects(ArrayRows(X), W)
    squares = ((X[:, None] - W[None]) ** 2).sum(axis=2).min(axis=1)
    np.testing.assert_array_equal(found[:MOST_ROWS], np.argsort(-squares, kind="stable")[:MOST_ROWS])
    z = np.abs(X - X.mean(axis=0)) / X.std(axis=0)
    assert set(found[MOST_ROWS:].tolist()) == set(np.flatnonzero((z > EXTREME).any(axis=1))) - set(found[:MOST_ROWS])
    assert 5 in found


def test_an_alarm_is_kept_as_json():
    alarm = Alarm("far", 3, "Prototype 1 flew off.", (1,), (4, 2))
    assert Alarm.from_json(alarm.to_json()) == alarm
