"""The atlas of codes in the window: a click on a bit flips it, one on a code opens it, and the picture follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.views.trained import trained, trained_with
from workbench.data import guess
from workbench.desktop.plots.base import plot_for
from workbench.desktop.plots.code_atlas import CodeAtlasPlot
from workbench.desktop.plots.painted import STEPS, Picture, beside
from workbench.desktop.window import Window
from workbench.views import Scene, theme, view
from workbench.views.bits import text_of
from workbench.views.code_atlas import ALL_CODES, BY_HAND

Wait = Callable[[Callable[[], bool]], None]


class Atlas:
    """A plot of a scene that is computed anew whenever the plot says that it is stale, as the window does."""

    def __init__(self, qtbot: QtBot, scene: Scene) -> None:
        plot = plot_for(view("code_atlas"))
        assert isinstance(plot, CodeAtlasPlot)
        self.plot, self.scene, self.qtbot = plot, scene, qtbot
        qtbot.addWidget(plot)
        plot.resize(700, 500)
        plot.show()
        plot.stale.connect(self.redraw)
        self.redraw()

    def redraw(self) -> None:
        self.data = view("code_atlas").compute(self.scene.asking(self.plot.asked))
        self.prepared = self.plot.prepare(self.data, theme("light"))
        self.plot.draw(self.prepared)

    @property
    def links(self) -> tuple[tuple[QRect, str], ...]:
        picture: Picture = self.prepared.picture
        return picture.links

    def click(self, which: int) -> None:
        place = self.links[which][0].center()
        self.qtbot.mouseClick(self.plot.sheet, Qt.MouseButton.LeftButton, pos=place)


@pytest.fixture
def atlas(qtbot: QtBot) -> Callable[[int], Atlas]:
    return lambda n_bits: Atlas(qtbot, trained_with("DeepVQ", "digits", {"n_bits": n_bits, "device": "cpu"}, steps=1))


def test_a_click_on_a_bit_flips_it_and_the_reconstruction_follows(atlas: Callable[[int], Atlas]) -> None:
    shown = atlas(12)
    before = shown.data.flips
    shown.click(5)
    after = shown.data.flips
    assert (after.bits != before.bits).nonzero()[0].tolist() == [5]
    assert shown.plot.head.choice.currentText() == BY_HAND
    assert text_of(after.bits) in shown.plot.accessibleDescription()
    flip = 2 + before.order.tolist().index(5)
    np.testing.assert_allclose(after.tiles.values[0], before.tiles.values[flip], rtol=1e-5)
    shown.click(5)
    np.testing.assert_array_equal(shown.data.flips.bits, before.bits)


def test_a_click_on_a_flip_takes_it(atlas: Callable[[int], Atlas]) -> None:
    shown = atlas(12)
    before = shown.data.flips
    shown.click(12)  # the first flip after the twelve cells
    assert (shown.data.flips.bits != before.bits).nonzero()[0].tolist() == [before.order[0]]


def test_keys_reach_every_bit(atlas: Callable[[int], Atlas], qtbot: QtBot) -> None:
    shown = atlas(12)
    before = shown.data.flips
    assert shown.plot.sheet.focusPolicy() == Qt.FocusPolicy.StrongFocus
    places, at = [place for place, _ in shown.plot.sheet.links], 0
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left):
        qtbot.keyClick(shown.plot.sheet, key)
        at = beside(places, at, *STEPS[key])
    qtbot.keyClick(shown.plot.sheet, Qt.Key.Key_Space)
    assert at > 1  # a bit of the second line
    assert (shown.data.flips.bits != before.bits).nonzero()[0].tolist() == [at]


def test_a_click_on_a_code_of_the_sheet_opens_it_and_the_choice_goes_back(atlas: Callable[[int], Atlas]) -> None:
    shown = atlas(6)
    sheet = shown.data.sheet
    assert len(shown.links) == 64
    shown.click(17)
    assert text_of(shown.data.flips.bits) == sheet.texts[17]
    head = shown.plot.head
    row = shown.data.choices[2]
    for name in (row, ALL_CODES):
        head.choice.setCurrentText(name)
        head.choice.activated.emit(head.choice.currentIndex())
        assert shown.data.current == name


def test_a_picture_without_links_takes_no_focus(qtbot: QtBot) -> None:
    plot = plot_for(view("local_relevance"))
    qtbot.addWidget(plot)
    data = view("local_relevance").compute(trained("LGMLVQ", "iris"))
    plot.draw(plot.prepare(data, theme("light")))
    assert plot.sheet.focusPolicy() == Qt.FocusPolicy.NoFocus
    qtbot.mouseClick(plot.sheet, Qt.MouseButton.LeftButton)
    assert plot.asked == ""


def test_a_bit_is_flipped_in_the_window_and_the_menu_has_the_exports_of_the_engine(
    window: Window, flowers: Path, tmp_path: Path, wait: Wait, qtbot: QtBot, qapp: QApplication
) -> None:
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    session = window.session
    assert session is not None
    job = session.import_data(guess(flowers))
    wait(lambda: job.done())
    quick = {"n_bits": 12, "hidden": [8], "max_iter": 2, "device": "cpu", "random_state": 0}
    wait(lambda: window.live.shown is job.result())  # what came in is shown, and then the run
    run = session.add_run(job.result(), "DeepVQ", quick)
    window.live.show(run)
    wait(lambda: not run.active)
    window.views.show_view("code_atlas")
    pane = next(pane for pane in window.views.panes if pane.view.name == "code_atlas")
    wait(lambda: pane.isVisible() and pane.shown is not None and pane.message == "")
    plot = pane.plot
    assert isinstance(plot, CodeAtlasPlot)
    words = plot.accessibleDescription()
    qtbot.mouseClick(plot.sheet, Qt.MouseButton.LeftButton, pos=plot.sheet._picture.links[0][0].center())
    wait(lambda: plot.head.choice.currentText() == BY_HAND and plot.accessibleDescription() != words)
    actions = window.actions_by_name.by_name
    wait(lambda: actions["export_onnx"].isEnabled())
    assert actions["export_codes"].isEnabled()
    assert not actions["export_polytopes"].isEnabled()
