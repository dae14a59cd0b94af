"""Data of more rows than are drawn as points: the plane shows all of them, and any of them can be clicked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from workbench.data import guess
from workbench.desktop.plots.plane import GRAIN, Frame, crowd_picture, nearest, over
from workbench.desktop.plots.projection import ProjectionPlot
from workbench.desktop.window import Window
from workbench.views import theme
from workbench.views.crowd import Crowd

Wait = Callable[[Callable[[], bool]], None]


def test_the_picture_has_a_spot_for_every_place_with_rows_and_none_elsewhere() -> None:
    points = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    frame = Frame((-1.5, 1.5, -2.0, 1.0), 61, 40, 1.0)
    picture = crowd_picture(Crowd(points, np.zeros(300, int), frame.limits), np.zeros(300, int), frame, theme("light"))
    assert picture.shape == (40, 61, 4)
    wide, high = -(-61 // GRAIN), -(-40 // GRAIN)
    lit = {
        (int((y + 2.0) / 3 * high), int((x + 1.5) / 3 * wide))
        for x, y in points.tolist()
        if -1.5 <= x < 1.5 and -2 <= y < 1
    }
    shown = {(int(i), int(j)) for i, j in np.argwhere(picture[::GRAIN, ::GRAIN, 3] > 0)}
    assert shown == lit


def test_what_is_laid_over_hides_what_is_under_it_and_the_rest_is_seen() -> None:
    top, ground = np.zeros((2, 2, 4), np.uint8), np.full((2, 2, 4), 9, np.uint8)
    top[0, 1] = (1, 2, 3, 4)
    laid = over(top, ground)
    assert laid[0, 1].tolist() == [1, 2, 3, 4]
    assert (laid[1] == 9).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_nearest_point_is_found_as_by_looking_at_each(kind: type) -> None:
    rng = np.random.default_rng(1)
    points, within = rng.random((500, 2)).astype(kind), np.array([0.03, 0.08])
    points[::9] = np.nan
    for here in rng.random((60, 2)):
        away = np.hypot(*((points.astype(float) - here) / within).T)
        expected = int(np.nanargmin(away)) if np.nanmin(away) <= 1 else None
        assert nearest(points, here, within) == expected
    assert nearest(points[:0], np.zeros(2), within) is None


def test_a_row_outside_of_the_sample_is_clicked_in_the_plane(window: Window, tmp_path: Path, wait: Wait) -> None:
    values = np.random.default_rng(0).normal(size=(7_000, 3))
    values[6_100] = (30.0, 0.0, 0.0)
    np.savetxt(tmp_path / "large.csv", values, "%.4f", ",", header="a,b,c", comments="")
    window.projects.create(tmp_path / "large.vqw")
    wait(lambda: window.session is not None)
    assert window.session is not None
    window.session.import_data(guess([tmp_path / "large.csv"]))
    wait(lambda: window.live.shown is not None)
    window.views.show_view("projection")
    pane = next(pane for pane in window.views.panes if pane.view.name == "projection")
    wait(lambda: pane.shown is not None and not pane.message and not window.picking.busy)
    plot = pane.plot
    assert isinstance(plot, ProjectionPlot)
    assert "all 7,000 rows" in plot.head.words.text()
    layout = plot._layout
    assert layout is not None
    assert layout.points.shape == (7_000, 2)
    plot.box.clicked.emit(QPointF(*layout.points[6_100].tolist()))
    wait(lambda: window.picking.rows is not None and window.picking.rows.rows.tolist() == [6_100])
