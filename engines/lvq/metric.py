"""The distances of LVQ engines as fitted metrics, d(x, w) = (x - w)ᵀΛ(x - w), block by block; nothing is learned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engines.lvq.kernels import squared_distances

Floats = NDArray[Any]


class Comparison(Protocol):
    """Prototypes and a distance, ready to be compared with blocks of one float type."""

    @property
    def work(self) -> int:
        """Multiply-adds per number of a row."""
        ...

    def distances(self, block: Floats) -> Floats:
        """Squared distances (M, b) of the rows of a (b, d) block to all prototypes."""
        ...


class Distance(Protocol):
    """Any distance between rows and prototypes; a `Metric` is one."""

    def prepare(self, prototypes: Floats, origin: NDArray[np.float64], dtype: np.dtype[Any]) -> Comparison: ...


class Metric(ABC):
    """A squared distance d(x, w) = (x - w)ᵀΛ(x - w), where Λ may depend on the prototype.

    Of a row that lacks values (NaN), the differences that are not known count as 0, and d is multiplied by the number
    of features over that of the observed ones.
    """

    @abstractmethod
    def matrix(self, prototype: int) -> NDArray[np.float64]:
        """Λ (d, d) of the prototype of this number."""

    @abstractmethod
    def prepare(self, prototypes: Floats, origin: NDArray[np.float64], dtype: np.dtype[Any]) -> Prepared:
        """Prototypes (M, d), ready to be compared with blocks of `dtype`, which are moved by `origin` (d,) first.

        Distances do not change by that, and digits are not lost to a common offset.
        """


@dataclass(frozen=True, eq=False)
class Euclidean(Metric):
    """Λ is the identity.

    Attributes
    ----------
    n_features : int
        d.
    """

    n_features: int

    def matrix(self, prototype: int) -> NDArray[np.float64]:
        return np.eye(self.n_features)

    def prepare(self, prototypes: Floats, origin: NDArray[np.float64], dtype: np.dtype[Any]) -> Prepared:
        return _prepared([None], np.zeros(len(prototypes), np.intp), prototypes, origin, dtype)


@dataclass(frozen=True, eq=False)
class Diagonal(Metric):
    """Λ is diagonal.

    Attributes
    ----------
    relevances : (d,)
        The diagonal, not negative.
    """

    relevances: Floats

    def matrix(self, prototype: int) -> NDArray[np.float64]:
        return np.diag(np.asarray(self.relevances, dtype=np.float64))

    def prepare(self, prototypes: Floats, origin: NDArray[np.float64], dtype: np.dtype[Any]) -> Prepared:
        roots = np.sqrt(np.asarray(self.relevances, dtype=np.float64))
        return _prepared([roots], np.zeros(len(prototypes), np.intp), prototypes, origin, dtype)


@dataclass(frozen=True, eq=False)
class Full(Metric):
    """Λ = ΩᵀΩ.

    Attributes
    ----------
    omega : (m, d)
    """

    omega: Floats

    def matrix(self, prototype: int) -> NDArray[np.float64]:
        return relevance_matrix(self.omega)

    def prepare(self, prototypes: Floats, origin: NDArray[np.float64], dtype: np.dtype[Any]) -> Prepared:
        return _prepared([self.omega], np.zeros(len(prototypes), np.intp), prototypes, origin, dtype)


@dataclass(frozen=True, eq=False)
class Local(Metric):
    """Λ = ΩₖᵀΩₖ, where k depends on the prototype.

    Attributes
    ----------
    omegas : (k, m, d)
    of : int array of shape (M,)
        Which of them a prototype has.
    """

    omegas: Floats
    of: NDArray[np.intp]

    def matrix(self, prototype: int) -> NDArray[np.float64]:
        return relevance_matrix(self.omegas[self.of[prototype]])

    def prepare(self, prototypes: Floats, origin: NDArray[np.float64], dtype: np.dtype[Any]) -> Prepared:
        return _prepared(list(self.omegas), self.of, prototypes, origin, dtype)


@dataclass(frozen=True, eq=False)
class View:
    """Prototypes that share one map, and this map.

    Attributes
    ----------
    omega : float64 (m, d), or (d,) for a diagonal, or None for the identity
        Ω.
    cast : the same in the precision of the rows
    which : int array of shape (K,)
        Numbers of the prototypes.
    image : (K, m)
        Ω(w - origin), in the precision of the rows.
    """

    omega: NDArray[np.float64] | None
    cast: Floats | None
    which: NDArray[np.intp]
    image: Floats

    @property
    def is_diagonal(self) -> bool:
        return self.omega is not None and self.omega.ndim == 1

    def of(self, moved: Floats) -> Floats:
        """Ωx of rows x (b, d), one a column: (m, b), contiguous."""
        if self.cast is None:
            return np.ascontiguousarray(moved.T)
        return np.ascontiguousarray((moved * self.cast).T) if self.is_diagonal else np.asarray(self.cast @ moved.T)

    def back(self, image: Floats) -> Floats:
        """Ωᵀz of columns z (m, b): (b, d)."""
        if self.cast is None:
            return image.T
        return np.asarray(image.T * self.cast if self.is_diagonal else image.T @ self.cast)

    def squared(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Λx of float64 rows x (b, d)."""
        if self.omega is None:
            return points
        return np.asarray(points * self.omega**2 if self.is_diagonal else (points @ self.omega.T) @ self.omega)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Prototypes and a metric, ready to be compared with blocks of one float type.

    Attributes
    ----------
    origin : (d,)
    prototypes : float64 (M, d)
        w - origin.
    views : tuple of View
    """

    origin: Floats
    prototypes: Floats
    views: tuple[View, ...]

    @property
    def work(self) -> int:
        """Multiply-adds per number of a row."""
        maps = sum(len(view.omega) for view in self.views if view.omega is not None and not view.is_diagonal)
        return int(maps + sum(view.image.size for view in self.views) // self.prototypes.shape[1])

    def distances(self, block: Floats) -> Floats:
        """d (M, b) of the rows of a (b, d) block to all prototypes.

        Raises
        ------
        ValueError
            If a row has no value at all.
        """
        moved = block - self.origin
        D = np.empty((len(self.prototypes), len(block)), dtype=block.dtype)
        for view in self.views:
            part = D if len(self.views) == 1 else np.empty((len(view.which), len(block)), dtype=block.dtype)
            squared_distances(view.of(moved), view.image, part)
            if part is not D:
                D[view.which] = part
        lacking = np.flatnonzero(np.isnan(D[0]))
        if len(lacking):
            D[:, lacking] = self._of_incomplete(moved[lacking])
        return D

    def _of_incomplete(self, moved: Floats) -> Floats:
        """d (M, b) of moved rows (b, d) that lack values."""
        seen = ~np.isnan(moved)
        factors = moved.shape[1] / observed(seen)
        D = np.empty((len(self.prototypes), len(moved)), dtype=moved.dtype)
        for view in self.views:
            for j in view.which:
                image = view.of(np.where(seen, moved - self.prototypes[j].astype(moved.dtype), 0))
                D[j] = np.sum(np.square(image), axis=0) * factors
        return D


def observed(seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many values each row has, of `seen` (b, d); raises ValueError where a row has none."""
    n_seen = np.count_nonzero(seen, axis=1)
    if not np.all(n_seen):
        raise ValueError("Input X contains a row without any value: leave it out.")
    return np.asarray(n_seen)


