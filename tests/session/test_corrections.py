"""Corrections of labels and rows: a layer over data that never change, undone and redone, and what runs make of it."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from session_help import paused_after, same_bits, with_split, write_blobs

from engines import KMeans
from workbench.data import guess
from workbench.project import Project
from workbench.project.disk import Disk
from workbench.session import RowMask, Session, SessionError
from workbench.session.commands import MOST_LOGGED

KINDS = ("kind 0", "kind 1", "kind 2")
GLVQ = ("GLVQ", {"max_iter": 8, "random_state": 0, "tol": 0.0})


def test_a_relabelled_row_has_its_new_class_everywhere_and_the_stored_one_stays(session, blobs):
    stored = blobs.codes.copy()
    session.relabel(blobs, [3, 170, 3], "kind 1")
    assert blobs.codes[[3, 170]].tolist() == [1, 1]
    assert blobs.labels()[[3, 170]].tolist() == ["kind 1", "kind 1"]
    assert blobs.sample().codes.tolist() == blobs.codes.tolist()
    assert blobs.sample().imported.tolist() == stored.tolist()
    assert blobs.corrections == (2, 0)
    assert session.project.array(f"{blobs.id}/y").tolist() == stored.tolist()
    assert session.can_undo == "relabelling of 2 rows of blobs as kind 1"
    session.relabel(blobs, [3, 170], None)
    assert blobs.index(labelled=True).tolist() == [k for k in range(180) if k not in (3, 170)]
    assert blobs.labels()[3] is None


def test_a_dropped_row_is_in_no_part_and_others_take_its_place_in_the_sample(session, blobs_csv):
    data = session.import_data(with_split(guess(blobs_csv), 0.5, 0.25, 0.25)).result(60)
    session.show_test_part(data)
    whole = {part: data.n_in(part) for part in ("train", "validation", "test", "all")}
    drawn = data.sample(60).rows
    gone = drawn[::10]
    session.drop(data, gone)
    assert data.dropped.rows.tolist() == gone.tolist()
    assert data.corrections == (0, len(gone))
    for part, code in (("train", 0), ("validation", 1), ("test", 2)):
        left = np.setdiff1d(np.flatnonzero(data.split == code), gone)
        assert data.index(part).tolist() == left.tolist()
        assert data.n_in(part) == whole[part] - np.isin(gone, np.flatnonzero(data.split == code)).sum()
        np.testing.assert_array_equal(data.rows(part).read(0, 999), data.rows("all").read(0, 999)[_places(data, left)])
        assert len(data.labels(part)) == len(left)
    sample = data.sample(60)
    assert len(sample.rows) == 60
    assert sample.n_total == 180 - len(gone)
    assert not set(sample.rows) & set(gone)
    assert set(np.setdiff1d(drawn, gone)) <= set(sample.rows)
    session.keep(data, gone)
    assert {part: data.n_in(part) for part in whole} == whole
    assert data.sample(60).rows.tolist() == drawn.tolist()


def _places(data, rows):
    """Where these rows are among all that are kept."""
    kept = data.index("all")
    return rows if kept is None else np.searchsorted(kept, rows)


def test_what_cannot_be_corrected_is_refused_in_one_sentence(session, blobs, tmp_path):
    with pytest.raises(SessionError, match=r"has no class 'kind 9': choose one of kind 0, kind 1, kind 2, or import"):
        session.relabel(blobs, [1], "kind 9")
    with pytest.raises(SessionError, match="There is no row 180"):
        session.drop(blobs, [180])
    with pytest.raises(SessionError, match="rows are of 10, but dataset 'blobs' has 180 rows"):
        session.drop(blobs, RowMask.none(10))
    with pytest.raises(SessionError, match="no row left to train on"):
        session.drop(blobs, range(180))
    plain = session.import_data(guess(write_blobs(tmp_path / "plain.csv", label=False))).result(60)
    with pytest.raises(SessionError, match="'plain' has no labels, so there are none to correct"):
        session.relabel(plain, [1], "a")
    assert (blobs.correction, blobs.corrections) == (0, (0, 0))
    session.relabel(blobs, [0, 1], "kind 0")  # which they are
    session.keep(blobs, [5])
    assert session.can_undo == "import of plain"


def test_rows_of_dissimilarities_that_are_trained_on_stay_what_they_are(session, tmp_path):
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(20, 2)), rng.normal(size=(20, 2)) + 4])
    D = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    path = tmp_path / "far.csv"
    heading = ",".join([*(f"d{k}" for k in range(40)), "kind"])
    lines = [",".join([*(f"{v:.6f}" for v in row), "ab"[k // 20]]) for k, row in enumerate(D)]
    path.write_text("\n".join([heading, *lines]) + "\n")
    plan = with_split(guess(path), 0.8, 0.0, 0.2)
    recipe = plan.recipe.__class__(split=plan.recipe.split, dissimilarities=True, scaling="none")
    data = session.import_data(plan.__class__(**{**vars(plan), "recipe": recipe})).result(60)
    trained, kept_out = np.flatnonzero(data.split == 0), np.flatnonzero(data.split == 2)
    for refused in (lambda: session.drop(data, trained[:1]), lambda: session.relabel(data, trained[:1], None)):
        with pytest.raises(SessionError, match="import the matrix again without the rows"):
            refused()
    session.drop(data, kept_out[:1])
    session.relabel(data, trained[:1], "b" if data.codes[trained[0]] == 0 else "a")
    assert data.corrections == (1, 1)


def test_labels_have_one_version_however_they_came_about(session, blobs):
    first = blobs.labels_version
    session.relabel(blobs, [0], "kind 1")
    second = blobs.labels_version
    session.relabel(blobs, [0], "kind 2")
    third = blobs.labels_version
    session.drop(blobs, [1])
    assert len({first, second, third, blobs.labels_version}) == 4
    session.keep(blobs, [1])
    assert blobs.labels_version == third
    session.relabel(blobs, [0], "kind 0")
    assert blobs.labels_version == first
    assert blobs.corrections == (0, 0)


@pytest.mark.parametrize("engine", [GLVQ, ("GMLVQ", {"max_iter": 6, "random_state": 0})])
def test_learning_from_corrected_data_is_learning_from_an_array_corrected_by_hand_bit_for_bit(session, blobs, engine):
    session.relabel(blobs, range(0, 60, 7), "kind 2")
    session.relabel(blobs, [100], None)
    session.drop(blobs, range(120, 150))
    run = session.add_run(blobs, *engine)
    assert run.wait(120) == "finished", run.error
    X = blobs.as_of(0).rows().read(0, 180)
    y = np.repeat(KINDS, 60).astype(object)
    y[0:60:7], y[100] = "kind 2", None
    kept = np.array([k for k in range(180) if k != 100 and not 120 <= k < 150])
    by_hand = run.engine.estimator(**run.arguments).fit(np.ascontiguousarray(X[kept]), y[kept].astype(str))
    assert same_bits(run.model(), by_hand)
    accuracy = np.mean(by_hand.predict(X[kept]) == y[kept].astype(str))
    assert run.metrics["accuracy_train"] == pytest.approx(accuracy, abs=1e-12)


def test_an_engine_without_labels_learns_from_the_kept_rows(session, blobs):
    session.drop(blobs, range(60))
    run = session.add_run(blobs, "KMeans", {"n_clusters": 2, "random_state": 3})
    assert run.wait(120) == "finished"
    by_hand = KMeans(2, random_state=3).fit(blobs.as_of(0).rows().read(60, 180))
    assert run.model().prototypes_.tobytes() == by_hand.prototypes_.tobytes()


def test_corrections_do_not_reach_a_run_under_way_nor_one_that_is_resumed(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        whole = session.add_run(blobs, *GLVQ, name="whole")
        assert whole.wait(120) == "finished"
        under_way = paused_after(session, blobs, 3, *GLVQ, name="under way")
        session.relabel(blobs, range(0, 180, 3), "kind 1")
        session.drop(blobs, range(1, 180, 6))
        under_way.resume()
        assert under_way.wait(120) == "finished"
        assert same_bits(under_way.model(), whole.model())
        assert under_way.metrics["accuracy_train"] == whole.metrics["accuracy_train"]
        session.undo()
        session.undo()
        stopped = paused_after(session, blobs, 3, *GLVQ, name="stopped")
        stopped.stop()
        stopped.wait(60)
        session.relabel(blobs, range(0, 180, 3), "kind 1")
    with Session.open(path) as session:
        whole, stopped = session.run("whole"), session.run("stopped")
        assert stopped.is_outdated
        stopped.resume()
        assert stopped.wait(120) == "finished", stopped.error
        assert same_bits(stopped.model(), whole.model())
        for name, column in whole.history.items():
            np.testing.assert_array_equal(stopped.history[name], column)
        anew = session.add_run(stopped.dataset, *GLVQ)
        assert anew.wait(120) == "finished"
        assert not same_bits(anew.model(), whole.model())
        assert anew.facts.labels_version == session.dataset("blobs").labels_version != whole.facts.labels_version
        assert not anew.is_outdated
        session.undo()
        session.undo()
        assert session.run("whole").is_outdated is False


def test_a_queued_run_learns_from_the_labels_of_when_it_was_added(session, blobs):
    first = paused_after(session, blobs, 1, *GLVQ, name="first")
    second = session.add_run(blobs, *GLVQ, name="second")
    session.relabel(blobs, range(0, 180, 3), "kind 1")
    first.resume()
    assert (first.wait(60), second.wait(60)) == ("finished", "finished")
    assert same_bits(first.model(), second.model())


def test_sweeps_and_searches_learn_from_the_data_of_when_they_were_added(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    figures = []
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)

        def add():
            return (
                session.add_sweep(blobs, "KMeans", (2, 3), {"random_state": 0}),
                session.add_search(blobs, "GLVQ", {"max_iter": [2, 5]}, folds=3, parameters={"random_state": 0}),
            )

        for study in add():
            assert study.wait(120) == "finished", study.error
            figures.append(study.table)
        in_front = paused_after(session, blobs, 1, *GLVQ)
        later = add()
        session.relabel(blobs, range(0, 180, 3), "kind 1")
        session.drop(blobs, range(1, 180, 6))
        corrected = add()
        later[1].stop()  # and goes on when the file is opened anew
        assert later[1].wait(60) == "stopped"
        in_front.stop()
        assert later[0].wait(120) == "finished"
        assert [study.wait(120) for study in corrected] == ["finished"] * 2
    with Session.open(path) as session:
        assert [study.given.corrections for study in session.searches.values()] == [(0, 0), (0, 0), (40, 30)]
        resumed = list(session.searches.values())[1]
        resumed.resume()
        assert resumed.wait(120) == "finished"
        for expected, study, other in zip(figures, (later[0], resumed), corrected, strict=True):
            for name in expected.keys() - {"seconds"}:
                np.testing.assert_array_equal(study.table[name], expected[name])
            assert any((study.table[name] != other.table[name]).any() for name in expected.keys() - {"seconds"})


def test_a_branch_and_its_edits_learn_from_what_its_parent_was_given(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        parent = session.add_run(blobs, *GLVQ, name="parent")
        assert parent.wait(120) == "finished"
        before = session.branch(parent, name="before")
        session.relabel(blobs, range(0, 180, 2), "kind 1")
        session.drop(blobs, range(1, 180, 6))
        after = session.branch(parent, name="after")
        assert after.metrics == before.metrics
        edited = session.edit(after, "split", which=0)
        for branch in (before, after):
            branch.resume()
            assert branch.wait(120) == "finished", branch.error
        assert edited is after
        assert after.facts.labels_version == parent.facts.labels_version != blobs.labels_version
        session.edit(parent, "split", which=1)
    with Session.open(path) as session:
        runs = list(session.runs.values())
        assert len(runs) == 4
        assert {(run.facts.correction, run.given.corrections, run.is_outdated) for run in runs} == {(0, (0, 0), True)}
        anew = session.add_run(runs[0].dataset, *GLVQ)
        assert anew.wait(120) == "finished"
        assert session.branch(anew).facts.correction == 2


def test_a_threshold_counts_only_for_the_edition_of_the_run_that_it_was_chosen_for(session, blobs):
    run = session.add_run(blobs, *GLVQ)
    assert run.wait(120) == "finished"
    branch = session.branch(run)
    session.set_threshold(branch, 0.25, "train")
    assert branch.threshold.value == 0.25
    assert run.threshold is None
    session.edit(branch, "split", which=0)
    assert (branch.edition, branch.latest.iteration, branch.threshold) == (1, 0, None)
    session.set_threshold(branch, 0.5, "train")
    assert branch.threshold.value == 0.5
    session.undo()
    assert branch.threshold is None
    session.undo()
    assert (branch.edition, branch.threshold.value) == (0, 0.25)


def test_the_log_says_which_rows_and_of_very_many_only_how_many(tmp_path):
    n = MOST_LOGGED + 5
    path = tmp_path / "many.csv"
    path.write_text("x,kind\n" + "\n".join(f"{k},{'ab'[k % 2]}" for k in range(n)) + "\n")
    with Session.create(tmp_path / "p.vqw") as session:
        data = session.import_data(guess(path)).result(60)
        session.relabel(data, [5, 3, 2], "a")
        assert session.log[-1].command.kind == "relabel"
        assert session.log[-1].command.details == {"dataset": data.id, "rows": [3, 5], "value": "a"}
        session.drop(data, [7])
        assert session.log[-1].command.details == {"dataset": data.id, "rows": [7], "dropped": True}
        session.keep(data, [7])
        assert session.log[-1].command.details == {"dataset": data.id, "rows": [7], "dropped": False}
        session.drop(data, np.arange(1, n))
        details = session.log[-1].command.details
        assert details == {"dataset": data.id, "n_rows": n - 1, "correction": 4, "dropped": True}
        assert data.made.get(4).rows.tolist() == list(range(1, n))
        session.undo()
        assert data.n_in() == n


def test_a_million_rows_are_corrected_in_little_time_and_space(tmp_path):
    n = 10**6
    X = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    np.savez(tmp_path / "many.npz", X=X, y=np.arange(n) % 3)
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        data = session.import_data(guess(tmp_path / "many.npz")).result(120)
        size = path.stat().st_size
        for k in range(20):
            session.relabel(data, np.array([k]), (k + 1) % 3)
        assert path.stat().st_size - size < 2**20
        session.drop(data, np.arange(n // 2))
        assert data.n_in() == n // 2
        session.undo()
        assert data.n_in() == n
    with Session.open(path) as session:
        data = session.dataset("many")
        expected = np.arange(n) % 3
        expected[:20] = (np.arange(20) + 1) % 3
        np.testing.assert_array_equal(data.codes, expected)
        session.redo()
        assert data.n_in() == n // 2
        assert session.project.verify() == []


class FailingDisk(Disk):
    """A disk that can run full."""

    full = False

    def write(self, handle, data, offset):
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(handle, data, offset)


def test_a_correction_that_cannot_be_kept_is_not_made(tmp_path, blobs_csv):
    disk = FailingDisk()
    with Session(Project.create(tmp_path / "p.vqw", disk=disk)) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        session.relabel(blobs, [0], "kind 1")
        disk.full = True
        with pytest.raises(Exception, match="no room left"):
            session.relabel(blobs, [1], "kind 1")
        assert (blobs.correction, blobs.codes[1]) == (1, 0)
        disk.full = False
        session.relabel(blobs, [2], "kind 1")
    with Session.open(tmp_path / "p.vqw") as session:
        assert session.dataset("blobs").codes[:3].tolist() == [1, 0, 1]


def test_what_watches_a_dataset_hears_of_corrections(session, blobs):
    told = []
    session.events.dataset_changed.connect(lambda data: told.append(data.corrections))
    session.relabel(blobs, [0], "kind 1")
    session.drop(blobs, [1])
    session.undo()
    assert told == [(1, 0), (1, 1), (1, 0)]


N = 12
ROWS = st.sets(st.integers(0, N - 1), min_size=1, max_size=5)


class Correcting(RuleBasedStateMachine):
    """Any corrections, undos, redos and reopenings leave what a dict of labels and a set of dropped rows say."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "p.vqw"
        self.session = Session.create(self.path)
        self.session.import_data(guess(write_blobs(Path(self.folder.name) / "b.csv", rows=4))).result(60)
        labels = {row: f"kind {row // 4}" for row in range(N)}
        self.states, self.at = [(labels, frozenset())], 0

    def state(self, labels, dropped):
        if (labels, dropped) != self.states[self.at]:
            self.states[self.at + 1 :] = [(labels, dropped)]
            self.at += 1

    @rule(rows=ROWS, value=st.sampled_from([*KINDS, None]))
    def relabel(self, rows, value):
        labels, dropped = self.states[self.at]
        self.session.relabel("b", rows, value)
        self.state(labels | dict.fromkeys(rows, value), dropped)

    @rule(rows=ROWS)
    def drop(self, rows):
        labels, dropped = self.states[self.at]
        if len(dropped | rows) == N:
            with pytest.raises(SessionError, match="no row left"):
                self.session.drop("b", rows)
        else:
            self.session.drop("b", rows)
            self.state(labels, dropped | rows)

    @rule(rows=ROWS)
    def keep(self, rows):
        labels, dropped = self.states[self.at]
        self.session.keep("b", rows)
        self.state(labels, dropped - rows)

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
            labels, dropped = self.states[self.at]
            data = self.session.dataset("b")
            kept = [row for row in range(N) if row not in dropped]
            assert data.labels().tolist() == [labels[row] for row in kept]
            assert data.dropped.rows.tolist() == sorted(dropped)
            assert data.sample().rows.tolist() == kept
            assert data.n_in("train", labelled=True) == sum(labels[row] is not None for row in kept)
            changed = sum(labels[row] != f"kind {row // 4}" for row in kept)
            assert data.corrections == (changed, len(dropped))

    def teardown(self):
        if hasattr(self, "session"):
            self.session.close()
            self.folder.cleanup()


Correcting.TestCase.settings = settings(
    max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCorrecting = Correcting.TestCase
