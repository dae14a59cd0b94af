"""The dialog for exports that have options: their form, and a preview of the picture that would be written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.parameter_form import ParameterForm
from workbench.desktop.remark import say
from workbench.errors import WorkbenchError
from workbench.reports import Export, export
from workbench.session import Run, Session

SETTLE_MS = 250
MARGIN = 16


class ExportDialog(QDialog):
    """Setting up an export of a run; what it would look like is drawn in the background.

    Attributes
    ----------
    sound : bool
        Whether it can be written as it is set up.
    """

    def __init__(
        self,
        background: Background,
        kind: Export,
        session: Session,
        run: Run,
        values: Mapping[str, Any],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Export: {kind.title}")
        self.setAccessibleName(f"Export: {kind.title}")
        self.sound = False
        self._background = background
        self._kind, self._session, self._run = kind, session, run
        self._picture = QPixmap()
        self._build(values)
        self._soon = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._soon.timeout.connect(self._draw)
        self.form.changed.connect(self._change)
        self._draw()

    @property
    def values(self) -> dict[str, Any]:
        """The options that are not at their defaults."""
        return self.form.fields.asked()

    @Slot()
    def _change(self) -> None:
        self._set_sound(False)
        self._soon.start()

    @Slot()
    def _draw(self) -> None:
        if self.form.fields.problems():
            say(self.remark, self.form.fields.problems()[0], "bad")
            return
        work = partial(_drawn, self._kind, self._session, self._run, self.values)
        self._background.call(self, work, self._show, self._failed, key="preview")

    def _show(self, image: QImage) -> None:
        self._picture = QPixmap.fromImage(image)
        say(self.remark, f"{image.width():,} × {image.height():,} pixels", "muted")
        self._fit()
        self._set_sound(True)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, WorkbenchError):
            raise error
        say(self.remark, str(error), "bad")

    def _set_sound(self, sound: bool) -> None:
        self.sound = sound
        self.save.setEnabled(sound)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Show the picture as it is, made smaller where it is larger than its place."""
        if self._picture.isNull():
            return
        room = self.preview.size() - QSize(MARGIN, MARGIN)
        shown = self._picture
        if shown.width() > room.width() or shown.height() > room.height():
            ways = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            shown = shown.scaled(room, *ways)
        self.preview.setPixmap(shown)

    def _build(self, values: Mapping[str, Any]) -> None:
        self.form = ParameterForm(self._kind.parameters, self._kind.title, values)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setAccessibleName("Options")
        area.setWidget(self.form)
        self.preview = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.preview.setAccessibleName("Preview")
        self.preview.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.preview.setFrameShape(QFrame.Shape.StyledPanel)
        self.remark = QLabel("Drawing…", wordWrap=True)
        self.remark.setAccessibleName("Size of the picture")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.addButton("Choose place…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.save.setProperty("role", "primary")
        self.save.setEnabled(False)
        icons.put(self.save, "save", "on_accent")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        both = QHBoxLayout()
        both.setSpacing(18)
        both.addWidget(area, 2)
        both.addWidget(self.preview, 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(both, 1)
        layout.addWidget(self.remark)
        layout.addWidget(buttons)
        letter = self.fontMetrics()
        self.resize(letter.averageCharWidth() * 130, letter.height() * 28)


def _drawn(kind: Export, session: Session, run: Run, values: Mapping[str, Any]) -> QImage:
    """What would be written, as a picture."""
    with TemporaryDirectory(prefix="vq-workbench-") as folder:
        (path,) = export(kind.name, session, run, Path(folder) / f"preview.{kind.formats[0]}", options=values)
        return QImage(str(path))
