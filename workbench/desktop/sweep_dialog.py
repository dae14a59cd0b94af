"""The dialog on which a sweep is set up: data, engine, the numbers to try, and the engine's other parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QWidget

from engines import EngineInfo, Parameter
from workbench.desktop.background import Background
from workbench.desktop.parameter_form import LARGEST
from workbench.desktop.study_dialog import StudyDialog
from workbench.session import Dataset, parse_counts
from workbench.session.sweep import REFERENCES, REPEATS, SAMPLE_ROWS, check_counts

FIRST, LAST = 1, 12
ABOUT = "Learns with each of several numbers of prototypes, measures them by the same criteria, and recommends one."


@dataclass(frozen=True, eq=False)
class SweepRequest:
    """A sweep that a person asks for."""

    dataset: Dataset
    engine: str
    counts: tuple[int, ...]
    parameters: dict[str, Any]
    name: str | None


class SweepDialog(StudyDialog):
    """Setting up a sweep; its `request` is a `SweepRequest`."""

    noun = "sweep"

    def __init__(
        self, background: Background, datasets: Sequence[Dataset], dataset: Dataset, parent: QWidget | None = None
    ) -> None:
        super().__init__(background, datasets, dataset, "How many?", ABOUT, parent)
        self.listed.textChanged.connect(self._changed)
        for box in (self.first, self.last, self.step):
            box.valueChanged.connect(self._changed)

    def _offers(self, info: EngineInfo) -> bool:
        return bool(info.count) and not info.supervised

    def _add_fields(self, fields: QFormLayout) -> None:
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
            box.installEventFilter(self.guard)
            span.addWidget(QLabel(words))
            span.addWidget(box, 1)
        self.listed = QLineEdit(placeholderText="or a list, such as 2, 4, 8, 16, 32")
        self.listed.setAccessibleName("List of numbers, in place of the range")
        fields.addRow("Numbers", span)
        fields.addRow("", self.listed)

    def _parameters_of(self, info: EngineInfo, parameters: Sequence[Parameter]) -> list[Parameter]:
        return [p for p in parameters if p.name != info.count]

    @Slot()
    def _changed(self) -> None:
        ranged = not self.listed.text().strip()
        for box in (self.first, self.last, self.step):
            box.setEnabled(ranged)
        super()._changed()

    def _work(self) -> Callable[[], SweepRequest]:
        assert self.form is not None
        dataset, info, name = self.dataset.currentData(), self._info, self.name.text().strip() or None
        words = self.listed.text().strip() or f"{self.first.value()}:{self.last.value()}:{self.step.value()}"
        parameters = self.form.fields.asked()

        def work() -> SweepRequest:
            counts = check_counts(info, dataset, parse_counts(words))
            return SweepRequest(dataset, info.name, counts, parameters, name)

        return work

    def _tell(self, request: SweepRequest) -> str:
        rows = request.dataset.n_in("train")
        return (
            f"{len(request.counts)} numbers. For each: one training on all {rows:,} training rows, and "
            f"{REFERENCES + 2 * REPEATS} to compare with, on at most {SAMPLE_ROWS // 2:,} rows each."
        )