def _prepared(
    omegas: list[Floats | None], of: NDArray[np.intp], prototypes: Floats, origin: Floats, dtype: np.dtype[Any]
) -> Prepared:
    """Prototypes with the maps `omegas`, of which each has the one that `of` (M,) tells."""
    origin = origin.astype(dtype)  # rounded before it is used, so that rows and prototypes are moved by the same
    moved = prototypes - origin.astype(np.float64)
    views = []
    for k, omega in enumerate(omegas):
        which = np.flatnonzero(of == k)
        image = moved[which]
        if omega is not None:
            omega = np.asarray(omega, dtype=np.float64)
            image = image * omega if omega.ndim == 1 else image @ omega.T
        cast = None if omega is None else np.ascontiguousarray(omega, dtype=dtype)
        views.append(View(omega, cast, which, np.ascontiguousarray(image, dtype=dtype)))
    return Prepared(origin, moved, tuple(views))


def relevance_matrix(omega: NDArray[Any]) -> NDArray[np.float64]:
    """Λ = ΩᵀΩ (d, d) of Ω (m, d): symmetric, positive semi-definite, of trace 1."""
    omega = np.asarray(omega, dtype=np.float64)
    full = omega.T @ omega
    full = (full + full.T) / 2
    return np.asarray(full / np.trace(full))
