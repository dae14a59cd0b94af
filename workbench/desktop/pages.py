"""What pages of the inspector are made of: a page that scrolls, pairs of facts, headings, a status in its colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget


class Page(QScrollArea):
    """A page that scrolls: heading, content, stretch."""

    def __init__(self, name: str) -> None:
        super().__init__(widgetResizable=True)
        self.setAccessibleName(name)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        content = QWidget()
        content.setProperty("role", "clear")
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(16, 14, 16, 16)
        self.column.setSpacing(10)
        self.setWidget(content)


class Facts(QWidget):
    """Pairs of a title and a text, under each other; labels are made once and reused."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("role", "clear")
        self.setAccessibleName(name)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 5)
        self._grid.setColumnStretch(1, 4)
        self._rows: list[tuple[QLabel, QLabel]] = []
        self._exact: Mapping[str, Any] = {}

    @property
    def cells(self) -> list[tuple[str, Any]]:
        """What is shown, to be copied: numbers in full where they are known."""
        shown = [(title.text(), text.text()) for title, text in self._rows if title.isVisibleTo(self)]
        return [(title, self._exact.get(title, text)) for title, text in shown]

    def show_pairs(self, pairs: Sequence[tuple[str, str]], exact: Mapping[str, Any] | None = None) -> None:
        """Show exactly these; `exact` has the numbers behind the texts, by title."""
        self._exact = exact or {}
        while len(self._rows) < len(pairs):
            title, text = QLabel(wordWrap=True), QLabel(wordWrap=True)
            title.setProperty("role", "muted")
            title.setAlignment(Qt.AlignmentFlag.AlignTop)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(title, len(self._rows), 0)
            self._grid.addWidget(text, len(self._rows), 1)
            self._rows.append((title, text))
        for k, (title, text) in enumerate(self._rows):
            shown = k < len(pairs)
            if shown:
                for label, words in zip((title, text), pairs[k], strict=True):
                    if label.text() != words:
                        label.setText(words)
            title.setVisible(shown)
            text.setVisible(shown)
        self.setVisible(bool(pairs))


def say_status(label: QLabel, status: str, words: str) -> None:
    """Tell a status in words and in its colour."""
    role = {"running": "strong", "finished": "good", "failed": "bad"}.get(status, "warning")
    label.setText(words)
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)


def heading() -> QLabel:
    """A page's title."""
    label = QLabel(wordWrap=True)
    label.setProperty("role", "heading")
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def section(text: str) -> QLabel:
    """The title of a part of a page."""
    label = QLabel(text)
    label.setProperty("role", "section")
    label.setContentsMargins(0, 6, 0, 0)
    return label
