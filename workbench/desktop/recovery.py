"""What is asked after something went wrong: about a file that is damaged, and about work that was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons
from workbench.session import Run, Study


class DamagedDialog(QDialog):
    """A project could not be opened: open a backup, or salvage what can be read.

    Attributes
    ----------
    salvage : QPushButton
    backup_buttons : list of QPushButton
    salvage_wanted : Signal
    backup_wanted : Signal(Path)
        Each closes the dialog.
    """

    salvage_wanted = Signal()
    backup_wanted = Signal(object)

    def __init__(self, path: Path, why: str, backups: Sequence[tuple[Path, float]], parent: QWidget) -> None:
        """`backups` are with their times, in seconds since 1970."""
        super().__init__(parent)
        self.setWindowTitle("A damaged project")
        self.setAccessibleName("A damaged project")
        layout = _layout(self, "error", "bad", f"{path.stem} cannot be opened")
        found = (
            "Salvage reads it as far as possible and writes datasets, runs and subsets that are whole to a new one. "
            "It tells what it had to leave behind. The damaged file stays as it is."
        )
        for row, words in enumerate((why, found), 1):
            layout.addWidget(QLabel(words, wordWrap=True, textFormat=Qt.TextFormat.PlainText), row, 1)
        column = QVBoxLayout()
        column.setSpacing(8)
        self.salvage = QPushButton("Salvage what can be read…")
        self.salvage.setProperty("role", "primary")
        self.salvage.clicked.connect(self._salvage)
        self.backup_buttons = [self._backup(backup, time) for backup, time in backups]
        for button in (self.salvage, *self.backup_buttons):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(column, 3, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons, 4, 0, 1, 2)
        self.salvage.setFocus()

    def _backup(self, backup: Path, time: float) -> QPushButton:
        when = QLocale().toString(QDateTime.fromSecsSinceEpoch(int(time)), QLocale.FormatType.ShortFormat)
        button = QPushButton(f"Open the backup of {when}", toolTip=str(backup), autoDefault=False)
        button.setAccessibleDescription(str(backup))
        icons.put(button, "file")
        button.clicked.connect(partial(self._open, backup))
        return button

    @Slot()
    def _salvage(self) -> None:
        self.accept()
        self.salvage_wanted.emit()

    def _open(self, backup: Path) -> None:
        self.accept()
        self.backup_wanted.emit(backup)


class Fate(Enum):
    """What becomes of interrupted work."""

    KEEP = "Keep as it is"
    RESUME = "Resume"
    DELETE = "Delete"


class InterruptedDialog(QDialog):
    """Work that was under way when the program ended, and what is to become of each.

    Attributes
    ----------
    choices : list of QComboBox
        One for each work, in its order.
    """

    def __init__(self, works: Sequence[tuple[Run | Study, str]], parent: QWidget) -> None:
        """`works` are with words on how far each is."""
        super().__init__(parent)
        self.setWindowTitle("Interrupted work")
        self.setAccessibleName("Interrupted work")
        self._works = [work for work, _ in works]
        layout = _layout(self, "warning", "warning", "The program ended while work went on")
        words = QLabel(
            "Resume goes on from the state that was kept last. What is kept as it is counts as stopped, and can be "
            "resumed at any time. What is deleted comes back with undo.",
            wordWrap=True,
        )
        layout.addWidget(words, 1, 1)
        area = QScrollArea(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._table(works))
        area.setMinimumHeight(min(area.widget().sizeHint().height() + 4, self.fontMetrics().height() * 20))
        layout.addWidget(area, 2, 1)
        layout.setRowStretch(2, 1)
        buttons = QDialogButtonBox()
        self.go = buttons.addButton("OK", QDialogButtonBox.ButtonRole.AcceptRole)
        self.go.setProperty("role", "primary")
        self.later = buttons.addButton("Decide later", QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons, 3, 0, 1, 2)
        self.choices[0].setFocus()

    @property
    def fates(self) -> list[tuple[Run | Study, Fate]]:
        """What was chosen for each."""
        return [(work, choice.currentData()) for work, choice in zip(self._works, self.choices, strict=True)]

    def _table(self, works: Sequence[tuple[Run | Study, str]]) -> QWidget:
        table = QWidget()
        table.setProperty("role", "clear")
        rows = QGridLayout(table)
        rows.setContentsMargins(0, 0, 8, 0)
        rows.setHorizontalSpacing(14)
        rows.setColumnStretch(1, 1)
        self.choices: list[QComboBox] = []
        for k, (work, words) in enumerate(works):
            choice = QComboBox()
            for fate in Fate:
                choice.addItem(fate.value, fate)
            choice.setAccessibleName(f"What becomes of {work.name}")
            choice.setAccessibleDescription(words)
            name = QLabel(work.name, textFormat=Qt.TextFormat.PlainText)
            name.setProperty("role", "strong")
            kept = QLabel(words, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
            kept.setProperty("role", "muted")
            for column, widget in enumerate((name, kept, choice)):
                rows.addWidget(widget, k, column)
            self.choices.append(choice)
        rows.setRowStretch(len(works), 1)
        return table


def how_far(work: Run | Study) -> str:
    """What is kept of interrupted work, in words; may wait for the project file."""
    if isinstance(work, Study):
        return f"{len(work.measured)} of {len(work.keys)} {work.noun}s are measured"
    latest = work.latest
    if latest is None:
        return "nothing was learned yet"
    return f"kept at iteration {latest.iteration:,}" + (f" of {latest.n_iterations:,}" if latest.n_iterations else "")


def _layout(dialog: QDialog, icon: str, colour: str, heading: str) -> QGridLayout:
    """A picture, and beside it a heading and what follows."""
    dialog.setMinimumWidth(dialog.fontMetrics().averageCharWidth() * 84)
    layout = QGridLayout(dialog)
    layout.setContentsMargins(20, 20, 20, 16)
    layout.setHorizontalSpacing(16)
    layout.setVerticalSpacing(12)
    layout.setColumnStretch(1, 1)
    picture = QLabel()
    icons.put(picture, icon, colour, 32)
    layout.addWidget(picture, 0, 0, Qt.AlignmentFlag.AlignTop)
    title = QLabel(heading, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    title.setProperty("role", "heading")
    layout.addWidget(title, 0, 1)
    return layout
