"""Work off the interface thread: where it runs, where its answer lands, and which answers are dropped."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.desktop import errors
from workbench.desktop.background import Background
from workbench.errors import WorkbenchError


@pytest.fixture
def background(qapp: QApplication) -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


@pytest.fixture
def owner(qapp: QApplication) -> QObject:
    return QObject()


def test_work_runs_elsewhere_and_its_answer_arrives_on_the_interface_thread(
    background: Background, owner: QObject, qtbot: QtBot
) -> None:
    seen: list[tuple[threading.Thread, threading.Thread]] = []
    background.call(owner, threading.current_thread, lambda where: seen.append((where, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(seen))
    worked, answered = seen[0]
    assert worked is not threading.main_thread()
    assert answered is threading.main_thread()


def test_only_the_newest_answer_of_a_key_lands(background: Background, owner: QObject, qtbot: QtBot) -> None:
    gate = threading.Event()
    landed: list[int] = []

    def slow() -> int:
        gate.wait(10)
        return 1

    background.call(owner, slow, landed.append, key="look")
    background.call(owner, lambda: 2, landed.append, key="look")
    qtbot.waitUntil(lambda: landed == [2])
    gate.set()
    qtbot.waitUntil(lambda: not background.busy)
    assert landed == [2]


def test_an_answer_for_an_owner_that_is_gone_is_dropped(background: Background, qtbot: QtBot) -> None:
    gate, landed = threading.Event(), []
    gone = QObject()
    background.call(gone, lambda: gate.wait(10), landed.append)
    gone.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gate.set()
    qtbot.waitUntil(lambda: not background.busy)
    assert landed == []


def test_an_error_nobody_takes_is_shown_with_its_sentence(background: Background, owner: QObject, qtbot: QtBot) -> None:
    def fail() -> None:
        raise WorkbenchError("The file is gone: choose another.")

    background.call(owner, fail)
    qtbot.waitUntil(lambda: errors.open_dialog() is not None)
    dialog = errors.open_dialog()
    assert dialog is not None
    assert dialog.failed.text() == "The file is gone: choose another."
    assert dialog.details.isHidden()


def test_after_closing_no_call_is_taken(background: Background, owner: QObject) -> None:
    background.close()
    background.call(owner, lambda: 1, lambda _: pytest.fail("must not land"))
    assert not background.busy
