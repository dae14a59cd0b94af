"""A form made from declared parameters: basic ones shown, advanced ones folded, each value checked as it is typed."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engines import Parameter
from workbench.data import Offer
from workbench.desktop import icons

Editor = QCheckBox | QComboBox | QLineEdit | QSpinBox
LARGEST = 2**31 - 1


class ParameterForm(QWidget):
    """Editors for the parameters of one engine.

    Attributes
    ----------
    changed : Signal
        A value was changed, sound or not.
    rows : dict of str to ParameterRow
    """

    changed = Signal()

    def __init__(
        self,
        parameters: Sequence[Parameter],
        owner: str,
        values: Mapping[str, Any] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "clear")
        self.setAccessibleName(f"Parameters of {owner}")
        self.rows: dict[str, ParameterRow] = {}
        values = values or {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        basic = [p for p in parameters if not p.advanced]
        advanced = [p for p in parameters if p.advanced]
        layout.addWidget(self._part(basic, owner, values))
        self.fold = QPushButton(f"Advanced ({len(advanced)})", checkable=True)
        self.fold.setProperty("role", "link")
        icons.put(self.fold, "folded", "accent")
        self.fold.setVisible(bool(advanced))
        self._folded = self._part(advanced, owner, values)
        self._folded.hide()
        layout.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._folded)
        layout.addStretch(1)
        self.fold.toggled.connect(self._toggle)
        if any(self.rows[p.name].changed_from_default for p in advanced):
            self.fold.setChecked(True)

    def values(self) -> dict[str, Any]:
        """Values that differ from the defaults, or began so; call only when `problems` is empty."""
        return {name: row.value() for name, row in self.rows.items() if row.changed_from_default or row.began_elsewhere}

    def changes(self) -> dict[str, Any]:
        """Values that are others than at first; call only when `problems` is empty."""
        return {name: row.value() for name, row in self.rows.items() if row.is_changed}

    def problems(self) -> list[str]:
        """One sentence for each value that is not allowed."""
        return [row.problem for row in self.rows.values() if row.problem]

    def offer(self, offers: Mapping[str, Sequence[Offer]]) -> None:
        """Let a person choose, by the parameter's name, from values beside those that are declared."""
        for name, offered in offers.items():
            self.rows[name].offer(offered)

    def _part(self, parameters: Sequence[Parameter], owner: str, values: Mapping[str, Any]) -> QWidget:
        part = QWidget()
        part.setProperty("role", "clear")
        grid = QGridLayout(part)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for k, parameter in enumerate(parameters):
            row = ParameterRow(parameter, owner, values.get(parameter.name, parameter.default), part)
            row.changed.connect(self.changed)
            self.rows[parameter.name] = row
            grid.addWidget(row.label, 2 * k, 0)
            grid.addWidget(row.editor, 2 * k, 1)
            grid.addWidget(row.message, 2 * k + 1, 0, 1, 2)
        return part

    @Slot(bool)
    def _toggle(self, unfolded: bool) -> None:
        self._folded.setVisible(unfolded)
        icons.put(self.fold, "unfolded" if unfolded else "folded", "accent")


