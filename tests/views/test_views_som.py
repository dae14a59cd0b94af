"""The panels of a map: cells, pies, folds and tori cut anywhere, against geometry, counts and the same map rolled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from numpy.typing import NDArray

from engines.maps.grid import Grid
from engines.maps.inspection import topographic_error
from tests.views.trained import trained, trained_with
from workbench.views import theme, view
from workbench.views.cell_colours import PIE_PITCH, colour_cells, pies, stencil
from workbench.views.cells import CellImage, cell_image, joined, origin_of
from workbench.views.plane_order import FLAT, plane_order
from workbench.views.som_data import SomData
from workbench.views.som_panels import FOLDS, MOST_LINES, main_panels, panel, panel_names
from workbench.views.theme import rgb

GRIDS = [
    Grid(rows, cols, topology, toroidal)
    for rows, cols, topology in ((4, 5, "rectangular"), (6, 3, "hexagonal"))
    for toroidal in (False, True)
]
TORI = [grid for grid in GRIDS if grid.toroidal]
LIGHT = theme("light")


def data_of(grid: Grid, base: str = "iris") -> SomData:
    parameters = {"shape": (grid.rows, grid.cols), "topology": grid.topology, "toroidal": grid.toroidal}
    return view("som").compute(trained_with("SOM", base, parameters, 5))


def middles(grid: Grid, image: CellImage) -> NDArray[np.float64]:
    """(M, 2) where the boxes of the units have their middles, in pixels."""
    found: NDArray[np.float64] = (image.boxes[:, :2] + image.boxes[:, 2:]) / 2
    return found


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("origin", [(0, 0), (2, 1)])
def test_every_pixel_belongs_to_the_nearest_unit_also_round_a_torus(grid: Grid, origin: tuple[int, int]) -> None:
    origin = origin_of(grid, *origin)
    image = cell_image(grid, 90, origin)
    h, w = image.units.shape
    pixel = np.stack(np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5), axis=-1)
    apart = pixel[:, :, None] - middles(grid, image)
    if grid.toroidal:
        apart -= np.rint(apart / image.period) * image.period
    distance = np.linalg.norm(apart, axis=-1)
    owned = image.owners >= 0
    shown = np.take_along_axis(distance, np.maximum(image.owners, 0)[:, :, None].astype(np.int64), axis=2)[:, :, 0]
    assert (shown[owned] <= distance.min(axis=2)[owned] + 1e-6).all()
    assert owned.all() == (grid.toroidal or grid.topology == "rectangular")
    assert (image.units[~owned] == -1).all()
    assert image.repeated.any() == grid.toroidal
    once = np.bincount(image.owners[owned & ~image.repeated], minlength=grid.n_units)
    assert once.min() > 0.9 * once.max()


@pytest.mark.parametrize("grid", TORI, ids=str)
def test_a_torus_that_is_cut_elsewhere_is_the_torus_of_the_rolled_units(grid: Grid) -> None:
    rng = np.random.default_rng(0)
    values = rng.random(grid.n_units)
    for down, right in ((2, 1), (-2, -4), (4, 0)):
        origin = origin_of(grid, down, right)
        rolled = np.roll(values.reshape(grid.rows, grid.cols), (-down, -right), axis=(0, 1)).ravel()
        cut = colour_cells(stencil(cell_image(grid, 120, origin)), values, 0, 1, LIGHT)
        np.testing.assert_array_equal(cut, colour_cells(stencil(cell_image(grid, 120)), rolled, 0, 1, LIGHT))


def test_only_a_torus_is_cut_elsewhere_and_a_hexagonal_one_above_even_rows() -> None:
    assert origin_of(Grid(4, 5), 3, 2) == (0, 0)
    assert origin_of(Grid(4, 5, toroidal=True), -1, 7) == (3, 2)
    assert origin_of(Grid(6, 5, "hexagonal", toroidal=True), 3, 0) == (2, 0)
    assert origin_of(Grid(6, 5, "hexagonal", toroidal=True), -1, 0) == (4, 0)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_lines_between_units_go_the_shorter_way_from_middle_to_middle(grid: Grid) -> None:
    image = cell_image(grid, 150, origin_of(grid, 2, 1))
    h, w = image.units.shape
    for one, other in ((0, grid.n_units - 1), (0, grid.cols - 1), (1, grid.cols * (grid.rows - 1)), (2, 7)):
        lines = joined(image, one, other)
        assert lines
        for x, y, to_x, to_y in lines:
            length = np.hypot(to_x - x, to_y - y) / image.pitch
            assert length == pytest.approx(grid.distances[one, other])
            for at_x, at_y, unit in ((x, y, one), (to_x, to_y, other)):
                if 0 <= at_x < w and 0 <= at_y < h:
                    assert image.owners[int(at_y), int(at_x)] == unit


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_the_u_matrix_and_the_folds_of_a_map_are_those_of_loops(grid: Grid) -> None:
    parameters = {"shape": (grid.rows, grid.cols), "topology": grid.topology, "toroidal": grid.toroidal}
    scene = trained_with("SOM", "iris", parameters, 5)
    data, W, X = view("som").compute(scene), np.asarray(scene.prototypes, float), np.asarray(scene.sample.X)
    step = 1.01 if grid.topology == "hexagonal" else 1.5
    near = (grid.distances > 0) & (grid.distances < step)
    apart = np.linalg.norm(W[:, None] - W[None], axis=2)
    np.testing.assert_allclose(data.u, [apart[k][near[k]].mean() for k in range(grid.n_units)], rtol=1e-9)
    best, second = np.argsort(np.linalg.norm(X[:, None] - W[None], axis=2), axis=1)[:, :2].T
    torn = ~near[best, second]
    share = [torn[best == k].mean() if (best == k).any() else np.nan for k in range(grid.n_units)]
    np.testing.assert_allclose(data.torn, share)
    assert data.topographic_error == pytest.approx(topographic_error(X, W, grid))


def pie_colours(image: CellImage, made: NDArray[np.uint8], unit: int, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pixels of each class in the cell of `unit`."""
    inside = (image.units == unit) & ~image.repeated
    return np.array([(made[inside, :3] == rgb(LIGHT.class_color(code))).all(axis=1).sum() for code in codes.tolist()])


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_slices_are_as_the_classes_and_areas_as_the_rows_of_a_unit(grid: Grid) -> None:
    image, codes = cell_image(grid, 700), np.array([0, 1, 3])
    counts = np.zeros((grid.n_units, 3))
    counts[0], counts[4], counts[9] = (10, 30, 40), (20, 0, 0), (0, 5, 15)
    made = pies(stencil(image), counts, codes, LIGHT)
    found = np.array([pie_colours(image, made, unit, codes) for unit in range(grid.n_units)])
    total = found.sum(axis=1)
    assert set(np.flatnonzero(total)) == {0, 4, 9}
    np.testing.assert_allclose(
        found[[0, 4, 9]] / total[[0, 4, 9], None], counts[[0, 4, 9]] / counts[[0, 4, 9]].sum(axis=1)[:, None], atol=0.02
    )
    np.testing.assert_allclose(total[[4, 9]] / total[0], [0.25, 0.25], rtol=0.12)  # rims are blended


