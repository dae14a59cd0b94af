"""The page before a project is open: new, open, recent projects, and samples that open as copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from workbench.desktop import icons

MOST_RECENT = 6
NARROW = 760


class Welcome(QScrollArea):
    """What to begin with.

    Attributes
    ----------
    new_wanted, open_wanted : Signal
    project_wanted, sample_wanted : Signal(Path)
    samples_part : QWidget
        Where the samples are.
    """

    new_wanted = Signal()
    open_wanted = Signal()
    project_wanted = Signal(object)
    sample_wanted = Signal(object)

    def __init__(self, samples: Mapping[str, tuple[Path, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self.setAccessibleName("Welcome")
        self._page = QWidget()
        self._page.setProperty("role", "page")
        self.setWidget(self._page)
        outer = QHBoxLayout(self._page)
        outer.setContentsMargins(32, 36, 32, 28)
        outer.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(26)
        outer.addLayout(column, 8)
        outer.addStretch(1)
        column.addLayout(self._head())
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(40)
        self._grid.setVerticalSpacing(24)
        column.addLayout(self._grid)
        column.addStretch(1)
        self._left, self.samples_part = self._begin(), self._samples(samples)
        self._arrange()
        self.show_recent([])

    def show_recent(self, paths: Sequence[Path]) -> None:
        """List the projects opened before."""
        while (item := self._recent.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if not paths:
            words = QLabel("Projects you open are listed here.", wordWrap=True)
            words.setProperty("role", "muted")
            self._recent.addWidget(words)
        for path in paths[:MOST_RECENT]:
            button = _PathButton(path, path.stem, str(path.parent), "file")
            button.chosen.connect(self.project_wanted)
            self._recent.addWidget(button)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Two columns, or one where there is little room."""
        narrow = self.viewport().width() < NARROW
        self._grid.addWidget(self._left, 0, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(self.samples_part, *((1, 0) if narrow else (0, 1)), Qt.AlignmentFlag.AlignTop)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 0 if narrow else 1)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(18)
        mark = QLabel()
        mark.setPixmap(icons.app_pixmap(64))
        title = QLabel("VQ Workbench")
        title.setProperty("role", "title")
        words = QLabel("Learn prototypes and codebooks from your data, watch them learn, and see what they use.")
        words.setProperty("role", "muted")
        words.setWordWrap(True)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(title)
        texts.addWidget(words)
        row.addWidget(mark)
        row.addLayout(texts, 1)
        return row

    def _begin(self) -> QWidget:
        part, layout = _part("Start")
        new = _CardButton("New project", "An empty project file for your own data", "new")
        new.clicked.connect(self.new_wanted)
        other = _CardButton("Open project", "Go on where you left off", "open")
        other.clicked.connect(self.open_wanted)
        layout.addWidget(new)
        layout.addWidget(other)
        layout.addSpacing(10)
        layout.addWidget(_heading("Recent"))
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        layout.addLayout(self._recent)
        self.new_button = new
        return part

    def _samples(self, samples: Mapping[str, tuple[Path, str]]) -> QWidget:
        part, layout = _part("Samples, opened as a copy")
        for title, (path, words) in samples.items():
            button = _PathButton(path, title, words, "sample", card=True)
            button.chosen.connect(self.sample_wanted)
            layout.addWidget(button)
        if not samples:
            words = QLabel("No samples are installed.")
            words.setProperty("role", "muted")
            layout.addWidget(words)
        return part


class _CardButton(QPushButton):
    """A large button: icon, a strong line, and a line that explains it."""

    def __init__(self, title: str, words: str, icon: str, *, card: bool = True) -> None:
        super().__init__()
        self.setProperty("role", "card" if card else "link")
        self.setAccessibleName(title)
        self.setAccessibleDescription(words)
        picture = QLabel()
        icons.put(picture, icon, "accent", 24 if card else 16)
        strong = QLabel(title)
        strong.setProperty("role", "strong")
        self._words = QLabel(words)
        self._words.setProperty("role", "muted")
        self._words.setWordWrap(card)
        self._words.setMinimumWidth(10)
        self.setMinimumHeight(3 * self.fontMetrics().height() if card else 2 * self.fontMetrics().height() + 12)
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(strong)
        texts.addWidget(self._words)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(*((16, 12, 16, 12) if card else (8, 5, 8, 5)))
        layout.setSpacing(14 if card else 10)
        layout.addWidget(picture, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addLayout(texts, 1)
        for label in (picture, strong, self._words):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def sizeHint(self) -> QSize:  # noqa: N802
        return self.layout().sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        inside = self.layout()
        self.setMinimumHeight(max(inside.heightForWidth(self.width()), inside.minimumSize().height()))


class _PathButton(_CardButton):
    """A button that stands for a file."""

    chosen = Signal(object)

    def __init__(self, path: Path, title: str, words: str, icon: str, *, card: bool = False) -> None:
        super().__init__(title, words, icon, card=card)
        self._path = path
        self.setToolTip(str(path) if not card else "Open a copy")
        self.clicked.connect(self._choose)

    @Slot()
    def _choose(self) -> None:
        self.chosen.emit(self._path)


def _part(title: str) -> tuple[QWidget, QVBoxLayout]:
    part = QFrame()
    layout = QVBoxLayout(part)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    layout.addWidget(_heading(title))
    return part, layout


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "section")
    return label
