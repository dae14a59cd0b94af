"""What a file of a model or codebook holds, shown: facts about it, and its prototypes as a table or as pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QLabel, QScrollArea, QStackedWidget, QTableView, QVBoxLayout, QWidget

from workbench.desktop.copying import CellCopier
from workbench.desktop.import_tables import RowModel, contact_sheet
from workbench.session import Dataset, Given
from workbench.views.pictures import pictures
from workbench.views.theme import Theme
from workbench.views.wording import counted, number

_MOST_ROWS, _MOST_COLUMNS, _MOST_PICTURES = 100, 200, 60


@dataclass(frozen=True, eq=False)
class Shown:
    """What is to be seen of a file.

    Attributes
    ----------
    facts : tuple of (str, str)
    names : tuple of str
        Heads of the columns.
    rows : tuple of tuple of str
        The first prototypes.
    sheet : QImage or None
        The first prototypes as pictures.
    """

    facts: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sheet: QImage | None


def shown(given: Given, dataset: Dataset | None, colours: Theme, width: int, ratio: float) -> Shown:
    """What there is to see of a file, as pictures where the rows of the dataset are such; any thread may ask."""
    found = given.prototypes
    if found is None:
        return Shown(facts_of(given), (), (), None)
    names = tuple(name or f"column {k + 1}" for k, name in enumerate(found.names[:_MOST_COLUMNS]))
    labels = found.labels or next(iter(found.texts.values()), None)
    rows = [[number(v) for v in row] for row in found.values[:_MOST_ROWS, :_MOST_COLUMNS].tolist()]
    if labels is not None:
        names = ("label", *names)
        rows = [[str(label), *row] for label, row in zip(labels, rows, strict=False)]
    return Shown(facts_of(given), names, tuple(map(tuple, rows)), _sheet(given, dataset, colours, width, ratio))


def facts_of(given: Given) -> tuple[tuple[str, str], ...]:
    """What is known of a file, each with what it is."""
    found, model, about = given.prototypes, given.model, given.about
    facts = [("Holds", "a codebook" if given.info is None else f"a model, {given.info.title}")]
    if found is not None:
        n, d = found.values.shape
        facts.append(("Prototypes", f"{n:,}, each of {counted(d, 'feature')}"))
        facts += [] if model is not None else [("Units", _UNITS[found.are_original])]
        beside = [name for name in found.metric if name != "variance"]
        facts += [("Learned beside", ", ".join(beside))] if beside and given.engine is None else []
        classes = sorted({str(label) for label in found.labels or ()})
        facts += [("Classes", ", ".join(classes[:8]) + (" …" if len(classes) > 8 else ""))] if classes else []
    if model is not None and model.state is not None:
        facts.append(("Training", f"stopped after iteration {model.state['history']['iteration'][-1]:,}"))
    if about.get("run"):
        words = f"run {about['run']} on {about.get('dataset', '')}, {about.get('created', '')[:10]}"
        facts.append(("Comes from", words))
    return tuple(facts)


_UNITS = {
    True: "original ones, as the file says",
    False: "those that the engine sees, as the file has no recipe",
    None: "the file does not tell",
}


class GivenPreview(QWidget):
    """The facts above, the prototypes below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts = QLabel(wordWrap=True, textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setAccessibleName("What the file holds")
        self.rows = RowModel(self)
        self.table = QTableView()
        self.table.setModel(self.rows)
        self.table.setAccessibleName("Prototypes in the file")
        self.table.setTabKeyNavigation(False)
        CellCopier(self.table)
        self.sheet = QLabel(alignment=Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.sheet.setAccessibleName("Prototypes in the file, as pictures")
        self.area = QScrollArea(widgetResizable=True)
        self.area.setAccessibleName("Prototypes in the file, as pictures")
        self.area.setWidget(self.sheet)
        self.below = QStackedWidget()
        self.below.addWidget(self.table)
        self.below.addWidget(self.area)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.facts)
        layout.addWidget(self.below, 1)

    def show_what(self, found: Shown | None) -> None:
        """Show this, or nothing."""
        self.facts.setText("" if found is None else "\n".join(f"{name}: {words}" for name, words in found.facts))
        self.rows.show_rows(() if found is None else found.names, () if found is None else found.rows)
        sheet = None if found is None else found.sheet
        self.sheet.setPixmap(QPixmap() if sheet is None else QPixmap.fromImage(sheet))
        self.below.setCurrentWidget(self.table if sheet is None else self.area)


def _sheet(given: Given, dataset: Dataset | None, colours: Theme, width: int, ratio: float) -> QImage | None:
    found = given.prototypes
    shape = None if dataset is None or dataset.kind != "image" else dataset.image_shape
    if found is None or shape is None or found.values.shape[1] != int(np.prod(shape)):
        return None
    values = np.nan_to_num(found.values[:_MOST_PICTURES].astype(np.float64))
    images, _ = pictures(values, shape, values.min(axis=0), values.max(axis=0))
    labels = found.labels or ("",) * len(values)
    return contact_sheet(images, tuple(map(str, labels[: len(images)])), colours, width, ratio)