def test_slices_begin_at_the_top_and_run_clockwise() -> None:
    image = cell_image(Grid(1, 1), 64)
    made = pies(stencil(image), np.array([[1.0, 2.0, 1.0]]), np.arange(3), LIGHT)
    h, w = image.units.shape
    for (down, right), code in (((0.3, 0.7), 0), ((0.7, 0.7), 1), ((0.7, 0.3), 1), ((0.3, 0.3), 2)):
        assert tuple(made[int(down * h), int(right * w), :3]) == rgb(LIGHT.class_color(code))


def test_cells_too_small_for_pies_have_the_colour_of_the_commonest_class() -> None:
    grid = Grid(30, 30)
    counts = np.random.default_rng(0).integers(0, 4, size=(900, 2)).astype(float)
    small, large = cell_image(grid, 30 * (PIE_PITCH - 1)), cell_image(grid, 30 * PIE_PITCH)
    made = pies(stencil(small), counts, np.arange(2), LIGHT)
    for unit in range(900):
        colours = np.unique(made[small.units == unit][:, :3], axis=0)
        assert len(colours) == 1
        if counts[unit].any():
            assert tuple(colours[0]) == rgb(LIGHT.class_color(int(counts[unit].argmax())))
    mixed = int(np.flatnonzero((counts > 0).all(axis=1))[0])
    assert (pie_colours(large, pies(stencil(large), counts, np.arange(2), LIGHT), mixed, np.arange(2)) > 0).all()


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_lit_units_keep_their_colours_within_an_outline_and_the_others_lose_theirs(grid: Grid) -> None:
    image = cell_image(grid, 200)
    lit = np.arange(grid.n_units) % 3 == 0
    values = np.linspace(0.3, 1, grid.n_units)
    plain, shown = (colour_cells(stencil(image, light), values, 0, 1, LIGHT) for light in (None, lit))
    edge = stencil(image, lit).edge
    inside = np.append(lit, False)[image.owners]
    assert not (edge & ~inside).any()
    np.testing.assert_array_equal(shown[inside & ~edge], plain[inside & ~edge])
    dim = (image.units >= 0) & ~inside & ~image.cut
    assert (shown[dim].astype(int).sum(axis=1) > plain[dim].astype(int).sum(axis=1)).all()
    pie = pies(stencil(image, lit), np.ones((grid.n_units, 2)), np.arange(2), LIGHT)
    np.testing.assert_array_equal((pie == (*rgb(LIGHT.text), 255)).all(axis=-1), edge)


