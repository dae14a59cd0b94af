"""A row of controls that goes on in the next line where there is no room, so that a window may be made narrow."""
# ruff: noqa: N802 - the names are those of Qt

from __future__ import annotations

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLayout, QLayoutItem, QWidget

GAP = 8
"""Pixels between controls, and between lines."""


class Flow(QLayout):
    """Controls from left to right, line after line; each is as wide as it asks for.

    Qt's box layouts are at least as wide as all of their controls together, and so is the window around them.
    """

    def __init__(self, parent: QWidget | None = None, margins: QMargins | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(margins or QMargins(14, 4, 14, 4))

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._lines(QRect(0, 0, width, 0))[1]

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        for item, place in self._lines(rect)[0]:
            item.setGeometry(place)

    def sizeHint(self) -> QSize:
        """All in one line."""
        margins = self.contentsMargins()
        sizes = [item.sizeHint() for item in self._shown]
        wide = sum(size.width() for size in sizes) + GAP * max(len(sizes) - 1, 0)
        high = max((size.height() for size in sizes), default=0)
        return QSize(wide, high).grownBy(margins)

    def minimumSize(self) -> QSize:
        """As wide as the widest control."""
        size = QSize()
        for item in self._shown:
            size = size.expandedTo(item.minimumSize())
        return size.grownBy(self.contentsMargins())

    @property
    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _lines(self, rect: QRect) -> tuple[list[tuple[QLayoutItem, QRect]], int]:
        """Where each control goes, those of a line centred on it, and the height of all."""
        inner = rect.marginsRemoved(self.contentsMargins())
        places: list[tuple[QLayoutItem, QRect]] = []
        line: list[tuple[QLayoutItem, QRect]] = []
        x, y, high = inner.x(), inner.y(), 0

        def end_of_line() -> None:
            places.extend((item, place.translated(0, (high - place.height()) // 2)) for item, place in line)

        for item in self._shown:
            size = item.sizeHint().boundedTo(QSize(max(inner.width(), item.minimumSize().width()), 1 << 20))
            if line and x + size.width() > inner.right() + 1:
                end_of_line()
                line, x, y, high = [], inner.x(), y + high + GAP // 2, 0
            line.append((item, QRect(QPoint(x, y), size)))
            x, high = x + size.width() + GAP, max(high, size.height())
        end_of_line()
        margins = self.contentsMargins()
        return places, y + high - rect.y() + margins.bottom()


def together(*widgets: QWidget) -> QWidget:
    """Widgets that no end of a line parts, as a label and what it is the label of."""
    group = QWidget()
    row = QHBoxLayout(group)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP)
    for widget in widgets:
        row.addWidget(widget)
    return group