class ParameterRow(QObject):
    """Label, editor and message of one parameter.

    Attributes
    ----------
    problem : str
        Why the present value is not allowed, in one sentence; "" if it is.
    """

    changed = Signal()

    def __init__(self, parameter: Parameter, owner: str, value: Any, parent: QWidget) -> None:
        super().__init__(parent)
        self.parameter = parameter
        self._owner = owner
        self._given = value
        self._given_text = _text(value)
        self.problem = ""
        name = _title(parameter.name)
        self.label = QLabel(f"{name} [{parameter.unit}]" if parameter.unit else name, parent)
        self.editor = _editor(parameter, value, parent)
        self.editor.setObjectName(parameter.name)
        self.editor.setAccessibleName(name)
        self.editor.setAccessibleDescription(parameter.doc)
        unit = f" [{parameter.unit}]" if parameter.unit else ""
        default = _text(parameter.default) or "none"
        allowed = f"Allowed: {parameter.expectation}. Default: {default}."
        tip = f"<b>{parameter.name}</b>{unit}: {parameter.doc}<br>{html.escape(allowed)}"
        self.label.setToolTip(tip)
        self.editor.setToolTip(tip)
        self.label.setBuddy(self.editor)
        self.message = QLabel("", parent, wordWrap=True)
        self.message.setProperty("role", "bad")
        self.message.hide()
        _on_change(self.editor, self._check)

    @property
    def changed_from_default(self) -> bool:
        return bool(self.problem) or not _same(self.value(), self.parameter.default)

    @property
    def began_elsewhere(self) -> bool:
        """Whether the value at first was not the default: put back to it, the default is what is asked for."""
        return not _same(self._given, self.parameter.default)

    @property
    def is_changed(self) -> bool:
        """Whether the value is another than at first."""
        return bool(self.problem) or not _same(self.value(), self._given)

    def value(self) -> Any:
        """The value that the editor shows; raises ValueError where it is not allowed."""
        editor = self.editor
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        if isinstance(editor, QSpinBox):
            return editor.value()
        text = editor.currentText() if isinstance(editor, QComboBox) else editor.text()
        if text == self._given_text:
            return self._given
        if isinstance(editor, QComboBox) and (offered := editor.itemData(editor.findText(text))) is not None:
            return offered
        return self.parameter.parse(text, self._owner)

    def offer(self, offers: Sequence[Offer]) -> None:
        """Add values to the choices, each shown with what it is; the one that is set stays set, and nothing is told."""
        editor = self.editor
        if not isinstance(editor, QComboBox):
            raise TypeError(f"{self.parameter.name} takes no words to choose from")
        editor.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        with QSignalBlocker(editor):
            for value, about in ((offer.value, offer.about) for offer in offers):
                if value not in self.parameter.choices:
                    editor.addItem(f"{value} · {about}" if about else value, value)
            if (place := editor.findData(self._given)) >= 0:
                editor.setCurrentIndex(place)

    @Slot()
    def _check(self) -> None:
        try:
            self.value()
            self.problem = ""
        except ValueError as error:
            self.problem = str(error)
        self.message.setText(self.problem)
        self.message.setVisible(bool(self.problem))
        self.changed.emit()


def _editor(parameter: Parameter, value: Any, parent: QWidget) -> Editor:
    kinds = parameter.kinds - {"generator"}
    made: Editor
    if kinds == {"boolean"}:
        made = QCheckBox(parent)
        made.setChecked(bool(value))
        return made
    if kinds == {"integer"}:
        made = QSpinBox(parent)
        made.setRange(
            int(parameter.low) if parameter.low is not None else -LARGEST,
            int(parameter.high) if parameter.high is not None else LARGEST,
        )
        made.setValue(int(value))
        made.setGroupSeparatorShown(True)
    elif "choice" in kinds:
        made = QComboBox(parent)
        made.addItems([*parameter.choices, *(["None"] if "none" in kinds else [])])
        made.setEditable(not kinds <= {"choice", "none"})
        made.setCurrentText(_text(value) or "None")
    else:
        made = QLineEdit(_text(value), parent)
        made.setPlaceholderText("None" if "none" in kinds else parameter.expectation)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.installEventFilter(_wheel_guard(parent))
    made.setMinimumHeight(made.fontMetrics().height() + 10)
    made.setMinimumWidth(made.fontMetrics().averageCharWidth() * 15)
    return made


def _on_change(editor: Editor, slot: Any) -> None:
    if isinstance(editor, QCheckBox):
        editor.toggled.connect(slot)
    elif isinstance(editor, QSpinBox):
        editor.valueChanged.connect(slot)
    elif isinstance(editor, QComboBox):
        editor.currentTextChanged.connect(slot)
    else:
        editor.textChanged.connect(slot)


class WheelGuard(QObject):
    """Keeps the mouse wheel from changing an editor that a person only scrolls past."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def _wheel_guard(parent: QWidget) -> WheelGuard:
    found = parent.findChild(WheelGuard)
    return found if isinstance(found, WheelGuard) else WheelGuard(parent)


def _title(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        return f"array {value.shape}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_text(v) for v in value) + "]"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return a is b
    return (type(a) is type(b) and bool(a == b)) or (
        isinstance(a, int | float) and isinstance(b, int | float) and a == b
    )
