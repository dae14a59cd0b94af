"""The label desk and the reject desk in the window: by keyboard and mouse, to the project and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from desktop_help import of
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox
from pytestqt.qtbot import QtBot

from workbench.data import guess
from workbench.desktop.plots.base import Plot
from workbench.desktop.plots.label_desk import LabelDeskPlot
from workbench.desktop.plots.reject import MEASURES, RejectPlot
from workbench.desktop.plots.wishes import Relabel
from workbench.desktop.window import Window
from workbench.session import Run

Wait = Callable[[Callable[[], bool]], None]
FLIPPED = (3, 50, 90)


@pytest.fixture
def run(window: Window, tmp_path: Path, wait: Wait) -> Run:
    """A finished run on three groups of flowers that overlap, of which three have a wrong label."""
    rng = np.random.default_rng(0)
    kinds = np.repeat(["aster", "briar", "clover"], 40).astype(object)
    rows = np.concatenate([rng.normal(2 * k, 1, (40, 4)) for k in range(3)])
    rows[list(FLIPPED)] = np.array([[-0.5], [2.0], [4.5]])  # in the midst of the first, second and third group
    kinds[list(FLIPPED)] = "clover", "aster", "aster"
    path = tmp_path / "flowers.csv"
    lines = [",".join(f"{value:.4f}" for value in row) + f",{kind}" for row, kind in zip(rows, kinds, strict=True)]
    path.write_text("\n".join(["length,width,height,weight,kind", *lines]) + "\n")
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    session = of(window)
    data = session.import_data(guess(path)).result(60)
    made = session.add_run(data, "GLVQ", {"random_state": 0, "max_iter": 10}, name="flowers")
    assert made.wait(120) == "finished", made.error
    wait(lambda: window.tree.selected is not None)
    window.tree.select(made)
    wait(lambda: window.live.run is made)
    return made


def shown(window: Window, name: str, wait: Wait) -> Plot:
    """The plot of a view, in front and drawn."""
    window.views.show_view(name)
    pane = next(pane for pane in window.views.panes if pane.view.name == name)
    wait(lambda: pane in window.views.visible_panes() and pane.shown is not None and pane.message == "")
    return pane.plot


@pytest.fixture
def desk(window: Window, run: Run, wait: Wait) -> LabelDeskPlot:
    plot = shown(window, "label_desk", wait)
    assert isinstance(plot, LabelDeskPlot)
    wait(lambda: plot.model.data_shown is not None)
    plot.table.setFocus()
    return plot


def rows_of(desk: LabelDeskPlot) -> list[int]:
    assert desk.model.data_shown is not None
    return desk.model.data_shown.rows.tolist()


def key(qtbot: QtBot, desk: LabelDeskPlot, *keys: Qt.Key) -> None:
    for one in keys:
        qtbot.keyClick(desk.table, one)


def test_wrong_labels_come_first_and_enter_accepts_what_the_model_says_of_marked_rows(
    window: Window, run: Run, desk: LabelDeskPlot, qtbot: QtBot, wait: Wait
) -> None:
    assert set(rows_of(desk)[:3]) == set(FLIPPED)
    keys = Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Space
    key(qtbot, desk, *keys)
    assert desk.model.marked == [0, 1, 2]
    key(qtbot, desk, Qt.Key.Key_Return)
    wait(lambda: run.dataset.corrections.relabelled == 3)
    assert run.dataset.labels()[list(FLIPPED)].tolist() == ["aster", "briar", "clover"]
    wait(lambda: not set(rows_of(desk)[:3]) & set(FLIPPED))
    assert desk.model.marked == []
    assert desk.table.currentIndex().row() == 2
    kinds = [entry.command.kind for entry in of(window).log[-3:]]
    assert kinds == ["relabel"] * 3
    window.actions_by_name.by_name["undo"].trigger()
    wait(lambda: run.dataset.corrections.relabelled == 2)


def test_a_letter_relabels_the_line_and_delete_drops_it(
    run: Run, desk: LabelDeskPlot, qtbot: QtBot, wait: Wait
) -> None:
    first, second = rows_of(desk)[:2]
    key(qtbot, desk, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_B)
    wait(lambda: run.dataset.labels()[first] == "briar")
    wait(lambda: first != rows_of(desk)[0] or desk.model.data_shown.given[0] == 1)
    place = rows_of(desk).index(second)
    desk.table.selectRow(place)
    key(qtbot, desk, Qt.Key.Key_Delete)
    wait(lambda: run.dataset.dropped.rows.tolist() == [second])
    wait(lambda: second not in rows_of(desk))


def test_the_buttons_reach_the_selected_rows_and_train_again_learns_from_the_corrected_data(
    window: Window, run: Run, desk: LabelDeskPlot, qtbot: QtBot, wait: Wait
) -> None:
    wanted = rows_of(desk)[0]
    desk.table.selectRow(0)
    desk.classes.setCurrentText("briar")
    qtbot.mouseClick(desk.relabel, Qt.MouseButton.LeftButton)
    wait(lambda: run.dataset.labels()[wanted] == "briar")
    qtbot.mouseClick(desk.again, Qt.MouseButton.LeftButton)
    wait(lambda: len(of(window).runs) == 2 and window.live.run is not run)
    again = window.live.run
    assert again is not None
    assert again.wait(120) == "finished"
    assert again.parameters == run.parameters
    assert again.facts.labels_version == run.dataset.labels_version != run.facts.labels_version


def test_rows_are_ranked_by_confidence_when_that_is_asked_for(desk: LabelDeskPlot, wait: Wait) -> None:
    desk.head.choice.setCurrentText("confidence in the given label")
    desk.head.choice.activated.emit(desk.head.choice.currentIndex())
    wait(lambda: desk.model.data_shown is not None and desk.model.data_shown.ranking == "confidence")
    assert desk.model.data_shown is not None
    assert (np.diff(desk.model.data_shown.confidences) >= 0).all()


def test_what_cannot_be_corrected_is_told_and_changes_nothing(window: Window, run: Run, desk: LabelDeskPlot) -> None:
    of(window)
    wishes: list[object] = []
    desk.correction_wanted.connect(wishes.append)
    desk.table.clearSelection()
    desk.drop_rows()
    desk.relabel_rows(0)
    assert wishes == []
    assert not desk.drop.isEnabled()
    desk.table.selectRow(1)
    desk.relabel_rows(2)
    assert wishes == [Relabel((rows_of(desk)[1],), 2)]


def test_a_line_that_is_clicked_is_picked_and_the_button_picks_the_marked_ones(
    window: Window, run: Run, desk: LabelDeskPlot, qtbot: QtBot, wait: Wait
) -> None:
    selection = of(window).selection
    rows = rows_of(desk)
    place = desk.table.visualRect(desk.model.index(1, 1)).center()
    qtbot.mouseClick(desk.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    wait(lambda: selection.rows(run.dataset.id, 120).rows.tolist() == [rows[1]])
    key(qtbot, desk, Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Space)
    qtbot.mouseClick(desk.pick, Qt.MouseButton.LeftButton)
    wait(lambda: selection.rows(run.dataset.id, 120).rows.tolist() == sorted(rows[1:3]))
    key(qtbot, desk, Qt.Key.Key_Delete)
    wait(lambda: len(run.dataset.dropped) == 2)
    assert window.picking.rows is not None
    assert len(window.picking.rows) == 0


def test_everything_on_the_desks_has_a_name_and_is_reached_by_keyboard(
    window: Window, desk: LabelDeskPlot, wait: Wait
) -> None:
    reject = shown(window, "reject", wait)
    assert isinstance(reject, RejectPlot)
    controls = [desk.table, desk.classes, desk.relabel, desk.drop, desk.accept, desk.pick, desk.again]
    controls += [reject.bar.value, reject.bar.cost, reject.bar.cheapest, reject.bar.keep, reject.bar.forget]
    for control in controls:
        spoken = control.accessibleName() or getattr(control, "text", str)()
        assert spoken.strip(), control
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, spoken
        assert isinstance(control, QAbstractSpinBox) or control.accessibleDescription() or control.toolTip(), spoken


@pytest.fixture
def reject(window: Window, run: Run, wait: Wait) -> RejectPlot:
    plot = shown(window, "reject", wait)
    assert isinstance(plot, RejectPlot)
    return plot


def test_the_threshold_is_dragged_told_kept_and_taken_back(
    window: Window, run: Run, reject: RejectPlot, qtbot: QtBot, wait: Wait
) -> None:
    data = reject._data
    assert data is not None
    reject.line.setValue(80.0)
    reject.line.sigDragged.emit(reject.line)
    outcome = data.at(reject.threshold)[0]
    assert outcome.n_accepted == 96
    assert "20.0 % of 120 rejected" in reject.figures.text()
    assert reject.bar.value.value() == pytest.approx(reject.threshold, abs=1e-4)
    before = reject.threshold
    reject.bar.value.setFocus()
    qtbot.keyClick(reject.bar.value, Qt.Key.Key_Up)
    assert reject.threshold > before
    qtbot.mouseClick(reject.bar.keep, Qt.MouseButton.LeftButton)
    wait(lambda: run.threshold is not None)
    assert run.threshold is not None
    assert (run.threshold.value, run.threshold.part) == (reject.threshold, "train")
    wait(lambda: "Kept with the run" in reject.figures.text())
    assert not reject.bar.keep.isEnabled()
    qtbot.mouseClick(reject.bar.forget, Qt.MouseButton.LeftButton)
    wait(lambda: run.threshold is None)
    window.actions_by_name.by_name["undo"].trigger()
    wait(lambda: run.threshold is not None)


def test_a_threshold_for_an_earlier_iteration_is_not_kept_for_the_newest_one(
    window: Window, run: Run, reject: RejectPlot, qtbot: QtBot, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("workbench.desktop.errors.report", lambda error, *_: told.append(str(error)))
    window.live.pin(run.snapshots()[0])
    wait(lambda: reject._data is not None and reject._data.iteration == run.snapshots()[0].iteration)
    reject.try_threshold(0.3)
    qtbot.mouseClick(reject.bar.keep, Qt.MouseButton.LeftButton)
    wait(lambda: bool(told))
    assert "look at its newest iteration, and choose again" in told[0]
    assert run.kept_threshold is None


def test_the_cheapest_threshold_rejects_more_the_less_a_rejection_costs(
    reject: RejectPlot, qtbot: QtBot, wait: Wait
) -> None:
    data = reject._data
    assert data is not None
    rejected = []
    for cost in (0.9, 0.3, 0.05):
        reject.bar.cost.setValue(cost)
        qtbot.mouseClick(reject.bar.cheapest, Qt.MouseButton.LeftButton)
        part = data.parts[0]
        totals = [
            (part.true != part.predicted)[part.sure >= t].sum() + cost * (part.sure < t).sum()
            for t in [0.0, *part.sure, 1.0]
        ]
        here = (part.true != part.predicted)[part.sure >= reject.threshold].sum()
        total = here + cost * (part.sure < reject.threshold).sum()
        assert total == pytest.approx(min(totals))
        rejected.append(part.n_rows - data.at(reject.threshold)[0].n_accepted)
    assert rejected == sorted(rejected)
    assert rejected[-1] > 0


def test_the_other_certainties_have_no_threshold_to_drag(reject: RejectPlot, wait: Wait) -> None:
    reject.head.choice.setCurrentText(MEASURES)
    reject.head.choice.activated.emit(reject.head.choice.currentIndex())
    wait(lambda: not reject.bar.isVisible())
    assert not reject.line.isVisible()
