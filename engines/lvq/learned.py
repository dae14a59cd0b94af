"""Metrics that are learned: their arrays, the fitted `Metric` at a point, and the way of a gradient back to the arrays.

Trace 1 is part of each: Ω = A/‖A‖_F and λ = a²/‖a‖², so that no step has to be put right afterwards.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from engines.lvq.metric import Diagonal, Euclidean, Full, Local, Metric, relevance_matrix
from engines.optimize import Arrays

Floats = NDArray[np.float64]

WIDEST = 500
"""Up to so many columns, all principal axes are found at once."""


class LearnedMetric(ABC):
    """The metric's part of a cost: arrays without units beside those of the prototypes."""

    NAMES: ClassVar[frozenset[str]] = frozenset()
    """Of the arrays."""

    n_features: int

    @abstractmethod
    def start(self, covariance: Callable[[], Floats], rng: np.random.Generator) -> dict[str, Floats]:
        """The arrays at iteration 0; the covariance (d, d) of the rows is only found where it is asked for.

        Raises
        ------
        ValueError
            If a given start does not fit.
        """

    @abstractmethod
    def metric(self, arrays: Arrays) -> Metric:
        """The distance at a point, of trace 1."""

    @abstractmethod
    def gradient(self, arrays: Arrays, by_view: list[Floats]) -> dict[str, Floats]:
        """By the arrays, from that by the Ω (m, d) or λ (d,) of each view of the metric."""

    def penalty(self, arrays: Arrays) -> tuple[float, list[Floats]]:
        """A term of the cost that depends on the metric alone, and its gradient by the Ω of each view, if any."""
        return 0.0, []

    @abstractmethod
    def normalise(self, arrays: Mapping[str, Floats]) -> None:
        """Bring `arrays`, in place, to the form of trace 1; the metric does not change."""

    @abstractmethod
    def model(self, arrays: Arrays, dtype: np.dtype[Any]) -> dict[str, NDArray[Any]]:
        """Fitted attributes by name, with underscore."""

    @abstractmethod
    def shown(self, model: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Further arrays for views, made of a model's."""

    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the arrays."""


@dataclass(frozen=True)
class NoMetric(LearnedMetric):
    """The Euclidean distance, of which nothing is learned.

    Attributes
    ----------
    n_features : int
    """

    n_features: int

    def start(self, covariance: Callable[[], Floats], rng: np.random.Generator) -> dict[str, Floats]:
        return {}

    def metric(self, arrays: Arrays) -> Metric:
        return Euclidean(self.n_features)

    def gradient(self, arrays: Arrays, by_view: list[Floats]) -> dict[str, Floats]:
        return {}

    def normalise(self, arrays: Mapping[str, Floats]) -> None:
        pass

    def model(self, arrays: Arrays, dtype: np.dtype[Any]) -> dict[str, NDArray[Any]]:
        return {}

    def shown(self, model: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {}


@dataclass(frozen=True, eq=False)
class Relevances(LearnedMetric):
    """λ = a²/‖a‖², not negative and of sum 1 at every a (d,) but 0.

    Attributes
    ----------
    init : array of shape (d,), or None
        λ at the start, up to a factor; None is all alike.
    """

    NAMES: ClassVar[frozenset[str]] = frozenset({"roots"})

    n_features: int
    init: NDArray[Any] | None

    def start(self, covariance: Callable[[], Floats], rng: np.random.Generator) -> dict[str, Floats]:
        if self.init is None:
            return {"roots": np.full(self.n_features, 1 / math.sqrt(self.n_features))}
        given = np.array(self.init, dtype=np.float64)
        fits = given.shape == (self.n_features,) and np.all(np.isfinite(given)) and np.all(given >= 0)
        if not fits or not np.any(given):
            raise ValueError(
                f"relevances_init must be {self.n_features} finite numbers, none negative and not all zero; "
                f"its shape: {given.shape}."
            )
        return {"roots": np.sqrt(given / given.sum())}

    def metric(self, arrays: Arrays) -> Metric:
        return Diagonal(_unit(arrays["roots"]) ** 2)

    def gradient(self, arrays: Arrays, by_view: list[Floats]) -> dict[str, Floats]:
        unit = _unit(arrays["roots"])
        return {"roots": _through_norm(2 * unit * by_view[0], unit, arrays["roots"])}

    def normalise(self, arrays: Mapping[str, Floats]) -> None:
        arrays["roots"][...] = _unit(arrays["roots"])

    def model(self, arrays: Arrays, dtype: np.dtype[Any]) -> dict[str, NDArray[Any]]:
        return {"relevances_": (_unit(arrays["roots"]) ** 2).astype(dtype)}

    def shown(self, model: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {"relevance_matrix": np.diag(model["relevances_"].astype(np.float64))}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"roots": (self.n_features,)}


@dataclass(frozen=True, eq=False)
class Omegas(LearnedMetric):
    """Ω = A/‖A‖_F, one (m, d) for all prototypes or several (k, m, d), each of norm 1.

    With η > 0, -(η/2) ln det(ΩΩᵀ) belongs to the cost, the mean of it where there are several Ω.

    Attributes
    ----------
    init : {"auto", "pca", "random"} or array of shape (m, d) or (k, m, d)
    log_det : float
        η.
    of : int array of shape (M,), or None
        Which Ω a prototype has; None is one for all.
    """

    NAMES: ClassVar[frozenset[str]] = frozenset({"omega"})

    n_features: int
    rank: int
    init: str | NDArray[Any]
    log_det: float
    of: NDArray[np.intp] | None = None

    def start(self, covariance: Callable[[], Floats], rng: np.random.Generator) -> dict[str, Floats]:
        (shape,) = self.shapes().values()
        start = self.init
        if not isinstance(start, str):
            return {"omega": _units(self._given(start, shape))}
        if start == "random":
            return {"omega": _units(rng.standard_normal(shape))}
        if start == "auto" and self.rank == self.n_features:
            return {"omega": _units(np.broadcast_to(np.eye(self.rank), shape))}
        return {"omega": _units(np.broadcast_to(principal_axes(covariance(), self.rank), shape))}

    def metric(self, arrays: Arrays) -> Metric:
        omega = _units(arrays["omega"])
        return Full(omega) if self.of is None else Local(omega, self.of)

    def gradient(self, arrays: Arrays, by_view: list[Floats]) -> dict[str, Floats]:
        A = arrays["omega"]
        found = np.stack([_through_norm(by, _unit(a), a) for by, a in zip(by_view, _stack(A), strict=True)])
        return {"omega": found.reshape(A.shape)}

    def penalty(self, arrays: Arrays) -> tuple[float, list[Floats]]:
        if self.log_det == 0:
            return super().penalty(arrays)
        omegas = _stack(_units(arrays["omega"]))
        terms = [log_det_penalty(omega, self.log_det / len(omegas)) for omega in omegas]
        return sum(cost for cost, _ in terms), [gradient for _, gradient in terms]

    def normalise(self, arrays: Mapping[str, Floats]) -> None:
        arrays["omega"][...] = _units(arrays["omega"])

    def model(self, arrays: Arrays, dtype: np.dtype[Any]) -> dict[str, NDArray[Any]]:
        return {"omega_" if self.of is None else "omegas_": _units(arrays["omega"]).astype(dtype)}

    def shown(self, model: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        if self.of is None:
            return {"relevance_matrix": relevance_matrix(model["omega_"])}
        return {"relevance_matrices": np.stack([relevance_matrix(omega) for omega in model["omegas_"]])}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        shape = (self.rank, self.n_features)
        return {"omega": shape if self.of is None else (int(self.of.max()) + 1, *shape)}

    def _given(self, start: NDArray[Any], shape: tuple[int, ...]) -> Floats:
        given = np.array(start, dtype=np.float64)
        fits = given.shape == shape and np.all(np.isfinite(given)) and all(np.any(omega) for omega in _stack(given))
        if not fits:
            raise ValueError(
                f"omega_init must be a finite {shape} array, no matrix all zero; its shape: {given.shape}."
            )
        if self.log_det > 0 and min(np.linalg.matrix_rank(omega) for omega in _stack(given)) < self.rank:
            raise ValueError("omega_init is singular, so the log-det term would be infinite: use log_det=0.")
        return given


def log_det_penalty(omega: Floats, eta: float) -> tuple[float, Floats]:
    """-(η/2) ln det(ΩΩᵀ) of the (m, m) Gram matrix, infinite where it is singular, and its gradient -η(ΩΩᵀ)⁻¹Ω."""
    gram = omega @ omega.T
    sign, log_det = np.linalg.slogdet(gram)
    if sign <= 0:
        return float("inf"), np.zeros_like(omega)
    return -eta / 2 * float(log_det), np.asarray(-eta * np.linalg.solve(gram, omega))


def principal_axes(covariance: Floats, m: int) -> Floats:
    """The first m principal axes (m, d), all of equal weight, with ‖Ω‖_F = 1; their largest entries are positive.

    A few axes of many columns come from a randomized decomposition (Halko et al. 2011) with a seed of its own: all of
    them would take d³ steps.
    """
    if len(covariance) > WIDEST and 4 * m < len(covariance):
        axes = randomized_svd(covariance, m, random_state=0)[2]
    else:
        axes = np.linalg.eigh(covariance)[1][:, ::-1][:, :m].T
    signs = np.sign(axes[np.arange(m), np.argmax(np.abs(axes), axis=1)])
    return np.asarray(axes * signs[:, None] / math.sqrt(m))


def _stack(A: Floats) -> Floats:
    """One matrix (m, d) or several as (k, m, d)."""
    return A.reshape(-1, *A.shape[-2:])


def _unit(A: Floats) -> Floats:
    return np.asarray(A / np.linalg.norm(A))


def _units(A: Floats) -> Floats:
    """One matrix, or each of several, divided by its norm."""
    return np.asarray(A / np.linalg.norm(A, axis=(-2, -1), keepdims=True))


def _through_norm(gradient: Floats, unit: Floats, A: Floats) -> Floats:
    """The gradient by A of what has this one by A/‖A‖."""
    return np.asarray((gradient - np.sum(gradient * unit) * unit) / np.linalg.norm(A))
