"""Component planes that tell the same, set beside each other: their order and groups by correlation over the units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.views.leaf_order import best_leaf_order

ALIKE = 0.7
"""Planes whose |r| is at least so high on average form a group."""
FLAT = "the same at all units"


@dataclass(frozen=True, eq=False)
class PlaneOrder:
    """p planes in order of likeness.

    Attributes
    ----------
    order : (p,) int64
        Numbers of the planes; those alike stand together, those that are the same at all units at the end.
    groups : (p,) int64
        Group of each place of the order, from 0 up along it.
    opposite : (p,) bool
        Whether the plane of each place runs against the first one of its group.
    headings : tuple of g str
        What the planes of each group have in common; "" for a plane that stands alone.
    """

    order: NDArray[np.int64]
    groups: NDArray[np.int64]
    opposite: NDArray[np.bool_]
    headings: tuple[str, ...]

    def runs(self, n_across: int) -> list[Run]:
        """Where the groups with a heading stand when the planes are set in lines of `n_across`."""
        found: list[Run] = []
        for place, group in enumerate(self.groups.tolist()):
            line, column = divmod(place, n_across)
            last = found[-1] if found else None
            if not self.headings[group]:
                continue
            if last is not None and last.group == group and last.line == line:
                found[-1] = replace(last, last=column)
            else:
                goes_on = last is not None and last.group == group
                words = self.headings[group] + (" (goes on)" if goes_on else "")
                found.append(Run(group, line, column, column, words))
        return found


@dataclass(frozen=True)
class Run:
    """Planes of one group in one line.

    Attributes
    ----------
    group, line : int
    first, last : int
        Columns.
    words : str
        The heading.
    """

    group: int
    line: int
    first: int
    last: int
    words: str


def plane_order(planes: NDArray[np.floating]) -> PlaneOrder:
    """Order and group planes (p, M) by average linkage on 1 − |r|, r being Pearson's correlation over the M units.

    Neighbours in the order are as alike as the tree allows. Planes that are the same at all units, or not known at
    some, have no correlation: they form a group at the end.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    r = _correlations(np.asarray(planes, np.float64))
    varied, flat = np.flatnonzero(~np.isnan(r.diagonal())), np.flatnonzero(np.isnan(r.diagonal()))
    r = r[np.ix_(varied, varied)]
    if len(varied) > 1:
        tree = linkage(squareform(1 - np.abs(r), checks=False), "average")
        leaves, clusters = best_leaf_order(tree, 1 - np.abs(r)), fcluster(tree, 1 - ALIKE, "distance")
    else:
        leaves, clusters = np.arange(len(varied)), np.ones(len(varied), np.int64)
    along = clusters[leaves]
    groups = np.concatenate([[0], np.cumsum(along[1:] != along[:-1])]) if len(along) else np.empty(0)
    groups = groups.astype(np.int64)
    n_groups = int(groups[-1]) + 1 if len(groups) else 0
    first = leaves[np.searchsorted(groups, np.arange(n_groups))]
    return PlaneOrder(
        order=np.concatenate([varied[leaves], flat]).astype(np.int64),
        groups=np.concatenate([groups, np.full(len(flat), n_groups)]).astype(np.int64),
        opposite=np.concatenate([r[first[groups], leaves] < 0, np.zeros(len(flat), np.bool_)]),
        headings=(*(_heading(r, leaves[groups == g]) for g in range(n_groups)), *[FLAT] * bool(len(flat))),
    )


def as_in_the_data(planes: PlaneOrder) -> PlaneOrder:
    """The same planes by their numbers, each alone."""
    return alone(np.sort(planes.order))


def alone(order: NDArray[np.int64]) -> PlaneOrder:
    """Planes in this order, each alone."""
    n_planes = len(order)
    return PlaneOrder(order, np.arange(n_planes), np.zeros(n_planes, np.bool_), ("",) * n_planes)


def _correlations(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(p, p) correlations, NaN for planes that are the same at all units up to rounding, or not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(planes).max(axis=1, initial=0)
        scaled = planes / np.where(size > 0, size, 1)[:, None]
        centred = scaled - scaled.mean(axis=1, keepdims=True)
        length = np.sqrt((centred**2).sum(axis=1))
        steady = ~(length > 1e-10 * np.sqrt(max(1, planes.shape[1])))
        unit = centred / np.where(steady, np.nan, length)[:, None]
        found: NDArray[np.float64] = np.clip(unit @ unit.T, -1, 1)
    return found


def _heading(r: NDArray[np.float64], members: NDArray[np.int64]) -> str:
    if len(members) < 2:
        return ""
    inside = np.abs(r[np.ix_(members, members)])
    likeness = (inside.sum() - inside.trace()) / (len(members) * (len(members) - 1))
    return f"alike: |r| {likeness:.2f}"
