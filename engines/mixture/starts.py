"""Where mixtures start: from centres, through the rows nearest to each, or as the user says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.blocks import block_bounds, map_blocks
from engines.clustering.lloyd import Lloyd, Plan
from engines.clustering.starts import Seeder, seeder
from engines.kernels.nearest import Codebook
from engines.mixture.covariances import Doubles, Floats, Kind, Mixture, covariance_shape, improved, no_statistics
from engines.mixture.density import Density
from engines.survey import NO_WEIGHTS, Sample
from engines.training import StopToken

Init = Literal["k-means", "k-means++", "random", "pca"] | NDArray[Any]

LLOYD_ITERATIONS = 100
LLOYD_TOL = 1e-4


@dataclass(frozen=True)
class Start:
    """What to start from.

    Attributes
    ----------
    init : {"k-means", "k-means++", "random", "pca"} or array of shape (K, d)
    kind : {"full", "tied", "diag", "spherical"}
    n_components : int
    reg_covar : float
        Added to the variances of the start.
    weights : (K,) float64 or None
    covariances : float64 or None
        Given ones, that need no rows.
    """

    init: Init
    kind: Kind
    n_components: int
    reg_covar: float
    weights: Doubles | None
    covariances: Doubles | None

    @property
    def by_chance(self) -> bool:
        """Whether two starts may differ."""
        return isinstance(self.init, str) and self.init != "pca"

    def seeder(self, d: int, dtype: np.dtype[Any]) -> Seeder:
        """What gives the centres; raises ValueError if `init` is an array of another shape."""
        if isinstance(self.init, str) and self.init == "k-means":
            return lambda sample, rng, stop: _settled(self.n_components, sample, rng, stop)
        return seeder(self.init, self.n_components, d, dtype)


def started(
    start: Start, seed: Seeder, sample: Sample, rows: Any, rng: np.random.Generator, stop: StopToken
) -> Mixture:
    """The mixture to begin with: one M-step from the rows nearest to each centre, then what is given instead.

    Parameters
    ----------
    start : Start
    seed : callable
        From `start.seeder`.
    sample : Sample
        The rows, their gaps filled.
    rows : RowSource of shape (n, d)
        The rows, gaps and all.
    rng : Generator
    stop : StopToken
    """
    centres = np.ascontiguousarray(seed(sample, rng, stop), rows.dtype)
    k = start.n_components
    mixture = Mixture(start.kind, np.full(k, 1.0 / k), centres, _pooled(start, sample))
    if start.weights is None or start.covariances is None:
        mixture = _from_cells(mixture, start.reg_covar, sample, rows, stop)
    return Mixture(
        start.kind,
        mixture.weights if start.weights is None else start.weights,
        mixture.means if isinstance(start.init, str) else centres,
        mixture.covariances if start.covariances is None else start.covariances,
    )


def _from_cells(mixture: Mixture, reg_covar: float, sample: Sample, rows: Any, stop: StopToken) -> Mixture:
    """One M-step with every row in the hands of the nearest mean."""
    n, d = rows.shape
    n_components = len(mixture.weights)
    codebook, density = Codebook(mixture.means), Density(mixture, rows.dtype)
    bounds = block_bounds(n, d, rows.dtype.itemsize, n_components * d)

    def one(block: Floats, start: int) -> Any:
        labels = np.empty(len(block), np.int32)
        codebook.label(sample.rows.read(start, start + len(block)), labels)
        shares = np.zeros((len(block), n_components))
        own = NO_WEIGHTS if sample.weights is None else sample.weights[start : start + len(block)]
        shares[np.arange(len(block)), labels] = own if own.size else 1.0
        return density.gather_shares(block, shares, stop)

    found = no_statistics(mixture.kind, n_components, d)
    for part in map_blocks(rows, one, bounds, n_jobs=sample.n_jobs, stop=stop):
        found = found + part
    return improved(mixture, found, reg_covar)


def _pooled(start: Start, sample: Sample) -> Doubles:
    """Covariances of the spread of all rows along each column, and never zero."""
    d = sample.rows.shape[1]
    variance = np.where(sample.variance > 0, sample.variance, 1.0)
    each = {"full": np.diag(variance), "tied": np.diag(variance), "diag": variance, "spherical": variance.mean()}
    shape = covariance_shape(start.kind, start.n_components, d)
    return np.ascontiguousarray(np.broadcast_to(each[start.kind], shape))


def _settled(n_components: int, sample: Sample, rng: np.random.Generator, stop: StopToken) -> Floats:
    """Where Lloyd's iteration from k-means++ ends."""
    d = sample.rows.shape[1]
    plan = Plan(n_components, n_starts=1, max_iter=LLOYD_ITERATIONS, tol=LLOYD_TOL, n_jobs=sample.n_jobs)
    seed = seeder("k-means++", n_components, d, sample.rows.dtype)
    lloyd = Lloyd(sample.rows, sample.weights, plan, seed, rng)
    lloyd.start(stop)
    while not lloyd.finished:
        lloyd.step(stop)
    return np.asarray(lloyd.fitted()["prototypes_"])
