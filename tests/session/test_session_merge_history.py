"""What cannot be merged is refused, what is stopped leaves nothing, and the history of a merge stays coherent."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from merging_help import damage, finished, held, merged, names

from workbench.errors import Cancelled, WorkbenchError
from workbench.project import Project, Reader, merging
from workbench.project.salvaging import salvage
from workbench.project.userblock import USERBLOCK_SIZE, UserBlock
from workbench.reports.script import script
from workbench.session import CommandLog, Dataset, Session, SessionError
from workbench.session.log import coherent


def _newer(path: Path) -> None:
    data = path.read_bytes()
    block = UserBlock.unpack(data)
    assert block is not None
    path.write_bytes(replace(block, schema=9, least_reader=9).pack().ljust(USERBLOCK_SIZE, b"\0") + data[4096:])


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "There is no project at"),
    "newer": (_newer, "was written by a newer version of VQ Workbench"),
    "foreign": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(9000)), "not a VQ Workbench project"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-5000]), "is cut short"),
    "damaged": (damage, "Nothing was merged, as 'study.vqw' is damaged ('datasets/d_000001/X' is damaged in rows"),
    "damaged in a run": (
        lambda path: damage(path, "runs/r_000001/history/cost"),
        "Nothing was merged, as 'study.vqw' is damaged ('runs/r_000001/history/cost'",
    ),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_file_that_cannot_be_merged_is_refused_in_a_sentence_and_nothing_changes(
    session: Session, study: Path, name: str
) -> None:
    spoil, words = BAD[name]
    spoil(study)
    before = held(session.project), session.log
    with pytest.raises(WorkbenchError) as caught:
        merged(session, study)
    sentence = str(caught.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert (held(session.project), session.log) == before


def test_the_project_itself_one_that_is_open_elsewhere_and_an_empty_one_are_refused(
    session: Session, study: Path, tmp_path: Path
) -> None:
    (tmp_path / "again.vqw").symlink_to(session.path)
    for path in (session.path, tmp_path / "again.vqw"):
        with pytest.raises(SessionError, match="is this project itself: choose another one"):
            merged(session, path)
        with pytest.raises(SessionError, match="is this project itself"):
            session.offers(path)
    with Session.open(study), pytest.raises(WorkbenchError, match=r"'study\.vqw' is already open in this program"):
        merged(session, study)
    Session.create(tmp_path / "empty.vqw").close()
    with pytest.raises(SessionError, match=r"nothing to merge in 'empty\.vqw'"):
        merged(session, tmp_path / "empty.vqw")


def test_a_project_that_is_only_read_takes_nothing(study: Path, tmp_path: Path) -> None:
    shutil.copy(study, tmp_path / "other.vqw")
    with (
        Session.open(study, read_only=True) as session,
        pytest.raises(SessionError, match="opened for reading only"),
    ):
        session.merge(tmp_path / "other.vqw")


def test_what_was_deleted_meanwhile_is_told(
    session: Session, filled: Dataset, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = merging.Freight.load

    def slowly(freight: Any, stop: Any) -> None:
        session.delete(filled)
        load(freight, stop)

    monkeypatch.setattr(merging.Freight, "load", slowly)
    with pytest.raises(SessionError, match="'blobs' was deleted in the meantime: merge once more"):
        merged(session, study)


# stopped


@pytest.mark.parametrize("asked", [1, 2, 40, 90])
def test_a_merge_that_is_cancelled_leaves_nothing(
    session: Session, study: Path, monkeypatch: pytest.MonkeyPatch, asked: int
) -> None:
    monkeypatch.setattr(merging, "LARGE", 64)
    before = held(session.project), session.log, session.project.read(Reader.counters).result()
    count = iter(range(asked))
    for name in ("load", "write"):
        own = getattr(merging.Freight, name)
        monkeypatch.setattr(merging.Freight, name, _with_stop(own, lambda: next(count, None) is None))
    with pytest.raises(Cancelled):
        merged(session, study)
    assert (held(session.project), session.log, session.project.read(Reader.counters).result()) == before
    assert not session.project.read(Reader.incoming).result()
    monkeypatch.undo()
    merged(session, study)
    assert session.project.verify() == []


def _with_stop(method: Callable[..., Any], stop: Callable[[], bool]) -> Callable[..., Any]:
    def called(freight: Any, *arguments: Any) -> Any:
        return method(freight, *arguments[:-1], stop)

    return called


def test_large_arrays_are_written_ahead_and_progress_never_goes_back(
    session: Session, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "LARGE", 64)
    staged: list[Any] = []
    stage = session.project.stage
    monkeypatch.setattr(session.project, "stage", lambda *a, **k: staged.append(a) or stage(*a, **k))
    shares: list[float] = []
    monkeypatch.setattr("workbench.session.jobs.Job.report", lambda job, share: shares.append(share))
    merged(session, study)
    assert len(staged) > 3
    assert shares == sorted(shares)
    assert shares[-1] == 1
    with Project.open(study, read_only=True) as other:
        mine, theirs = held(session.project, ("datasets",)), held(other, ("datasets",))
    assert {key: what[-1] for key, what in mine.items() if isinstance(what, tuple)} == {
        key: what[-1] for key, what in theirs.items() if isinstance(what, tuple)
    }
    assert not session.project.read(Reader.incoming).result()


# the history


def test_a_merge_of_a_merge_is_told_as_one(session: Session, filled: Dataset, study: Path, tmp_path: Path) -> None:
    merged(session, study)
    session.close()
    with Session.create(tmp_path / "third.vqw") as third:
        merged(third, session.path)
        (entry,) = third.log
        kinds = [command.kind for command in entry.command.told]
        assert "merge" not in kinds
        assert kinds.count("run") == 4
        with Session.open(session.path, read_only=True) as second:
            assert names(third) == names(second)
            told = [command.text for command in CommandLog(second.log).told]
        assert [command.text for command in entry.command.told] == told


def test_what_was_undone_there_is_not_told_here(session: Session, study: Path) -> None:
    with Session.open(study) as other:
        other.rename(other.run("groups"), "crowds")
        other.undo()
    merged(session, study)
    (entry,) = session.log
    assert not any("crowds" in command.text for command in entry.command.told)
    assert "deletion of deleted" not in {command.text for command in entry.command.told}


def test_the_log_stays_coherent_where_part_of_a_merge_is_lost(session: Session, filled: Dataset, study: Path) -> None:
    merged(session, study)
    session.undo()
    session.redo()
    finished(session.add_run("part", "KMeans", {"n_clusters": 2}, name="own"))
    entries = [entry.to_json() for entry in session.log]
    hidden = {id: thing.hidden for id, thing in session._document.everything.items()}
    assert all(coherent(entries, hidden))
    lost = [session.run("classes").id, session.dataset("part").id, session.run("part of it").id, session.run("own").id]
    left = {id: value for id, value in hidden.items() if id not in lost}
    assert coherent(entries, left) == [True] * (len(entries) - 1) + [False]
    with_undone = {**left, session.run("groups 2").id: True}
    assert coherent(entries, with_undone) == [True] * (len(entries) - 1) + [False]
    mine = {id: value for id, value in left.items() if id in (filled.id, session.run("groups").id)}
    expected = [entry["command"]["kind"] != "merge" for entry in entries]
    assert (
        coherent(entries, mine)[: len(entries) - 1]
        == [stays and entry["command"]["target"] in mine for stays, entry in zip(expected, entries, strict=True)][
            : len(entries) - 1
        ]
    )


def test_a_merged_project_that_wasdamage_is_salvaged_undone_and_told(
    session: Session, filled: Dataset, study: Path, tmp_path: Path
) -> None:
    merged(session, study)
    lost = session.dataset("part").id
    session.close()
    damage(session.path, f"{lost}/X")
    salvage(session.path, tmp_path / "saved.vqw", coherent)
    with Session.open(tmp_path / "saved.vqw") as saved:
        assert [dataset.name for dataset in saved.datasets.values()] == ["blobs"]
        assert "part of it" not in names(saved)["runs"]
        assert lost not in json.dumps([command.to_json() for command in CommandLog(saved.log).told])
        text = script(saved)
        assert "two_groups" in text
        saved.undo()
        assert names(saved) == {
            "datasets": ["blobs"],
            "runs": ["groups"],
            "selections": ["some"],
        }
        saved.redo()
        assert len(saved.runs) == 4


def test_what_has_no_history_there_has_none_here(session: Session, study: Path) -> None:
    def forget(transaction: Any) -> None:
        for name in transaction.keys("commands"):
            command = transaction.get(f"commands/{name}")["command"]
            if command["target"] == "datasets/d_000001" and command["kind"] == "import":
                transaction.delete(f"commands/{name}")

    with Project.open(study) as project:
        project.transact(forget).result()
    merged(session, study)
    (entry,) = session.log
    assert entry.command.told == ()
    assert len(entry.command.targets) == 9
    session.undo()
    assert names(session) == {}
