"""Projects to test with, and rows that take no room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from copied_help import put

from workbench.project import Project, create_project


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "p.vqw"


@pytest.fixture
def project(path: Path) -> Iterator[Project]:
    with Project.create(path) as project:
        yield project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Syncthing syncs."""
    monkeypatch.setenv("VQ_WORKBENCH_COPIES", str(tmp_path / "copies"))
    folder = tmp_path / "synced" / "work"
    folder.mkdir(parents=True)
    (folder.parent / ".stfolder").touch()
    return folder


@pytest.fixture
def home(folder: Path) -> Path:
    """A project in it."""
    with create_project(folder / "p.vqw") as project:
        put(project, 1)
    return folder / "p.vqw"
