"""The dialog in which refits of a run are set up, that tell how stable its metric is."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from workbench.desktop import icons
from workbench.desktop.parameter_form import WheelGuard
from workbench.session import Run

SCHEMES = {
    "bootstrap": "Rows drawn anew with replacement",
    "folds": "One part of the rows left out at a time",
    "seeds": "The same rows from other seeds",
}
MOST_REFITS, LARGEST_SEED = 1000, 2**31 - 1


@dataclass(frozen=True, eq=False)
class StabilityRequest:
    """Refits that a person asks for."""

    run: Run
    scheme: str
    n_refits: int
    seed: int


class StabilityDialog(QDialog):
    """Setting up refits of `run`; those of an earlier asking are proposed again, so that they can go on."""

    def __init__(self, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Stability of {run.name}")
        self.setAccessibleName("Stability")
        self._run = run
        about = QLabel(
            "Learns again with the parameters of this run and tells how far the relevances, their order and the "
            "directions of the metric agree. The run itself stays as it is. Refits that were stopped go on.",
            wordWrap=True,
        )
        about.setProperty("role", "muted")
        self.scheme = QComboBox()
        for name, words in SCHEMES.items():
            self.scheme.addItem(words, name)
        self.number = QSpinBox(minimum=2, maximum=MOST_REFITS, value=20)
        self.seed = QSpinBox(minimum=0, maximum=LARGEST_SEED)
        guard = WheelGuard(self)
        fields = QFormLayout()
        fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields.setHorizontalSpacing(12)
        fields.setVerticalSpacing(8)
        for label, widget in (("What changes", self.scheme), ("Refits", self.number), ("Seed of the draws", self.seed)):
            widget.setAccessibleName(label)
            widget.installEventFilter(guard)
            fields.addRow(label, widget)
        known = run.stability
        if known is not None:
            self.scheme.setCurrentIndex(self.scheme.findData(known.resampling.scheme))
            self.number.setValue(known.resampling.n_refits)
            self.seed.setValue(known.resampling.seed)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = buttons.addButton("Measure", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setProperty("role", "primary")
        icons.put(self.start, "play", "on_accent")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(about)
        layout.addLayout(fields)
        layout.addStretch()
        layout.addWidget(buttons)
        self.resize(self.fontMetrics().averageCharWidth() * 70, self.sizeHint().height())

    @property
    def request(self) -> StabilityRequest:
        """What is set up now."""
        return StabilityRequest(self._run, self.scheme.currentData(), self.number.value(), self.seed.value())
