"""Branches: where they begin, how they go on, what the file keeps of them, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from session_help import fingerprint, paused_after, same_bits, trained, training_data, until, write_blobs

import engines
from engines import surgery
from workbench.data import guess
from workbench.project import ProjectError, schema
from workbench.session import Session, SessionError, timeline
from workbench.session.recorder import Recorder
from workbench.session.timeline import Thinning

KMEANS = ("KMeans", {"n_clusters": 9, "random_state": 1})
GMLVQ = ("GMLVQ", {"prototypes_per_class": 2, "max_iter": 12, "random_state": 1, "tol": 0.0})
SOM = ("SOM", {"shape": [3, 3], "max_iter": 8, "random_state": 0})
DEEP = ("DCN", {"n_clusters": 3, "hidden": [4], "n_latent": 2, "pretrain_iter": 2, "max_iter": 3, "random_state": 0})


def engine_at(engine, parameters, iteration, X, y):
    """The engine as it is after an iteration of a training of its own; None for the last."""
    model = getattr(engines, engine)(**parameters)
    for snapshot in model.train(X, y):
        if snapshot.iteration == iteration:
            break
    return model


@pytest.mark.parametrize("how", [KMEANS, GMLVQ], ids=lambda how: how[0])
@pytest.mark.parametrize("iteration", [2, None])
def test_a_branch_begins_with_the_recorded_model_and_trains_on_as_surgery_does(session, blobs, how, iteration):
    run = trained(session, blobs, *how)
    before = fingerprint(run)
    branch = session.branch(run, iteration)
    begun = run.latest.iteration if iteration is None else iteration
    assert branch.facts.branched_from == {"run": run.id, "iteration": begun}
    assert (branch.status, branch.resumable, branch.latest.iteration) == ("stopped", True, 0)
    X, y = training_data(blobs)
    model = surgery.going_on(engine_at(*how, iteration, X, y))
    assert same_bits(branch.model(), model)
    assert branch.latest.arrays["prototypes"].tobytes() == model.prototypes_.tobytes()
    assert not any(isinstance(value, np.ndarray) for value in branch.parameters.values())
    assert branch.history["iteration"].tolist() == [0]
    branch.resume()
    assert branch.wait(300) == "finished", branch.error
    assert same_bits(branch.model(), model.fit(X, y))
    np.testing.assert_array_equal(branch.history["cost"], model.history_["cost"])
    assert fingerprint(run) == before


def test_the_nearest_recorded_iteration_is_taken(session, blobs):
    run = trained(session, blobs, *GMLVQ)
    last = run.latest.iteration
    assert session.branch(run, 10**6).facts.branched_from["iteration"] == last
    assert session.branch(run, -5).facts.branched_from["iteration"] == 0


def test_a_branch_survives_reopening_and_goes_on_to_the_same_end(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        X, y = training_data(blobs)
        branch = session.branch(trained(session, blobs, *GMLVQ), 3, name="again")
        seen, model = fingerprint(branch), branch.model()
    for _ in range(2):  # also a second time, when training has not begun
        with Session.open(path) as session:
            found = session.run("again")
            assert fingerprint(found) == seen
            assert found.facts.branched_from == branch.facts.branched_from
    with Session.open(path) as session:
        found = session.run("again")
        found.resume()
        assert found.wait(300) == "finished", found.error
        assert same_bits(found.model(), model.fit(X, y))
        learned = fingerprint(found)
    with Session.open(path) as session:
        assert fingerprint(session.run("again")) == learned
        assert session.project.verify() == []


def test_a_branch_that_trains_while_the_project_is_closed_goes_on_to_the_same_end(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        X, y = training_data(blobs)
        branch = session.branch(trained(session, blobs, *GMLVQ), 3, name="again")
        model = branch.model()
        branch.resume()
        branch.pause()
        until(lambda: branch.status in ("paused", "finished"))
    with Session.open(path) as session:
        found = session.run("again")
        found.resume()
        assert found.wait(300) == "finished", found.error
        assert same_bits(found.model(), model.fit(X, y))
        assert len(found.history["cost"]) == len(model.history_["cost"])


def test_a_branch_of_an_active_run_begins_from_what_is_recorded_and_does_not_disturb_it(session, blobs):
    whole = trained(session, blobs, *GMLVQ)
    run = paused_after(session, blobs, 4, *GMLVQ)
    until(lambda: run.snapshots() and run.snapshots()[-1].iteration == 3)
    branch = session.branch(run)
    assert branch.facts.branched_from == {"run": run.id, "iteration": 3}
    X, y = training_data(blobs)
    assert same_bits(branch.model(), surgery.going_on(engine_at(*GMLVQ, 3, X, y)))
    run.resume()
    assert run.wait(300) == "finished"
    assert same_bits(run.model(), whole.model())


def test_where_a_branch_began_stays_in_the_timeline_however_it_is_thinned(session, blobs, monkeypatch):
    monkeypatch.setattr(timeline, "MOST_SNAPSHOTS", 8)
    how = ("GMLVQ", {"max_iter": 20, "patience": 20, "tol": 0.0, "random_state": 0})
    plain = trained(session, blobs, *how)
    assert not {3, 5} & {*(snapshot.iteration for snapshot in plain.snapshots())}
    run = paused_after(session, blobs, 7, *how)
    until(lambda: 3 in [snapshot.iteration for snapshot in run.snapshots()])
    session.branch(run, 3)
    run.stop()
    run.wait(60)
    session.branch(run, 5)
    run.resume()
    assert run.wait(300) == "finished", run.error
    kept = {snapshot.iteration for snapshot in run.snapshots()}
    assert kept == {snapshot.iteration for snapshot in plain.snapshots()} | {3, 5}


def test_a_recorder_keeps_what_it_is_told_of_between_two_saves():
    class Kept:
        def __init__(self):
            self.saves = []

        def save(self, save, timer):
            self.saves.append(save)

    kept, branched = Kept(), set()
    made = Recorder(kept, Thinning(), set(), lambda: frozenset(branched))
    stored = set()
    for k in range(300):
        made.offer(engines.Snapshot(k, None, -float(k), {}, "", lambda: {"prototypes": np.zeros(2)}))
        made._submit({}, {}, {}, None)
        stored = (stored - set(kept.saves[-1].drop)) | set(kept.saves[-1].keep)
        if k == 51:
            branched.add(51)
    assert 51 in stored
    assert 53 not in stored
    assert Thinning.from_json(kept.saves[-1].attributes["timeline"]).branched == [51]


@pytest.mark.parametrize("how", [SOM, DEEP], ids=lambda how: how[0])
def test_an_engine_that_starts_from_no_model_is_branched_where_its_training_stands(session, blobs, how):
    engine, parameters = how
    whole = trained(session, blobs, engine, parameters)
    with pytest.raises(SessionError, match=rf"{engine} cannot start from a given model, and .* come to its end"):
        session.branch(whole)
    run = paused_after(session, blobs, 3, engine, parameters)
    run.stop()
    run.wait(60)
    before = fingerprint(run)
    with pytest.raises(SessionError, match="can only be branched where its training stands, at iteration 2"):
        session.branch(run, 0)
    branch = session.branch(run)
    assert branch.facts.branched_from == {"run": run.id, "iteration": 2}
    assert branch.latest.iteration == 2
    assert same_bits(branch.model(), run.model())
    branch.resume()
    assert branch.wait(300) == "finished", branch.error
    assert same_bits(branch.model(), whole.model())
    np.testing.assert_array_equal(branch.history["cost"], whole.history["cost"])
    assert next(snapshot.iteration for snapshot in branch.snapshots()) == 2
    assert fingerprint(run) == before


def test_undoing_a_branch_hides_it_and_redo_shows_it(session, blobs):
    run = trained(session, blobs, *KMEANS)
    told = []
    session.events.run_added.connect(lambda run: told.append(("added", run.name)))
    session.events.run_removed.connect(lambda run: told.append(("removed", run.name)))
    branch = session.branch(run)
    seen = fingerprint(branch)
    assert session.can_undo == f"branch {branch.name}"
    session.undo()
    assert list(session.runs.values()) == [run]
    session.redo()
    assert session.runs[branch.id] is branch
    assert fingerprint(branch) == seen
    assert told == [(what, branch.name) for what in ("added", "removed", "added")]


def test_the_log_says_what_a_script_needs(session, blobs):
    run = trained(session, blobs, *KMEANS)
    branch = session.branch(run, 2)
    command = session.log[-1].command
    assert (command.kind, command.target) == ("branch", branch.id)
    assert command.details == {
        "name": branch.name,
        "run": run.id,
        "iteration": 2,
        "engine": "KMeans",
        "parameters": branch.parameters,
    }


def test_what_cannot_be_branched_is_said_in_one_sentence(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        run = trained(session, blobs, *KMEANS)
        waiting = session.add_run(blobs, *KMEANS, paused=True)
        with pytest.raises(SessionError, match="has nothing recorded yet"):
            session.branch(waiting)
        with pytest.raises(SessionError, match="There is a run called 'KMeans on blobs' already"):
            session.branch(run, name=run.name)
        session.delete(run)
        with pytest.raises(SessionError, match="or its dataset was deleted"):
            session.branch(run)
        session.undo()
        session.delete(blobs)
        with pytest.raises(SessionError, match="or its dataset was deleted"):
            session.branch(run)
        session.undo()
        n = len(session.log)
    with Session.open(path, read_only=True) as session, pytest.raises(SessionError, match="for reading only"):
        session.branch(session.run("KMeans on blobs"))
    with Session.open(path) as session:
        assert len(session.log) == n


def test_a_commit_that_fails_leaves_nothing_of_the_branch(tmp_path, blobs_csv, monkeypatch):
    path = tmp_path / "p.vqw"

    def failing(transaction, command):
        raise ProjectError("The disk is gone.")

    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        run = trained(session, blobs, *KMEANS)
        seen, n = fingerprint(run), len(session.log)
        with monkeypatch.context() as patch:
            patch.setattr(schema, "append_command", failing)
            with pytest.raises(ProjectError, match="The disk is gone"):
                session.branch(run)
        assert (list(session.runs.values()), len(session.log)) == ([run], n)
    with Session.open(path) as session:
        assert len(session.runs) == 1
        assert fingerprint(session.run(run.name)) == seen
        assert session.project.verify() == []


def test_a_run_that_failed_before_any_state_was_stored_begins_anew(session, tmp_path, monkeypatch):
    from engines.clustering.lloyd import Lloyd

    blobs = session.import_data(guess(write_blobs(tmp_path / "few.csv"))).result(60)
    whole = trained(session, blobs, *KMEANS)
    step = Lloyd.snapshot

    def diverging(self):
        snapshot = step(self)
        if snapshot.iteration == 2:
            object.__setattr__(snapshot, "cost", float("nan"))
        return snapshot

    monkeypatch.setattr(Lloyd, "snapshot", diverging)
    run = session.add_run(blobs, *KMEANS)
    assert run.wait(60) == "failed"
    monkeypatch.undo()
    assert run.file.state() is None
    run.resume()
    assert run.wait(60) == "finished", run.error
    for name, column in whole.history.items():
        np.testing.assert_array_equal(run.history[name], column)
    assert [s.iteration for s in run.snapshots()] == [s.iteration for s in whole.snapshots()]
