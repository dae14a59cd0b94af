"""The order of component planes, against every order that the tree allows and a tree made by hand."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workbench.views.plane_order import ALIKE, FLAT, as_in_the_data, plane_order


def some_planes(seed: int, n_planes: int = 7, n_units: int = 12) -> NDArray[np.float64]:
    """Planes of which several follow a few shapes, upwards or downwards, with much or little noise."""
    rng = np.random.default_rng(seed)
    shapes = rng.normal(size=(3, n_units))
    noise = rng.choice([0.05, 0.4, 2.0], size=(n_planes, 1)) * rng.normal(size=(n_planes, n_units))
    signs = rng.choice([-1.0, 1.0], size=(n_planes, 1)) * 10.0 ** rng.integers(-3, 4, size=(n_planes, 1))
    made: NDArray[np.float64] = signs * (shapes[rng.integers(0, 3, n_planes)] + noise)
    return made


def apart(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 - np.abs(np.corrcoef(planes))
    return found


Tree = Any
"""A number, or a pair of trees and the distance between them."""


def members(tree: Tree) -> list[int]:
    return [tree] if isinstance(tree, int) else members(tree[0]) + members(tree[1])


def average_tree(distances: NDArray[np.float64]) -> Tree:
    """Average linkage by its definition: the two clusters with the least mean distance of members, again and again."""
    trees: list[Tree] = list(range(len(distances)))
    while len(trees) > 1:
        one, other = min(
            itertools.combinations(range(len(trees)), 2),
            key=lambda pair: distances[np.ix_(members(trees[pair[0]]), members(trees[pair[1]]))].mean(),
        )
        height = float(distances[np.ix_(members(trees[one]), members(trees[other]))].mean())
        joined = (trees[one], trees[other], height)
        trees = [tree for k, tree in enumerate(trees) if k not in (one, other)] + [joined]
    return trees[0]


def orders(tree: Tree) -> list[list[int]]:
    """Every order of the leaves in which no branches cross."""
    if isinstance(tree, int):
        return [[tree]]
    pairs = itertools.product(orders(tree[0]), orders(tree[1]))
    return [order for left, right in pairs for order in (left + right, right + left)]


def groups_of(tree: Tree) -> set[frozenset[int]]:
    if isinstance(tree, int) or tree[2] <= 1 - ALIKE:
        return {frozenset(members(tree))}
    return groups_of(tree[0]) | groups_of(tree[1])


def found_groups(planes: NDArray[np.float64]) -> set[frozenset[int]]:
    found = plane_order(planes)
    return {frozenset(found.order[found.groups == g].tolist()) for g in range(len(found.headings))}


@pytest.mark.parametrize("seed", range(6))
def test_planes_stand_in_the_best_order_that_the_tree_allows_and_in_its_groups(seed: int) -> None:
    planes = some_planes(seed)
    distances, found = apart(planes), plane_order(planes)
    tree = average_tree(distances)

    def way(order: list[int]) -> float:
        return float(sum(distances[a, b] for a, b in itertools.pairwise(order)))

    assert found.order.tolist() in orders(tree)
    assert way(found.order.tolist()) == pytest.approx(min(map(way, orders(tree))), abs=1e-12)
    assert found_groups(planes) == groups_of(tree)
    assert (np.diff(found.groups) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.permutations(range(7)))
def test_another_order_of_the_features_changes_the_names_in_the_groups_and_nothing_else(
    seed: int, order: list[int]
) -> None:
    planes = some_planes(seed)
    renamed = {frozenset(order[k] for k in group) for group in found_groups(planes[order])}
    assert renamed == found_groups(planes)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000))
def test_a_plane_is_opposite_where_it_falls_as_the_first_of_its_group_rises(seed: int) -> None:
    planes = some_planes(seed)
    found, r = plane_order(planes), np.corrcoef(planes)
    for group in range(len(found.headings)):
        inside = found.order[found.groups == group]
        np.testing.assert_array_equal(found.opposite[found.groups == group], r[inside[0], inside] < 0)
        words = found.headings[group]
        if len(inside) > 1:
            likeness = np.mean([abs(r[a, b]) for a, b in itertools.combinations(inside, 2)])
            assert words == f"alike: |r| {likeness:.2f}"
        else:
            assert words == ""


def test_planes_that_are_the_same_at_all_units_or_not_known_come_last() -> None:
    planes = some_planes(0, n_planes=6)
    planes[1], planes[3], planes[4] = 5.0, 0.1 + 0.2, np.nan
    planes[3, ::2] = 0.3  # but for rounding the same
    found = plane_order(planes)
    assert found.order[-3:].tolist() == [1, 3, 4]
    assert found.headings[-1] == FLAT
    assert set(found.groups[-3:].tolist()) == {len(found.headings) - 1}
    for few in (planes[[1, 3]], planes[:1], planes[:0]):
        assert sorted(plane_order(few).order.tolist()) == list(range(len(few)))


def test_groups_are_framed_line_by_line_and_lone_planes_are_not() -> None:
    shape = np.sin(np.arange(12.0))
    planes = np.stack([shape * k for k in (1, -2, 3, 4)] + [np.cos(np.arange(12.0) * 2)])
    found = plane_order(planes)
    framed = {(run.line, column) for run in found.runs(2) for column in range(run.first, run.last + 1)}
    alone = int(np.flatnonzero(found.order == 4)[0])
    assert framed == {divmod(place, 2) for place in range(5) if place != alone}
    assert [run.words.endswith("(goes on)") for run in found.runs(2)].count(False) == 1
    in_order = as_in_the_data(found)
    assert (in_order.order.tolist(), in_order.runs(2), in_order.opposite.any()) == ([0, 1, 2, 3, 4], [], False)
