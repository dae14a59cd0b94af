"""Commands: undo, redo, the log that survives, names, subsets, and the order of events."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from session_help import paused_after, until, write_blobs

from workbench.data import guess
from workbench.session import RowMask, Session, SessionError


def test_undoing_an_import_or_a_run_hides_it_and_redo_shows_it_without_computing(session, blobs):
    run = session.add_run(blobs, "KMeans", {"n_clusters": 3}, name="three")
    run.wait(120)
    model, sequence = run.model(), run.sequence
    assert (session.can_undo, session.can_redo) == ("run three", None)
    session.undo()
    assert dict(session.runs) == {}
    assert (session.can_undo, session.can_redo) == ("import of blobs", "run three")
    session.undo()
    assert dict(session.datasets) == {}
    session.redo()
    session.redo()
    assert session.run("three") is run
    assert run.model() is model
    assert run.sequence == sequence
    with pytest.raises(SessionError, match="There is nothing to redo"):
        session.redo()


def test_undo_still_works_after_reopening(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        run = session.add_run(blobs, "KMeans", {"n_clusters": 3}, name="a")
        run.wait(120)
        session.rename(run, "b")
        session.note(run, "looks good")
        session.undo()
    with Session.open(path) as session:
        run = session.run("b")
        assert (session.can_undo, session.can_redo) == ("renaming of a to b", "note on b")
        session.redo()
        assert run.note == "looks good"
        session.undo()
        session.undo()
        assert (run.name, run.note) == ("a", "")
        session.undo()
    with Session.open(path) as session:
        assert dict(session.runs) == {}
        session.redo()
        assert session.run("a").status == "finished"
        assert [entry.action for entry in session.log] == [*["do"] * 4, "undo", "redo", *["undo"] * 3, "redo"]


def test_a_new_command_clears_what_could_be_redone(session, blobs):
    session.rename(blobs, "one")
    session.undo()
    assert session.can_redo == "renaming of blobs to one"
    session.rename(blobs, "two")
    assert session.can_redo is None


def test_deleting_a_dataset_hides_its_runs_and_stops_them(session, blobs):
    run = paused_after(session, blobs, 2, "KMeans", {"n_clusters": 9, "random_state": 1})
    session.delete(blobs)
    assert (dict(session.datasets), dict(session.runs)) == ({}, {})
    assert run.wait(30) == "stopped"
    session.undo()
    assert session.dataset("blobs") is blobs
    assert session.run(run.name) is run


def test_undoing_a_run_that_is_under_way_stops_it(session, blobs):
    run = paused_after(session, blobs, 2, "KMeans", {"n_clusters": 9, "random_state": 1})
    session.undo()
    assert run.wait(30) == "stopped"
    session.redo()
    session.run(run.name).resume()
    assert run.wait(30) == "finished"


def test_names_that_are_empty_or_taken_are_refused(session, blobs):
    run = session.add_run(blobs, "KMeans", {"n_clusters": 2}, name="two")
    assert session.add_run(blobs, "KMeans", {"n_clusters": 2}).name == "KMeans on blobs"
    assert session.add_run(blobs, "KMeans", {"n_clusters": 2}).name == "KMeans on blobs 2"
    with pytest.raises(SessionError, match="There is a run called 'KMeans on blobs' already"):
        session.rename(run, "KMeans on blobs")
    with pytest.raises(SessionError, match="There is a run called 'two' already"):
        session.add_run(blobs, "KMeans", name="two")
    with pytest.raises(SessionError, match="needs a name"):
        session.rename(run, "  ")
    session.rename(run, "two")
    assert "renaming" not in session.can_undo


def test_named_subsets_combine_and_survive(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        low = session.name_subset("low", blobs, RowMask.of_rows(range(100), 180))
        odd = session.name_subset("odd", blobs, RowMask.of_rows(range(1, 180, 2), 180))
        session.name_subset("low and odd", blobs, low.rows & odd.rows)
        session.name_subset("low, not odd", blobs, low.rows - odd.rows)
        session.undo()
        with pytest.raises(SessionError, match="is of 10 rows, but dataset 'blobs' has 180"):
            session.name_subset("wrong", blobs, RowMask.none(10))
    with Session.open(path) as session:
        assert [subset.name for subset in session.subsets.values()] == ["low", "odd", "low and odd"]
        assert session.subset("low and odd").rows.rows.tolist() == list(range(1, 100, 2))
        session.redo()
        assert session.subset("low, not odd").rows.rows.tolist() == list(range(0, 100, 2))
        session.rename(session.subset("odd"), "uneven")
        assert session.subset("uneven").rows == odd.rows


def test_events_tell_what_happened_in_its_order(session, blobs_csv):
    told = []
    events = session.events
    for name in ("dataset_added", "dataset_removed", "dataset_changed", "run_added", "run_removed"):
        getattr(events, name).connect(lambda thing, name=name: told.append((name, thing.name)))
    events.run_changed.connect(lambda run: told.append(("run_changed", run.status)))
    events.job_changed.connect(lambda job: told.append(("job", job.title, job.status)))
    blobs = session.import_data(guess(blobs_csv)).result(60)
    until(lambda: told[-1][-1] == "done")
    title = "Import of blobs"
    assert told == [
        ("job", title, "queued"),
        ("job", title, "running"),
        ("dataset_added", "blobs"),
        ("job", title, "done"),
    ]
    told.clear()
    run = session.add_run(blobs, "KMeans", {"n_clusters": 2}, name="r")
    run.wait(120)
    until(lambda: ("job", "r", "done") in told)
    assert told[:2] == [("run_added", "r"), ("run_changed", "queued")]
    assert [entry[1] for entry in told if entry[0] == "run_changed"] == ["queued", "running", "finished"]
    told.clear()
    session.rename(blobs, "clouds")
    session.delete(blobs)
    session.undo()
    assert told == [
        ("dataset_changed", "clouds"),
        ("dataset_removed", "clouds"),
        ("run_removed", "r"),
        ("dataset_added", "clouds"),
        ("run_added", "r"),
    ]


class UndoRedo(RuleBasedStateMachine):
    """Any commands, undos, redos and reopenings leave what a list of states with a pointer into it says."""

    things = Bundle("things")

    @initialize(target=things)
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "p.vqw"
        self.session = Session.create(self.path)
        dataset = self.session.import_data(guess(write_blobs(Path(self.folder.name) / "b.csv", rows=5))).result(60)
        self.states, self.at = [None, self.seen()], 1
        self.states[0] = ()
        return dataset.id

    def seen(self):
        document = self.session._document
        return tuple(
            (thing.id, thing.name, getattr(thing, "note", ""))
            for kind in (document.datasets, document.runs, document.subsets)
            for thing in kind.values()
        )

    def record(self):
        del self.states[self.at + 1 :]
        self.states.append(self.seen())
        self.at += 1

    def visible(self, id):
        return id in {entry[0] for entry in self.seen()}

    @rule(target=things, dataset=things, rows=st.sets(st.integers(0, 14)))
    def name_subset(self, dataset, rows):
        if not self.visible(dataset) or not dataset.startswith("datasets"):
            return dataset
        mask = RowMask.of_rows(rows, 15)
        n = len(self.session.log)
        subset = self.session.name_subset(f"subset {n}", self.session.dataset(dataset), mask)
        self.record()
        return subset.id

    @rule(thing=things, name=st.sampled_from("abcdef"))
    def rename(self, thing, name):
        if self.visible(thing) and name not in {entry[1] for entry in self.seen()}:
            self.session.rename(self.session._document.get(thing), name)
            self.record()

    @rule(thing=things)
    def delete(self, thing):
        if self.visible(thing):
            self.session.delete(self.session._document.get(thing))
            self.record()

    @precondition(lambda self: self.at > 0)
    @rule()
    def undo(self):
        self.session.undo()
        self.at -= 1

    @precondition(lambda self: self.at + 1 < len(self.states))
    @rule()
    def redo(self):
        self.session.redo()
        self.at += 1

    @rule()
    def reopen(self):
        self.session.close()
        self.session = Session.open(self.path)

    @invariant()
    def what_is_seen_is_what_was(self):
        if hasattr(self, "session"):
            assert self.seen() == self.states[self.at]
            assert (self.session.can_undo is not None) == (self.at > 0)
            assert (self.session.can_redo is not None) == (self.at + 1 < len(self.states))

    def teardown(self):
        if hasattr(self, "session"):
            self.session.close()
            self.folder.cleanup()


UndoRedo.TestCase.settings = settings(
    max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestUndoRedo = UndoRedo.TestCase
