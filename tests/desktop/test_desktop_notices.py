"""Notices at the end of long work: when there is one, what it says, and how it is turned off."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from workbench.desktop import notifying
from workbench.desktop.notifying import Notifier
from workbench.desktop.settings import Settings
from workbench.desktop.window import Window


class Tray(QObject):
    """Takes the place of the system's tray, which there is none of offscreen."""

    messageClicked = Signal()  # noqa: N815
    activated = Signal(object)
    told: ClassVar[list[tuple[str, str]]] = []
    available = True

    def __init__(self, icon: object, parent: QObject) -> None:
        super().__init__(parent)
        self.shown = False

    @classmethod
    def isSystemTrayAvailable(cls) -> bool:  # noqa: N802
        return cls.available

    def setToolTip(self, words: str) -> None:  # noqa: N802
        pass

    def show(self) -> None:
        self.shown = True

    def hide(self) -> None:
        self.shown = False

    def showMessage(self, title: str, words: str, icon: object, time: int) -> None:  # noqa: N802
        assert self.shown
        Tray.told.append((title, words))


@pytest.fixture
def desk(window: Window, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A notifier on a window that is not active, with a clock that stands still and a tray that remembers."""
    found = SimpleNamespace(now=0.0, alerts=[], window=window, active=False)
    Tray.told, Tray.available = [], True
    monkeypatch.setattr(notifying, "QSystemTrayIcon", Tray)
    monkeypatch.setattr(QApplication, "alert", lambda *window: found.alerts.append(window))
    monkeypatch.setattr(window, "isActiveWindow", lambda: found.active)
    found.notifier = Notifier(window, settings, lambda: found.now)
    return found


def work(**about: Any) -> Any:
    base = {"id": "runs/r_1", "name": "KMeans on flowers", "metrics": {"quantization_error_test": 0.25}, "error": ""}
    return SimpleNamespace(**base | about)


def passes(desk: Any, seconds: float, status: str = "finished", **about: Any) -> None:
    """Work that took so long."""
    desk.notifier.watch(work(status="queued", active=True, **about))
    desk.now += 1000.0  # waiting is no work
    desk.notifier.watch(work(status="running", active=True, **about))
    desk.now += seconds
    desk.notifier.watch(work(status=status, active=False, **about))


def test_work_that_took_a_while_is_told_of_in_one_sentence(desk: Any) -> None:
    passes(desk, 75)
    assert Tray.told == [("KMeans on flowers", "Finished: quantization error, test 0.25, after 1 min 15 s.")]
    assert len(desk.alerts) == 1
    assert desk.notifier.tray is not None
    desk.notifier._looked_at(Qt.ApplicationState.ApplicationActive)
    assert desk.notifier.tray is None


def test_a_failure_is_told_of_with_its_reason(desk: Any) -> None:
    passes(desk, 20, "failed", error="There is not enough memory.")
    assert Tray.told[0][1] == "Failed: There is not enough memory, after 20 s."


@pytest.mark.parametrize("why", ["short", "active", "stopped", "turned off", "left"])
def test_nothing_is_told_where_nobody_needs_it(desk: Any, why: str) -> None:
    desk.active = why == "active"
    desk.notifier.allow(why != "turned off")
    if why == "left":
        desk.notifier.watch(work(status="running", active=True))
        desk.now += 60
        desk.notifier.forget()
        desk.notifier.watch(work(status="finished", active=False))
    else:
        passes(desk, 9 if why == "short" else 60, "stopped" if why == "stopped" else "finished")
    assert Tray.told == []
    assert desk.alerts == []


def test_without_a_tray_the_window_alone_asks_for_attention(desk: Any) -> None:
    Tray.available = False
    passes(desk, 60)
    assert Tray.told == []
    assert len(desk.alerts) == 1


def test_the_choice_is_an_action_and_remembered(window: Window, settings: Settings) -> None:
    action = window.actions_by_name.by_name["notify"]
    assert action.isChecked()
    action.trigger()
    assert not window.notifier.wanted
    settings.save()
    assert not Settings(settings.path).flag("notify", True)
    action.trigger()
    assert window.notifier.wanted
