"""Cells as polytopes against the engines' own nearest prototypes, linear programs and triangulations."""

from __future__ import annotations

import numpy as np
import pytest
from lvq_cases import clouds, curved_model, flat_model
from scipy.optimize import linprog
from scipy.spatial import Delaunay, Voronoi

import engines
from engines import GMLVQ, KMeans, SphericalKMeans
from engines.lvq.polytopes import box, cells, chebyshev, common_matrix, neighbours, slice_cells

SHAPES = [(1, 3, 3), (2, 3, 3), (7, 2, 2), (12, 3, 3), (12, 4, 2), (14, 5, 5), (9, 8, 8), (15, 6, 1), (14, 7, 6)]


def world(M, d, m, seed=0):
    """Prototypes (M, d) and Λ (d, d) of rank m."""
    rng = np.random.default_rng(seed)
    omega = rng.normal(size=(m, d))
    return rng.normal(size=(M, d)), omega.T @ omega


def nearest(X, W, L):
    apart = X[:, None] - W[None]
    return np.einsum("nja,ab,njb->nj", apart, L, apart).argmin(axis=1)


@pytest.mark.parametrize(("M", "d", "m"), SHAPES)
def test_a_row_lies_in_the_cell_of_its_nearest_prototype_and_in_no_other(M: int, d: int, m: int) -> None:
    W, L = world(M, d, m)
    X = np.random.default_rng(1).normal(size=(600, d)) * 2
    inside = np.stack([cell.contains(X) for cell in cells(W, L)], axis=1)
    np.testing.assert_array_equal(inside, np.arange(M) == nearest(X, W, L)[:, None])


@pytest.mark.parametrize(("M", "d", "m"), SHAPES)
def test_every_half_space_is_needed_and_none_is_missing(M: int, d: int, m: int) -> None:
    W, L = world(M, d, m)
    for j, cell in enumerate(cells(W, L)):
        others = np.delete(np.arange(M), j)
        A = 2 * (W[others] - W[j]) @ L
        b = np.einsum("ka,ab,kb->k", W[others], L, W[others]) - W[j] @ L @ W[j]
        needed = []
        for i in range(len(others)):
            relaxed = b.copy()
            relaxed[i] += 1
            most = linprog(-A[i], A, relaxed, bounds=[(None, None)] * d)
            needed += [others[i]] if -most.fun > b[i] + 1e-9 else []
        assert cell.neighbours.tolist() == needed


def test_neighbours_in_the_plane_are_those_of_a_voronoi_diagram() -> None:
    Z = np.random.default_rng(0).normal(size=(60, 2))
    expected = np.zeros((60, 60), bool)
    expected[tuple(Voronoi(Z).ridge_points.T)] = True
    found = np.zeros((60, 60), bool)
    for j, near in enumerate(neighbours(Z)):
        found[j, near] = True
    np.testing.assert_array_equal(found, expected | expected.T)


def test_cells_of_a_grid_touch_along_sides_alone() -> None:
    grid = np.array(np.meshgrid(range(4), range(5))).reshape(2, -1).T.astype(float)
    assert sum(len(near) for near in neighbours(grid)) == 2 * (4 * 4 + 3 * 5)
    assert len(Delaunay(grid).simplices) == 2 * 3 * 4  # though every square is cut by a diagonal


