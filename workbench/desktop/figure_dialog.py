"""The dialog in which a figure of a view is set up, with a preview that is drawn in the background."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.parameter_form import WheelGuard
from workbench.desktop.settings import Settings
from workbench.errors import WorkbenchError
from workbench.reports.figures import (
    FORMS,
    LARGEST,
    LETTERS,
    LOOKS,
    MM,
    RESOLUTIONS,
    SIZES,
    SMALLEST,
    Look,
    drawn,
    page,
)
from workbench.views import Page, Scene, View

UNITS = {"mm": 1.0, "cm": 10.0, "inch": MM}
LOOK_NAMES = {"print": "Print (black on white)", "light": "Light", "dark": "Dark"}
FORM_NAMES = {"pdf": "PDF", "svg": "SVG", "png": "PNG"}
EVERYTHING = "Everything there is"
DRAWING = "Drawing…"
WAIT_MS = 350
PREVIEW = 900
"""Pixels of the longer side of the preview."""


@dataclass(frozen=True)
class Seen:
    """What a pane shows: which part ("" for all) of which view, of which scene."""

    view: View
    scene: Scene
    part: str

    @cached_property
    def data(self) -> Any:
        """What the view computes; takes time, so not for the interface thread."""
        return self.view.compute(self.scene)


@dataclass(frozen=True)
class FigureWish:
    """A figure that a person asks for."""

    seen: Seen
    page: Page
    form: str
    look: Look
    dpi: int


class FigureDialog(QDialog):
    """Setting up a figure of what is `seen`; choices are remembered when it is accepted.

    Attributes
    ----------
    wish : FigureWish or None
        What is set up now; None where it cannot be drawn.
    """

    def __init__(self, background: Background, settings: Settings, seen: Seen, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Export figure: {seen.view.title}")
        self.setAccessibleName("Export figure")
        self.seen = seen
        self._background = background
        self._settings = settings
        self._unit = 1.0
        self._picture = QPixmap()
        self._make_fields()
        self._recall()
        self._lay_out()
        self._soon = QTimer(self, interval=WAIT_MS, singleShot=True)
        self._soon.timeout.connect(self._draw)
        self._connect()
        self._show_enabled()
        self._draw()

    @property
    def wish(self) -> FigureWish | None:
        try:
            place = self._page()
        except WorkbenchError:
            return None
        return FigureWish(self.seen, place, self.form.currentData(), self.look.currentData(), self.dpi.value())

    def accept(self) -> None:
        keep = {"form": self.form.currentData(), "unit": self.unit.currentText(), "look": self.look.currentData()}
        keep |= {"width": self._mm(self.width_field), "height": self._mm(self.height_field) or 0.0}
        keep |= {"letters": self.letters.value(), "dpi": self.dpi.value(), "titled": self.titled.isChecked()}
        keep |= {"legend": self.legend.isChecked(), "note": self.note.isChecked()}
        self._settings.set_choices("figure", keep)
        super().accept()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _make_fields(self) -> None:
        self.form = _choice("Format", {FORM_NAMES[form]: form for form in FORMS})
        self.size = _choice("Size", {size.title: size for size in SIZES} | {"Other": None})
        self.width_field, self.height_field = _length("Width"), _length("Height")
        self.height_field.setSpecialValueText("as needed")
        self.height_field.setMinimum(0.0)
        self.unit = _choice("Unit", dict.fromkeys(UNITS))
        self.letters = QDoubleSpinBox(minimum=LETTERS[0], maximum=LETTERS[1], decimals=1, singleStep=0.5, suffix=" pt")
        self.letters.setAccessibleName("Letters")
        self.dpi = QSpinBox(minimum=RESOLUTIONS[0], maximum=RESOLUTIONS[1], singleStep=50, suffix=" dpi")
        self.dpi.setAccessibleName("Resolution")
        self.dpi.setToolTip("Of a PNG, and of what is pixels in an SVG or a PDF")
        self.look = _choice("Theme", {LOOK_NAMES[look]: look for look in LOOKS})
        self.part = _choice("Shows", {name: name for name in (self.seen.part, EVERYTHING) if name})
        self.titled = QCheckBox("Title")
        self.title = QLineEdit(f"{self.seen.view.title}: {self.seen.scene.name}")
        self.title.setAccessibleName("Text of the title")
        self.legend, self.note = QCheckBox("Legend"), QCheckBox("Remark under the plot")
        self.preview = QLabel(DRAWING, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.preview.setAccessibleName("Preview")
        self.preview.setMinimumSize(self.fontMetrics().averageCharWidth() * 40, self.fontMetrics().height() * 14)
        self.told = QLabel(wordWrap=True)
        self.told.setProperty("role", "muted")
        self.told.setAccessibleName("Size of the figure")

    def _recall(self) -> None:
        first = SIZES[0]
        known = {"form": "pdf", "unit": "mm", "look": "print", "width": first.width, "height": 0.0, "dpi": 300}
        known |= {"letters": first.letters, "titled": False, "legend": True, "note": True}
        known |= {
            name: value
            for name, value in self._settings.choices("figure").items()
            if isinstance(value, type(known.get(name)))
        }
        self.form.setCurrentIndex(max(0, self.form.findData(known["form"])))
        self.look.setCurrentIndex(max(0, self.look.findData(known["look"])))
        self.unit.setCurrentIndex(max(0, self.unit.findText(str(known["unit"]))))
        self._take_unit()
        self._set_lengths(float(known["width"]), float(known["height"]))  # type: ignore[arg-type]
        self.letters.setValue(float(known["letters"]))  # type: ignore[arg-type]
        self.dpi.setValue(int(known["dpi"]))  # type: ignore[call-overload]
        for box, name in ((self.titled, "titled"), (self.legend, "legend"), (self.note, "note")):
            box.setChecked(bool(known[name]))
        self._show_size()

    def _lay_out(self) -> None:
        guard = WheelGuard(self)
        lengths = QHBoxLayout()
        for widget in (self.width_field, QLabel("×"), self.height_field, self.unit):
            lengths.addWidget(widget)
        heading = QHBoxLayout()
        heading.addWidget(self.titled)
        heading.addWidget(self.title, 1)
        fields = QFormLayout()
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields.setHorizontalSpacing(12)
        fields.setVerticalSpacing(8)
        if self.part.count() > 1:
            fields.addRow("Shows", self.part)
        for label, widget in (("Format", self.form), ("Size", self.size), ("", lengths), ("Letters", self.letters)):
            fields.addRow(label, widget)
        fields.addRow("Resolution", self.dpi)
        fields.addRow("Theme", self.look)
        fields.addRow("", heading)
        fields.addRow("", self.legend)
        fields.addRow("", self.note)
        for field in (self.form, self.size, self.width_field, self.height_field, self.unit, self.letters, self.dpi):
            field.installEventFilter(guard)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.addButton("Export…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.save.setProperty("role", "primary")
        icons.put(self.save, "figure", "on_accent")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        left = QVBoxLayout()
        left.addLayout(fields)
        left.addStretch()
        left.addWidget(self.told)
        across = QHBoxLayout()
        across.setSpacing(18)
        across.addLayout(left)
        across.addWidget(self.preview, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(across, 1)
        layout.addWidget(buttons)

    def _connect(self) -> None:
        self.size.activated.connect(self._take_size)
        self.unit.activated.connect(self._take_unit)
        for field in (self.width_field, self.height_field):
            field.valueChanged.connect(self._show_size)
            field.valueChanged.connect(self._changed)
        for field in (self.letters, self.dpi):
            field.valueChanged.connect(self._changed)
        for choice in (self.form, self.look, self.part):
            choice.currentIndexChanged.connect(self._changed)
        for box in (self.titled, self.legend, self.note):
            box.toggled.connect(self._changed)
        self.title.textChanged.connect(self._changed)

    @Slot()
    def _changed(self) -> None:
        self._show_enabled()
        self._soon.start()

    def _show_enabled(self) -> None:
        self.title.setEnabled(self.titled.isChecked())

    @Slot()
    def _take_size(self) -> None:
        size = self.size.currentData()
        if size is not None:
            self.letters.setValue(size.letters)
            self._set_lengths(size.width, size.height or 0.0)

    @Slot()
    def _take_unit(self) -> None:
        """Show the lengths in the chosen unit; they stay what they are."""
        width, height = self._mm(self.width_field), self._mm(self.height_field) or 0.0
        self._unit = UNITS[self.unit.currentText()]
        for field in (self.width_field, self.height_field):
            field.blockSignals(True)
            field.setDecimals(1 if self._unit == 1.0 else 2)
            field.setSingleStep(1.0 if self._unit == 1.0 else 0.1)
            field.setMaximum(LARGEST / self._unit)
        self.width_field.setMinimum(SMALLEST / self._unit)
        self._set_lengths(width or SMALLEST, height)
        for field in (self.width_field, self.height_field):
            field.blockSignals(False)

    def _set_lengths(self, width: float, height: float) -> None:
        self.width_field.setValue(width / self._unit)
        self.height_field.setValue(height / self._unit)

    def _mm(self, field: QDoubleSpinBox) -> float | None:
        return field.value() * self._unit or None

    @Slot()
    def _show_size(self) -> None:
        """Name the size, where it has a name."""
        width, height = self._mm(self.width_field) or 0.0, self._mm(self.height_field) or 0.0
        same = (abs(width - size.width) < 0.2 and abs(height - (size.height or 0.0)) < 0.2 for size in SIZES)
        self.size.setCurrentIndex(next((k for k, fits in enumerate(same) if fits), len(SIZES)))

    def _page(self) -> Page:
        part = self.part.currentData() or ""
        return page(
            self._mm(self.width_field) or 0.0,
            self._mm(self.height_field),
            letters=self.letters.value(),
            title=self.title.text().strip() if self.titled.isChecked() else "",
            with_legend=self.legend.isChecked(),
            with_note=self.note.isChecked(),
            part="" if part == EVERYTHING else part,
        )

    @Slot()
    def _draw(self) -> None:
        try:
            place = self._page()
        except WorkbenchError as error:
            self._failed(error)
            return
        look, seen = self.look.currentData(), self.seen
        dpi = PREVIEW / max(place.width, place.height or place.width)
        self.told.setText(DRAWING)

        def work() -> bytes:
            return drawn(seen.view, seen.data, place, "png", look=look, dpi=dpi)

        def arrived(made: bytes) -> None:
            image = QImage.fromData(made, "PNG")
            self._picture = QPixmap.fromImage(image)
            width, height = (25.4 * side / dpi for side in (image.width(), image.height()))
            self.told.setText(f"{width:.0f} × {height:.0f} mm")
            self.save.setEnabled(True)
            self._fit()

        self._background.call(self, work, arrived, self._failed, key="preview")

    def _failed(self, error: Exception) -> None:
        self._picture = QPixmap()
        self.preview.setText(str(error))
        self.told.setText("")
        self.save.setEnabled(False)

    def _fit(self) -> None:
        if not self._picture.isNull():
            ratio = self.devicePixelRatioF()
            smooth = Qt.TransformationMode.SmoothTransformation
            shown = self._picture.scaled(self.preview.size() * ratio, Qt.AspectRatioMode.KeepAspectRatio, smooth)
            shown.setDevicePixelRatio(ratio)
            self.preview.setPixmap(shown)


def _choice(name: str, items: dict[str, Any]) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    for text, data in items.items():
        made.addItem(text, data)
    return made


def _length(name: str) -> QDoubleSpinBox:
    made = QDoubleSpinBox(minimum=SMALLEST, maximum=LARGEST, decimals=1)
    made.setAccessibleName(name)
    return made
