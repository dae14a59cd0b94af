"""What commands share: the project as an argument, the session over it, settings in words, and waiting for work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.errors import WorkbenchError
from workbench.terminal import progress

if TYPE_CHECKING:  # imported where used: `--help` and `--version` answer at once
    from workbench.project import Project
    from workbench.session import Run, Session, Study

ProjectPath = Annotated[Path, typer.Argument(metavar="PROJECT", help="project file (*.vqw)")]
RunName = Annotated[str, typer.Option("--run", help="name or id of the run; the newest one if not given")]
PageFile = Annotated[
    Path | None, typer.Option("-o", "--out", help="file for the page of it: .html, .pdf, .png or .svg")
]
AsJson = Annotated[bool, typer.Option("--json", help="for machines: one JSON value on standard output")]


in_place: ContextVar[bool] = ContextVar("in_place", default=False)
"""Whether the command works on projects where they are, never by way of a working copy."""


@contextmanager
def session_of(path: Path, *, create: bool = False, read_only: bool = False) -> Iterator[Session]:
    """The open project; one that had to be made for work that then fails is taken away again."""
    from workbench.session import Session

    is_new = create and not path.exists()
    if is_new:
        session = Session.create(path, in_place=in_place.get())
    else:
        with progress() as report:
            copying = partial(report, "Copying")
            session = Session.open(path, read_only=read_only, in_place=in_place.get(), progress=copying)
    done = False
    try:
        _note(session.notice)
        yield session
        done = True
    finally:
        session.close()
        _note(session.parting)
        if is_new and not done:
            for ending in ("", "-wal", ".lock"):
                path.with_name(path.name + ending).unlink(missing_ok=True)


@contextmanager
def project_of(path: Path, *, read_only: bool = False) -> Iterator[Project]:
    """The open project file, for what needs nothing of what it means."""
    from workbench.project import open_project

    project = open_project(path, read_only=read_only, in_place=in_place.get())
    try:
        _note(project.recovered)
        yield project
    finally:
        project.close()
        _note(project.parting)


def _note(sentence: str) -> None:
    if sentence:
        print(f"note: {sentence}", file=sys.stderr)


def dataset_name(session: Session, name: str | None) -> str:
    """The dataset that was named, or the only one there is."""
    if name is not None:
        return name
    if len(session.datasets) != 1:
        names = ", ".join(dataset.name for dataset in session.datasets.values()) or "none yet"
        raise WorkbenchError(f"Say which dataset with --dataset: the project has {names}.")
    return next(iter(session.datasets))


def run_called(session: Session, name: str) -> Run:
    """The run that was named; the newest one where the name is empty."""
    if name:
        return session.run(name)
    if not session.runs:
        raise WorkbenchError("The project has no run: train one first.")
    return list(session.runs.values())[-1]


def pair(text: str, option: str = "--set") -> tuple[str, str]:
    """Name and value of a setting that was given to `option` as `name=value`."""
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{option} {text} is not understood: write it as key=value.")
    return key.strip(), value


def wait_for(work: Run | Study, report: Callable[[], None]) -> None:
    """Show how far a run or a study is until it ends; an interrupt stops it and waits for what was learned.

    So does an alarm, as nobody is asked here whether to go on.
    """
    try:
        while work.wait(0.1) in ("queued", "running", "paused"):
            report()
            if work.facts.alarm is not None:
                break
        else:
            return
    except KeyboardInterrupt:
        pass
    work.stop()
    work.wait()
