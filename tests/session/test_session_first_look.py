"""The test part: not shown until asked for, once and for all; and what is known of the time before and after."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from session_help import paused_after, trained, with_split, write_blobs

from workbench.data import Derivation, Recipe, Split, guess
from workbench.project.records import DatasetRecord
from workbench.session import CommandLog, Session, SessionError

KMEANS = "KMeans", {"n_clusters": 2, "random_state": 0, "max_iter": 3}
GLVQ = "GLVQ", {"random_state": 0, "max_iter": 2}


@pytest.fixture
def parts(session, tmp_path):
    """60 labelled rows: 36 to learn from, 12 to validate and 12 to test on."""
    path = write_blobs(tmp_path / "parts.csv", rows=20)
    return session.import_data(with_split(guess(path), 0.6, 0.2, 0.2)).result(60)


def test_figures_and_rows_of_the_test_part_are_withheld_until_somebody_asks(session, parts):
    run = trained(session, parts, *KMEANS)
    test = np.flatnonzero(parts.split == 2)
    assert parts.is_sealed
    assert run.withheld == ("quantization_error_test",)
    assert {name for name in run.metrics if name.startswith("quantization")} == {
        "quantization_error_train",
        "quantization_error_validation",
    }
    assert parts.index("shown").tolist() == np.flatnonzero(parts.split != 2).tolist()
    assert not set(parts.sample(60).rows) & set(test)
    assert parts.sample(60).n_total == 48
    session.show_test_part(parts)
    assert not parts.is_sealed
    expected = run.model().quantization_error(parts.rows("test").read(0, 12))
    assert run.metrics["quantization_error_test"] == pytest.approx(expected)
    assert parts.n_in("shown") == parts.sample(60).n_total == 60
    assert set(parts.sample(60).rows) >= set(test)


def test_the_first_look_is_logged_once_and_neither_undone_nor_in_the_way_of_undo_and_redo(session, parts, tmp_path):
    session.note(parts, "one")
    session.undo()
    session.show_test_part(parts)
    look = parts.first_look
    assert (session.can_undo, session.can_redo) == ("import of parts", "note on parts")
    session.redo()
    session.undo()
    session.undo()  # the import
    assert (dict(session.datasets), session.can_undo) == ({}, None)
    session.redo()
    session.show_test_part(parts)
    assert parts.first_look is look
    session.close()
    with Session.open(session.path) as again:
        assert again.dataset("parts").first_look == look
        assert (again.can_undo, again.can_redo) == ("import of parts", "note on parts")
        assert [entry.time for entry in again.log if entry.command.kind == "look"] == [look.time]
        assert CommandLog(again.log).done[0].kind == "look"  # that stays, whatever is undone


def test_what_was_done_to_a_run_after_the_first_look_is_known(session, parts):
    before = trained(session, parts, *GLVQ)
    halted = paused_after(session, parts, 1, "GLVQ", {"random_state": 0, "max_iter": 3})
    halted.stop()
    halted.wait()
    branch = session.branch(before)
    deleted = trained(session, parts, *KMEANS)
    session.delete(deleted)
    with pytest.raises(SessionError, match=r"test part of 'parts' has not been looked at yet: choose the threshold on"):
        session.set_threshold(before, 0.3, "test")
    session.show_test_part(parts)
    look = parts.first_look
    assert set(look.runs) == {run.id for run in (before, halted, branch, deleted)}
    assert [look.since(run) for run in (before, halted, branch)] == [()] * 3
    session.set_threshold(before, 0.3, "test")
    halted.resume()
    halted.wait()
    session.edit(branch, "split", which=0)
    after = trained(session, parts, *KMEANS)
    told = [look.since(run) for run in (before, halted, branch, after)]
    assert told == [("got its threshold",), ("learned on",), ("was edited",), ("was started",)]


def test_a_run_that_is_under_way_at_the_first_look_is_not_said_to_have_learned_on(session, parts):
    run = paused_after(session, parts, 1, "GLVQ", {"random_state": 0, "max_iter": 3})
    session.show_test_part(parts)
    run.resume()
    assert run.wait(60) == "finished"
    assert parts.first_look.since(run) == ()


def test_data_without_a_test_part_have_nothing_to_show(session, blobs):
    run = trained(session, blobs, *KMEANS)
    assert (blobs.is_sealed, run.withheld, blobs.n_in("shown")) == (False, (), 180)
    with pytest.raises(SessionError, match="'blobs' has no test part: import it with a split such as"):
        session.show_test_part(blobs)


def test_a_project_from_before_is_open_and_says_that_its_first_look_was_not_recorded(session, parts):
    assert DatasetRecord("old").first_look == {}  # what is read where a file has nothing of the kind
    session.project.transact(lambda transaction: transaction.put(parts.id, {"first_look": {}})).result()
    session.close()
    with Session.open(session.path) as again:
        old = again.dataset("parts")
        assert not old.is_sealed
        assert not old.first_look.is_recorded
        again.show_test_part(old)
        assert [entry.command.kind for entry in again.log] == ["import"]


def test_a_new_split_is_sealed_again_and_its_kin_are_known(session, parts, blobs):
    session.show_test_part(parts)
    recipe = Recipe(split=Split(0.5, 0.0, 0.5))
    half = session.derive(parts, Derivation(recipe=recipe), name="half").result(60)
    quarter = session.derive(half, Derivation(sample=20, recipe=recipe), name="quarter").result(60)
    assert half.is_sealed
    assert {data.name for data in session.kin_of(quarter)} == {"parts", "half"}
    assert {data.name for data in session.kin_of(parts)} == {"half", "quarter"}
    assert session.kin_of(blobs) == ()


@pytest.fixture
def twins(session, parts, tmp_path):
    """The project and a copy of it, closed, which share the data and the run "both"."""
    both = session.add_run(parts, *KMEANS, name="both")
    both.wait(60)
    session.close()
    copy = tmp_path / "copy.vqw"
    shutil.copy(session.path, copy)
    return session.path, copy


def train_there(path, name, *, look):
    with Session.open(path) as there:
        if look:
            there.show_test_part("parts")
        assert there.add_run("parts", *KMEANS, name=name).wait(60) == "finished"
        return there.dataset("parts").first_look


def test_a_look_in_a_project_that_is_merged_counts_here_too_and_stays_when_the_merge_is_undone(twins):
    here, there = twins
    look = train_there(there, "after", look=True)
    with Session.open(here) as session:
        mine = session.add_run("parts", *KMEANS, name="mine")
        mine.wait(60)
        merged = session.merge(there).result(60)
        assert merged.opened == ("parts",)
        assert "Looked at there, and so shown here too: the test part of parts." in merged.sentences
        data = session.dataset("parts")
        assert (data.is_sealed, data.first_look.time) == (False, look.time)
        runs = {run.name: data.first_look.since(run) for run in session.runs.values()}
        assert runs == {"both": (), "mine": (), "after": ("was started",)}
        session.undo()
        assert "after" not in {run.name for run in session.runs.values()}
        kept = data.first_look
        assert not data.is_sealed
    with Session.open(here) as again:
        assert again.dataset("parts").first_look == kept
        assert again.can_redo == "merge of copy.vqw"


def test_runs_of_a_project_where_nobody_had_looked_came_before_the_look_here(twins):
    here, there = twins
    train_there(there, "unseen", look=False)
    own = train_there(here, "after", look=True)
    with Session.open(here) as session:
        assert session.merge(there).result(60).opened == ()
        look = session.dataset("parts").first_look
        assert look.time == own.time
        assert {run.name: look.since(run) for run in session.runs.values()} == {
            "both": (),
            "after": ("was started",),
            "unseen": (),
        }


def test_a_dataset_that_is_merged_brings_its_first_look_with_the_runs_by_their_new_ids(session, parts, tmp_path):
    trained(session, parts, *KMEANS)
    session.show_test_part(parts)
    trained(session, parts, *KMEANS)
    session.close()
    with Session.create(tmp_path / "other.vqw") as other:
        blobs = other.import_data(guess(write_blobs(tmp_path / "blobs.csv", rows=4))).result(60)
        trained(other, blobs, *KMEANS)  # which has the id of the first run there
        other.merge(session.path).result(60)
        data = other.dataset("parts")
        came = [run for run in other.runs.values() if run.dataset is data]
        assert [data.first_look.since(run) for run in came] == [(), ("was started",)]
        assert data.first_look.time == parts.first_look.time
