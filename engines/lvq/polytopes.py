"""Cells of prototypes as polytopes: half-spaces that bound them, which of these are needed, and cuts through them.

Under d(x, w) = (x - w)ᵀΛ(x - w) with one Λ for all, d(x, wⱼ) <= d(x, wₖ) is 2(wₖ - wⱼ)ᵀΛx <= wₖᵀΛwₖ - wⱼᵀΛwⱼ, so the
cell of wⱼ is {x : Ax <= b}, and the region of a class is the union of its prototypes' cells. Cells are closed: a border
belongs to both sides, while engines give a row on it to the first prototype. Prototypes that Λ does not tell apart
share one cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.spatial import Delaunay

from engines.euclidean import EuclideanCodebook
from engines.lvq.explain import is_explainable
from engines.lvq.metric import Euclidean, Local
from engines.quantization.hierarchical import HierarchicalVQ

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SLACK = 1e-9
"""Of a facet, relative to the spread of the prototypes: what is thinner is rounding."""
_MOST_SIMPLICES = 3e7
"""Up to about that many, Mʳᐟ² for M points in r dimensions, a triangulation is found in some seconds."""


@dataclass(frozen=True, eq=False)
class Cell:
    """All points for which one prototype is nearest: {x : Ax <= b}.

    Attributes
    ----------
    prototype : int
    A : (m, d) float64
        Outward normals of unit length, so that b - Ax is the Euclidean distance to each border; none where there is
        no other prototype.
    b : (m,) float64
    neighbours : (m,) int64
        The prototype beyond each border.
    """

    prototype: int
    A: Floats
    b: Floats
    neighbours: Ints

    def contains(self, X: Any, tolerance: float = 0.0) -> NDArray[np.bool_]:
        """Whether rows (n, d) lie in the cell, or no farther than `tolerance` outside any of its borders."""
        return np.asarray((np.asarray(X, np.float64) @ self.A.T <= self.b + tolerance).all(axis=1))

    def mapped(self, T: NDArray[Any], t: NDArray[Any]) -> Cell:
        """The cell of points y for which Ty + t (T is (d, d'), t is (d,)) lies in this one.

        A border that y cannot cross, since T loses its direction, is left out.
        """
        A, b = self.A @ T, self.b - self.A @ t
        length = np.linalg.norm(A, axis=1)
        kept = length > 1e-12 * max(float(length.max(initial=0.0)), np.finfo(float).tiny)
        return Cell(self.prototype, A[kept] / length[kept, None], b[kept] / length[kept], self.neighbours[kept])


def common_matrix(model: Any) -> Floats | None:
    """Λ (d, d) by which rows go to the nearest prototype of a fitted model; None is the identity.

    Raises
    ------
    ValueError
        If its cells are no polytopes: rows go another way than to the nearest prototype, or by several metrics.
    """
    name = type(model).__name__
    if isinstance(model, EuclideanCodebook) and not isinstance(model, HierarchicalVQ):
        return None
    if not is_explainable(type(model)):
        raise ValueError(f"The cells of {name} are no polytopes: rows do not simply go to the nearest prototype.")
    metric = model._metric
    if isinstance(metric, Local):
        raise ValueError(f"The cells of {name} are no polytopes: each metric of its own curves the borders.")
    return None if isinstance(metric, Euclidean) else metric.matrix(0)


def cells(
    prototypes: NDArray[Any], matrix: NDArray[Any] | None = None, *, watch: Callable[[float], None] | None = None
) -> tuple[Cell, ...]:
    """The cell of every prototype, without any half-space that the others imply.

    Parameters
    ----------
    prototypes : (M, d)
    matrix : (d, d), optional
        Λ, symmetric and positive semi-definite; None is the identity, the Euclidean distance.
    watch : callable, optional
        Called with the fraction done; may raise to give up.
    """
    W = np.asarray(prototypes, np.float64)
    Z = _image(W, matrix)
    beside = neighbours(Z, watch=watch)
    made = []
    for j, near in enumerate(beside):
        apart = W[near] - W[j]
        A = apart if matrix is None else apart @ np.asarray(matrix, np.float64)
        A = A / np.linalg.norm(A, axis=1)[:, None]
        b = np.einsum("ka,ka->k", A, (W[near] + W[j]) / 2)
        made.append(Cell(j, A, b, near))
    return tuple(made)


def neighbours(Z: NDArray[Any], *, watch: Callable[[float], None] | None = None) -> tuple[Ints, ...]:
    """Of each point of Z (M, m) the others whose cells meet its own in a whole facet, (k,) each, Euclidean.

    Of points that coincide, the first stands for all on the far side of a border.

    A pair is a neighbour if its middle is nearer to both than to any other (Gabriel & Sokal 1969); if the points are
    affinely independent, all pairs are. For the rest a linear program looks for the point of the border with the most
    room around it; in few dimensions only edges of a Delaunay triangulation are asked. Hundreds of points in more
    than some six dimensions take minutes.
    """
    points, first, place = np.unique(np.asarray(Z, np.float64), axis=0, return_index=True, return_inverse=True)
    Y = _coordinates(points)
    M, r = Y.shape
    if r + 1 >= M:
        near = ~np.eye(M, dtype=bool)
    else:
        candidates = _candidates(Y)
        near = candidates & _gabriel(Y)
        open_pairs = np.argwhere(np.triu(candidates & ~near))
        for done, (j, k) in enumerate(open_pairs.tolist()):
            if watch is not None and done % 64 == 0:
                watch(done / len(open_pairs))
            near[j, k] = near[k, j] = _share_facet(Y, j, k, np.flatnonzero(candidates[j]))
    beside = [np.sort(first[np.flatnonzero(row)]).astype(np.int64) for row in near]
    return tuple(beside[k] for k in np.ravel(place))


def chebyshev(A: NDArray[Any], b: NDArray[Any]) -> tuple[Floats | None, float]:
    """Centre (d,) and radius of the largest Euclidean ball in {x : Ax <= b}, rows of A being of unit length.

    Returns
    -------
    tuple
        (None, inf) where balls of any size fit in; (None, nan) where the set is empty.
    """
    d = A.shape[1]
    cost = np.append(np.zeros(d), -1.0)
    limits = [(None, None)] * d + [(0.0, None)]
    found = linprog(cost, np.column_stack([A, np.ones(len(A))]), b, bounds=limits, method="highs")
    if found.status == 3 or not len(A):
        return None, float("inf")
    if found.status != 0:
        return None, float("nan")
    return np.asarray(found.x[:d]), float(found.x[d])


def box(low: NDArray[Any], high: NDArray[Any]) -> tuple[Floats, Floats]:
    """Half-spaces (A, b) of the points with low <= x <= high, (d,) each."""
    d = len(low)
    return np.concatenate([np.eye(d), -np.eye(d)]), np.concatenate([np.asarray(high, float), -np.asarray(low, float)])


@dataclass(frozen=True, eq=False)
class Slice:
    """A plane through all cells, in coordinates (s, t) of the plane.

    Attributes
    ----------
    polygons : tuple of M (v, 2) float64
        Corners of each cell in the plane, counter-clockwise; (0, 2) where the plane misses the cell.
    beyond : tuple of M (v,) int64
        The prototype beyond the side from each corner to the next; -1 where the window ends the cell.
    """

    polygons: tuple[Floats, ...]
    beyond: tuple[Ints, ...]

    def borders(self) -> tuple[Floats, Ints]:
        """Segments (e, 2, 2) between cells, each once, and the pair of prototypes (e, 2) beside each."""
        ends, pairs = [], []
        for j, (corners, beyond) in enumerate(zip(self.polygons, self.beyond, strict=True)):
            mine = beyond > j
            ends.append(np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)[mine])
            pairs.append(np.column_stack([np.full(len(beyond), j), beyond])[mine])
        return np.concatenate([*ends, np.empty((0, 2, 2))]), np.concatenate([*pairs, np.empty((0, 2), np.int64)])


def slice_cells(
    prototypes: NDArray[Any],
    matrix: NDArray[Any] | None,
    origin: NDArray[Any],
    directions: NDArray[Any],
    limits: tuple[float, float, float, float],
) -> Slice:
    """What the plane x = origin + s·directions[0] + t·directions[1] cuts out of every cell, exactly.

    On the plane d(x, wⱼ) = q(s, t) + cⱼ - 2gⱼᵀ(s, t) with one q for all prototypes, so cells are cut by lines: a power
    diagram. Each begins as the window and is clipped by the half-plane that its corners break most, until none is.

    Parameters
    ----------
    prototypes : (M, d)
    matrix : (d, d) or None
        Λ; None is the identity.
    origin : (d,)
    directions : (2, d)
        Of any length and angle.
    limits : (left, right, bottom, top)
        The window, in (s, t).
    """
    moved = np.asarray(prototypes, np.float64) - origin
    image = moved if matrix is None else moved @ np.asarray(matrix, np.float64)
    g = image @ np.asarray(directions, np.float64).T
    c = np.einsum("ka,ka->k", image, moved)
    left, right, bottom, top = limits
    window = np.array([[left, bottom], [right, bottom], [right, top], [left, top]], np.float64)
    parts = [_clipped(j, g, c, window) for j in range(len(moved))]
    return Slice(tuple(corners for corners, _ in parts), tuple(beyond for _, beyond in parts))


def _clipped(j: int, g: Floats, c: Floats, corners: Floats) -> tuple[Floats, Ints]:
    """The window cut down to d(·, wⱼ) <= d(·, wₖ) for all k, i.e. 2(gₖ - gⱼ)ᵀ(s, t) <= cₖ - cⱼ."""
    normals, offsets = 2 * (g - g[j]), c - c[j]
    length = np.hypot(*normals.T)
    size = float(np.abs(corners).max()) or 1.0
    flat = length * size <= 1e-12 * max(float(np.abs(c).max()), np.finfo(float).tiny)
    never = flat & (offsets < -1e-12 * max(float(np.abs(c).max()), np.finfo(float).tiny))
    beyond = np.full(len(corners), -1, np.int64)
    if never.any():
        return np.empty((0, 2)), np.empty(0, np.int64)
    normals = np.where(flat[:, None], 0.0, normals / np.where(flat, 1.0, length)[:, None])
    offsets = np.where(flat, 0.0, offsets / np.where(flat, 1.0, length))
    while len(corners):
        broken = normals @ corners.T - offsets[:, None]
        k = int(broken.max(axis=1).argmax())
        if broken[k].max() <= 1e-12 * size:
            break
        corners, beyond = _halved(corners, beyond, broken[k], k)
    return corners, beyond


def _halved(corners: Floats, beyond: Ints, broken: Floats, k: int) -> tuple[Floats, Ints]:
    """The part of a convex polygon where `broken` (v,), an affine function at its corners, is not above 0."""
    inside = broken <= 0
    if not inside.any():
        return np.empty((0, 2)), np.empty(0, np.int64)
    points, sides = [], []
    for i in range(len(corners)):
        n = (i + 1) % len(corners)
        if inside[i]:
            points.append(corners[i])
            sides.append(beyond[i])
        if inside[i] != inside[n]:
            share = broken[i] / (broken[i] - broken[n])
            points.append(corners[i] + share * (corners[n] - corners[i]))
            sides.append(k if inside[i] else beyond[i])
    return np.array(points), np.array(sides, np.int64)


def _image(W: Floats, matrix: NDArray[Any] | None) -> Floats:
    """Points Z (M, m) whose Euclidean distances are those of Λ."""
    centred: Floats = W - W.mean(axis=0)
    if matrix is None:
        return centred
    values, vectors = np.linalg.eigh(np.asarray(matrix, np.float64))
    used = values > 1e-12 * max(float(values[-1]), 0.0)
    return np.asarray(centred @ (vectors[:, used] * np.sqrt(values[used])))


def _coordinates(points: Floats) -> Floats:
    """The points in as few coordinates as they span, scaled to a spread of about 1."""
    centred = points - points.mean(axis=0)
    if len(points) < 2:
        return np.empty((len(points), 0))
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    used = values > 1e-10 * max(float(values[0]), np.finfo(float).tiny)
    return np.asarray(left[:, used] * (values[used] / values[0]) * np.sqrt(len(points)))


def _candidates(Y: Floats) -> NDArray[np.bool_]:
    """Pairs (M, M) that may be neighbours: all, or in few dimensions the edges of a triangulation."""
    M, r = Y.shape
    if r == 1:
        order = np.argsort(Y[:, 0])
        edges = np.column_stack([order[:-1], order[1:]])
    elif M ** (r / 2) <= _MOST_SIMPLICES:
        corners = Delaunay(Y).simplices
        edges = np.concatenate([corners[:, [a, b]] for a in range(r + 1) for b in range(a)])
    else:
        return ~np.eye(M, dtype=bool)
    near = np.zeros((M, M), bool)
    near[edges[:, 0], edges[:, 1]] = near[edges[:, 1], edges[:, 0]] = True
    return near


def _gabriel(Y: Floats) -> NDArray[np.bool_]:
    """Pairs (M, M) with no other point in the closed ball over them: D_ij + D_ik > D_jk for every other i."""
    D = np.square(Y[:, None] - Y[None]).sum(axis=2)
    found = np.zeros(D.shape, bool)
    for j in range(len(D)):
        others = D[:, j, None] + D
        others[j] = np.inf
        np.fill_diagonal(others, np.inf)
        found[j] = others.min(axis=0) > D[j] * (1 + 1e-9)
        found[j, j] = False
    return found


def _share_facet(Y: Floats, j: int, k: int, candidates: Ints) -> bool:
    """Whether some point as near to j as to k is nearer to these than to any other candidate, by more than rounding."""
    others = candidates[candidates != k]
    normals = Y[others] - Y[j]
    length = np.linalg.norm(normals, axis=1)
    A = np.column_stack([normals / length[:, None], np.ones(len(others))])
    b = np.einsum("ka,ka->k", normals, (Y[others] + Y[j]) / 2) / length
    border = np.append(Y[k] - Y[j], 0.0)[None]
    at = (Y[k] - Y[j]) @ (Y[k] + Y[j]) / 2
    cost = np.append(np.zeros(Y.shape[1]), -1.0)
    limits = [(None, None)] * Y.shape[1] + [(None, 1.0)]
    found = linprog(cost, A, b, border, [at], bounds=limits, method="highs")
    return bool(found.status == 0 and found.x[-1] > _SLACK)
