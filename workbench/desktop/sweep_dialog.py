"""The dialog on which a sweep is set up: data, engine, the numbers to try, and the engine's other parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

import engines
from engines import EngineInfo, Parameter
from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.parameter_form import LARGEST, ParameterForm, WheelGuard
from workbench.session import Dataset, parse_counts
from workbench.session.sweep import REFERENCES, REPEATS, SAMPLE_ROWS, check_counts

FIRST, LAST = 1, 12
SETTLE_MS = 150


@dataclass(frozen=True, eq=False)
class SweepRequest:
    """A sweep that a person asks for."""

    dataset: Dataset
    engine: str
    counts: tuple[int, ...]
    parameters: dict[str, Any]
    name: str | None


class SweepDialog(QDialog):
    """Setting up a sweep.

    Attributes
    ----------
    request : SweepRequest or None
        What is set up now; None while it cannot start.
    form : ParameterForm or None
        None while an engine's parameters are still looked up.
    """

    def __init__(
        self, background: Background, datasets: Sequence[Dataset], dataset: Dataset, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("How many?")
        self.setAccessibleName("How many?")
        self._background = background
        self.form: ParameterForm | None = None
        self.request: SweepRequest | None = None
        self._build(datasets)
        self._soon = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._soon.timeout.connect(self._check)
        self.dataset.setCurrentIndex(next(k for k, other in enumerate(datasets) if other is dataset))
        for signal in (
            self.dataset.currentIndexChanged,
            self.name.textChanged,
            self.listed.textChanged,
            *(box.valueChanged for box in (self.first, self.last, self.step)),
        ):
            signal.connect(self._changed)
        self.engine.currentIndexChanged.connect(self._engine_chosen)
        self._engine_chosen()

    def _build(self, datasets: Sequence[Dataset]) -> None:
        about = QLabel(
            "Learns with each of several numbers of prototypes, measures them by the same criteria, "
            "and recommends one.",
            wordWrap=True,
        )
        about.setProperty("role", "muted")
        self.dataset = QComboBox()
        for other in datasets:
            self.dataset.addItem(other.name, other)
        self.engine = QComboBox()
        for info in engines.catalog():
            if info.count and not info.supervised:
                self.engine.addItem(info.title, info.name)
        self.name = QLineEdit(placeholderText="given automatically")
        guard = WheelGuard(self)
        self.first, self.last, self.step = (QSpinBox(minimum=1, maximum=LARGEST) for _ in range(3))
        self.first.setValue(FIRST)
        self.last.setValue(LAST)
        span = QHBoxLayout()
        span.setSpacing(8)
        for words, box, told in (
            ("from", self.first, "First number"),
            ("to", self.last, "Last number"),
            ("by", self.step, "Step between numbers"),
        ):
            box.setAccessibleName(told)
            box.setGroupSeparatorShown(True)
            box.installEventFilter(guard)
            span.addWidget(QLabel(words))
            span.addWidget(box, 1)
        self.listed = QLineEdit(placeholderText="or a list, such as 2, 4, 8, 16, 32")
        self.listed.setAccessibleName("List of numbers, in place of the range")
        fields = QFormLayout()
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields.setHorizontalSpacing(12)
        fields.setVerticalSpacing(8)
        for label, widget in (("Data", self.dataset), ("Engine", self.engine), ("Name", self.name)):
            widget.setAccessibleName(f"{label} of the sweep")
            fields.addRow(label, widget)
        fields.addRow("Numbers", span)
        fields.addRow("", self.listed)
        self.scroll = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self.scroll.setAccessibleName("Other parameters")
        heading = QLabel("Other parameters")
        heading.setProperty("role", "section")
        self.told = QLabel(wordWrap=True)
        self.told.setProperty("role", "muted")
        self.told.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.told.setAccessibleName("What the sweep will do")
        self.problem = QLabel(wordWrap=True)
        self.problem.setProperty("role", "bad")
        self.problem.setAccessibleName("Why it cannot start")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = buttons.addButton("Start", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setProperty("role", "primary")
        icons.put(self.start, "play", "on_accent")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(about)
        layout.addLayout(fields)
        layout.addWidget(heading)
        layout.addWidget(self.scroll, 1)
        for label in (self.told, self.problem):
            layout.addWidget(label)
        layout.addWidget(buttons)
        letter = self.fontMetrics().averageCharWidth()
        self.resize(letter * 76, letter * 96)

    @property
    def _info(self) -> EngineInfo:
        return engines.engine_info(self.engine.currentData())

    @Slot()
    def _engine_chosen(self) -> None:
        info = self._info
        self.form = None
        self._ready(None)
        self._background.call(self, lambda: (info, info.parameters), self._show_form, key="parameters")

    def _show_form(self, found: tuple[EngineInfo, Sequence[Parameter]]) -> None:
        info, parameters = found
        self.form = ParameterForm([p for p in parameters if p.name != info.count], info.name)
        self.form.changed.connect(self._changed)
        self.scroll.setWidget(self.form)
        self._changed()

    @Slot()
    def _changed(self) -> None:
        ranged = not self.listed.text().strip()
        for box in (self.first, self.last, self.step):
            box.setEnabled(ranged)
        self._ready(None)
        self._soon.start()

    @Slot()
    def _check(self) -> None:
        """Ask off the interface thread whether this can start: the dataset may have to be read."""
        if self.form is None:
            return
        problems = self.form.problems()
        if problems:
            self._refuse(ValueError(problems[0]))
            return
        dataset, info, name = self.dataset.currentData(), self._info, self.name.text().strip() or None
        words = self.listed.text().strip() or f"{self.first.value()}:{self.last.value()}:{self.step.value()}"
        parameters = self.form.values()

        def work() -> SweepRequest:
            counts = check_counts(info, dataset, parse_counts(words))
            return SweepRequest(dataset, info.name, counts, parameters, name)

        self._background.call(self, work, self._ready, self._refuse, key="check")

    def _ready(self, request: SweepRequest | None) -> None:
        self.request = request
        self.start.setEnabled(request is not None)
        if request is not None:
            self.problem.hide()
            rows = request.dataset.n_in("train")
            self.told.setText(
                f"{len(request.counts)} numbers. For each: one training on all {rows:,} training rows, and "
                f"{REFERENCES + 2 * REPEATS} to compare with, on at most {SAMPLE_ROWS // 2:,} rows each."
            )

    def _refuse(self, error: Exception) -> None:
        self._ready(None)
        self.told.setText("")
        self.problem.setText(str(error))
        self.problem.show()
