"""Random events, as of somebody who presses everything: runs started and stopped, windows closed while they learn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from desktop_help import PATIENCE_MS, shut
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from workbench.data import guess
from workbench.desktop import errors
from workbench.desktop.closing import Choice
from workbench.desktop.projects import Projects
from workbench.desktop.settings import Settings
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.window import Window
from workbench.errors import WorkbenchError
from workbench.session import SessionError

KEYS = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Space,
    Qt.Key.Key_Tab,
    Qt.Key.Key_A,
)
HELD = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier)
ENGINES: tuple[tuple[str, dict[str, object]], ...] = (
    ("KMeans", {"n_clusters": 5}),
    ("GMLVQ", {"max_iter": 40}),
    ("SOM", {"shape": [4, 4], "max_iter": 40}),
    ("GaussianMixture", {"n_components": 3}),
    ("ProductQuantizer", {"n_subspaces": 2, "n_bits": 2}),
)
LEFT_ALONE = frozenset({"quit", "open", "new", "save_as", "close", "about", "help"})
"""Actions that leave the window or the project, or open windows that are tested elsewhere."""


class Monkey:
    """Does one random thing after another to a window; a problem that was not foreseen ends it.

    Parameters
    ----------
    window : Window
    seed : int
    """

    def __init__(self, window: Window, seed: int) -> None:
        self.window = window
        self.random = np.random.default_rng(seed)
        self.done: list[str] = []
        self.patience = QTimer(interval=300)
        self.patience.timeout.connect(self.shut_popup)

    def step(self) -> None:
        """Do something, and let the window answer."""
        acts = (self.act, self.click, self.press, self.view, self.choose, self.start, self.steer, self.drag)
        weights = np.array([5, 8, 4, 3, 3, 0.4, 2, 1], float)
        self.patience.start()  # the menu of a button keeps its click waiting until it is shut
        acts[int(self.random.choice(len(acts), p=weights / weights.sum()))]()
        self.patience.stop()
        QApplication.processEvents()
        self.settle()

    def settle(self) -> None:
        """Close what was opened, and look for a problem that is nobody's intention."""
        dialog = errors.open_dialog()
        if dialog is not None:
            words = f"{dialog.failed.text()} {dialog.details.toPlainText()}"
            assert "unexpected" not in words, f"{words}\nafter {self.done[-20:]}"
            assert "Traceback" not in words, f"{words}\nafter {self.done[-20:]}"
            dialog.close()
        for dialog in self.window.findChildren(QDialog):
            if dialog.isVisible() and self.random.random() < 0.3:
                dialog.accept() if self.random.random() < 0.4 else dialog.reject()
        self.shut_popup()

    def shut_popup(self) -> None:
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()

    def act(self) -> None:
        by_name = self.window.actions_by_name.by_name
        possible = [action for name, action in by_name.items() if action.isEnabled() and name not in LEFT_ALONE]
        self.note(action := self.one(possible), action.objectName())
        action.trigger()

    def click(self) -> None:
        widget = self.one(self.widgets(QWidget))
        at = self.place(widget)
        self.note(widget, f"click {at.x()},{at.y()}")
        if not isinstance(widget, QTabBar | QLineEdit | QAbstractButton) or self.random.random() < 0.5:
            QTest.mouseClick(widget, Qt.MouseButton.LeftButton, self.one(HELD), at)

    def drag(self) -> None:
        widget = self.one(self.widgets(QWidget))
        places = [self.place(widget) for _ in range(4)]
        self.note(widget, "drag")
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, self.one(HELD), places[0])
        for place in places[1:]:
            QTest.mouseMove(widget, place)
        if shiboken6.isValid(widget):
            QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[-1])

    def press(self) -> None:
        widget = QApplication.focusWidget() or self.window
        key = self.one(KEYS)
        self.note(widget, f"key {key}")
        QTest.keyClick(widget, key, self.one(HELD))

    def view(self) -> None:
        pane = self.one(self.window.views.panes)
        self.note(pane, pane.view.name)
        self.window.views.show_view(pane.view.name)

    def choose(self) -> None:
        """Another thing in the tree, another entry of a choice, another place of a slider."""
        things = self.window.tree.things()
        boxes = [box for box in self.widgets(QComboBox) if box.count() > 1]
        sliders = self.widgets(QAbstractSlider)
        kind = int(self.random.integers(3))
        if kind == 0 and things:
            self.note(self.window, f"select {(thing := self.one(things)).name}")
            self.window.tree.select(thing)
        elif kind == 1 and boxes:
            box = self.one(boxes)
            at = int(self.random.integers(box.count()))
            self.note(box, f"choose {box.itemText(at)}")
            box.setCurrentIndex(at)
            box.activated.emit(at)
        elif sliders:
            slider = self.one(sliders)
            self.note(slider, "slide")
            slider.setValue(int(self.random.integers(slider.minimum(), slider.maximum() + 1)))

    def start(self) -> None:
        session = self.window.session
        if session is None or session.read_only or not session.datasets or len(session.runs) > 12:
            return
        engine, parameters = self.one(ENGINES)
        self.note(self.window, f"start {engine}")
        dataset = self.one(list(session.datasets.values()))
        with suppress(SessionError):  # such as one that needs labels
            session.add_run(dataset, engine, {**parameters, "random_state": int(self.random.integers(100))})

    def steer(self) -> None:
        session = self.window.session
        runs = [] if session is None else list(session.runs.values())
        if runs:
            run, act = self.one(runs), self.one(["pause", "resume", "stop", "step"])
            self.note(self.window, f"{act} {run.name}")
            with suppress(WorkbenchError):  # a run that is at rest cannot be paused, and so on
                getattr(run, act)()

    def widgets(self, kind: type) -> list:
        found = [w for w in self.window.findChildren(kind) if w.isVisible() and w.width() > 2 and w.height() > 2]
        found = [w for w in found if not isinstance(w, QDialog | QAbstractItemView) and w.window() is self.window]
        return found or ([self.window] if kind is QWidget else [])

    def place(self, widget: QWidget) -> QPoint:
        return QPoint(int(self.random.integers(widget.width())), int(self.random.integers(widget.height())))

    def one(self, things):
        return things[int(self.random.integers(len(things)))]

    def note(self, thing: object, words: str) -> None:
        self.done.append(f"{type(thing).__name__} {words}")