def test_planes_are_shown_by_likeness_and_searched_in_the_units_of_the_data() -> None:
    data = view("som").compute(trained("SOM", "iris"))
    np.testing.assert_array_equal(data.alike.order, plane_order(data.planes).order)
    found = data.search("petal length high, sepal width < 3 cm")
    assert found.fits is not None
    by_hand = (data.planes[1] < 3) & (data.planes[2] >= np.sort(data.planes[2])[-(19 // 3) - 1])
    np.testing.assert_array_equal(found.fits, by_hand)
    n_rows = int(data.hits[by_hand].sum())
    assert data.found(by_hand) == f"{by_hand.sum()} of 20 units, {n_rows} of 150 {data.counted}"


def test_of_more_features_than_fit_those_that_vary_most_are_ordered() -> None:
    data = view("som").compute(trained("SOM", "digits"))
    shown = data.alike.order
    assert (len(shown), len(set(shown.tolist()))) == (60, 60)
    left_out = np.setdiff1d(np.arange(len(data.planes)), shown)
    assert data.planes[left_out].std(axis=1).max() <= data.planes[shown].std(axis=1).min()


def test_names_of_panels_are_all_different_whatever_the_features_are_called() -> None:
    scene = replace(trained("SOM", "iris"), original_names=("Hits", "U-matrix", "Hits", "Classes"))
    data = view("som").compute(scene)
    names = panel_names(data)
    assert len(set(names)) == len(names) == len(main_panels(data)) + 4
    shown = stencil(cell_image(data.grid, 100))
    planes = [panel(data, len(main_panels(data)) + k, shown, LIGHT) for k in range(4)]
    assert [made.ends for made in planes] == [data.ends(k) for k in range(4)]


def test_the_worst_pairs_are_joined_the_thicker_the_more_rows_they_share() -> None:
    data = data_of(Grid(8, 8, toroidal=True), "digits")
    shown = stencil(cell_image(data.grid, 300))
    lines = panel(data, main_panels(data).index(FOLDS), shown, LIGHT).lines
    worst = data.folds.counts[:MOST_LINES]
    assert len(worst) == MOST_LINES
    assert {share for *_, share in lines} == set((worst / worst[0]).tolist())


def test_a_map_is_worked_out_once_for_each_scene() -> None:
    scene, another = (replace(trained("SOM", "iris"), name=name) for name in ("one", "another"))
    assert view("som").compute(scene) is view("som").compute(scene)
    assert view("som").compute(another) is not view("som").compute(scene)


def test_rows_in_which_something_is_missing_have_no_unit() -> None:
    scene = trained("SOM", "iris")
    X = np.array(scene.sample.X, float)
    X[::3, 1] = np.nan
    data = view("som").compute(replace(scene, sample=replace(scene.sample, X=X)))
    assert (data.folds.n_rows.sum(), data.class_counts.sum()) == (100, 100)


@pytest.mark.parametrize("grid", [TORI[1], Grid(1, 1), Grid(1, 6, toroidal=True)], ids=str)
def test_the_smallest_grids_and_tori_are_drawn_as_figures(grid: Grid) -> None:
    made = view("som").figure(data_of(grid), theme("dark"))
    FigureCanvasAgg(made).draw()
    assert {"U-matrix", "Classes of the rows"} <= {axes.get_title() for axes in made.axes}


@pytest.mark.parametrize("base", ["hostile_names", "fifty_classes"])
def test_names_of_classes_and_features_of_any_length_stay_on_the_page(base: str) -> None:
    made = view("som").figure(data_of(Grid(4, 5, "hexagonal"), base), LIGHT)
    FigureCanvasAgg(made).draw()
    texts: list[Text] = []
    for axes in made.axes:
        legend = axes.get_legend()
        texts += [axes.title, axes.xaxis.label, *axes.texts, *(legend.get_texts() if legend is not None else ())]
    named = [text for text in texts if text.get_text()]
    assert len(named) > 20
    boxes = np.array([text.get_window_extent().extents for text in named])
    assert (boxes[:, :2] >= -1).all()
    assert (boxes[:, 2:] <= np.array([made.bbox.x1, made.bbox.y1]) + 1).all()


def test_planes_without_differences_stand_at_the_end_under_their_heading() -> None:
    data = view("som").compute(trained("SOM", "constant_columns"))
    flat = np.ptp(data.planes[data.alike.order], axis=1) < 1e-9
    assert flat.any()
    assert (np.diff(flat.astype(int)) >= 0).all()
    assert data.alike.headings[-1] == FLAT
