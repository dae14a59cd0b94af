"""A session on a project of a synced folder works in a copy, is known by its home, and says what becomes of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from session_help import until

from workbench.data import guess
from workbench.project import CopiedProject, Project
from workbench.session import Session, SessionError
from workbench.session.salvage import salvage

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Syncthing syncs."""
    monkeypatch.setenv("VQ_WORKBENCH_COPIES", str(tmp_path / "copies"))
    folder = tmp_path / "synced"
    folder.mkdir()
    (folder / ".stfolder").touch()
    return folder


def copied(session: Session) -> CopiedProject:
    assert isinstance(session.project, CopiedProject)
    return session.project


def test_a_study_is_made_here_and_is_at_home_when_the_session_ends(folder: Path, blobs_csv: Path) -> None:
    path = folder / "p.vqw"
    with Session.create(path) as session:
        assert session.path == path
        assert "'p.vqw' is in a folder that Syncthing syncs" in session.notice
        data = session.import_data(guess(blobs_csv)).result(60)
        run = session.add_run(data, "KMeans", {"n_clusters": 3, "random_state": 0})
        assert run.wait(60) == "finished"
    assert session.parting == ""
    with Session.open(path, read_only=True) as session:
        assert (session.path, session.project.path) == (path, path)
        assert [run.status for run in session.runs.values()] == ["finished"]
        assert session.project.verify() == []
    assert sorted(os.listdir(folder)) == [".stfolder", "p.vqw"]


def test_learning_goes_on_while_it_is_brought_back(folder: Path, blobs_csv: Path) -> None:
    with Session.create(folder / "p.vqw") as session:
        data = session.import_data(guess(blobs_csv)).result(60)
        run = session.add_run(data, "GMLVQ", {"max_iter": 300, "random_state": 0, "tol": 0.0, "solver": "adam"})
        for _ in range(5):
            copied(session).bring_back()
            until(lambda: copied(session).standing.share is None)
            with Session.open(folder / "p.vqw", read_only=True) as reader:
                assert "open for changes" in reader.notice
                assert reader.project.verify() == []
        run.stop()
        run.wait(60)


def test_whose_work_went_to_another_file_is_told_and_the_session_goes_on_there(folder: Path, blobs_csv: Path) -> None:
    told: list[tuple[str, str]] = []
    path = folder / "p.vqw"
    Session.create(path).close()
    with Session.open(path) as session:
        session.events.failed.connect(lambda title, detail: told.append((title, detail)))
        session.import_data(guess(blobs_csv)).result(60)
        with Project.open(path) as other:
            other.transact(lambda t: t.put("theirs", {})).result()
        copied(session).bring_back()
        until(lambda: bool(told))
        assert session.path != path
        session.import_data(guess(blobs_csv), name="more").result(60)
    ((title, words),) = told
    assert (title, session.path.name in words) == ("Bringing back", True)
    with Session.open(session.path, read_only=True) as again:
        assert len(again.datasets) == 2


def test_in_place_means_in_place(folder: Path) -> None:
    path = folder / "p.vqw"
    with Session.create(path, in_place=True) as session:
        assert session.project.path == path
    with Session.open(path, in_place=True) as session:
        assert (session.project.path, session.notice) == (path, "")


def test_another_project_there_is_merged_without_a_trace_and_not_into_itself(
    folder: Path, study: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copy(study, folder / "other.vqw"))
    with Session.create(tmp_path / "p.vqw") as session:
        assert session.merge(other).result(60).things
        assert sorted(os.listdir(folder)) == [".stfolder", "other.vqw"]
    with Session.open(other) as session, pytest.raises(SessionError, match="this project itself"):
        session.offers(other)


def test_what_is_salvaged_is_the_newest_work(folder: Path, study: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(study, folder / "p.vqw"))
    session = Session.open(path)
    session.rename(next(iter(session.datasets.values())), "newer")
    copied(session).leave()
    session.close()
    assert "safe in a working copy" in session.parting
    salvage(path, tmp_path / "saved.vqw")
    with Session.open(tmp_path / "saved.vqw", read_only=True) as saved:
        assert next(iter(saved.datasets.values())).name == "newer"


def test_a_program_that_ends_without_closing_its_session_brings_it_back(folder: Path) -> None:
    Session.create(folder / "p.vqw").close()
    code = f"""
from workbench.session import Session
session = Session.open({str(folder / "p.vqw")!r})
session.project.transact(lambda t: t.put("about", {{}})).result()
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=120)
    with Session.open(folder / "p.vqw", read_only=True) as session:
        assert session.project.path == folder / "p.vqw"
        assert session.project.read(lambda r: r.exists("about")).result()


def test_closing_without_waiting_brings_it_back_too(folder: Path) -> None:
    session = Session.create(folder / "p.vqw")
    session.project.transact(lambda t: t.put("about", {})).result()
    session.close(wait=False)
    end = time.monotonic() + 30
    while sorted(os.listdir(folder)) != [".stfolder", "p.vqw"]:
        assert time.monotonic() < end
        time.sleep(0.01)
