"""Neural gas: the scikit-learn face of prototypes that learn by their rank."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from numpy.typing import NDArray
from sklearn.base import ClusterMixin

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.starts import check_enough_rows, seeder
from engines.euclidean import EuclideanCodebook
from engines.maps.gas import Annealing, BatchGas, OnlineGas, Plan
from engines.parameters import Param, RandomState
from engines.training import Learner


class NeuralGas(ClusterMixin, EuclideanCodebook):  # type: ignore[misc]
    """Prototypes pulled by every row with h(k) = exp(−k/λ), where k is their rank among the nearest: 0, 1, 2, …

    λ falls from `neighbourhood_start` to `neighbourhood_end` over `annealing` epochs, so that first all prototypes
    learn from all rows, which frees the result of the start, and at last each only from its own. Then λ stays, and a
    run may end before `max_iter` when the prototypes hardly move. At a fixed λ the batch step never raises the cost.

    The batch step, w_i ← Σₙ h xₙ / Σₙ h, is a sum over rows: it has the same bits for any `n_jobs`, in memory or read
    from a `RowSource`. Online, each row in turn moves every prototype by w_i ← w_i + ε(t) h (x − w_i), in an order
    newly drawn for each epoch; rows are held in memory. Ranks are those of Σⱼ (xⱼ − w_ij)² in the rows' own
    precision, equal ones by index; ranks whose h is below that precision's ε (k > 16 λ in float32, 36 λ in float64)
    are left out. Weight w of a row is w repetitions in a row, 0 is absence.

    Parameters
    ----------
    n_prototypes : int
        Prototypes K.
    mode : {"batch", "online"}
    init : {"random", "k-means++", "pca"} or array of shape (K, d)
        Start, as for `KMeans`.
    neighbourhood_start : float or None
        λ at the start; None is K/2.
    neighbourhood_end : float
        λ at the end; at 0.01 only the nearest prototype learns.
    rate_start, rate_end : float
        ε at the start and the end, falling as λ does; of the online mode only.
    annealing : int
        Epochs over which λ and ε fall, as start · (end / start)^(t / annealing).
    max_iter : int
        Most epochs.
    tol : float
        After annealing: end when the squared shift of all prototypes over an epoch is at most this share of the mean
        column variance.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads (of the online mode: for all but the learning itself); None is all cores, -1 too.

    Attributes
    ----------
    prototypes_, cluster_centers_ : ndarray of shape (K, d)
    counts_ : ndarray of shape (K,)
        Weight of the rows of each prototype.
    labels_ : ndarray of shape (n,), int32
    inertia_ : float
        J, the weighted sum of squared distances to the nearest prototype.
    n_iter_ : int
        Epochs.
    history_ : dict of str to ndarray
        One entry per epoch: `iteration`, `cost` (Σₙ Σᵢ h(kᵢ) ‖xₙ − wᵢ‖² over Σₖ h(k), of exactly these prototypes;
        it is J where λ is small), `error_per_row` (J over the weight of all rows), `error_per_component` (that over
        d), `neighbourhood` (λ), `shift` (Euclidean, of all prototypes), `n_empty`; `validation_error_per_row` where
        validation rows were given.

    References
    ----------
    Martinetz, Berkovich & Schulten, "Neural-gas network for vector quantization and its application to time-series
    prediction", 1993; Cottrell, Hammer, Hasenfuß & Villmann, "Batch and median neural gas", 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import NeuralGas
    >>> X = np.array([[1.0], [2.0], [10.0], [11.0]])
    >>> NeuralGas(n_prototypes=2, random_state=0).fit(X).inertia_
    1.0
    """

    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_prototypes: Annotated[int, Param("number of prototypes", low=1)] = 8,
        *,
        mode: Annotated[Literal["batch", "online"], Param("all rows at once, or one row after another")] = "batch",
        init: Annotated[
            Literal["random", "k-means++", "pca"] | NDArray[Any],
            Param("where the prototypes start: a method, or an array (n_prototypes, d)"),
        ] = "random",
        neighbourhood_start: Annotated[
            float | None,
            Param("ranks that learn with the first, at the start; none: half the prototypes", low=0, open_low=True),
        ] = None,
        neighbourhood_end: Annotated[
            float, Param("ranks that learn with the first, at the end", low=0, open_low=True)
        ] = 0.01,
        rate_start: Annotated[float, Param("online: rate at the start", low=0, high=1, open_low=True)] = 0.5,
        rate_end: Annotated[float, Param("online: rate at the end", low=0, high=1, open_low=True)] = 0.005,
        annealing: Annotated[int, Param("epochs over which neighbourhood and rate fall", low=0)] = 30,
        max_iter: Annotated[int, Param("most epochs", low=1)] = 60,
        tol: Annotated[
            float, Param("shift that counts as none, squared, relative to the mean column variance", low=0)
        ] = 1e-4,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_prototypes = n_prototypes
        self.mode = mode
        self.init = init
        self.neighbourhood_start = neighbourhood_start
        self.neighbourhood_end = neighbourhood_end
        self.rate_start = rate_start
        self.rate_end = rate_end
        self.annealing = annealing
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rows, _ = self._training_rows(X)
        validate = None if validation is None else self._validation_error(validation)
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        check_enough_rows(n, weights, self.n_prototypes, "n_prototypes")
        seed = seeder(self.init, self.n_prototypes, d, rows.dtype)
        end = float(self.neighbourhood_end)
        wide = max(self.n_prototypes / 2, end) if self.neighbourhood_start is None else float(self.neighbourhood_start)
        annealing = Annealing(self.annealing, (wide, end), (float(self.rate_start), float(self.rate_end)))
        plan = Plan(self.n_prototypes, annealing, self.max_iter, float(self.tol), resolve_jobs(self.n_jobs))
        learner = BatchGas if self.mode == "batch" else OnlineGas
        return learner(rows, weights, plan, seed, generator(self.random_state), validate)
