"""The one error dialog and the hooks that lead to it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import qCritical
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.desktop import errors
from workbench.errors import WorkbenchError


@pytest.fixture
def hooks(qapp: QApplication) -> Iterator[None]:
    undo = errors.install()
    yield
    undo()


def dialog(qtbot: QtBot) -> errors.ErrorDialog:
    qtbot.waitUntil(lambda: errors.open_dialog() is not None)
    found = errors.open_dialog()
    assert found is not None
    return found


def test_an_error_written_for_people_shows_its_sentence_alone() -> None:
    problem = errors.describe(WorkbenchError("The project is open elsewhere: close it there."))
    assert problem.failed == "The project is open elsewhere: close it there."
    assert problem.details == ""


def test_an_unexpected_error_tells_what_failed_what_is_safe_what_to_do() -> None:
    problem = errors.describe(ZeroDivisionError("division by zero"))
    assert "ZeroDivisionError" in problem.failed
    assert "safe" in problem.safe
    assert problem.todo
    assert "ZeroDivisionError" in problem.details


def test_uncaught_exceptions_of_any_thread_end_in_the_dialog(hooks: None, qtbot: QtBot) -> None:
    def fail() -> None:
        raise ValueError("from a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert "from a thread" in dialog(qtbot).failed.text()


def test_uncaught_exceptions_of_the_interface_end_in_the_dialog(hooks: None, qtbot: QtBot) -> None:
    sys.excepthook(ValueError, ValueError("from a slot"), None)
    assert "from a slot" in dialog(qtbot).failed.text()


def test_critical_messages_of_qt_end_in_the_dialog(hooks: None, qtbot: QtBot) -> None:
    qCritical("the paint device is gone")
    assert "the paint device is gone" in dialog(qtbot).details.toPlainText()


def test_further_problems_join_the_dialog_that_is_open(qtbot: QtBot) -> None:
    errors.report(WorkbenchError("First."))
    shown = dialog(qtbot)
    errors.report(WorkbenchError("Second."))
    qtbot.waitUntil(lambda: shown.windowTitle() == "2 problems")
    assert shown.failed.text() == "Second."
    assert "First." in shown.details.toPlainText()


def test_a_closed_dialog_makes_room_for_the_next_with_or_without_a_window(qtbot: QtBot) -> None:
    for k in range(3):  # without a window nothing but the desk holds the dialog that was closed
        errors.report(errors.Problem(f"problem {k}"))
        dialog = errors.open_dialog()
        assert dialog is not None
        assert dialog.failed.text() == f"problem {k}"
        dialog.close()
        assert errors.open_dialog() is None


def test_details_can_be_copied(qtbot: QtBot) -> None:
    errors.report(ValueError("odd"))
    dialog(qtbot).copy.click()
    assert "ValueError: odd" in QGuiApplication.clipboard().text()
