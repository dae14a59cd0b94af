"""Windows offscreen with settings of their own; Qt's warnings and what a test leaves behind make it fail."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import numpy as np
import pytest
import shiboken6
from desktop_help import PATIENCE_MS, of, shut
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.data import guess
from workbench.desktop import ahead, errors
from workbench.desktop.settings import Settings
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.window import Window
from workbench.session import Dataset

HARMLESS = r"This plugin does not support (propagateSizeHints|raise|grabbing the keyboard)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(str(item.fspath)).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.qt_log_ignore(HARMLESS, extend=True))


@pytest.fixture(scope="session", autouse=True)
def libraries_are_loaded() -> None:
    """The first window of a process loads for seconds: longer than some tests last, which would leave that thread."""
    ahead.load()


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: QApplication) -> Iterator[None]:
    """Fail a test that leaves threads, running timers or top-level widgets."""
    threads, widgets = set(threading.enumerate()), set(QApplication.topLevelWidgets())
    timers = {id(timer) for timer in _running_timers()}
    yield
    dialog = errors.open_dialog()
    if dialog is not None:
        dialog.close()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    gc.collect()
    end = time.monotonic() + 5
    while (left := _left(threads)) and time.monotonic() < end:
        time.sleep(0.01)
    assert not left, f"threads left: {left}"
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    more = [w for w in QApplication.topLevelWidgets() if w not in widgets and shiboken6.isValid(w) and w.isVisible()]
    assert not more, f"widgets left: {more}"
    running = [timer for timer in _running_timers() if id(timer) not in timers]
    assert not running, f"timers left: {[(t, t.parent()) for t in running]}"


def _left(before: set[threading.Thread]) -> list[threading.Thread]:
    """Threads of ours that go on; pools that live as long as the process are not ours."""
    ours = ("background", "views", "vqw", "storage")
    return [t for t in threading.enumerate() if t not in before and t.is_alive() and t.name.startswith(ours)]


def _running_timers() -> list[QTimer]:
    found = [thing for thing in gc.get_objects() if type(thing) is QTimer]
    return [timer for timer in found if shiboken6.isValid(timer) and timer.isActive()]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Remembered choices of one test alone; copies of samples and pasted tables go to its folder too."""
    monkeypatch.setenv("VQ_WORKBENCH_PROJECTS", str(tmp_path / "copies"))
    monkeypatch.setenv("VQ_WORKBENCH_STATE", str(tmp_path / "state"))
    return Settings(tmp_path / "settings" / "window.ini")


@pytest.fixture
def switch(qapp: QApplication, settings: Settings) -> Iterator[ThemeSwitch]:
    made = ThemeSwitch(settings)
    yield made
    made.deleteLater()


@pytest.fixture
def window(qtbot: QtBot, settings: Settings, switch: ThemeSwitch) -> Iterator[Window]:
    """An open window; closed at the end, whatever goes on in it."""
    made = Window(settings, switch)
    made.resize(1200, 800)
    made.show()
    yield made
    shut(qtbot, made)


@pytest.fixture
def wait(qtbot: QtBot) -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds; a problem that is reported meanwhile fails the test with its words."""

    def until(holds: Callable[[], bool]) -> None:
        def looked() -> bool:
            dialog = errors.open_dialog()
            assert dialog is None, f"{dialog.failed.text()} {dialog.details.toPlainText()}"
            return bool(holds())

        qtbot.waitUntil(looked, timeout=PATIENCE_MS)

    return until


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """A small labelled table: three groups of 40 rows in four columns, and their names."""
    rng = np.random.default_rng(0)
    path = tmp_path / "flowers.csv"
    lines = ["length,width,height,weight,kind"]
    for k, kind in enumerate(("aster", "briar", "clover")):
        rows = rng.normal(3 * k, 1, (40, 4))
        lines += [",".join(f"{value:.4f}" for value in row) + f",{kind}" for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A table on which k-means with many prototypes takes a while."""
    path = tmp_path / "wide.csv"
    rows = np.random.default_rng(1).random((12_000, 16))
    np.savetxt(path, rows, "%.4f", ",", header=",".join(f"x{j}" for j in range(16)), comments="")
    return path


@pytest.fixture
def data(window: Window, flowers: Path, tmp_path: Path, wait: Callable[[Callable[[], bool]], None]) -> Dataset:
    """The flowers, in a project that is open in the window, which shows them."""
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    found = of(window).import_data(guess(flowers)).result(60)
    wait(lambda: window.live.shown is found)
    return found
