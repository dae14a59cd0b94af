"""Whatever is done here and elsewhere, in whatever order, every change is in some file at home in the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from copied_help import abandon, brought
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.project import CopiedProject, Project, Transaction, create_project, deliver_left, open_project
from workbench.project.disk import Disk
from workbench.project.lock import NoLock

STEPS = ("change", "bring", "close", "end", "others", "touch", "take_away", "put_back", "start")


class Desk:
    """Someone at work on a project of a synced folder, and others who change it elsewhere; each change has a number."""

    def __init__(self, root: Path) -> None:
        self.home = root / "synced" / "work" / "p.vqw"
        self.home.parent.mkdir(parents=True)
        (self.home.parent.parent / ".stfolder").touch()
        self.away = root / "away"
        self.numbers = 0
        self.project: Project | None = create_project(self.home)
        self.change()
        self.bring()

    def change(self) -> None:
        if self.project is None:
            if self.away.exists() and not self._is_left():
                return
            self.project = open_project(self.home)
        self._log(self.project)

    def bring(self) -> None:
        if isinstance(self.project, CopiedProject):
            brought(self.project)

    def close(self) -> None:
        if self.project is not None:
            self.project.close()
            self.project = None

    def end(self) -> None:
        """As a program ends that is killed."""
        if isinstance(self.project, CopiedProject):
            abandon(self.project)
            self.project = None

    def others(self) -> None:
        if self.home.exists():
            other = self.home.with_name("other")
            shutil.copy(self.home, other)
            with Project(other, Disk(), lock=NoLock()) as project:
                self._log(project)
            other.replace(self.home)

    def touch(self) -> None:
        if self.home.exists():
            os.utime(self.home, (1, 1))

    def take_away(self) -> None:
        if not self.away.exists():
            self.home.parent.rename(self.away)

    def put_back(self) -> None:
        if self.away.exists():
            self.away.rename(self.home.parent)

    def start(self) -> None:
        """As a program starts."""
        deliver_left()

    def found(self) -> set[int]:
        """The numbers of all changes that are in some file at home."""
        numbers: set[int] = set()
        for path in self.home.parent.glob("*.vqw"):
            with Project(path, Disk(), read_only=True, lock=NoLock()) as project:
                numbers |= set(project.read(lambda r: r.get("log")["numbers"]).result())
        return numbers

    def _is_left(self) -> bool:
        return any((self.home.parents[2] / "copies").rglob("ledger.json"))

    def _log(self, project: Project) -> None:
        self.numbers += 1
        number = self.numbers

        def work(transaction: Transaction) -> None:
            before = transaction.get("log")["numbers"] if transaction.exists("log") else []
            transaction.put("log", {"numbers": [*before, number]})

        project.transact(work).result()


def live(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setenv("VQ_WORKBENCH_COPIES", str(Path(root) / "copies"))
        desk = Desk(Path(root))
        try:
            for step in steps:
                getattr(desk, step)()
        finally:
            desk.put_back()
            desk.close()
        deliver_left()
        assert desk.found() == set(range(1, desk.numbers + 1))
        assert not list((Path(root) / "copies").iterdir())
        assert not list(desk.home.parent.glob(".~*"))


@settings(max_examples=12)
@given(st.lists(st.sampled_from(STEPS), max_size=10))
def test_no_change_is_lost(steps: list[str]) -> None:
    live(steps)


@pytest.mark.slow
@settings(max_examples=400)
@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_no_change_is_lost_in_long_lives(steps: list[str]) -> None:
    live(steps)
