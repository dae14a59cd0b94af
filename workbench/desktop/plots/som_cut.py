"""Moving the place where a toroidal map is cut: by dragging it, or with Shift and the arrow keys."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from engines.maps.grid import Grid
from workbench.views.cells import Origin, origin_of

_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


@dataclass(frozen=True, eq=False)
class Grip:
    """Where a map can be taken hold of: its place, and pixels from column to column and from row to row."""

    place: QRect
    across: float
    down: float


class TorusCut(QObject):
    """Watches the widgets of a plot for drags and keys.

    Attributes
    ----------
    moved : Signal
        The map is cut elsewhere.
    down, right : int
        Row and column that a person moved to the top left. May be read from any thread.
    """

    moved = Signal()

    def __init__(self, sheet: QWidget, frame: QWidget) -> None:
        super().__init__(sheet)
        self.down = self.right = 0
        self._sheet = sheet
        self._grid = Grid(1, 1)
        self._grips: tuple[Grip, ...] = ()
        self._held: tuple[QPoint, Grip, int, int] | None = None
        self._dragged = False
        sheet.installEventFilter(self)
        frame.installEventFilter(self)

    def origin(self, grid: Grid) -> Origin:
        """Where `grid` is cut now."""
        return origin_of(grid, self.down, self.right)

    def show(self, grid: Grid, grips: tuple[Grip, ...]) -> None:
        """What is shown from now on."""
        self._grid, self._grips = grid, grips

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if not self._grid.toroidal:
            return False
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        if watched is self._sheet and isinstance(event, QMouseEvent):
            return self._mouse(event)
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key not in _STEPS or not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return False
        down, right = _STEPS[key]
        self._move(self.down - down * self._grid.n_parities, self.right - right)
        return True

    def _mouse(self, event: QMouseEvent) -> bool:
        """Whether the event was part of a drag, which follows no link."""
        point = event.position().toPoint()
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            grip = next((grip for grip in self._grips if grip.place.contains(point)), None)
            self._held = None if grip is None else (point, grip, self.down, self.right)
            self._dragged = False
        elif event.type() == QEvent.Type.MouseMove and self._held is not None:
            start, grip, down, right = self._held
            way = point - start
            if self._dragged or way.manhattanLength() >= QApplication.startDragDistance():
                self._dragged = True
                rows = self._grid.n_parities * round(way.y() / (grip.down * self._grid.n_parities))
                self._move(down - rows, right - round(way.x() / grip.across))
                return True
        elif event.type() == QEvent.Type.MouseButtonRelease:
            dragged, self._held, self._dragged = self._dragged, None, False
            return dragged
        return False

    def _move(self, down: int, right: int) -> None:
        if (down, right) != (self.down, self.right):
            self.down, self.right = down, right
            self.moved.emit()
