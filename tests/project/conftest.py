"""Projects to test with, and rows that take no room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.project import Project


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "p.vqw"


@pytest.fixture
def project(path: Path) -> Iterator[Project]:
    with Project.create(path) as project:
        yield project
