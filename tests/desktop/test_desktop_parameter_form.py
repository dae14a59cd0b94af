"""The form made from declarations: what it gives back, what it refuses, what it folds."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import engines
from engines.parameters import Param, declared
from workbench.desktop.parameter_form import ParameterForm


class Engine:
    """Declares one parameter of each kind."""

    def __init__(
        self,
        n: Annotated[int, Param("how many", low=1)] = 8,
        start: Annotated[Literal["near", "far"], Param("where to begin")] = "near",
        rate: Annotated[float | Literal["auto"], Param("step length", low=0, open_low=True, unit="1/s")] = "auto",
        rank: Annotated[int | None, Param("directions", low=1)] = None,
        loud: Annotated[bool, Param("talk", advanced=True)] = False,
    ) -> None: ...


@pytest.fixture
def form(qtbot: QtBot) -> ParameterForm:
    made = ParameterForm(declared(Engine), "Engine")
    qtbot.addWidget(made)
    return made


def test_an_untouched_form_gives_no_values_since_all_are_defaults(form: ParameterForm) -> None:
    assert form.fields.asked() == {}
    assert form.fields.problems() == []


def test_what_is_typed_comes_back_as_the_declared_types(form: ParameterForm) -> None:
    form.rows["n"].editor.setValue(20)
    form.rows["start"].editor.setCurrentText("far")
    form.rows["rate"].editor.setCurrentText("0.5")
    form.rows["rank"].editor.setText("3")
    form.rows["loud"].editor.setChecked(True)
    assert form.fields.asked() == {"n": 20, "start": "far", "rate": 0.5, "rank": 3, "loud": True}


def test_a_forbidden_value_is_told_in_a_sentence_while_it_is_typed(form: ParameterForm, qtbot: QtBot) -> None:
    with qtbot.waitSignal(form.changed):
        form.rows["rank"].editor.setText("0")
    assert form.fields.problems() == ["Engine: rank must be an integer of at least 1 or None, got 0."]
    assert not form.rows["rank"].message.isHidden()
    form.rows["rank"].editor.setText("")
    assert form.fields.problems() == []
    assert form.rows["rank"].message.isHidden()


def test_advanced_parameters_are_folded_until_asked_for(form: ParameterForm, qtbot: QtBot) -> None:
    form.show()
    assert not form.rows["loud"].editor.isVisible()
    qtbot.mouseClick(form.fold, Qt.MouseButton.LeftButton)
    assert form.rows["loud"].editor.isVisible()


def test_given_values_are_shown_and_unfold_what_they_change(qtbot: QtBot) -> None:
    form = ParameterForm(declared(Engine), "Engine", {"n": 3, "loud": True})
    qtbot.addWidget(form)
    assert form.fields.asked() == {"n": 3, "loud": True}
    assert form.fold.isChecked()


def test_units_and_docs_are_told(form: ParameterForm) -> None:
    row = form.rows["rate"]
    assert row.label.text() == "Rate [1/s]"
    assert "step length" in row.editor.toolTip()
    assert row.editor.accessibleDescription() == "step length"


def test_scrolling_past_an_editor_does_not_change_it(form: ParameterForm) -> None:
    form.show()
    editor = form.rows["n"].editor
    editor.clearFocus()
    wheel = QWheelEvent(
        QPointF(5, 5),
        QPointF(editor.mapToGlobal(QPoint(5, 5))),
        QPoint(0, 120),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(editor, wheel)
    assert form.fields.asked() == {}


@pytest.mark.parametrize("name", [info.name for info in engines.catalog()])
def test_every_engine_has_a_form_whose_defaults_it_accepts(name: str, qtbot: QtBot) -> None:
    info = engines.engine_info(name)
    form = ParameterForm(info.parameters, info.name)
    qtbot.addWidget(form)
    assert form.fields.problems() == []
    assert form.fields.asked() == {}
    for parameter in info.parameters:
        assert form.rows[parameter.name].editor.accessibleName()
