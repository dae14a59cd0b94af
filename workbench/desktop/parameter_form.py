"""A form made from declared parameters: basic ones shown, advanced ones folded, each value checked as it is typed."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

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
from workbench.views.fields import Answer, Field, Fields

Editor = QCheckBox | QComboBox | QLineEdit | QSpinBox
LARGEST = 2**31 - 1


class ParameterForm(QWidget):
    """Editors for the parameters of one engine.

    Attributes
    ----------
    changed : Signal
        A value was changed, sound or not.
    fields : Fields
        What is asked for and answered.
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
        self.fields = Fields(parameters, owner, values)
        self.rows: dict[str, ParameterRow] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        advanced = self.fields.advanced
        layout.addWidget(self._part(self.fields.basic))
        self.fold = QPushButton(f"Advanced ({len(advanced)})", checkable=True)
        self.fold.setProperty("role", "link")
        icons.put(self.fold, "folded", "accent")
        self.fold.setVisible(bool(advanced))
        self._folded = self._part(advanced)
        self._folded.hide()
        layout.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._folded)
        layout.addStretch(1)
        self.fold.toggled.connect(self._toggle)
        if any(field.changed_from_default for field in advanced):
            self.fold.setChecked(True)

    def offer(self, offers: Mapping[str, Sequence[Offer]]) -> None:
        """Let a person choose, by the parameter's name, from values beside those that are declared."""
        for name, offered in offers.items():
            self.rows[name].offer(offered)

    def _part(self, fields: Sequence[Field]) -> QWidget:
        part = QWidget()
        part.setProperty("role", "clear")
        grid = QGridLayout(part)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for k, field in enumerate(fields):
            row = ParameterRow(field, part)
            row.changed.connect(self.changed)
            self.rows[field.parameter.name] = row
            grid.addWidget(row.label, 2 * k, 0)
            grid.addWidget(row.editor, 2 * k, 1)
            grid.addWidget(row.message, 2 * k + 1, 0, 1, 2)
        return part

    @Slot(bool)
    def _toggle(self, unfolded: bool) -> None:
        self._folded.setVisible(unfolded)
        icons.put(self.fold, "unfolded" if unfolded else "folded", "accent")


class ParameterRow(QObject):
    """Label, editor and message of one field."""

    changed = Signal()

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(parent)
        self.field = field
        parameter = field.parameter
        self.label = QLabel(field.title, parent)
        self.editor = _editor(field, parent)
        self.editor.setObjectName(parameter.name)
        self.editor.setAccessibleName(field.name)
        self.editor.setAccessibleDescription(parameter.doc)
        unit = f" [{parameter.unit}]" if parameter.unit else ""
        tip = f"<b>{parameter.name}</b>{unit}: {parameter.doc}<br>{html.escape(field.allowed)}"
        self.label.setToolTip(tip)
        self.editor.setToolTip(tip)
        self.label.setBuddy(self.editor)
        self.message = QLabel("", parent, wordWrap=True)
        self.message.setProperty("role", "bad")
        self.message.hide()
        _on_change(self.editor, self._check)

    def offer(self, offers: Sequence[Offer]) -> None:
        """Add values to the choices, each shown with what it is; the one that is set stays set, and nothing is told."""
        editor = self.editor
        if not isinstance(editor, QComboBox):
            raise TypeError(f"{self.field.parameter.name} takes no words to choose from")
        editor.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        with QSignalBlocker(editor):
            editor.addItems([text for _, text in self.field.offer(offers)])
            editor.setCurrentText(str(self.field.shown))

    @Slot()
    def _check(self) -> None:
        self.field.put(_answer(self.editor))
        self.message.setText(self.field.problem)
        self.message.setVisible(bool(self.field.problem))
        self.changed.emit()


def _editor(field: Field, parent: QWidget) -> Editor:
    parameter, shown = field.parameter, field.shown
    made: Editor
    if field.kind == "check":
        made = QCheckBox(parent)
        made.setChecked(bool(shown))
        return made
    if field.kind == "whole":
        made = QSpinBox(parent)
        made.setRange(
            int(parameter.low) if parameter.low is not None else -LARGEST,
            int(parameter.high) if parameter.high is not None else LARGEST,
        )
        made.setValue(int(shown))
        made.setGroupSeparatorShown(True)
    elif field.kind == "choice":
        made = QComboBox(parent)
        made.addItems([text for _, text in field.choices])
        made.setEditable(field.is_typed)
        made.setCurrentText(str(shown))
    else:
        made = QLineEdit(str(shown), parent)
        made.setPlaceholderText(field.placeholder)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.installEventFilter(_wheel_guard(parent))
    made.setMinimumHeight(made.fontMetrics().height() + 10)
    made.setMinimumWidth(made.fontMetrics().averageCharWidth() * 15)
    return made


def _answer(editor: Editor) -> Answer:
    if isinstance(editor, QCheckBox):
        return editor.isChecked()
    if isinstance(editor, QSpinBox):
        return editor.value()
    return editor.currentText() if isinstance(editor, QComboBox) else editor.text()


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
