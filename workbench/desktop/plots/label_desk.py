"""The label desk: doubted rows as a table that is worked through by keyboard; what is doubted, the views say."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QItemSelectionModel, QMargins, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QGuiApplication, QImage, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QPushButton, QTableView, QWidget

from workbench.desktop.flow import Flow, together
from workbench.desktop.plots.base import Plot
from workbench.desktop.plots.desk_model import COLUMNS, DeskModel
from workbench.desktop.plots.headed import Head
from workbench.desktop.plots.wishes import Drop, Relabel, TrainAgain, Wish
from workbench.views import View
from workbench.views.label_desk import RANKINGS, LabelDeskData
from workbench.views.picking import Pick
from workbench.views.theme import Theme
from workbench.views.wording import counted, shorten

HELP = "Space marks, Enter accepts what the model says, Delete drops"
PICTURE_LINES = 2.6
WIDEST_LETTERS = 36
_MOST_KEYS = 12


@dataclass(frozen=True, eq=False)
class Prepared:
    """The rows, a picture of each where they are pictures, and words."""

    data: LabelDeskData
    pictures: tuple[QImage, ...]
    words: str


class LabelDeskPlot(Plot):
    """Doubted rows, most doubtful first.

    Whatever is done reaches the marked rows, or where none is marked those selected.

    Attributes
    ----------
    table : DeskTable
    model : DeskModel
    classes : QComboBox
        The class to relabel as.
    relabel, drop, accept, pick, again : QPushButton
    """

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self.head = Head("Ranked by", "What the rows are ranked by")
        self.head.changed.connect(self._rank)
        self.model = DeskModel(self)
        self.table = DeskTable()
        self.table.setModel(self.model)
        self.head.over(self.table, self)
        self._at = 0
        self._line = 0
        self._fitted: object = None
        self._lay_out()
        self.table.typed.connect(self._relabel_by_key)
        self.table.accepted.connect(self.accept_predictions)
        self.table.dropped.connect(self.drop_rows)
        self.table.marked.connect(self._mark)
        self.table.clicked.connect(self._pick_selected)

    def prepare(self, data: LabelDeskData, theme: Theme) -> Prepared:
        side = round(PICTURE_LINES * QFontMetrics(QGuiApplication.font()).height())
        images = () if data.images is None else tuple(_image(pixels, side) for pixels in data.images)
        keys = [
            f"<b>{html.escape(key)}</b>&nbsp;{html.escape(shorten(name, 14))}"
            for key, name in zip(data.keys, data.class_names, strict=True)
            if key and name.strip().lower() != key
        ]
        shown = ", ".join(keys[:_MOST_KEYS]) + (" …" if len(keys) > _MOST_KEYS else "")
        typed = f"keys give the class: {shown}" if keys else "the key of a class gives it"
        words = (
            f"<b>{html.escape(data.headline)}.</b> {HELP}; {typed}. "
            f'<span style="color:{theme.muted}">{html.escape(data.note)}</span>'
        )
        return Prepared(data, images, words if len(data.rows) else "No labelled rows.")

    def draw(self, prepared: Prepared) -> None:
        data, at = prepared.data, self.table.currentIndex().row()
        self._at = at if at >= 0 else self._at
        if not self.model.shows(data):
            self.model.show_data(data, prepared.pictures)
            self._fit(bool(prepared.pictures), data.class_names)
            self._go_to(self._at)
        self.head.tell(prepared.words, tuple(RANKINGS.values()), RANKINGS[data.ranking])
        if [self.classes.itemText(k) for k in range(self.classes.count())] != list(data.class_names):
            self.classes.clear()
            self.classes.addItems(list(data.class_names))
        self._tell()

    @property
    def chosen(self) -> list[int]:
        """Places of the marked lines; where none is marked, of the selected ones."""
        return self.model.marked or self._selected

    @property
    def _selected(self) -> list[int]:
        """Places of the selected lines, increasing."""
        return sorted({index.row() for index in self.table.selectionModel().selectedRows()})

    @Slot()
    def accept_predictions(self) -> None:
        """Relabel the chosen rows as the model takes them, one wish for each class."""
        data = self.model.data_shown
        if data is None:
            return
        lines = [k for k in self.chosen if data.predicted[k] >= 0 and data.predicted[k] != data.given[k]]
        for code in sorted({int(data.predicted[k]) for k in lines}):
            rows = tuple(int(data.rows[k]) for k in lines if data.predicted[k] == code)
            self.correction_wanted.emit(Relabel(rows, code))

    @Slot()
    def drop_rows(self) -> None:
        """Drop the chosen rows."""
        self._wish(Drop)

    @Slot(int)
    def relabel_rows(self, code: int) -> None:
        """Give the chosen rows the class with this code."""
        self._wish(lambda rows: Relabel(rows, code))

    @Slot()
    def pick_rows(self) -> None:
        """Pick the chosen rows, so that every view shows where they are."""
        self._pick(self.chosen)

    @Slot()
    def _pick_selected(self) -> None:
        self._pick(self._selected)

    def _pick(self, lines: list[int]) -> None:
        data = self.model.data_shown
        if data is not None and lines:
            self.picked.emit(Pick(rows=tuple(int(data.rows[k]) for k in lines)))

    def _wish(self, make: Callable[[tuple[int, ...]], Wish]) -> None:
        data = self.model.data_shown
        if data is not None and self.chosen:
            self.correction_wanted.emit(make(tuple(int(data.rows[k]) for k in self.chosen)))

    @Slot(str)
    def _relabel_by_key(self, key: str) -> None:
        data = self.model.data_shown
        if data is not None and key in data.keys:
            self.relabel_rows(data.keys.index(key))

    @Slot()
    def _mark(self) -> None:
        self.model.toggle(self._selected)
        self._tell()

    @Slot()
    def _rank(self) -> None:
        self.ask(next(name for name, words in RANKINGS.items() if words == self.head.chosen))

    @Slot()
    def _train_again(self) -> None:
        self.correction_wanted.emit(TrainAgain())

    @Slot()
    def _relabel_as_chosen(self) -> None:
        self.relabel_rows(self.classes.currentIndex())

    @Slot()
    def _tell(self) -> None:
        """Say what the buttons reach."""
        n, marked = len(self.chosen), len(self.model.marked)
        words = counted(n, "marked row" if marked else "row")
        verbs = ("Relabel", "Drop", "Accept prediction of", "Show in every view")
        for button, verb in zip((self.relabel, self.drop, self.accept, self.pick), verbs, strict=True):
            button.setEnabled(n > 0)
            button.setAccessibleDescription(f"{verb} {words}")
            button.setToolTip(f"{verb} {words}")
        self.again.setEnabled(self.model.data_shown is not None)

    def _go_to(self, line: int) -> None:
        line = min(line, self.model.rowCount() - 1)
        if line >= 0:
            index = self.model.index(line, 0)
            self.table.setCurrentIndex(index)
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().select(index, flags.ClearAndSelect | flags.Rows)

    def _fit(self, has_pictures: bool, class_names: Sequence[str]) -> None:
        """Lines as high as the pictures; columns as wide as what is in them, once, as long as classes stay the same."""
        line = self.fontMetrics().height()
        side = round(PICTURE_LINES * line)
        if self._line != (wanted := side + 4 if has_pictures else round(1.7 * line)):
            self._line = wanted
            self.table.verticalHeader().setDefaultSectionSize(wanted)
            self.table.setIconSize(QSize(side, side))
        letter = self.fontMetrics().averageCharWidth()
        if self._fitted == (fitted := (has_pictures, tuple(class_names), letter)):
            return
        self._fitted = fitted
        self.table.setColumnHidden(len(COLUMNS) - 1, has_pictures)
        self.table.resizeColumnsToContents()
        for column in range(len(COLUMNS)):
            wide = self.table.columnWidth(column) + 2 * letter
            self.table.setColumnWidth(column, min(wide, WIDEST_LETTERS * letter))

    def _lay_out(self) -> None:
        self.classes = QComboBox()
        self.classes.setAccessibleName("Class to relabel as")
        self.classes.setToolTip("The class that the button gives")
        self.classes.setMinimumContentsLength(10)
        self.relabel, self.drop = QPushButton("Relabel as"), QPushButton("Drop")
        self.accept, self.pick = QPushButton("Accept predictions"), QPushButton("Pick")
        self.again = QPushButton("Train again")
        self.again.setToolTip("A new run with the same parameters, on the corrected data")
        self.again.setAccessibleDescription(self.again.toolTip())
        below = QWidget()
        row = Flow(below, QMargins(14, 6, 14, 8))
        row.addWidget(together(self.relabel, self.classes))
        for widget in (self.drop, self.accept, self.pick, self.again):
            row.addWidget(widget)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(below)
        self.relabel.clicked.connect(self._relabel_as_chosen)
        self.drop.clicked.connect(self.drop_rows)
        self.accept.clicked.connect(self.accept_predictions)
        self.pick.clicked.connect(self.pick_rows)
        self.again.clicked.connect(self._train_again)
        self.table.selectionModel().selectionChanged.connect(self._tell)


class DeskTable(QTableView):
    """A table whose keys are commands.

    Attributes
    ----------
    typed : Signal(str)
        A letter or a digit.
    accepted, dropped, marked : Signal
        Enter, Delete, Space.
    """

    typed = Signal(str)
    accepted = Signal()
    dropped = Signal()
    marked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Doubted rows")
        self.setAccessibleDescription(HELP)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setResizeContentsPrecision(50)  # lines that tell how wide the columns are
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)

    def event(self, event: QEvent) -> bool:
        """Claim our keys before actions of the window have them: Delete would delete the run."""
        if event.type() == QEvent.Type.ShortcutOverride and self._meaning(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        meaning = self._meaning(event)
        if meaning is not None:
            meaning()
        else:
            super().keyPressEvent(event)

    def _meaning(self, event: QKeyEvent) -> Callable[[], None] | None:
        """What a key is to do; None for those that are the table's own."""
        if event.modifiers() not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier):
            return None
        commands = {
            Qt.Key.Key_Return: self.accepted,
            Qt.Key.Key_Enter: self.accepted,
            Qt.Key.Key_Delete: self.dropped,
            Qt.Key.Key_Space: self.marked,
        }
        if (signal := commands.get(Qt.Key(event.key()))) is not None:
            return signal.emit
        text = event.text().lower()
        return partial(self.typed.emit, text) if len(text) == 1 and text.isalnum() else None


def _image(pixels: np.ndarray, side: int) -> QImage:
    """A row as a picture that fits in a square."""
    shown = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    shown = np.ascontiguousarray(shown)
    height, width = shown.shape[:2]
    image = QImage(shown.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation)
