"""The live plots: what is prepared off the interface thread shows what the views computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from workbench.desktop.plots.base import FIGURE, PLOTS, coloured, plot_for
from workbench.desktop.plots.curves import CurvesPlot
from workbench.desktop.plots.figure import FigurePlot
from workbench.desktop.plots.plane import Frame, rows_picture
from workbench.views import VIEWS, theme
from workbench.views.curves import MOST_POINTS, Curve, CurvesData, Panel, thinned
from workbench.views.theme import rgb


def test_every_view_has_a_live_plot_and_every_plot_a_view(qtbot: QtBot) -> None:
    assert set(PLOTS) <= {view.name for view in VIEWS}
    for view in VIEWS:
        plot = plot_for(view)
        qtbot.addWidget(plot)
        assert type(plot).__name__ == PLOTS.get(view.name, FIGURE).partition(":")[2]


@given(st.integers(1, 30_000), st.integers(0, 2**32 - 1))
def test_a_thinned_curve_keeps_lowest_highest_and_last_point(n: int, seed: int) -> None:
    y = np.random.default_rng(seed).normal(size=n).cumsum()
    x = np.arange(n, dtype=float)
    kept_x, kept_y = thinned(x, y)
    assert len(kept_x) == len(kept_y) <= MOST_POINTS + MOST_POINTS // 2
    assert (np.diff(kept_x) >= 0).all()
    assert kept_y.min() == y.min()
    assert kept_y.max() == y.max()
    assert kept_x[-1] >= x[-1] - max(1, n // (MOST_POINTS // 2))
    np.testing.assert_array_equal(kept_y, y[kept_x.astype(int)])


def test_values_that_are_missing_are_left_out_of_curves_and_transparent_in_images() -> None:
    x, y = thinned(np.arange(3.0), np.array([1.0, np.nan, 3.0]))
    np.testing.assert_array_equal(x, [0, 2])
    np.testing.assert_array_equal(y, [1, 3])
    table = theme("light").sequential
    image = coloured(np.array([[0.0, np.nan, 1.0, 9.0]]), table, 0.0, 1.0)
    np.testing.assert_array_equal(image[0, 0], table[0])
    assert image[0, 1, 3] == 0
    np.testing.assert_array_equal(image[0, 2], table[255])
    np.testing.assert_array_equal(image[0, 3], table[255])


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_row_is_painted_where_it_lies_in_the_colour_of_its_class(ratio: float, qtbot: QtBot) -> None:
    colours = theme("light")
    points = np.array([[0.25, 0.5], [0.75, 0.75]])
    frame = Frame((0.0, 1.0, 0.0, 1.0), 200, 100, ratio)
    image = rows_picture(points, np.array([0, 1]), frame, colours)
    assert image.shape == (round(100 * ratio), round(200 * ratio), 4)
    for (x, y), code in zip(points, (0, 1), strict=True):
        row, column = int(y * 100 * ratio), int(x * 200 * ratio)
        assert tuple(image[row, column, :3]) == rgb(colours.class_color(code))
        assert image[row, column, 3] > 100
    assert image[5, 5, 3] == 0


def test_rows_outside_the_frame_are_not_painted(qtbot: QtBot) -> None:
    frame = Frame((0.0, 1.0, 0.0, 1.0), 50, 50, 1.0)
    image = rows_picture(np.array([[5.0, 5.0], [-3.0, 0.5]]), np.array([-1, -1]), frame, theme("dark"))
    assert image[..., 3].max() == 0


def test_a_view_without_a_plot_is_shown_as_its_figure(qtbot: QtBot) -> None:
    unknown = replace(VIEWS[0], name="something new")
    plot = plot_for(unknown)
    qtbot.addWidget(plot)
    assert isinstance(plot, FigurePlot)
    curve = Curve("cost", "cost", np.array([3.0, 2.0, 1.0]), 0)
    data = CurvesData(np.arange(3.0), (Panel("cost", (curve,), False, None),), (("cost", "1"),))
    narrow = plot.prepare(data, theme("light"))
    plot.resize(900, 500)
    plot.show()
    picture = plot.prepare(data, theme("light"))
    assert abs(picture.image.deviceIndependentSize().width() - plot.surface.width) <= 1
    assert picture.image.width() > narrow.image.width()
    plot.draw(picture)


def test_curves_show_every_iteration_in_all_panels_alike(qtbot: QtBot) -> None:
    falling = np.geomspace(1.0, 1e-6, 58)
    panels = tuple(
        Panel(name, (Curve(name, name, falling, 0),), log, None) for name, log in (("a", False), ("b", True))
    )
    plot = plot_for(next(view for view in VIEWS if view.name == "curves"))
    assert isinstance(plot, CurvesPlot)
    qtbot.addWidget(plot)
    plot.resize(800, 500)
    plot.show()
    plot.draw(plot.prepare(CurvesData(np.arange(58.0), panels, (("cost", "1"),)), theme("light")))
    qtbot.waitUntil(lambda: len(plot.panels) == 2)
    qtbot.wait(50)  # a range that is found anew is found when the panel is painted
    for item in plot.panels:
        low, high = item.getViewBox().viewRange()[0]
        assert low < 0
        assert high > 57
