"""One dialog for everything that goes wrong: what failed, what is safe, what to do; and the hooks that lead there."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import shiboken6
from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, Slot, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QGridLayout, QLabel, QPlainTextEdit, QWidget

from workbench.desktop import icons
from workbench.errors import Closed, WorkbenchError

log = logging.getLogger("workbench.desktop")

SAFE = "The project is safe: imports, edits and finished runs are saved as they happen."
UNEXPECTED = "Go on working; if it happens again, save the details below and report them."


@dataclass(frozen=True)
class Problem:
    """What a person is told.

    Attributes
    ----------
    failed, safe, todo : str
        What failed, what is safe, what to do; a sentence or two each.
    details : str
        For a report; "" when the sentences say all.
    """

    failed: str
    safe: str = SAFE
    todo: str = ""
    details: str = ""


def describe(error: BaseException) -> Problem:
    """The problem that an exception stands for: its sentence if it was written for people, else its traceback."""
    if isinstance(error, WorkbenchError):
        return Problem(str(error))
    details = "".join(traceback.format_exception(error))
    return Problem(f"Something unexpected went wrong: {type(error).__name__}: {error}", SAFE, UNEXPECTED, details)


class _Desk(QObject):
    """Shows problems one at a time on the interface thread, whichever thread they come from."""

    arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._dialog: ErrorDialog | None = None
        self.arrived.connect(self._show)

    @property
    def dialog(self) -> ErrorDialog | None:
        """The dialog on screen; a closed one deletes itself, or its window does."""
        found = self._dialog
        return found if found is not None and shiboken6.isValid(found) and found.isVisible() else None

    @Slot(object)
    def _show(self, problem: Problem) -> None:
        log.error("%s\n%s", problem.failed, problem.details)
        if (shown := self.dialog) is not None:
            shown.add(problem)
            return
        self._dialog = ErrorDialog(problem, QApplication.activeWindow())
        self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog.open()


_desk: _Desk | None = None


def report(problem: Problem | BaseException) -> None:
    """Show the dialog, from any thread; further problems while it is open are added to it.

    That a project was closed is no problem: who closes it wants nothing more of it.
    """
    if isinstance(problem, Closed):
        return
    found = problem if isinstance(problem, Problem) else describe(problem)
    _the_desk().arrived.emit(found)


def open_dialog() -> ErrorDialog | None:
    """The dialog on screen, if there is one."""
    return _desk.dialog if _desk is not None else None


def install() -> Callable[[], None]:
    """Lead uncaught exceptions of every thread and Qt's critical messages to the dialog; returns what undoes it."""
    _the_desk()
    before = sys.excepthook, threading.excepthook
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    handler = qInstallMessageHandler(_qt_message)

    def undo() -> None:
        sys.excepthook, threading.excepthook = before
        qInstallMessageHandler(handler)

    return undo


class ErrorDialog(QDialog):
    """What failed, what is safe, what to do, and details to copy."""

    def __init__(self, problem: Problem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("A problem")
        self.setAccessibleName("Error message")
        self.setMinimumWidth(480)
        self._n = 0
        layout = QGridLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setHorizontalSpacing(16)
        layout.setVerticalSpacing(10)
        picture = QLabel()
        picture.setPixmap(icons.pixmap("error", 32, icons.bad()))
        layout.addWidget(picture, 0, 0, Qt.AlignmentFlag.AlignTop)
        self.failed, self.safe, self.todo = (self._line(layout, row) for row in range(3))
        self.failed.setProperty("role", "heading")
        self.details = QPlainTextEdit(readOnly=True, lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setAccessibleName("Details for a report")
        self.details.setMinimumHeight(160)
        layout.addWidget(self.details, 3, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy details", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons, 4, 0, 1, 2)
        layout.setRowStretch(3, 1)
        self.add(problem)
        buttons.button(QDialogButtonBox.StandardButton.Close).setFocus()

    def add(self, problem: Problem) -> None:
        """Show `problem`; those shown before stay in the details."""
        self._n += 1
        earlier = f"\n\n--- {self.failed.text()}\n{self.details.toPlainText()}" if self._n > 1 else ""
        for label, text in ((self.failed, problem.failed), (self.safe, problem.safe), (self.todo, problem.todo)):
            label.setText(text)
            label.setVisible(bool(text))
        self.details.setPlainText((problem.details + earlier).strip())
        for widget in (self.details, self.copy):
            widget.setVisible(bool(self.details.toPlainText()))
        if self._n > 1:
            self.setWindowTitle(f"{self._n} problems")

    def _line(self, layout: QGridLayout, row: int) -> QLabel:
        label = QLabel(wordWrap=True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(label, row, 1)
        return label

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.failed.text()}\n\n{self.details.toPlainText()}")


def _the_desk() -> _Desk:
    global _desk
    if _desk is None:
        _desk = _Desk()
        application = QGuiApplication.instance()
        if application is not None:
            _desk.moveToThread(application.thread())
    return _desk


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        QApplication.quit()
    else:
        report(error.with_traceback(trace))


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        report(arguments.exc_value)


def _qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    if kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
        report(Problem("The window system reported an error.", SAFE, UNEXPECTED, text))
    else:
        log.log(logging.WARNING if kind == QtMsgType.QtWarningMsg else logging.DEBUG, "Qt: %s", text)
