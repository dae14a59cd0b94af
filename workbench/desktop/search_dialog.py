"""The dialog on which a search is set up: what varies and how, folds, the number of trials, and what that will take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engines import EngineInfo, Parameter
from workbench.desktop import icons
from workbench.desktop.background import Background
from workbench.desktop.study_dialog import StudyDialog
from workbench.session import Dataset, Estimate, SearchPlan, Session, parse_space
from workbench.session.checks import fits_kind
from workbench.session.estimates import shown_bytes
from workbench.session.space import MOST_TRIALS
from workbench.views.run_words import duration

FOLDS, TRIALS = 5, 20
MOST_FOLDS = 100
ABOUT = (
    "Learns with each of several sets of parameters on all parts of the training rows but one, judges it on that part, "
    "each in turn, and ranks the sets. Rows for validation and testing have no part in it."
)


@dataclass(frozen=True, eq=False)
class SearchRequest:
    """A search that a person asks for, and what it will take; `how` are the further arguments of `add_search`."""

    dataset: Dataset
    engine: str
    space: Mapping[str, Any]
    how: Mapping[str, Any]
    name: str | None
    plan: SearchPlan
    estimate: Estimate


class SearchDialog(StudyDialog):
    """Setting up a search; its `request` is a `SearchRequest`.

    Attributes
    ----------
    varied : list of VariedRow
    """

    noun = "search"

    def __init__(
        self, background: Background, session: Session, dataset: Dataset, parent: QWidget | None = None
    ) -> None:
        self._session = session
        self._known: list[Parameter] = []
        self.varied: list[VariedRow] = []
        datasets = list(session.datasets.values())
        super().__init__(background, datasets, dataset, "Search parameters", ABOUT, parent)
        self.scheme.currentIndexChanged.connect(self._changed)
        for box in (self.trials, self.folds):
            box.valueChanged.connect(self._changed)
        self.add.clicked.connect(self._add)

    def _offers(self, info: EngineInfo) -> bool:
        return any(
            fits_kind(dataset, info) and (dataset.has_labels or not info.supervised)
            for dataset in self._session.datasets.values()
        )

    def _add_fields(self, fields: QFormLayout) -> None:
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self.add = QPushButton("Vary another parameter")
        self.add.setProperty("role", "link")
        icons.put(self.add, "new", "accent")
        under = QHBoxLayout()
        under.addWidget(self.add)
        under.addStretch(1)
        self._rows.addLayout(under)
        self.scheme = QComboBox()
        self.scheme.addItem("every combination", "grid")
        self.scheme.addItem("drawn at random", "random")
        self.scheme.setAccessibleName("Which combinations are tried")
        self.trials = QSpinBox(minimum=1, maximum=MOST_TRIALS, value=TRIALS)
        self.trials.setAccessibleName("Number of trials")
        self.folds = QSpinBox(minimum=2, maximum=MOST_FOLDS, value=FOLDS)
        self.folds.setAccessibleName("Folds")
        self.folds.setToolTip("Parts that the training rows are cut in, each of them held out once")
        how = QHBoxLayout()
        how.setSpacing(8)
        how.addWidget(self.scheme, 2)
        self.trials_label = QLabel("trials")
        for label, box in ((self.trials_label, self.trials), (QLabel("folds"), self.folds)):
            box.installEventFilter(self.guard)
            how.addWidget(label)
            how.addWidget(box, 1)
        fields.addRow("Vary", self._rows)
        fields.addRow("Trials", how)

    def _parameters_of(self, info: EngineInfo, parameters: Sequence[Parameter]) -> list[Parameter]:
        self._known = list(parameters)
        while self.varied:
            self._drop(self.varied[-1])
        names = [p.name for p in parameters]
        first = next((name for name in (info.count, "prototypes_per_class") if name in names), names[0])
        self._put_row(first, {info.count: "2, 4, 8, 16", "prototypes_per_class": "1, 2, 3"}.get(first, ""))
        return self._known

    @Slot()
    def _changed(self) -> None:
        drawn = self.scheme.currentData() == "random"
        for widget in (self.trials_label, self.trials):
            widget.setEnabled(drawn)
        names = [row.name for row in self.varied]
        if self.form is not None:
            for name, row in self.form.rows.items():
                row.editor.setEnabled(name not in names)
        self.add.setEnabled(len(self.varied) < len(self._known))
        for row in self.varied:
            row.remove.setEnabled(len(self.varied) > 1)
        super()._changed()

    @Slot()
    def _add(self) -> None:
        taken = {row.name for row in self.varied}
        free = next((p.name for p in self._known if p.name not in taken), None)
        if free is not None:
            self._put_row(free).values.setFocus()
            self._changed()

    def _put_row(self, name: str, text: str = "") -> VariedRow:
        row = VariedRow(self._known, name, text)
        row.parameter.installEventFilter(self.guard)
        row.changed.connect(self._changed)
        row.remove.clicked.connect(partial(self._removed, row))
        self._rows.insertWidget(len(self.varied), row)
        self.varied.append(row)
        return row

    def _removed(self, row: VariedRow) -> None:
        self._drop(row)
        self._changed()

    def _drop(self, row: VariedRow) -> None:
        self.varied.remove(row)
        self._rows.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _problems(self) -> list[str]:
        names = [row.name for row in self.varied]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            return [f"{twice} is listed twice: put all of its values on one line."]
        fields = self.form.fields.items() if self.form is not None else ()
        return [field.problem for name, field in fields if field.problem and name not in names]

    def _work(self) -> Callable[[], SearchRequest]:
        assert self.form is not None
        session, dataset, engine = self._session, self.dataset.currentData(), self._info.name
        texts = {row.name: row.values.text() for row in self.varied}
        fields = self.form.fields.items()
        parameters = {name: field.value() for name, field in fields if name not in texts and field.is_asked}
        scheme = self.scheme.currentData()
        how = {
            "parameters": parameters,
            "scheme": scheme,
            "n_trials": self.trials.value() if scheme == "random" else None,
            "folds": self.folds.value(),
        }
        name = self.name.text().strip() or None

        def work() -> SearchRequest:
            space = parse_space(engine, texts)
            plan, estimate = session.plan_search(dataset, engine, space, **how)
            return SearchRequest(dataset, engine, space, how, name, plan, estimate)

        return work

    def _tell(self, request: SearchRequest) -> str:
        plan, estimate = request.plan, request.estimate
        words = f"{len(plan.trials):,} trials × {plan.folds} folds: {plan.n_trainings:,} trainings"
        words += f". About {shown_bytes(estimate.memory_bytes)} of memory"
        if estimate.seconds is not None:
            words += f", {duration(estimate.seconds)}, judged by earlier runs"
        return " ".join((words + ".", *estimate.warnings))


class VariedRow(QWidget):
    """One parameter that varies: which one, and its values or range as people write them.

    Attributes
    ----------
    changed : Signal
    parameter : QComboBox
    values : QLineEdit
    remove : QToolButton
    """

    changed = Signal()

    def __init__(self, known: Sequence[Parameter], name: str, text: str) -> None:
        super().__init__()
        self._by_name = {parameter.name: parameter for parameter in known}
        self.parameter = QComboBox()
        self.parameter.setAccessibleName("Parameter to vary")
        for parameter in known:
            self.parameter.addItem(parameter.name, parameter.name)
        self.parameter.setCurrentIndex(self.parameter.findData(name))
        self.values = QLineEdit(text)
        self.remove = QToolButton(toolTip="Do not vary this one")
        self.remove.setAccessibleName("Do not vary this parameter")
        icons.put(self.remove, "close")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.parameter, 2)
        layout.addWidget(self.values, 3)
        layout.addWidget(self.remove)
        self._describe()
        if not text:
            self._suggest()
        self.parameter.currentIndexChanged.connect(self._chosen)
        self.values.textChanged.connect(self.changed)

    @property
    def name(self) -> str:
        chosen: str = self.parameter.currentData()
        return chosen

    @Slot()
    def _chosen(self) -> None:
        self._describe()
        self._suggest()
        self.changed.emit()

    def _describe(self) -> None:
        parameter = self._by_name[self.name]
        self.values.setAccessibleName(f"Values of {parameter.name}")
        tip = f"{parameter.doc}; {parameter.expectation}"
        self.values.setAccessibleDescription(tip)
        self.values.setToolTip(tip)
        ranged = bool(parameter.kinds & {"integer", "real"})
        self.values.setPlaceholderText("values a, b, c, or a range low:high or low:high:log" if ranged else "a, b, c")

    def _suggest(self) -> None:
        """Offer all words of a parameter that takes words, and nothing else."""
        parameter = self._by_name[self.name]
        words = [*parameter.choices, *(["True", "False"] if "boolean" in parameter.kinds else [])]
        with QSignalBlocker(self.values):
            self.values.setText(", ".join(words))
