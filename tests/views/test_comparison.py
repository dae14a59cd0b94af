"""The comparison of two runs: partners against brute force, maps against known symmetries, tests against formulas."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.maps.grid import Grid
from engines.maps.symmetry import symmetries
from tests.views.scenes import beside, digits, iris, iris_clusters, make_scene, missing_values, supervised
from tests.views.trained import trained
from workbench.views import Scene, comparable, comparison, view
from workbench.views.agreement import (
    BOTH_WRONG,
    ONLY_FIRST,
    ONLY_SECOND,
    SAME,
    UNKNOWN,
    jaccard,
    mcnemar,
    part_agreements,
    verdicts,
)
from workbench.views.matching import match, match_maps, squared_distances

NO_CLASS = -1


def without_classes(n: int) -> NDArray[np.int64]:
    return np.full(n, NO_CLASS, np.int64)


def with_prototypes(scene: Scene, prototypes: NDArray[Any], **more: Any) -> Scene:
    """The scene of another run with these prototypes."""
    counts = {"counts": np.ones(len(prototypes))} if "counts" in scene.snapshot.arrays else {}
    arrays = {**scene.snapshot.arrays, "prototypes": prototypes, **counts, **more}
    return replace(scene, snapshot=replace(scene.snapshot, make_arrays=lambda: arrays))


def compared(first: Scene, second: Scene, name: str = "other") -> comparison.ComparisonData:
    return comparison.compute(replace(first, find_others=lambda: (beside(second, name),)))


def test_a_codebook_in_another_order_matches_itself() -> None:
    scene = iris_clusters()
    rng = np.random.default_rng(0)
    order = rng.permutation(40)
    books = np.asarray(scene.sample.X)[:120:3] + 0.01 * rng.normal(size=(40, 4))  # no row between two of them
    data = compared(with_prototypes(scene, books), with_prototypes(scene, books[order]))
    assert not data.distances.any()
    assert not data.changes.any()
    assert not data.moved.any()
    np.testing.assert_array_equal(order[data.pair_second], data.pair_first)
    np.testing.assert_allclose(data.common[~np.isnan(data.common)], 1)
    assert (data.rand_index, data.mutual_information) == pytest.approx((1, 1))


def best_by_force(squares: NDArray[np.float64], forbidden: NDArray[np.bool_]) -> tuple[int, float]:
    """Of all matchings of as many pairs as there can be: fewest forbidden pairs, then the least sum of squares."""
    if squares.shape[0] > squares.shape[1]:
        squares, forbidden = squares.T, forbidden.T
    m, n = squares.shape
    rows = np.arange(m)
    return min(
        (int(forbidden[rows, list(chosen)].sum()), float(squares[rows, list(chosen)].sum()))
        for chosen in permutations(range(n), m)
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1), st.booleans())
def test_no_matching_is_nearer_and_none_pairs_fewer_strangers(m: int, n: int, seed: int, classes: bool) -> None:
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(m, 2)), rng.normal(size=(n, 2))
    codes = [rng.integers(0, 2, size) if classes else without_classes(size) for size in (m, n)]
    found = match(A, B, *codes)
    squares = squared_distances(A, B)
    np.testing.assert_allclose(found.squares, ((A[found.first] - B[found.second]) ** 2).sum(axis=1))
    assert len(found.first) == len(set(found.second.tolist())) == min(m, n)
    strangers = codes[0][:, None] != codes[1][None, :]
    n_strangers, least = best_by_force(squares, strangers)
    assert int(strangers[found.first, found.second].sum()) == n_strangers
    assert float(found.squares.sum()) == pytest.approx(least)


GRIDS = (Grid(4, 4), Grid(3, 5), Grid(4, 3, "hexagonal"), Grid(4, 4, toroidal=True), Grid(4, 5, "hexagonal", True))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(GRIDS), st.integers(0, 2**32 - 1))
def test_a_map_that_was_turned_mirrored_or_shifted_is_laid_back_without_a_rest(grid: Grid, seed: int) -> None:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(grid.n_units, 3))
    changes = list(symmetries(grid))
    B = A[changes[rng.integers(len(changes))].order]
    found = match_maps(A, B, grid)
    assert not found.squares.any()
    assert found.disparity == 0
    np.testing.assert_array_equal(A[found.first], B[found.second])


def test_maps_that_differ_by_noise_are_laid_as_near_as_any_symmetry_brings_them() -> None:
    grid = Grid(4, 4)
    rng = np.random.default_rng(2)
    A = rng.normal(size=(16, 5))
    B = rng.normal(size=(16, 5))
    sums = [float(((A - B[symmetry.order]) ** 2).sum()) for symmetry in symmetries(grid)]
    found = match_maps(A, B, grid)
    assert float(found.squares.sum()) == pytest.approx(min(sums))
    assert 0 < found.disparity <= 1


def test_maps_on_one_grid_are_matched_by_units_and_others_one_to_one() -> None:
    scene = trained("SOM", "iris")
    W = np.asarray(scene.prototypes)
    turned = next(symmetry for symmetry in symmetries(scene.model.grid) if symmetry.turned or symmetry.mirrored)
    data = compared(scene, with_prototypes(scene, W[turned.order]))
    assert data.disparity == 0
    assert not data.moved.any()
    other = compared(scene, with_prototypes(iris_clusters(), W))
    assert math.isnan(other.disparity)
    assert "one to one" in other.method


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_exact_binomial_test(only_first: int, only_second: int) -> None:
    n, least = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(n, k) for k in range(least + 1)) / 2**n
    assert mcnemar(only_first, only_second) == pytest.approx(min(1.0, 2 * tail))


def test_what_became_of_rows_is_counted_part_by_part() -> None:
    true = np.array([0, 0, 1, 1, 2, -1, -1, 0])
    first = np.array([0, 1, 1, 0, 0, 2, 1, 0])
    second = np.array([0, 0, 0, 0, 1, 2, 0, 1])
    said = verdicts(first, second, true)
    np.testing.assert_array_equal(said, [SAME, ONLY_SECOND, ONLY_FIRST, SAME, BOTH_WRONG, SAME, UNKNOWN, ONLY_FIRST])
    training, test = part_agreements(first, second, true, np.array([0, 0, 0, 0, 2, 2, 2, 2], np.uint8))
    assert (training.n_rows, training.right_first, training.right_second) == (4, 2, 2)
    assert (training.only_first, training.only_second, training.p) == (1, 1, 1.0)
    assert (test.part, test.n_rows, test.only_first, test.only_second) == ("test", 2, 1, 0)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=40))
def test_rows_in_common_are_those_in_both_by_those_in_either(rows: list[tuple[int, int]]) -> None:
    first, second = (np.array([row[which] for row in rows], np.int64) for which in (0, 1))
    a, b = np.repeat(np.arange(5), 4), np.tile(np.arange(4), 5)
    for share, i, j in zip(jaccard(first, second, a, b), a, b, strict=True):
        one, other = set(np.flatnonzero(first == i)), set(np.flatnonzero(second == j))
        if one | other:
            assert share == pytest.approx(len(one & other) / len(one | other))
        else:
            assert math.isnan(share)


def test_rows_move_where_their_prototypes_are_no_partners_and_changes_are_in_original_units() -> None:
    X = np.array([[0.0], [0.1], [0.9], [1.0], [5.0]])
    scene = replace(make_scene(X, prototypes=np.array([[0.0], [5.0]])), to_original=lambda W: 10 * W + 3)
    data = compared(scene, with_prototypes(scene, np.array([[4.0], [0.5], [1.2]])))
    partners = dict(zip(data.pair_first.tolist(), data.pair_second.tolist(), strict=True))
    assert partners == {0: 1, 1: 0}
    np.testing.assert_array_equal(data.moved, [False, False, True, True, False])
    np.testing.assert_array_equal(data.pair_first, [1, 0])  # the most different first
    np.testing.assert_allclose(data.changes, [[-10.0], [5.0]])
    assert data.second.alone == (2,)
    np.testing.assert_array_equal(data.second.counts, [1, 2, 2])


def test_one_prototype_beside_one_has_the_other_for_its_partner() -> None:
    scene = with_prototypes(iris_clusters(), np.zeros((1, 4)))
    data = compared(scene, with_prototypes(scene, np.ones((1, 4))))
    assert data.distances.tolist() == [2.0]
    assert not data.moved.any()
    assert data.common.tolist() == [1.0]


def test_classifiers_are_compared_by_what_they_have_right() -> None:
    first = iris()
    X, codes = np.asarray(first.sample.X), np.asarray(first.sample.codes)
    second = supervised(X, codes, first.classes, prototypes=X[[10, 70, 120]])
    data = compared(first, second)
    one, other = first.predicted, second.predicted
    for part, code in zip(data.parts, (0, 2), strict=True):
        mine = first.split == code
        assert part.right_first == int((one == codes)[mine].sum())
        assert part.only_second == int(((other == codes) & (one != codes))[mine].sum())
    assert int((data.verdicts == ONLY_FIRST).sum()) == sum(part.only_first for part in data.parts)
    assert first.prototype_codes[data.pair_first].tolist() == second.prototype_codes[data.pair_second].tolist()
    assert not len(compared(first, iris_clusters()).verdicts)  # k-means says no classes


def test_rows_in_which_something_is_missing_are_left_out() -> None:
    scene = with_prototypes(missing_values(), np.zeros((2, 4)))
    data = compared(scene, scene)
    assert len(data.rows) == len(scene.whole) == 0
    assert math.isnan(data.rand_index)


def test_the_other_run_is_the_one_asked_for_else_the_newest_of_the_same_engine() -> None:
    scene = iris_clusters()
    others = (beside(scene, "first"), beside(scene, "alike"), beside(iris(), "of another engine"))
    scene = replace(scene, find_others=lambda: others)
    assert comparable.beside(scene).name == "alike"
    assert comparable.beside(scene.asking("of another engine")).name == "of another engine"
    assert comparison.compute(scene).others == ("first", "alike", "of another engine")


def test_what_differs_is_told_and_what_is_alike_is_not() -> None:
    first = replace(iris_clusters(), parameters={"n_clusters": 3, "tol": 0.1, "init": None})
    second = replace(first, parameters={"n_clusters": 4, "tol": 0.1, "init": None})
    assert comparison.differing(first, second) == (("n_clusters", "3", "4"),)
    figures = {name: (one, other) for name, one, other in compared(first, second).figures}
    assert figures["prototypes"] == ("3", "3")


def test_pictures_are_laid_beside_one_another_with_their_change() -> None:
    scene = digits()
    data = compared(scene, with_prototypes(scene, np.asarray(scene.prototypes) + 1))
    change, most = data.tile_changes
    assert change.shape == (10, 8, 8)
    np.testing.assert_allclose(change, 1)
    assert most == pytest.approx(1)


def test_there_is_nothing_to_compare_without_another_run() -> None:
    assert not view("comparison").applies(iris())
    assert not view("comparison").applies(replace(trained("ProductQuantizer", "iris"), find_others=lambda: ()))
