"""The source image in the window: clicks and outlines pick patches and codewords, and what is picked lights up."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from desktop_help import PATIENCE_MS
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.data import guess
from workbench.desktop.plots.sources import CODEWORD, SourcesPlot
from workbench.desktop.window import Window
from workbench.session import Dataset, Run, Session
from workbench.session.selection import RowMask
from workbench.views.scene_making import scene_of

Wait = Callable[[Callable[[], bool]], None]
NONE = Qt.KeyboardModifier.NoModifier
SIDE = 6


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """(48, 72) of smooth stripes and noise."""
    random = np.random.default_rng(0)
    waves = 120 + 90 * np.sin(np.arange(72) / 5) + random.normal(0, 12, (48, 72))
    return np.clip(waves, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def made(picture: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the patches of the picture, side by side, and a run on them."""
    folder = tmp_path_factory.mktemp("waves")
    Image.fromarray(picture).save(folder / "waves.png")
    options = {"rows": "patches", "placement": "dense", "patch": SIDE, "stride": SIDE}
    with Session.create(folder / "study.vqw") as session:
        data = session.import_data(guess(folder / "waves.png", options=options)).result(120)
        assert session.add_run(data, "KMeans", {"n_clusters": 5, "random_state": 0}).wait(120) == "finished"
    return folder / "study.vqw"


@pytest.fixture
def opened(window: Window, made: Path, tmp_path: Path, wait: Wait) -> tuple[Session, Dataset]:
    """A copy of the project, open in the window."""
    window.projects.open(Path(shutil.copy(made, tmp_path)))
    wait(lambda: window.session is not None)
    session = window.session
    assert session is not None
    return session, next(iter(session.datasets.values()))


@pytest.fixture
def run(window: Window, opened: tuple[Session, Dataset], wait: Wait) -> Run:
    """The run, shown."""
    made = next(iter(opened[0].runs.values()))
    wait(lambda: made.id in [thing.id for thing in window.tree.things()])
    window.tree.select(made)
    wait(lambda: window.live.run is made)
    return made


def shown(window: Window, wait: Wait) -> SourcesPlot:
    """The view in front, drawn with what is picked."""
    window.views.show_view("sources")
    settle(window, wait)
    plot = next(pane.plot for pane in window.views.panes if pane.view.name == "sources")
    assert isinstance(plot, SourcesPlot)
    return plot


def settle(window: Window, wait: Wait) -> None:
    session = window.session
    assert session is not None
    wait(lambda: not window.picking.busy)
    version = session.selection.version
    wait(lambda: all(p.marked == version and p.shown is not None for p in window.views.visible_panes()))


def place(plot: SourcesPlot, row: float, column: float) -> QPointF:
    """Where a pixel of the picture is in the canvas."""
    return QPointF(plot.canvas.mapFromScene(plot.box.mapViewToScene(QPointF(column, row))))


def click(qtbot: QtBot, plot: SourcesPlot, row: float, column: float, keys: Qt.KeyboardModifier = NONE) -> None:
    at = place(plot, row, column).toPoint()
    qtbot.mouseClick(plot.canvas.viewport(), Qt.MouseButton.LeftButton, keys, at)
    qtbot.wait(2 * QApplication.doubleClickInterval())  # or two clicks at one place are a double one


def choose(window: Window, plot: SourcesPlot, wait: Wait, mode: str) -> None:
    names = [name for name, _ in plot.mode._offered]
    plot.mode.setCurrentIndex(names.index(mode))
    plot.mode.activated.emit(names.index(mode))
    wait(lambda: plot._drawn is not None and plot._drawn.data.mode == mode)


def rows(window: Window) -> list[int]:
    assert window.picking.rows is not None
    return window.picking.rows.rows.tolist()


def test_a_click_picks_the_patch_whose_pixels_are_there(
    window: Window, run: Run, picture: NDArray[np.uint8], qtbot: QtBot, wait: Wait
) -> None:
    plot = shown(window, wait)
    for row, column in ((2.5, 3.5), (20.4, 50.2), (47.3, 71.4)):
        click(qtbot, plot, row, column)
        wait(lambda: len(rows(window)) == 1)
        settle(window, wait)
        (which,) = rows(window)
        top, left = int(row) // SIDE * SIDE, int(column) // SIDE * SIDE
        stored = run.dataset.raw.read(which, which + 1).reshape(SIDE, SIDE)
        assert np.array_equal(stored, picture[top : top + SIDE, left : left + SIDE])
    click(qtbot, plot, 2.5, 3.5, Qt.KeyboardModifier.ControlModifier)
    wait(lambda: len(rows(window)) == 2)
    click(qtbot, plot, 60.0, 3.5)
    settle(window, wait)
    assert len(rows(window)) == 2


