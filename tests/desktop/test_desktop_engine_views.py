"""Every view of every engine in the window: it draws, says what it shows, and keeps its items between drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QTabBar
from pytestqt.qtbot import QtBot

from tests.views.trained import ENGINES, trained
from workbench.data import guess
from workbench.desktop.plots.base import plot_for
from workbench.desktop.plots.painted import PaintedPlot
from workbench.desktop.plots.plane import PlanePlot
from workbench.desktop.plots.som import OVERVIEW, SomPlot
from workbench.desktop.plots.usage import outline, whole_step
from workbench.desktop.window import Window
from workbench.views import VIEWS, View, scene_of, theme, view

Wait = Callable[[Callable[[], bool]], None]


def cases() -> Iterator[object]:
    """Every view with every engine; soon told are the first of each view and a quarter of the rest, evenly spread."""
    for row, shown in enumerate(VIEWS):
        fitting = [engine for engine in ENGINES if shown.applies(trained(engine, "iris"))]
        for column, engine in enumerate(fitting):
            marks = [] if column == 0 or (row + column) % 4 == 0 else [pytest.mark.slow]
            yield pytest.param(shown, engine, marks=marks, id=f"{shown.name}-{engine}")


@pytest.mark.in_turn("shown")
@pytest.mark.parametrize(("shown", "engine"), list(cases()))
def test_every_view_of_every_engine_is_drawn_in_both_looks(
    shown: View, engine: str, qtbot: QtBot, qapp: QApplication
) -> None:
    plot = plot_for(shown)
    qtbot.addWidget(plot)
    plot.resize(700, 500)
    plot.show()
    data = shown.compute(trained(engine, "iris"))
    for look in ("light", "dark"):
        plot.draw(plot.prepare(data, theme(look)))
        qapp.processEvents()
    if isinstance(plot, PlanePlot):
        items = list(plot.item.items)
        plot.draw(plot.prepare(data, theme("dark")))
        assert list(plot.item.items) == items
    if isinstance(plot, PaintedPlot):
        assert plot.accessibleDescription()


def test_every_part_of_a_map_can_be_looked_at_alone(qtbot: QtBot) -> None:
    plot = SomPlot(view("som"))
    qtbot.addWidget(plot)
    data = view("som").compute(trained("SOM", "iris"))
    names = plot.prepare(data, theme("light")).names
    assert names == (OVERVIEW, "U-matrix", "Hits", "Classes", "Topographic error", *data.plane_names)
    for name in names:
        plot.head.chosen = name
        prepared = plot.prepare(data, theme("light"))
        assert prepared.current == name
        plot.draw(prepared)
        assert plot.head.choice.currentText() == name
        if name != OVERVIEW:
            of_plane = name in data.plane_names  # its title can be pointed at too: it picks the feature
            assert len(prepared.picture.spots) == data.rows * data.cols + of_plane


def test_an_outline_is_as_high_as_the_counts_and_ends_where_they_end() -> None:
    counts = np.array([9.0, 9.0, 4.0, 1.0, 1.0, 0.0])
    x, y = outline(counts)
    assert (x[0], x[-1]) == (0.5, 6.5)
    heights = [y[(x[:-1] <= k).nonzero()[0][-1]] for k in range(1, 7)]
    np.testing.assert_array_equal(heights, counts)
    assert all(whole_step(most) * 8 >= most for most in (1, 3, 17, 256, 4096))


def tabs(window: Window) -> set[str]:
    """Titles of the views that have a tab to be seen."""
    bars = window.views.findChildren(QTabBar)
    return {bar.tabText(k) for bar in bars for k in range(bar.count()) if bar.isTabVisible(k)}


def test_a_map_and_a_mixture_are_watched_while_they_learn(
    window: Window, flowers: Path, tmp_path: Path, wait: Wait
) -> None:
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    session = window.session
    assert session is not None
    job = session.import_data(guess(flowers))
    wait(lambda: job.done() and window.live.shown is job.result())
    for engine, parameters, names in (
        ("SOM", {"shape": [4, 5]}, ("som", "projection", "prototypes", "reconstructions", "usage", "energy")),
        ("GaussianMixture", {"n_components": 3}, ("mixture", "rate_distortion")),
        ("ProductQuantizer", {"n_subspaces": 2, "n_bits": 2}, ("prototypes", "usage", "rate_distortion")),
    ):
        run = session.add_run(job.result(), engine, parameters)
        window.live.show(run)
        for name in names:
            window.views.show_view(name)
            pane = next(pane for pane in window.views.panes if pane.view.name == name)
            wait(lambda pane=pane: pane.isVisible() and pane.shown is not None and pane.message == "")
        fitting = {shown.title for shown in VIEWS if shown.applies(trained(engine, "iris"))}
        if engine == "GaussianMixture":
            fitting.add("Comparison")  # with the map before it
        wait(lambda fitting=fitting: tabs(window) == fitting)
        wait(lambda run=run: not run.active)
    first, *others = session.runs.values()
    scene = scene_of(first)
    assert scene is not None
    assert [sibling.name for sibling in scene.siblings] == [run.name for run in others]
    assert len(view("rate_distortion").compute(scene).bits) == 3
