"""Self-organizing maps: the scikit-learn face of learning by batches and row by row."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from engines.base import check_sample_weight, generator
from engines.blocks import block_bounds, resolve_jobs
from engines.euclidean import EuclideanCodebook
from engines.held import held
from engines.maps.batch import BatchMap
from engines.maps.grid import Grid
from engines.maps.inspection import mean_distance, topographic_error
from engines.maps.learner import Plan, escaped
from engines.maps.online import OnlineMap, shown
from engines.maps.schedule import Schedule
from engines.maps.starts import unit_seeder
from engines.maps.winners import winners
from engines.parameters import Param, RandomState, check_all
from engines.survey import survey
from engines.training import Learner, StopToken

Course = Literal["linear", "exponential", "hyperbolic"]


class SOM(EuclideanCodebook):
    """A self-organizing map: prototypes on a grid, of which neighbours learn with the winner and stay alike.

    In mode "batch" an epoch puts every unit k on w_k = Σ h x / Σ h over all rows, h = h(r, σ) by the distance r on
    the grid between k and the row's winner. It is a sum over rows: in memory or from a `RowSource`, with the same
    bits for any `n_jobs`. In mode "online" each row x in turn, in an order drawn anew for each epoch, moves all units
    by w_k ← w_k + η h (x − w_k), one by one. Rows are then held in memory, winners are found in the rows' own
    precision, and units where |h| is below its rounding unit (2⁻²³, 2⁻⁵²) are left as they are.

    h is exp(−r²/2σ²) ("gaussian"), 1 up to r = σ and 0 beyond ("bubble"), or (1 − r²/σ²) exp(−r²/2σ²)
    ("mexican_hat"). The latter is negative far from the winner: a batch step then is w_k + Σ h (x − w_k) / Σ |h|, and
    w_k stays where rows pull it less than twice as much as they push it (Σ h < Σ |h| / 3); online, all but small
    rates diverge with it, which is told and ends the training at the last good epoch. A unit in whose neighbourhood
    are no rows stays where it is. With σ = 0 the winner stands alone, and a batch step is one of Lloyd's.

    σ and η go from start to end within the first epochs, a share `annealing` of all, and stay the same within an
    epoch. Only then may `tol` end the training. No cost falls with every step of a map, not even the one shown.

    A row of weight w counts as w rows; online it pulls as w of its kind in turn, by 1 − (1 − ηh)^w.

    Parameters
    ----------
    shape : (rows, cols)
        Units; their number is M = rows · cols, and unit k sits in row k // cols and column k % cols.
    topology : {"rectangular", "hexagonal"}
    toroidal : bool
        Whether the grid closes at its sides (hexagonal: with an even number of rows).
    mode : {"batch", "online"}
    neighbourhood : {"gaussian", "bubble", "mexican_hat"}
    init : {"pca", "random"} or array of shape (M, d) or (rows, cols, d)
        Start: evenly on the plane of the two principal axes, one standard deviation to either side, the longer side
        along the first; random rows; or given units.
    sigma_start, sigma_end : float
        Width σ of the neighbourhood in the first epoch, None for a quarter of the longer side, at least 1; and at
        the end of the annealing.
    sigma_schedule : {"exponential", "linear", "hyperbolic"}
    learning_rate_start, learning_rate_end : float
        η, online only.
    learning_rate_schedule : {"exponential", "linear", "hyperbolic"}
        With s the share of the way: start (end/start)^s, start + (end − start)s, or start / (1 + (start/end − 1)s).
    annealing : float
        Share of `max_iter` in which σ and η go from start to end.
    max_iter : int
        Most epochs.
    tol : float
        End, after the annealing, when the squared shift of all units in an epoch is at most this share of the mean
        column variance.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too. Learning online keeps one busy, all use the others between epochs.

    Attributes
    ----------
    prototypes_, cluster_centers_ : ndarray of shape (M, d)
    counts_ : ndarray of shape (M,)
        Weight of the rows of each unit (hits).
    labels_ : ndarray of shape (n,), int32
        Best unit of each row.
    inertia_ : float
        Weighted sum of squared distances to the best unit.
    mean_distance_ : float
        Mean distance, not squared, to the best unit: the quantization error of the literature on maps.
    topographic_error_ : float
        Share of rows whose two best units are not adjacent.
    n_iter_ : int
        Epochs.
    history_ : dict of str to ndarray
        One entry per epoch: `iteration`, `cost` (as `inertia_`), `error_per_row`, `error_per_component`,
        `mean_distance`, `topographic_error`, `sigma`, `rate` (online: η), `shift` (Euclidean, of all units), `changed`
        (share of rows with a new best unit), `n_empty`; `validation_error_per_row` where validation rows were given.

    References
    ----------
    Kohonen, "Self-Organizing Maps", third edition, 2001; Kiviluoto, "Topology preservation in self-organizing maps",
    1996, for the topographic error.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import SOM
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> som = SOM(shape=(4, 4)).fit(X)
    >>> som.prototypes_.shape, bool(som.mean_distance_ < 0.12), som.topographic_error_ < 0.05
    ((16, 2), True, True)
    """

    inertia_: float
    mean_distance_: float
    topographic_error_: float
    n_iter_: int

    def __init__(
        self,
        shape: Annotated[tuple[int, int], Param("rows and columns of units", low=1)] = (8, 8),
        *,
        topology: Annotated[
            Literal["rectangular", "hexagonal"], Param("how the units are set: in squares, or each among six")
        ] = "rectangular",
        toroidal: Annotated[bool, Param("whether the map closes at its sides")] = False,
        mode: Annotated[Literal["batch", "online"], Param("all rows at once, or one after the other")] = "batch",
        neighbourhood: Annotated[
            Literal["gaussian", "bubble", "mexican_hat"], Param("how much units learn with the winner, by distance")
        ] = "gaussian",
        init: Annotated[
            Literal["pca", "random"] | NDArray[Any],
            Param("where the units start: a method, or an array (units, d)"),
        ] = "pca",
        sigma_start: Annotated[
            float | None,
            Param("width of the neighbourhood at first; none: a quarter of the longer side", low=0, unit="units"),
        ] = None,
        sigma_end: Annotated[float, Param("width of the neighbourhood at last", low=0, unit="units")] = 0.5,
        sigma_schedule: Annotated[
            Literal["exponential", "linear", "hyperbolic"], Param("how the width goes from start to end", advanced=True)
        ] = "exponential",
        learning_rate_start: Annotated[
            float, Param("learning rate at first (online)", low=0, high=1, open_low=True)
        ] = 0.5,
        learning_rate_end: Annotated[
            float, Param("learning rate at last (online)", low=0, high=1, open_low=True)
        ] = 0.01,
        learning_rate_schedule: Annotated[
            Literal["exponential", "linear", "hyperbolic"],
            Param("how the learning rate goes from start to end (online)", advanced=True),
        ] = "exponential",
        annealing: Annotated[
            float, Param("share of all epochs in which width and rate go from start to end", low=0, high=1)
        ] = 0.8,
        max_iter: Annotated[int, Param("most epochs", low=1)] = 50,
        tol: Annotated[
            float, Param("shift that counts as none, squared, relative to the mean column variance", low=0)
        ] = 1e-4,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.shape = shape
        self.topology = topology
        self.toroidal = toroidal
        self.mode = mode
        self.neighbourhood = neighbourhood
        self.init = init
        self.sigma_start = sigma_start
        self.sigma_end = sigma_end
        self.sigma_schedule = sigma_schedule
        self.learning_rate_start = learning_rate_start
        self.learning_rate_end = learning_rate_end
        self.learning_rate_schedule = learning_rate_schedule
        self.annealing = annealing
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def grid(self) -> Grid:
        """Where the units sit.

        Raises
        ------
        ValueError
            If `shape` is no pair, or the grid cannot be.
        """
        if len(self.shape) != 2:
            raise ValueError(f"SOM: shape must be two numbers, rows and columns of units, got {self.shape!r}.")
        rows, cols = (int(side) for side in self.shape)
        return Grid(rows, cols, self.topology, bool(self.toroidal))

    def mean_distance(self, X: Any, sample_weight: Any = None) -> float:
        """Mean over rows of the distance, not squared, to the best unit: the literature's quantization error.

        `quantization_error` is, as for every codebook, the mean of the squared distance.
        """
        rows = self._new_rows(X)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        return mean_distance(rows, self.prototypes_, sample_weight=weights, n_jobs=self.n_jobs)

    def topographic_error(self, X: Any, sample_weight: Any = None) -> float:
        """Share of rows whose two best units are not adjacent on the grid."""
        rows = self._new_rows(X)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        return topographic_error(rows, self.prototypes_, self.grid, sample_weight=weights, n_jobs=self.n_jobs)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn online from these rows once, in their order, whatever `mode` is, going on from what is there.

        The first call places the units by `init`. Each call counts as an epoch: σ and η go their way call by call and
        stay at their ends. Afterwards `labels_`, `counts_` and the errors tell of the rows of this call.

        Parameters
        ----------
        X : array-like of shape (n, d), or RowSource
        y : ignored
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, the rows or the weights are unfit, or the units diverge.
        """
        check_all(self)
        grid, first, stop, n_jobs = self.grid, not self.__sklearn_is_fitted__(), StopToken(), resolve_jobs(self.n_jobs)
        rows = held(self._training_rows(X)[0] if first else self._new_rows(X), stop)
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        sample = survey(rows, weights, block_bounds(n, d, rows.dtype.itemsize), n_jobs, stop)
        plan = self._plan(grid, online=True)
        if first:
            prototypes = unit_seeder(self.init, grid, d, rows.dtype)(sample, generator(self.random_state), stop)
        else:
            prototypes = self._prototypes_for(rows)
        epoch = 0 if first else getattr(self, "n_iter_", 0)
        assert plan.rate is not None
        rate = plan.rate.at(epoch)
        before = prototypes
        prototypes = shown(rows.array, weights, np.arange(n), before, plan.neighbourhood(epoch), rate, stop)
        if escaped(sample, before, prototypes):
            raise ValueError("SOM: the units diverge: take a lower learning rate or another neighbourhood.")
        found = winners(rows, weights, prototypes, grid, n_jobs=n_jobs, stop=stop)
        self.adopt(
            {
                "prototypes_": prototypes,
                "counts_": found.counts,
                "labels_": found.labels,
                "inertia_": found.cost,
                "mean_distance_": found.mean_distance,
                "topographic_error_": found.topographic_error,
                "n_iter_": epoch + 1,
            }
        )
        return self

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        grid = self.grid
        plan = self._plan(grid, online=self.mode == "online")
        rows, _ = self._training_rows(X)
        validate = None if validation is None else self._validation_error(validation)
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        seed = unit_seeder(self.init, grid, d, rows.dtype)
        learner = OnlineMap if self.mode == "online" else BatchMap
        return learner(rows, weights, plan, seed, generator(self.random_state), validate)

    def _plan(self, grid: Grid, *, online: bool) -> Plan:
        widest = max(1.0, max(grid.rows, grid.cols) / 4)
        sigma = (widest if self.sigma_start is None else float(self.sigma_start), float(self.sigma_end))
        rate = (float(self.learning_rate_start), float(self.learning_rate_end))
        if 0 in sigma and sigma[0] != sigma[1] and self.sigma_schedule != "linear":
            raise ValueError(
                f"SOM: sigma_schedule must be 'linear' where sigma starts or ends at 0, got {self.sigma_schedule!r}."
            )
        n_epochs = max(1, math.ceil(self.annealing * self.max_iter))
        return Plan(
            grid=grid,
            kind=self.neighbourhood,
            sigma=Schedule(*sigma, self.sigma_schedule, n_epochs),
            rate=Schedule(*rate, self.learning_rate_schedule, n_epochs) if online else None,
            max_iter=self.max_iter,
            tol=float(self.tol),
            n_jobs=resolve_jobs(self.n_jobs),
        )
