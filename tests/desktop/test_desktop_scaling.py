"""Letters at 100 to 200 %: no button, tab, label or choice of the window or its dialogs cuts its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desktop_help import shut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from workbench.data import guess
from workbench.desktop.settings import Settings
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.timeline import ElidedLabel
from workbench.desktop.window import Window

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture(params=[100, 125, 150, 200], ids="{}%".format)
def window(request: pytest.FixtureRequest, qtbot: QtBot, settings: Settings, switch: ThemeSwitch) -> Iterator[Window]:
    """The window with text of that size, as wide as a screen of two thousand pixels."""
    switch.size_text(request.param)
    made = Window(settings, switch)
    made.resize(1900, 1000)
    made.show()
    yield made
    shut(qtbot, made)
    switch.size_text(100)


def cut(root: QWidget) -> list[str]:
    """Texts under `root` that have less room than they need."""
    for _ in range(3):  # what is said in one round is laid out in the next
        QApplication.processEvents()
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or not widget.visibleRegion().boundingRect().isValid():
            continue
        if isinstance(widget, QTabBar):
            found += _cut_tabs(widget)
        elif isinstance(widget, QComboBox):
            found += _cut_choice(widget)
        elif isinstance(widget, QPushButton | QToolButton | QCheckBox):
            found += _smaller(widget, widget.text())
        elif isinstance(widget, QLabel) and not isinstance(widget, ElidedLabel) and widget.text():
            found += _cut_label(widget)
    return found


def _smaller(widget: QAbstractButton, text: str) -> list[str]:
    hint, size = widget.sizeHint(), widget.size()
    enough = size.width() >= hint.width() - 1 and size.height() >= hint.height() - 1
    return [] if enough or not text.strip() else [f"button {text!r}: {size.toTuple()} of {hint.toTuple()}"]


def _cut_label(label: QLabel) -> list[str]:
    words = re.sub(r"<[^>]*>", "", label.text())
    high = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
    wide = max(label.fontMetrics().horizontalAdvance(word) for word in words.split() or [""])
    if not label.wordWrap():
        wide = label.sizeHint().width()
    enough = label.height() >= high - 2 and label.width() >= wide - 1
    return [] if enough else [f"label {words[:60]!r}: {label.size().toTuple()} of {(wide, high)}"]


def _cut_tabs(bar: QTabBar) -> list[str]:
    found = []
    for k in range(bar.count()):
        needed = bar.fontMetrics().horizontalAdvance(bar.tabText(k))
        if bar.isTabVisible(k) and bar.tabRect(k).width() < needed + 4:
            found.append(f"tab {bar.tabText(k)!r}: {bar.tabRect(k).width()} of {needed}")
    return found


def _cut_choice(combo: QComboBox) -> list[str]:
    option = QStyleOptionComboBox()
    combo.initStyleOption(option)
    field = combo.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, combo
    )
    needed = combo.fontMetrics().horizontalAdvance(combo.currentText())
    high = combo.fontMetrics().height()
    enough = field.width() >= needed - 1 and combo.height() >= high
    return [] if enough else [f"choice {combo.currentText()!r}: {field.width()} of {needed}"]


def test_no_text_of_the_window_is_cut(window: Window, flowers: Path, tmp_path: Path, wait: Wait) -> None:
    assert not cut(window)
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    session = window.session
    assert session is not None
    assert not cut(window)
    session.import_data(guess(flowers)).result(60)
    wait(lambda: window.tree.selected is not None)
    assert not cut(window)
    for action in ("new_run", "sweep"):
        window.actions_by_name.by_name[action].trigger()
        wait(lambda: window.inspector.new_run.ready)
        assert not cut(window)
    dialog = window.dialogs.sweep
    assert dialog is not None
    assert not cut(dialog)
    dialog.reject()
    window.dialogs.import_data([flowers])
    importing = window.dialogs.importing
    assert importing is not None
    wait(lambda: importing.plan is not None)
    assert not cut(importing)
    importing.reject()


def test_a_text_that_has_too_little_room_is_found(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    for k, made in enumerate((QPushButton("Open project", page), QLabel("A label", page))):
        made.move(0, 40 * k)
        made.resize(made.sizeHint())
    page.resize(300, 100)
    page.show()
    assert not cut(page)
    page.findChildren(QPushButton)[0].resize(40, 24)
    page.findChildren(QLabel)[0].resize(10, 24)
    assert len(cut(page)) == 2
