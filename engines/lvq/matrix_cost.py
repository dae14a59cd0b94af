"""Cost and gradient of generalized matrix LVQ (Schneider, Biehl & Hammer 2009), summed over blocks of rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.lvq.initializers import covariance, moments, start_prototypes
from engines.lvq.kernels import TRANSFER, nearest_pairs, relative_terms, sum_by_winner
from engines.lvq.labels import LabelledRows
from engines.lvq.metric import Projection, project, relevance_matrix
from engines.lvq.problem import Evaluation, Problem
from engines.optimize import Arrays
from engines.training import State, StopToken

MIN_ROWS = 256
"""Of a block: its products with Ω cost so much that partial sums of (m, d) do not count, and a stop must be felt."""


@dataclass(frozen=True, eq=False)
class MatrixSettings:
    """What a `MatrixProblem` is made of besides rows.

    Attributes
    ----------
    counts : int64 array of shape (C,)
        Prototypes of each class.
    rank : int
        m, the rows of Ω.
    log_det : float
        η.
    """

    counts: NDArray[np.int64]
    init: str | NDArray[Any]
    rank: int
    omega_init: str | NDArray[Any]
    transfer: str
    beta: float
    margin: float
    log_det: float
    n_jobs: int


@dataclass(frozen=True, eq=False)
class Sums:
    """What a block of rows adds to cost and gradient; c is ∂E/∂d of a row at its winner, before the weights' total.

    Attributes
    ----------
    by_winner : (M, d)
        Σ c (x - origin).
    factors : (M,)
        Σ c.
    products : (m, d)
        Σ c Ω(x - origin)(x - origin)ᵀ.
    """

    cost: float
    n_right: int
    by_winner: NDArray[np.float64]
    factors: NDArray[np.float64]
    products: NDArray[np.float64]


class MatrixProblem(Problem):
    """E = Σ sᵢ φ(μᵢ + margin) / Σ sᵢ - (η/2) ln det(ΩΩᵀ), with Ω = A/‖A‖_F, so that tr ΩᵀΩ = 1 at every A.

    The arrays are `omega` = A (m, d) and `prototypes` = W/s (M, d), where s is the power of two next to the
    data's spread: learning rates then mean the same whatever the units, and no digit of W is touched by s.
    """

    METRIC: ClassVar[frozenset[str]] = frozenset({"omega"})

    def __init__(self, settings: MatrixSettings, n_features: int, dtype: np.dtype[Any]) -> None:
        self.settings = settings
        self._n_features, self._dtype = n_features, dtype
        self._labels = np.repeat(np.arange(len(settings.counts)), settings.counts)
        self._origin = np.zeros(0)
        self._scale = 1.0

    def start(self, data: LabelledRows, rng: np.random.Generator, stop: StopToken) -> dict[str, NDArray[np.float64]]:
        wanted = self.settings
        found = moments(data, len(wanted.counts), n_jobs=wanted.n_jobs, stop=stop)
        self._origin = found.mean
        self._scale = float(2.0 ** np.round(np.log2(found.spread)))
        prototypes = start_prototypes(wanted.init, wanted.counts, data, found, rng)
        omega = start_omega(wanted, self._n_features, rng)
        if omega is None:
            omega = principal_axes(covariance(data, found.mean, n_jobs=wanted.n_jobs, stop=stop), wanted.rank)
        return {"prototypes": prototypes / self._scale, "omega": omega}

    def evaluate(self, arrays: Arrays, data: LabelledRows, stop: StopToken, *, by: Collection[str]) -> Evaluation:
        wanted = self.settings
        norm = float(np.linalg.norm(arrays["omega"]))
        omega = arrays["omega"] / norm
        prototypes = arrays["prototypes"] * self._scale
        projection = project(prototypes, omega, self._origin, self._dtype)
        total = self._sums(projection, data, stop, by)

        weight = data.mean_weight * len(data)
        penalty, by_omega = log_det_penalty(omega, wanted.log_det, gradient="omega" in by)
        cost = total.cost / weight + penalty
        accuracy = total.n_right / len(data)
        if not by:
            return Evaluation(cost, accuracy)

        # ∂d/∂w = -2 Λ (x - w) and ∂d/∂Ω = 2 Ω (x - w)(x - w)ᵀ, each summed with c over the rows of a winner
        centred = prototypes - projection.origin.astype(np.float64)
        pulls = total.by_winner - total.factors[:, None] * centred  # (M, d): Σ c (x - w)
        gradient = {"prototypes": -2 * (pulls @ omega.T) @ omega / weight * self._scale}
        if "omega" in by:
            cross = (total.by_winner @ omega.T).T @ centred + (centred @ omega.T).T @ pulls
            by_omega = by_omega + 2 * (total.products - cross) / weight
            gradient["omega"] = (by_omega - np.sum(by_omega * omega) * omega) / norm  # through Ω = A/‖A‖
        return Evaluation(cost, accuracy, {name: gradient[name] for name in by})

    def normalise(self, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        arrays["omega"][...] /= np.linalg.norm(arrays["omega"])

    def model(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        omega = arrays["omega"] / np.linalg.norm(arrays["omega"])
        return {
            "prototypes_": (arrays["prototypes"] * self._scale).astype(self._dtype),
            "omega_": omega.astype(self._dtype),
        }

    def shown(self, model: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {"relevance_matrix": relevance_matrix(model["omega_"])}

    def check(self, arrays: Arrays) -> None:
        expected = {
            "prototypes": (len(self._labels), self._n_features),
            "omega": (self.settings.rank, self._n_features),
        }
        for name, shape in expected.items():
            if arrays[name].shape != shape:
                raise ValueError(
                    f"The state to resume has {name} of shape {arrays[name].shape}, but these rows and parameters "
                    f"need {shape}."
                )

    def state(self) -> State:
        return {"origin": self._origin, "scale": self._scale}

    def load_state(self, state: State) -> None:
        self._origin, self._scale = np.array(state["origin"]), float(state["scale"])

    def _sums(self, projection: Projection, data: LabelledRows, stop: StopToken, by: Collection[str]) -> Sums:
        wanted, labels = self.settings, self._labels
        n, d = data.rows.shape
        M, m = projection.prototypes.shape

        def work(block: NDArray[Any], start: int) -> Sums:
            here = slice(start, start + len(block))
            D, moved, image = projection.distances(block)
            winners = np.empty((2, len(block)), dtype=np.int64)
            slopes = np.empty((2, len(block)), dtype=block.dtype)
            nearest_pairs(D, labels, data.codes[here], winners[0], winners[1])
            cost, n_right = relative_terms(
                D,
                winners[0],
                winners[1],
                data.weights[here],
                TRANSFER[wanted.transfer],
                wanted.beta,
                wanted.margin,
                slopes[0],
                slopes[1],
            )
            by_winner, factors, products = np.zeros((M, d)), np.zeros(M), np.zeros((0, d))
            if not by:
                return Sums(cost, n_right, by_winner[:0], factors[:0], products)
            for k in range(2):
                sum_by_winner(moved, winners[k], slopes[k], by_winner, factors)
            if "omega" in by:
                products = (image * (slopes[0] + slopes[1])) @ moved
            return Sums(cost, n_right, by_winner, factors, products)

        cost, n_right = 0.0, 0
        by_winner, factors, products = np.zeros((M, d)), np.zeros(M), np.zeros((m, d))
        bounds = block_bounds(n, d, self._dtype.itemsize, M * m // d + 2 * m, min_rows=MIN_ROWS)
        for part in map_blocks(data.rows, work, bounds, n_jobs=wanted.n_jobs, stop=stop):
            cost += part.cost
            n_right += part.n_right
            if by:
                by_winner += part.by_winner
                factors += part.factors
            if "omega" in by:
                products += part.products
        return Sums(cost, n_right, by_winner, factors, products)


def log_det_penalty(
    omega: NDArray[np.float64], eta: float, *, gradient: bool
) -> tuple[float, NDArray[np.float64] | float]:
    """-(η/2) ln det(ΩΩᵀ) of the (m, m) Gram matrix, infinite where it is singular, and its gradient -η(ΩΩᵀ)⁻¹Ω."""
    if eta == 0:
        return 0.0, 0.0
    gram = omega @ omega.T
    sign, log_det = np.linalg.slogdet(gram)
    if sign <= 0:
        return float("inf"), np.zeros_like(omega)
    return -eta / 2 * float(log_det), np.asarray(-eta * np.linalg.solve(gram, omega)) if gradient else 0.0


def start_omega(wanted: MatrixSettings, n_features: int, rng: np.random.Generator) -> NDArray[np.float64] | None:
    """Ω (m, d) at the start, with ‖Ω‖_F = 1; None where it is to be the principal axes of the rows.

    "auto" is the identity at full rank, else "pca"; "random" has normal entries.

    Raises
    ------
    ValueError
        If a given matrix does not fit, is zero, or is singular where the log-det term needs its determinant.
    """
    m, d = wanted.rank, n_features
    start = wanted.omega_init
    if not isinstance(start, str):
        omega = np.array(start, dtype=np.float64)
        if omega.shape != (m, d) or not np.all(np.isfinite(omega)) or not np.any(omega):
            raise ValueError(f"omega_init must be a finite ({m}, {d}) matrix, not all zero; its shape: {omega.shape}.")
        if wanted.log_det > 0 and np.linalg.matrix_rank(omega) < m:
            raise ValueError("omega_init is singular, so the log-det term would be infinite: use log_det=0.")
    elif start == "random":
        omega = rng.standard_normal((m, d))
    elif start == "auto" and m == d:
        omega = np.eye(d)
    else:
        return None
    return np.asarray(omega / np.linalg.norm(omega))


def principal_axes(covariance: NDArray[np.float64], m: int) -> NDArray[np.float64]:
    """The first m principal axes (m, d), all of equal weight, with ‖Ω‖_F = 1; their largest entries are positive."""
    axes = np.linalg.eigh(covariance)[1][:, ::-1][:, :m].T
    signs = np.sign(axes[np.arange(m), np.argmax(np.abs(axes), axis=1)])
    return np.asarray(axes * signs[:, None] / math.sqrt(m))
