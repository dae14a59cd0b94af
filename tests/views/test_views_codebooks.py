"""What the views of codes, maps, mixtures and energies compute, against brute force, SciPy and the definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy, multivariate_normal

from engines.clustering.energy import energy as energy_of
from engines.maps.grid import Grid
from tests.views import scenes
from workbench.views import rate_distortion, theme
from workbench.views.cell_colours import cell_table, colour_cells, pies, stencil
from workbench.views.cells import cell_image, grid_edges
from workbench.views.energy import plane_energies
from workbench.views.mixture import ellipses, plane_density, projected
from workbench.views.planes import principal_axes
from workbench.views.rate_distortion import gaussian_bound, lower_hull
from workbench.views.reconstructions import EACH, choose, code_texts
from workbench.views.siblings import Sibling
from workbench.views.theme import rgb
from workbench.views.usage import book_usage

GRIDS = [Grid(4, 5), Grid(4, 5, "hexagonal"), Grid(1, 7), Grid(6, 3, "hexagonal", toroidal=True)]
COUNTS = arrays(np.float64, st.integers(1, 50), elements=st.integers(0, 1000).map(float))


# Rate and distortion


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0.01, 100)), min_size=1, max_size=30))
def test_no_run_lies_below_the_hull_and_the_hull_is_convex(points: list[tuple[int, float]]) -> None:
    bits, errors = (np.array(part, float) for part in zip(*points, strict=True))
    x, y = lower_hull(bits, errors)
    inside = bits >= x[0]
    assert (errors[inside] >= np.interp(bits[inside], x, y) * (1 - 1e-9) - 1e-12).all()
    assert y[-1] == errors.min()
    slopes = np.diff(y) / np.diff(x)
    assert (slopes < 0).all()
    assert (np.diff(slopes) >= -1e-9 * np.abs(slopes[:-1])).all()


def test_the_bound_of_a_white_source_is_the_textbook_formula() -> None:
    bits, errors = gaussian_bound(np.full(4, 2.5), 4, 20.0)
    np.testing.assert_allclose(errors, 2.5 * 2.0 ** (-2 * bits / 4), rtol=1e-3)


@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(1e-3, 1e3)))
def test_the_bound_falls_from_the_variance(variances: np.ndarray) -> None:
    bits, errors = gaussian_bound(variances, len(variances), 30.0)
    assert bits[0] == 0
    assert errors[0] == pytest.approx(variances.mean(), rel=1e-6)
    assert (np.diff(errors) < 0).all()


def test_all_runs_are_on_one_plot_and_this_one_is_marked() -> None:
    others = tuple(Sibling(f"run {bits}", "KMeans", "k-means", bits, 1.0 / bits, np.nan) for bits in (1, 2, 5))
    scene = scenes.iris_clusters()
    snapshot = replace(scene.snapshot, metrics={"error_per_component": 0.4})
    scene = replace(scene, snapshot=snapshot, name="mine", find_siblings=lambda: others)
    data = rate_distortion.compute(scene)
    assert data.names == ("run 1", "run 2", "run 5", "mine")
    assert data.current == 3
    assert data.bits[3] == scene.model.bits_per_row == 2
    assert data.errors[3] == 0.4


# Use of codes, reconstructions


@given(COUNTS)
def test_perplexity_and_bits_are_those_of_the_entropy(counts: np.ndarray) -> None:
    usage = book_usage("all codes", counts)
    assert usage.n_dead == (counts == 0).sum()
    assert sorted(usage.counts) == sorted(counts)
    assert (np.diff(usage.counts) <= 0).all()
    if counts.sum() > 0:
        assert usage.perplexity == pytest.approx(np.exp(entropy(counts)), rel=1e-9)
        assert 1 - 1e-9 <= usage.perplexity <= len(counts) * (1 + 1e-9)
        assert usage.bits_used <= usage.bits_paid + 1e-9


@given(arrays(np.float64, st.integers(0, 60), elements=st.floats(0, 9), unique=True))
def test_worst_typical_and_best_rows_are_chosen_once_each(errors: np.ndarray) -> None:
    chosen, groups = choose(errors)
    assert len(set(chosen.tolist())) == len(chosen) == len(groups) == min(len(errors), 3 * EACH)
    by_group = [errors[chosen[groups == group]] for group in range(3)]
    if len(errors) >= 3:
        assert by_group[0].max() == errors.max()
        assert by_group[2].min() == errors.min()
        assert by_group[0].min() >= by_group[1].max() >= by_group[1].min() >= by_group[2].max()


def test_codes_are_told_as_numbers_and_as_bits() -> None:
    assert code_texts(np.array([[3, 0, 12]]), (4, 1, 16)) == [("3·0·12", "11 1100")]


# Cells


@pytest.mark.parametrize("grid", [grid for grid in GRIDS if not grid.toroidal], ids=str)
def test_every_pixel_belongs_to_the_nearest_unit_and_all_cells_are_alike(grid: Grid) -> None:
    image = cell_image(grid, 300)
    height, width = image.units.shape
    left, top = grid.positions.min(axis=0) - np.array([0.5, 0.5 if grid.topology == "rectangular" else 1 / np.sqrt(3)])
    y, x = np.mgrid[:height, :width]
    places = np.stack([(x + 0.5) / image.pitch + left, (y + 0.5) / image.pitch + top], axis=-1)
    nearest = np.linalg.norm(places[:, :, None] - grid.positions, axis=-1).argmin(axis=-1)
    np.testing.assert_array_equal(image.units[image.units >= 0], nearest[image.units >= 0])
    sizes = np.bincount(image.units[image.units >= 0], minlength=grid.n_units)
    assert np.ptp(sizes) <= 0.08 * sizes.max()
    for unit, (a, b, c, d) in enumerate(image.boxes.tolist()):
        assert image.units[int((b + d) / 2), int((a + c) / 2)] == unit


@pytest.mark.parametrize("grid", GRIDS[:3], ids=str)
def test_lines_join_neighbours_one_apart(grid: Grid) -> None:
    pairs = grid_edges(grid)
    apart = np.linalg.norm(grid.positions[pairs[:, 0]] - grid.positions[pairs[:, 1]], axis=1)
    np.testing.assert_allclose(apart, 1.0)
    close = np.abs(np.linalg.norm(grid.positions[:, None] - grid.positions[None], axis=-1) - 1) < 1e-9
    assert len(pairs) == close.sum() // 2


def test_a_cell_without_a_value_is_grey_and_between_cells_is_the_surface() -> None:
    look = theme("dark")
    image = cell_image(Grid(1, 2), 80)
    pixels = colour_cells(stencil(image), np.array([1.0, np.nan]), 0.0, 1.0, look)[..., :3]
    assert set(map(tuple, pixels[image.units == 0])) == {tuple(cell_table(look)[255, :3])}
    assert set(map(tuple, pixels[image.units == 1])) == {rgb(look.grid)}
    assert set(map(tuple, pixels[image.units == -1])) == {rgb(look.surface)}


def test_the_slices_of_a_pie_are_as_large_as_the_shares_of_the_classes() -> None:
    look = theme("light")
    image = cell_image(Grid(1, 2), 128)
    counts = np.array([[30.0, 10.0], [0.0, 0.0]])
    pixels = pies(stencil(image), counts, np.array([0, 1]), look)[..., :3]
    inside = (image.units == 0) & (image.radii < 0.9)
    share = (pixels[inside] == rgb(look.class_color(0))).all(axis=1).mean()
    assert share == pytest.approx(0.75, abs=0.02)
    other = {tuple(pixel) for pixel in pixels[image.units == 1]}
    assert not other & {rgb(look.class_color(0)), rgb(look.class_color(1))}


# Mixtures, energies


def spread(kind: str, K: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Covariances of a kind in its own shape, and the same as (K, d, d)."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(K, d, d))
    full = A @ A.transpose(0, 2, 1) + np.eye(d)
    if kind == "full":
        return full, full
    if kind == "tied":
        return full[0], np.tile(full[0], (K, 1, 1))
    variances = rng.uniform(0.5, 2, (K, d))
    if kind == "diag":
        return variances, np.stack([np.diag(v) for v in variances])
    return variances[:, 0], variances[:, :1, None] * np.eye(d)


@pytest.mark.parametrize("d", [3, 5])
@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_covariances_of_every_kind_are_projected_as_whole_matrices_are(kind: str, d: int) -> None:
    C = np.random.default_rng(1).normal(size=(2, d))
    own, whole = spread(kind, 3, d)  # with d = 3 a tied and a diagonal covariance have the same shape
    np.testing.assert_allclose(projected(own, C, kind, 3), C @ whole @ C.T)


def test_ellipses_lie_at_their_distance_and_the_density_is_scipys() -> None:
    _, whole = spread("full", 3, 2)
    means, weights = np.array([[0.0, 1.0], [3.0, 2.0], [-2.0, 0.0]]), np.array([0.2, 0.5, 0.3])
    for sigmas in (1.0, 2.0):
        for mean, covariance, line in zip(means, whole, ellipses(means, whole, sigmas), strict=True):
            apart = line - mean
            squared = np.einsum("ij,jk,ik->i", apart, np.linalg.inv(covariance), apart)
            np.testing.assert_allclose(squared, sigmas**2)
    x, y = np.linspace(-3, 4, 40), np.linspace(-2, 3, 30)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    parts = zip(weights, means, whole, strict=True)
    expected = sum(weight * multivariate_normal(mean, covariance).pdf(grid) for weight, mean, covariance in parts)
    np.testing.assert_allclose(plane_density(means, whole, weights, x, y), expected, rtol=1e-4)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_energies_in_the_plane_are_those_of_its_points_in_all_features(seed: int) -> None:
    scene = scenes.iris()
    axes = principal_axes(scene)
    W = np.random.default_rng(seed).normal(3, 2, size=(6, 4))
    x, y = np.linspace(-3, 3, 5), np.linspace(-1, 1, 4)
    points = np.array([axes.mean + a * axes.components[0] + b * axes.components[1] for b in y for a in x])
    for found, kind in zip(plane_energies(axes, W, x, y), ("max", "sum"), strict=True):
        np.testing.assert_allclose(found, energy_of(points, W, kind), rtol=1e-9, atol=1e-9)