def test_prototypes_that_coincide_share_one_cell() -> None:
    W, L = world(5, 3, 3)
    doubled = cells(np.vstack([W, W[2]]), L)
    for a, b in zip((doubled[2].A, doubled[2].b), (doubled[5].A, doubled[5].b), strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(5 not in cell.neighbours for cell in doubled)
    blind = np.diag([1.0, 1.0, 0.0])
    assert not len(cells(np.array([[0.0, 0, 1], [0, 0, 2]]), blind)[0].b)


@pytest.mark.parametrize("name", ["KMeans", "SphericalKMeans", "SOM", "NeuralGas", "GMLVQ"])
def test_cells_are_those_of_the_engines_own_decisions(name: str) -> None:
    X, y = clouds(90)
    info = engines.catalog()[[info.name for info in engines.catalog()].index(name)]
    options = {"shape": (3, 3)} if name == "SOM" else {info.count: 6} if info.count else {"prototypes_per_class": 2}
    model = info.estimator(random_state=0, max_iter=4, **options).fit(X, y if info.supervised else None)
    found = cells(model.prototypes_, common_matrix(model))
    winners = model.encode(X)
    scale = np.abs(X).max()
    for row, winner in zip(X, winners, strict=True):
        assert found[winner].contains(row[None], 1e-9 * scale).all()
        assert sum(cell.contains(row[None], -1e-9 * scale).item() for cell in found) <= 1


def test_engines_whose_cells_are_no_polytopes_are_refused() -> None:
    X, _ = clouds(90)
    mixture = engines.GaussianMixture(2, max_iter=2, random_state=0).fit(X)
    staged = engines.HierarchicalVQ(2, 2, random_state=0).fit(X)
    for model, message in ((mixture, "do not simply go"), (staged, "do not simply go"), (curved_model(), "curves")):
        with pytest.raises(ValueError, match=message):
            common_matrix(model)
    assert common_matrix(KMeans(2, random_state=0).fit(X)) is None
    assert common_matrix(SphericalKMeans(2, random_state=0).fit(X)) is None
    np.testing.assert_allclose(common_matrix(flat_model()), flat_model().relevance_matrix_)


def test_a_cell_seen_through_an_affine_map_holds_the_rows_that_map_into_it() -> None:
    W, L = world(8, 3, 3)
    rng = np.random.default_rng(5)
    T, t = rng.normal(size=(3, 5)), rng.normal(size=3)
    Y = rng.normal(size=(400, 5))
    for cell in cells(W, L):
        seen = cell.mapped(T, t)
        np.testing.assert_array_equal(seen.contains(Y), cell.contains(Y @ T.T + t))
        np.testing.assert_allclose(np.linalg.norm(seen.A, axis=1), 1)


def test_a_border_that_cannot_be_crossed_is_left_out() -> None:
    first, _ = cells(np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert not len(first.mapped(np.array([[0.0, 0.0], [0.0, 1.0]]), np.zeros(2)).b)


def test_the_largest_ball_touches_the_borders_and_crosses_none() -> None:
    W, L = world(9, 3, 3)
    window = box(np.full(3, -3.0), np.full(3, 3.0))
    for cell in cells(W, L):
        A, b = np.vstack([cell.A, window[0]]), np.append(cell.b, window[1])
        centre, radius = chebyshev(A, b)
        assert radius > 0
        room = b - A @ centre
        np.testing.assert_allclose(room.min(), radius, atol=1e-8)
        assert np.count_nonzero(room < radius + 1e-7) >= 4  # else it could grow: d + 1 borders hold it


def test_balls_of_any_size_fit_into_an_open_cell_and_none_into_an_empty_one() -> None:
    first, _ = cells(np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert chebyshev(first.A, first.b) == (None, np.inf)
    assert chebyshev(np.empty((0, 2)), np.empty(0)) == (None, np.inf)
    centre, radius = chebyshev(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([-1.0, -1.0]))
    assert centre is None
    assert np.isnan(radius)


def area(corners):
    x, y = corners.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


@pytest.mark.parametrize(("M", "d", "m"), [(1, 3, 3), (6, 2, 2), (25, 4, 4), (30, 6, 2), (12, 5, 1)])
def test_a_slice_holds_each_point_of_the_plane_in_the_cell_of_its_nearest_prototype(M: int, d: int, m: int) -> None:
    W, L = world(M, d, m)
    rng = np.random.default_rng(2)
    origin, directions, limits = rng.normal(size=d), rng.normal(size=(2, d)), (-2.0, 1.5, -1.0, 3.0)
    cut = slice_cells(W, L, origin, directions, limits)
    places = np.column_stack([rng.uniform(-2, 1.5, 800), rng.uniform(-1, 3, 800)])
    winners = nearest(origin + places @ directions, W, L)
    for j, corners in enumerate(cut.polygons):
        if not len(corners):
            assert (winners != j).all()
            continue
        sides = np.roll(corners, -1, axis=0) - corners
        apart = places[:, None] - corners[None]
        left = sides[:, 0] * apart[..., 1] - sides[:, 1] * apart[..., 0]
        np.testing.assert_array_equal((left >= -1e-9).all(axis=1), winners == j)
    assert sum(area(corners) for corners in cut.polygons if len(corners)) == pytest.approx(3.5 * 4.0)


def test_every_border_of_a_slice_is_told_once_with_the_prototypes_beside_it() -> None:
    W, L = world(20, 4, 4)
    rng = np.random.default_rng(3)
    origin, directions = W.mean(axis=0), rng.normal(size=(2, 4))
    ends, pairs = slice_cells(W, L, origin, directions, (-3, 3, -3, 3)).borders()
    assert len({tuple(pair) for pair in pairs.tolist()}) == len(pairs) > 5
    middles = origin + ends.mean(axis=1) @ directions
    apart = middles[:, None] - W[None]
    D = np.sort(np.einsum("nja,ab,njb->nj", apart, L, apart), axis=1)
    np.testing.assert_allclose(D[:, 0], D[:, 1], rtol=1e-8)
    for middle, pair in zip(middles, pairs, strict=True):
        both = [(middle - W[k]) @ L @ (middle - W[k]) for k in pair]
        np.testing.assert_allclose(both, D[np.argmin(np.abs(D[:, 0] - both[0])), 0], rtol=1e-8)


def test_slices_of_a_trained_metric_agree_with_its_predictions() -> None:
    X, y = clouds(90)
    model = GMLVQ(2, max_iter=5, random_state=0).fit(X, y)
    directions = np.eye(4)[:2]
    cut = slice_cells(model.prototypes_, common_matrix(model), X.mean(axis=0), directions, (-3, 3, -3, 3))
    for j, corners in enumerate(cut.polygons):
        if len(corners):
            inner = corners.mean(axis=0)
            row = X.mean(axis=0) + inner @ directions
            assert model.encode(row[None])[0] == j
