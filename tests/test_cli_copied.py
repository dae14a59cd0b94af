"""Commands on projects of synced folders: one line says that a copy is worked on, and what is done is at home after."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.project import Project, open_project
from workbench.resources import sample_projects

NOTE = "note: 'p.vqw' is in a folder that Syncthing syncs: it is worked on in a copy here, and brought back.\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The iris sample in a folder that Syncthing syncs."""
    monkeypatch.setenv("VQ_WORKBENCH_COPIES", str(tmp_path / "copies"))
    folder = tmp_path / "synced"
    folder.mkdir()
    (folder / ".stfolder").touch()
    return Path(shutil.copy(sample_projects()["iris"], folder / "p.vqw"))


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def runs_in(path: Path) -> int:
    with Project.open(path, read_only=True) as project:
        found = len(project.read(lambda r: r.keys("runs")).result())
    path.with_name("p.vqw.lock").unlink()
    return found


def test_what_is_trained_is_at_home_after(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = runs_in(project)
    train = ("train", project, "--engine", "KMeans", "--set", "n_clusters=3", "--json")
    assert said(capsys, *train)[::2] == (0, NOTE)
    assert runs_in(project) == before + 1
    assert said(capsys, *train, "--in-place")[::2] == (0, "")
    assert runs_in(project) == before + 2
    assert sorted(os.listdir(project.parent)) == [".stfolder", "p.vqw"]


def test_who_only_reads_is_told_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("info", project), ("verify", project)):
        assert said(capsys, *words)[::2] == (0, "")
    assert said(capsys, "compact", project)[::2] == (0, NOTE)


def test_an_import_makes_a_project_there_or_nothing(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n3,4\n5,6\n")
    new = project.with_name("new.vqw")
    assert said(capsys, "import", table, "--project", new, "--label", "nothing")[0] == 1
    assert not new.exists()
    code, _, err = said(capsys, "import", table, "--project", new)
    assert (code, err) == (0, NOTE.replace("p.vqw", "new.vqw"))
    assert new.exists()
    assert said(capsys, "merge", project, new)[0] == 0


def test_work_that_cannot_be_brought_back_is_told_at_the_end(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.project import working_copy

    with monkeypatch.context() as away:
        away.setattr(working_copy.WorkingCopy, "home_is_there", lambda copy: False)
        code, _, err = said(capsys, "compact", project)
    assert code == 0
    assert err.splitlines()[1].startswith(f"note: The folder '{project.parent}' cannot be reached. 'p.vqw' is safe")
    code, _, err = said(capsys, "info", project)
    assert (code, "not brought back yet" in err) == (0, True)
    open_project(project).close()
    assert said(capsys, "info", project)[::2] == (0, "")