def test_a_codeword_that_is_clicked_lights_up_wherever_it_occurs(
    window: Window, run: Run, qtbot: QtBot, wait: Wait
) -> None:
    plot = shown(window, wait)
    plot.click.setCurrentIndex(1)
    plot.click.activated.emit(1)
    assert plot.click.name == CODEWORD[0]
    drawn = window.live.n_drawn
    image = plot.pictures[0].image
    click(qtbot, plot, 20.5, 50.5)
    wait(lambda: len(window.picking.prototypes) == 1)
    settle(window, wait)
    scene = scene_of(run)
    assert scene is not None
    X, W = np.asarray(scene.sample.X, float), scene.prototypes
    nearest = ((X[:, None] - W[None]) ** 2).sum(axis=2).argmin(axis=1)
    (codeword,) = window.picking.prototypes
    assert codeword == nearest[20 // SIDE * (72 // SIDE) + 50 // SIDE]
    assert rows(window) == np.flatnonzero(nearest == codeword).tolist()
    over = plot.shades[0].image
    assert over is not None
    for k in range(len(X)):
        top, left = divmod(k, 72 // SIDE)
        clear = over.pixelColor(left * SIDE + 3, top * SIDE + 3).alpha() == 0
        assert clear == (nearest[k] == codeword)
    assert plot.pictures[0].image is image
    assert window.live.n_drawn > drawn


def test_rows_picked_elsewhere_have_frames_in_the_picture(
    window: Window, run: Run, opened: tuple[Session, Dataset], wait: Wait
) -> None:
    session, dataset = opened
    plot = shown(window, wait)
    session.selection.pick_rows(dataset.id, RowMask.of_rows([0, 13], dataset.n_rows))
    settle(window, wait)
    x, y = plot.frames.getData()
    assert (x.min(), y.min(), x.max(), y.max()) == (0, 0, 2 * SIDE, 2 * SIDE)
    assert len(x) == 2 * 8
    assert "2 of 96 patches lit" in plot.head.words.text()
    session.selection.clear()
    settle(window, wait)
    assert plot.shades[0].image is None
    assert len(plot.frames.getData()[0] if plot.frames.getData()[0] is not None else []) == 0


def test_a_rectangle_in_either_picture_picks_the_patches_inside(
    window: Window, run: Run, qtbot: QtBot, wait: Wait
) -> None:
    plot = shown(window, wait)
    choose(window, plot, wait, "reconstruction")
    settle(window, wait)
    assert plot._drawn is not None
    assert len(plot._drawn.places) == 2
    assert "PSNR" in plot.head.words.text()
    qtbot.mouseClick(plot.tools.buttons["rectangle"], Qt.MouseButton.LeftButton)
    inside = [r * 12 + c for r in (1, 2) for c in (2, 3, 4)]
    for rect in plot._drawn.places:
        window.picking.clear()
        settle(window, wait)
        corner = rect.topLeft()
        at = [
            place(plot, corner.y() + y, corner.x() + x).toPoint() for y, x in ((7.0, 13.0), (12.0, 20.0), (17.0, 29.0))
        ]
        viewport = plot.canvas.viewport()
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, NONE, at[0])
        for pixel in at[1:]:
            qtbot.mouseMove(viewport, pixel)
            qtbot.wait(20)
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, NONE, at[-1])
        wait(lambda: bool(rows(window)))
        settle(window, wait)
        assert rows(window) == inside


def test_data_alone_show_their_picture_as_it_was(
    window: Window, opened: tuple[Session, Dataset], picture: NDArray[np.uint8], wait: Wait
) -> None:
    _, dataset = opened
    wait(lambda: dataset.id in [thing.id for thing in window.tree.things()])
    window.tree.select(dataset)
    wait(lambda: window.live.shown is dataset)
    plot = shown(window, wait)
    image = plot.pictures[0].image
    assert image is not None
    assert (image.height(), image.width()) == picture.shape
    seen = [[image.pixelColor(x, y).red() for x in range(0, 72, 5)] for y in range(0, 48, 5)]
    assert np.array_equal(seen, picture[::5, ::5])
    assert not plot.mode.isVisible()


def test_the_error_has_a_scale_with_units_and_the_pointer_is_told_where_it_is(
    window: Window, run: Run, qtbot: QtBot, wait: Wait
) -> None:
    plot = shown(window, wait)
    choose(window, plot, wait, "error")
    settle(window, wait)
    assert "grey levels" in plot.head.words.text()
    assert "data:image/png" in plot.head.words.text()
    qtbot.mouseMove(plot.canvas.viewport(), place(plot, 8.5, 14.5).toPoint())
    qtbot.waitUntil(lambda: plot.canvas.toolTip().startswith("row 15, pixel 6, 12"), timeout=PATIENCE_MS)
    assert "prototype" in plot.canvas.toolTip()
    for control in (plot.picture, plot.mode, plot.click, *plot.tools.buttons.values()):
        assert control.accessibleName()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_dropped_patches_leave_holes_in_the_light(
    window: Window, run: Run, opened: tuple[Session, Dataset], wait: Wait
) -> None:
    session, dataset = opened
    session.drop(dataset, [0, 1, 14])
    plot = shown(window, wait)
    wait(lambda: plot._drawn is not None and "3 dropped patches" in plot._drawn.data.note)
    image = plot.pictures[0].image
    assert image is not None
    for k, clear in ((0, True), (1, True), (2, False), (14, True), (15, False)):
        top, left = divmod(k, 12)
        assert (image.pixelColor(left * SIDE, top * SIDE).alpha() == 0) == clear
