"""Online vector quantization: the scikit-learn face of sequential competitive learning."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClusterMixin

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.competitive import Competition, Plan, Schedule, epoch
from engines.clustering.starts import check_enough_rows, seeder
from engines.clustering.streaming import StreamingCodebook
from engines.held import held
from engines.parameters import Param, RandomState
from engines.survey import Sample
from engines.training import Learner, StopToken


class OnlineVQ(ClusterMixin, StreamingCodebook):  # type: ignore[misc]
    """Competitive learning, one row at a time: the nearest prototype s moves by w_s ← w_s + α(t)(x − w_s).

    Nothing is batched or approximated: each row meets the prototypes as the row before left them. An epoch presents
    every row once, in an order newly drawn for each epoch. The winner is found, and moved, in the rows' own
    precision; equally near prototypes give way to the lowest index. Time t counts epochs, and passes within them.

    A row of weight w moves its prototype as far as w presentations in a row at its rate would, by
    α_w = 1 − (1 − α)^w, and with MacQueen's rate by w/n_s after n_s ← n_s + w, which is the mean of w repetitions;
    a row of weight 0 is not there. Rows are held in memory: a `RowSource` is read once.

    Parameters
    ----------
    n_prototypes : int
        Prototypes K.
    init : {"k-means++", "random", "pca"} or array of shape (K, d)
        Start, as for `KMeans`.
    rate : {"hyperbolic", "exponential", "macqueen"}
        α(t) = α₀/(1 + βt), α₀ exp(−βt), or 1/n_s, where n_s is the weight that the prototype has won, this row
        included: the prototype is the mean of its rows, and its start is forgotten with the first.
    initial_rate : float
        α₀, at most 1; MacQueen's rate needs none.
    decay : float
        β per epoch; MacQueen's rate needs none.
    max_iter : int
        Most epochs.
    tol : float
        End when the squared shift of all prototypes over an epoch is at most this share of the mean column variance.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads of everything but the learning itself; None is all cores, -1 too.

    Attributes
    ----------
    prototypes_, cluster_centers_ : ndarray of shape (K, d)
    counts_ : ndarray of shape (K,)
        Weight of the rows of each prototype.
    wins_ : ndarray of shape (K,)
        Weight of all presentations that each prototype has won.
    labels_ : ndarray of shape (n,), int32
    inertia_ : float
        J, the weighted sum of squared distances.
    n_iter_ : int
        Epochs.
    history_ : dict of str to ndarray
        One entry per epoch: `iteration`, `cost` (J of exactly these prototypes), `error_per_row`,
        `error_per_component`, `shift` (Euclidean, of all prototypes), `n_empty`, `rate` (where there is a schedule);
        `validation_error_per_row` where validation rows were given.

    References
    ----------
    MacQueen, "Some methods for classification and analysis of multivariate observations", 1967; Kohonen,
    "Self-Organizing Maps", 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import OnlineVQ
    >>> X = np.array([[1.0, 2.0], [1.0, 4.0], [10.0, 2.0], [10.0, 4.0]])
    >>> OnlineVQ(n_prototypes=2, rate="macqueen", random_state=0).fit(X).inertia_
    4.0
    """

    COUNT: ClassVar[str] = "n_prototypes"

    def __init__(
        self,
        n_prototypes: Annotated[int, Param("number of prototypes", low=1)] = 8,
        *,
        init: Annotated[
            Literal["k-means++", "random", "pca"] | NDArray[Any],
            Param("where the prototypes start: a method, or an array (n_prototypes, d)"),
        ] = "k-means++",
        rate: Annotated[
            Literal["hyperbolic", "exponential", "macqueen"],
            Param("how the rate falls: with time, or (macqueen) with the rows that the prototype has won"),
        ] = "hyperbolic",
        initial_rate: Annotated[float, Param("rate at the start", low=0, high=1, open_low=True)] = 0.1,
        decay: Annotated[float, Param("how fast the rate falls, per epoch", low=0)] = 1.0,
        max_iter: Annotated[int, Param("most epochs", low=1)] = 20,
        tol: Annotated[
            float, Param("shift that counts as none, squared, relative to the mean column variance", low=0)
        ] = 1e-4,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_prototypes = n_prototypes
        self.init = init
        self.rate = rate
        self.initial_rate = initial_rate
        self.decay = decay
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
        plan = Plan(self.n_prototypes, self._schedule(), self.max_iter, float(self.tol), resolve_jobs(self.n_jobs))
        return Competition(rows, weights, plan, seed, generator(self.random_state), validate)

    def _learned(
        self, sample: Sample, prototypes: NDArray[Any], wins: NDArray[np.float64], epochs: int, stop: StopToken
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        rows = held(sample.rows, stop)
        return epoch(rows.array, sample.weights, prototypes, wins, self._schedule(), epochs, None, stop)

    def _schedule(self) -> Schedule:
        return Schedule(self.rate, float(self.initial_rate), float(self.decay))
