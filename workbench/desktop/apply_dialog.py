"""The dialog that applies a run to new rows: which file, where the table goes, how far it is, what came of it."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.exporting import FORMS as TITLES
from workbench.desktop.exporting import file_name
from workbench.desktop.remark import say
from workbench.desktop.settings import Settings
from workbench.errors import Cancelled, WorkbenchError
from workbench.reports import Applied, apply
from workbench.reports.tables import FORMS
from workbench.session import Run, read_new
from workbench.views.wording import percent

LOOK_MS = 60


class ApplyDialog(QDialog):
    """Applies `run`; reading and writing go on in the background, and closing stops them.

    Attributes
    ----------
    applied : Applied or None
        What came of it.
    """

    def __init__(self, background: Background, settings: Settings, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Apply {run.name} to new data")
        self.setAccessibleName("Apply to new data")
        self.applied: Applied | None = None
        self._background = background
        self._settings = settings
        self._run = run
        self._stop = threading.Event()
        self._share = 0.0
        self._working = False
        self._build()
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._show_share)
        self._ready()

    def choose(self, file: Path) -> None:
        """Take `file` for the new rows, and propose a place beside it for the table."""
        self._settings.set_folder("import", file.parent)
        self.file.setText(str(file))
        if not self.out.text():
            self.out.setText(str(file.with_name(f"{file_name(f'{file.stem} {self._run.name}')}.csv")))
        self._ready()

    @Slot()
    def start(self) -> None:
        """Read the file, apply the run, write the table."""
        run, file, out = self._run, Path(self.file.text()), Path(self.out.text())
        with_rows = self.reconstructions.isChecked()
        self._stop.clear()
        self._working = True
        self._ready()
        self._look.start()

        def work() -> Applied:
            rows = read_new(run.dataset, file, progress=self._reading, stop=self._stop.is_set)
            return apply(run, rows, out, reconstructions=with_rows, progress=self._applying, stop=self._stop.is_set)

        self._background.call(self, work, self._arrived, self._failed)

    def reject(self) -> None:
        """Stop the work, if there is any; else close."""
        if self._working:
            self._stop.set()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self._stop.set()
        super().closeEvent(event)

    # called by the thread that works

    def _reading(self, share: float) -> None:
        self._share = 0.5 * share

    def _applying(self, share: float) -> None:
        self._share = 0.5 + 0.5 * share

    # what comes of it

    def _arrived(self, applied: Applied) -> None:
        self.applied = applied
        self._ended()
        lines = [f"{Path(self.out.text()).name} is written: {applied.n_rows:,} rows."]
        if applied.accuracy is not None:
            share, low, high = map(percent, applied.accuracy)
            lines.append(f"Right: {share} of {applied.n_labelled:,} labelled rows (95 % interval {low} to {high}).")
        if applied.n_rejected:
            lines.append(f"Less certain than the run's threshold: {applied.n_rejected:,} rows.")
        say(self.remark, "\n".join([*lines, *applied.warnings[:4]]), "muted")
        self.look.setVisible(True)

    def _failed(self, error: Exception) -> None:
        self._ended()
        if isinstance(error, Cancelled):
            say(self.remark, "Stopped; nothing was written.", "muted")
        elif isinstance(error, WorkbenchError | OSError):
            say(self.remark, str(error), "bad")
        else:
            raise error

    def _ended(self) -> None:
        self._working = False
        self._look.stop()
        self._share = 0.0
        self._ready()

    @Slot()
    def _show_share(self) -> None:
        self.bar.setValue(round(100 * self._share))

    @Slot()
    def _ready(self) -> None:
        """Enable what is possible now."""
        ending = Path(self.out.text()).suffix[1:].lower()
        possible = bool(self.file.text() and self.out.text()) and ending in FORMS
        if self.out.text() and ending not in FORMS:
            say(self.remark, f"The table must end in .{', .'.join(FORMS)}.", "bad")
        elif not self._working:
            say(self.remark, "", "muted")
        for widget in (self.file, self.file_button, self.out, self.out_button, self.reconstructions):
            widget.setEnabled(not self._working)
        self.start_button.setEnabled(possible and not self._working)
        self.bar.setVisible(self._working)
        self.look.setVisible(False)

    @Slot()
    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "New data", str(self._settings.folder("import")))
        if name:
            self.choose(Path(name))

    @Slot()
    def _choose_out(self) -> None:
        filters = ";;".join(f"{TITLES[form]} (*.{form})" for form in FORMS)
        name, _ = QFileDialog.getSaveFileName(self, "Table to write", self.out.text(), filters)
        if name:
            self.out.setText(name)

    @Slot()
    def _open_out(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.out.text()))

    def _build(self) -> None:
        about = QLabel(
            "The file needs the columns that the run has learned from, in any order; they are prepared as then. The "
            "table tells of each row its prototype or code, the distance, and the class that is predicted, how surely.",
            wordWrap=True,
        )
        about.setProperty("role", "muted")
        self.file, self.out = QLineEdit(), QLineEdit()
        self.file_button, self.out_button = QPushButton("Choose file…"), QPushButton("Choose place…")
        self.reconstructions = QCheckBox("Add what stands for each row, in original units")
        self.bar = QProgressBar(maximum=100)
        self.remark = QLabel(wordWrap=True, textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse)
        fields = QFormLayout()
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows = (("New data", self.file, self.file_button), ("Table to write", self.out, self.out_button))
        for label, line, button in rows:
            line.setAccessibleName(label)
            button.setAccessibleName(f"{label}: choose")
            together = QHBoxLayout()
            together.addWidget(line, 1)
            together.addWidget(button)
            fields.addRow(label, together)
            line.textChanged.connect(self._ready)
        fields.addRow("", self.reconstructions)
        self.bar.setAccessibleName("How far it is")
        self.remark.setAccessibleName("What came of it")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.look = self.buttons.addButton("Open table", QDialogButtonBox.ButtonRole.ActionRole)
        self.start_button = self.buttons.addButton("Apply", QDialogButtonBox.ButtonRole.ApplyRole)
        self.start_button.setProperty("role", "primary")
        icons.put(self.start_button, "play", "on_accent")
        self.start_button.clicked.connect(self.start)
        self.look.clicked.connect(self._open_out)
        self.buttons.rejected.connect(self.reject)
        self.file_button.clicked.connect(self._choose_file)
        self.out_button.clicked.connect(self._choose_out)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(about)
        layout.addLayout(fields)
        layout.addWidget(self.bar)
        layout.addWidget(self.remark)
        layout.addStretch()
        layout.addWidget(self.buttons)
        letter = self.fontMetrics()
        self.resize(letter.averageCharWidth() * 84, letter.height() * 20)