def gone(window: Window, monkey: Monkey) -> bool:
    """Whether a window that was closed is; problems that were foreseen are put away meanwhile."""
    if not shiboken6.isValid(window) or not window.isVisible():
        return True
    monkey.settle()
    return False


@pytest.fixture
def without_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody chooses a file, and projects are left by whichever way is offered first."""
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_, **__: ("", ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_, **__: ([], ""))


@pytest.mark.parametrize(
    ("n_events", "seed"),
    [(250, 0), pytest.param(10_000, 1, marks=[pytest.mark.slow, pytest.mark.timeout(5400)])],
)
def test_whatever_is_pressed_nothing_breaks(
    n_events: int,
    seed: int,
    qtbot: QtBot,
    settings: Settings,
    switch: ThemeSwitch,
    flowers: Path,
    tmp_path: Path,
    wait: Callable[[Callable[[], bool]], None],
    without_files: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undo = errors.install()
    monkeypatch.setattr(Projects, "_ask", lambda *_: Choice.STOP)
    path = tmp_path / "study.vqw"
    try:
        for part in range(2):  # the second window opens what the first one left in the midst of work
            window = Window(settings, switch)
            window.resize(1100, 760)
            window.show()
            window.projects.create(path) if part == 0 else window.projects.open(path)
            wait(lambda window=window: window.session is not None)
            assert window.session is not None
            if part == 0:
                window.session.import_data(guess(flowers)).result()
            monkey = Monkey(window, seed + part)
            for _ in range(n_events // 2):
                monkey.step()
                if not window.isVisible() or window.session is None:
                    break
            window.surgery.close()
            if window.isVisible():
                window.close()
                qtbot.waitUntil(lambda window=window, monkey=monkey: gone(window, monkey), timeout=PATIENCE_MS)
            shut(qtbot, window)
            assert len(monkey.done) > n_events // 20
    finally:
        undo()
