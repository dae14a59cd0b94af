"""What is told after a crash: real programs are killed, and only what died is taken for dead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

import workbench
from workbench.desktop.crashes import N_KEPT, Watch, find_crashes
from workbench.desktop.settings import Settings
from workbench.desktop.window import Window
from workbench.session import Session

Wait = Callable[[Callable[[], bool]], None]
PATIENCE = 120.0

RUN = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from workbench.desktop import app
from workbench.desktop.window import Window

end, project = sys.argv[1:]
show = Window.show

def shown(window):
    def look():
        marks = Path(os.environ["VQ_WORKBENCH_STATE"], "running").glob(f"{os.getpid()}-*.json")
        if any(project in mark.read_text() for mark in marks):
            timer.stop()
            print("open", window.devicePixelRatio(), flush=True)
            {"abort": os.abort, "quit": window.close, "stay": lambda: None}[end]()

    show(window)
    timer = QTimer(window, interval=50)
    timer.timeout.connect(look)
    timer.start()

Window.show = shown
sys.exit(app.run(Path(project)))
"""
"""A program that tells when its project is open, and how large its pixels are, and then ends in a way of its own."""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "study.vqw"
    Session.create(path).close()
    return path


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, state: Path) -> Iterator[Start]:
    """Starts the real program on a project, offscreen; returns it once the project is open in it."""
    started: list[subprocess.Popen[str]] = []

    def one(end: str, project: Path) -> subprocess.Popen[str]:
        config = tmp_path / "config"
        settings = Settings(config / "window.ini")
        settings.warmed = f"{workbench.__version__} {sys.version_info.major}.{sys.version_info.minor}"
        settings.scale = 150
        settings.save()
        environment = os.environ | {
            "QT_QPA_PLATFORM": "offscreen",
            "VQ_WORKBENCH_CONFIG": str(config),
            "VQ_WORKBENCH_STATE": str(state),
        }
        running = subprocess.Popen(
            [sys.executable, "-c", RUN, end, str(project)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(running)
        assert running.stdout is not None
        assert running.stdout.readline().split() == ["open", "1.5"]
        return running

    yield one
    for running in started:
        running.kill()
        running.wait(PATIENCE)
        assert running.stdout is not None
        running.stdout.close()


def test_a_killed_program_is_told_of_with_its_project_which_opens(
    start: Start, state: Path, project: Path, window: Window, wait: Wait, qtbot: QtBot
) -> None:
    running = start("stay", project)
    assert find_crashes(state) == []
    running.send_signal(signal.SIGKILL)
    running.wait(PATIENCE)
    crashes = find_crashes(state)
    assert [crash.projects for crash in crashes] == [(project,)]
    assert "ended from outside" in crashes[0].cause
    assert find_crashes(state) == [], "a crash is told of once, by one program"
    window.shell.start(None, crashes)
    dialog = window.shell.crash
    assert dialog is not None
    assert window.shell.tour is None
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert str(project) in QGuiApplication.clipboard().text()
    qtbot.mouseClick(dialog.open_buttons[0], Qt.MouseButton.LeftButton)
    wait(lambda: window.session is not None and window.session.path == project)
    assert crashes[0].kept_at.read_text() == crashes[0].report
    assert find_crashes(state) == []


def test_a_fatal_signal_leaves_its_name_and_stacks_and_a_living_program_is_not_taken_for_dead(
    start: Start, state: Path, project: Path
) -> None:
    words = f"from workbench.desktop.crashes import Watch; Watch(__import__('pathlib').Path({str(state)!r})); input()"
    living = subprocess.Popen([sys.executable, "-c", words], stdin=subprocess.PIPE)
    start("abort", project).wait(PATIENCE)
    (crash,) = find_crashes(state)
    assert crash.projects == (project,)
    assert "Aborted" in crash.cause
    assert "in look" in crash.report
    crash.delete()
    assert living.poll() is None
    living.communicate(b"\n", PATIENCE)


def test_a_clean_end_leaves_nothing(start: Start, state: Path, project: Path) -> None:
    start("quit", project).wait(PATIENCE)
    assert list((state / "running").iterdir()) == []


def test_a_program_that_dies_while_it_tells_of_a_crash_leaves_it_to_the_next(state: Path) -> None:
    leave(state, ["/there/study.vqw"])
    (crash,) = find_crashes(state)
    crash.lock.release()
    assert [again.projects for again in find_crashes(state)] == [(Path("/there/study.vqw"),)]


def leave(state: Path, projects: object, trace: str = "") -> Path:
    """What a program leaves that was killed."""
    path = state / "running" / f"{time.monotonic_ns()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": "1", "projects": projects}))
    path.with_suffix(".trace").write_text(trace)
    return path


def test_an_end_with_nothing_open_and_no_trace_is_not_told(state: Path) -> None:
    path = leave(state, [])
    assert find_crashes(state) == []
    assert not path.exists()
    leave(state, [], "Fatal Python error: Segmentation fault\n\nstacks\n")
    (crash,) = find_crashes(state)
    assert crash.cause == "It was stopped by a fatal error: Segmentation fault."


@pytest.mark.parametrize("text", ["", "{", "[]", '{"projects": 5}'])
def test_a_damaged_mark_is_no_obstacle(state: Path, text: str) -> None:
    path = leave(state, [])
    path.write_text(text)
    assert find_crashes(state) == []
    assert not path.exists()


def test_where_nothing_can_be_written_the_program_starts_without_a_mark(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert Watch.begin(blocked) is None
    assert find_crashes(blocked) == []


def test_a_report_can_be_deleted(state: Path, window: Window, qtbot: QtBot) -> None:
    leave(state, ["/there/study.vqw"])
    crashes = find_crashes(state)
    window.shell.start(None, crashes)
    dialog = window.shell.crash
    assert dialog is not None
    dialog.delete.click()
    dialog.close()
    assert not crashes[0].kept_at.exists()
    assert list((state / "running").iterdir()) == []


def test_only_the_newest_reports_are_kept(state: Path) -> None:
    for _ in range(N_KEPT + 3):
        leave(state, ["/there/study.vqw"])
        find_crashes(state)[0].keep()
    assert len(list((state / "crashes").glob("*.txt"))) == N_KEPT
