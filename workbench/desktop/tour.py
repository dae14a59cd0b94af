"""The tour: the window dims, a light falls on one part after another, and a card says what it is for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from workbench.desktop import theme

GAP = 14
ROUND = 8
DIM = 150
"""How dark the window becomes around the light, of 255."""

STEPS = {
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageDown: 1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageUp: -1,
}


@dataclass(frozen=True)
class Step:
    """A part of the window and what is said of it.

    Attributes
    ----------
    part : callable
        Finds the widget when its turn comes; None or a hidden one leaves the card alone in the middle.
    arrange : callable
        Called before, to bring the part into view.
    """

    title: str
    text: str
    part: Callable[[], QWidget | None]
    arrange: Callable[[], object] = lambda: None


class Tour(QWidget):
    """Lies over the whole window and takes all keys and clicks until it ends.

    Attributes
    ----------
    at : int
        The step that is shown.
    card : QFrame
    light : QRect
        Where the part is that is spoken of; empty if it cannot be seen.
    ended : Signal
    """

    ended = Signal()

    def __init__(self, steps: Sequence[Step], window: QWidget) -> None:
        super().__init__(window)
        self._steps = list(steps)
        self.at = 0
        self.light = QRect()
        self.setAccessibleName("Tour of the window")
        self.card = self._build()
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._place)
        window.installEventFilter(self)
        self.resize(window.size())
        self.show()
        self.raise_()
        self.go(0)

    def go(self, at: int) -> None:
        """Show the step `at`; past the last one, end."""
        if at >= len(self._steps):
            self.end()
            return
        self.at = max(0, at)
        step = self._steps[self.at]
        step.arrange()
        last = self.at == len(self._steps) - 1
        self._count.setText(f"{self.at + 1} of {len(self._steps)}")
        self._title.setText(step.title)
        self._text.setText(step.text)
        self.card.setAccessibleName(step.title)
        self.card.setAccessibleDescription(step.text)
        self.back.setEnabled(self.at > 0)
        self.next.setText("Done" if last else "Next")
        self.skip.setVisible(not last)
        self.next.setFocus()
        self._place()
        self._soon.start()

    def end(self) -> None:
        """Give the window back."""
        self._soon.stop()
        self.parentWidget().removeEventFilter(self)
        self.hide()
        self.ended.emit()
        self.deleteLater()

    def _build(self) -> QFrame:
        card = QFrame(self)
        card.setProperty("role", "pointer")
        self._count, self._title, self._text = QLabel(), QLabel(), QLabel(wordWrap=True)
        self._count.setProperty("role", "muted")
        self._title.setProperty("role", "heading")
        for label in (self._title, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.back, self.next, self.skip = QPushButton("Back"), QPushButton("Next"), QPushButton("End the tour")
        self.next.setProperty("role", "primary")
        self.skip.setProperty("role", "link")
        for button, act in ((self.back, self._back), (self.next, self._forward), (self.skip, self.end)):
            button.setAutoDefault(False)
            button.clicked.connect(act)
            button.installEventFilter(self)
        self.skip.setToolTip("Help › Tour shows it again")
        row = QHBoxLayout()
        row.addWidget(self.skip)
        row.addStretch()
        row.addWidget(self.back)
        row.addWidget(self.next)
        layout = QVBoxLayout(card)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(8)
        for label in (self._count, self._title, self._text):
            layout.addWidget(label)
        layout.addLayout(row)
        return card

    @Slot()
    def _back(self) -> None:
        self.go(self.at - 1)

    @Slot()
    def _forward(self) -> None:
        self.go(self.at + 1)

    @Slot()
    def _place(self) -> None:
        """Put light and card where the part is now."""
        self.light = self._part()
        width = min(self.fontMetrics().averageCharWidth() * 58, self.width() - 2 * GAP)
        self.card.setFixedWidth(width)
        self.card.layout().activate()
        self.card.resize(width, self.card.heightForWidth(width))
        self.card.move(_beside(self.light, self.card.rect(), self.rect()))
        self.update()

    def _part(self) -> QRect:
        part = self._steps[self.at].part()
        if part is None or not part.isVisible():
            return QRect()
        seen = part.rect()
        while part is not self.parentWidget():  # what is scrolled out of sight is dark
            seen = seen.translated(part.pos()) & part.parentWidget().rect()
            part = part.parentWidget()
        return seen.adjusted(-4, -4, 4, 4) & self.rect().adjusted(2, 2, -2, -2)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:  # no shortcut of the window acts under the tour
            event.accept()
            return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if watched is self.parentWidget() and event.type() == QEvent.Type.Resize:
            self.resize(self.parentWidget().size())
            self._soon.start()
        if isinstance(watched, QPushButton) and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._pressed_on(watched, event)
        return super().eventFilter(watched, event)

    def _pressed_on(self, button: QPushButton, event: QKeyEvent) -> bool:
        """Whether a key is taken that a button would use to move the focus, or would pass by."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            button.click()
        elif key == Qt.Key.Key_Escape:
            self.end()
        elif key in STEPS:
            self.go(self.at + STEPS[key])
        else:
            return False
        return True

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        """Tab goes round the card's buttons."""
        if self.isHidden():  # on its way out, the focus goes to the window
            return super().focusNextPrevChild(forward)
        buttons = [button for button in (self.skip, self.back, self.next) if button.isVisible() and button.isEnabled()]
        focused = next((k for k, button in enumerate(buttons) if button.hasFocus()), -1)
        buttons[(focused + (1 if forward else -1)) % len(buttons)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dim = QPainterPath()
        dim.addRect(self.rect())
        if not self.light.isEmpty():
            hole = QPainterPath()
            hole.addRoundedRect(self.light, ROUND, ROUND)
            dim -= hole
        painter.fillPath(dim, QColor(0, 0, 0, DIM))
        if not self.light.isEmpty():
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.drawRoundedRect(self.light, ROUND, ROUND)


def _beside(light: QRect, card: QRect, whole: QRect) -> QPoint:
    """Where the card goes: right, below, left or above the light, whichever has room first; else onto its middle."""
    w, h = card.width(), card.height()
    middle = QPoint(light.center().x() - w // 2, light.center().y() - h // 2)
    places = (
        QPoint(light.right() + GAP, middle.y()),
        QPoint(middle.x(), light.bottom() + GAP),
        QPoint(light.left() - GAP - w, middle.y()),
        QPoint(middle.x(), light.top() - GAP - h),
    )
    room = whole.adjusted(GAP, GAP, -GAP, -GAP)
    if light.isEmpty():
        return QPoint(whole.center().x() - w // 2, whole.center().y() - h // 2)
    for place in places:
        inside = _within(place, w, h, room)
        if not QRect(inside.x(), inside.y(), w, h).intersects(light):
            return inside
    return _within(middle, w, h, room)


def _within(place: QPoint, w: int, h: int, room: QRect) -> QPoint:
    """The nearest place at which all of the card lies in `room`."""
    x = max(room.left(), min(place.x(), room.right() + 1 - w))
    y = max(room.top(), min(place.y(), room.bottom() + 1 - h))
    return QPoint(x, y)
