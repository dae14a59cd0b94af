"""Hierarchical vector quantization: a coarse codebook, and a fine one inside each of its cells."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClusterMixin
from sklearn.utils.validation import check_is_fitted

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.lloyd import Plan
from engines.clustering.starts import check_enough_rows, n_starts_of
from engines.codes import Codes
from engines.euclidean import EuclideanCodebook
from engines.kernels.exact import Labels
from engines.parameters import Param, RandomState
from engines.quantization.two_stage import Stages, Tree, TwoStage
from engines.training import Learner

Floats = NDArray[Any]
Doubles = NDArray[np.float64]


class HierarchicalVQ(ClusterMixin, EuclideanCodebook):  # type: ignore[misc]
    """Two-stage codebook: a row's nearest coarse prototype, then the nearest fine prototype in that one's cell.

    First k-means finds `n_coarse` prototypes on all rows, then `n_fine` in each cell, on the cell's rows alone. A
    cell of too few rows stops early: its coarse prototype is its only fine one. A row's code is the pair (coarse,
    fine); it is found among n_coarse + n_fine prototypes in place of n_coarse · n_fine, and need not be the nearest
    of them all. The cost never rises, so two stages never err more than the first alone; with `n_fine=1` they are
    that one, `KMeans(n_coarse)`.

    Parameters
    ----------
    n_coarse, n_fine : int
        Prototypes of the coarse codebook, and of the fine one in each cell.
    min_cell_rows : int
        Rows (of positive weight) below which a cell is not refined; below `n_fine` it never is.
    init : {"k-means++", "random", "pca"}
        Start of every codebook, as in `KMeans`.
    n_init : int or "auto"
        Starts of every codebook, of which the best is kept; "auto" is 10 for random rows, else 1.
    max_iter : int
        Most iterations from one start.
    tol : float
        End when the squared shift of all prototypes is at most this share of the mean column variance.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too.

    Attributes
    ----------
    prototypes_ : ndarray of shape (M, d)
        The fine prototypes, cell after cell; M ≤ n_coarse · n_fine.
    counts_ : ndarray of shape (M,)
        Weight of the rows of each.
    coarse_ : ndarray of shape (n_coarse, d)
        The coarse prototypes.
    offsets_ : ndarray of shape (n_coarse + 1,), int64
        The fine prototypes of cell c are `prototypes_[offsets_[c] : offsets_[c + 1]]`.
    labels_ : ndarray of shape (n,), int32
        Index of each row's fine prototype.
    inertia_ : float
        Sum of the squared distances to these, weighted.
    n_iter_ : int
        Steps taken.
    history_ : dict of str to ndarray
        One entry per step, which is an iteration of the coarse codebook or the whole training of a cell's: `iteration`,
        `cost`, `error_per_row`, `error_per_component`, `n_prototypes`, `cells_done`; `validation_error_per_row`
        where validation rows were given.

    References
    ----------
    Gersho & Gray, "Vector quantization and signal compression", 1992, chapter 12 (tree-structured codes).

    Examples
    --------
    >>> import numpy as np
    >>> from engines import HierarchicalVQ
    >>> X = np.array([[0.0], [1.0], [2.0], [100.0], [101.0], [102.0]])
    >>> model = HierarchicalVQ(n_coarse=2, n_fine=3, random_state=0).fit(X)
    >>> model.code_sizes, model.quantization_error(X)
    ((2, 3), 0.0)
    """

    FITTED: ClassVar[tuple[str, ...]] = ("prototypes_", "counts_", "coarse_", "offsets_")

    coarse_: Floats
    offsets_: NDArray[np.int64]
    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_coarse: Annotated[int, Param("prototypes of the coarse codebook", low=1)] = 8,
        n_fine: Annotated[int, Param("prototypes of the fine codebook in each cell", low=1)] = 8,
        *,
        min_cell_rows: Annotated[int, Param("rows below which a cell is not refined; n_fine at least", low=1)] = 1,
        init: Annotated[
            Literal["k-means++", "random", "pca"], Param("where the prototypes of every codebook start")
        ] = "k-means++",
        n_init: Annotated[
            int | Literal["auto"], Param("starts, of which the best is kept; auto: 10 if random, else 1", low=1)
        ] = "auto",
        max_iter: Annotated[int, Param("most iterations from one start", low=1)] = 300,
        tol: Annotated[
            float, Param("shift that counts as none, squared, relative to the mean column variance", low=0)
        ] = 1e-4,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_coarse = n_coarse
        self.n_fine = n_fine
        self.min_cell_rows = min_cell_rows
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def code_sizes(self) -> tuple[int, ...]:
        """(coarse prototypes, most fine prototypes in a cell)."""
        check_is_fitted(self)
        return len(self.coarse_), int(np.diff(self.offsets_).max())

    def predict(self, X: Any) -> Labels:
        """Index (n,) int32, into `prototypes_`, of each row's fine prototype."""
        rows = self._new_rows(X)
        return Tree(self.coarse_, self.prototypes_, self.offsets_).descended(rows, resolve_jobs(self.n_jobs))[0]

    def transform(self, X: Any) -> Floats:
        """Euclidean distance, not squared, of each row to each fine prototype: (n, M), in the rows' precision.

        The smallest may be that of a prototype of another cell than the row's, so its place is not always `predict`.
        """
        return super().transform(X)

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rows, _ = self._training_rows(X)
        held_out = None if validation is None else self._validation_rows(validation)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        check_enough_rows(rows.shape[0], weights, self.n_coarse, "n_coarse")
        n_starts = n_starts_of(self.init, self.n_init)
        plan = Plan(self.n_coarse, n_starts, self.max_iter, float(self.tol), resolve_jobs(self.n_jobs))
        stages = Stages(plan, self.n_fine, max(self.min_cell_rows, self.n_fine), self.init)
        return TwoStage(rows, weights, stages, generator(self.random_state), held_out)

    @property
    def _one_column(self) -> bool:
        return False

    def _codes(self, X: Any) -> Codes:
        leaves = self.predict(X)
        cells = np.searchsorted(self.offsets_, leaves, side="right") - 1
        codes = np.stack([cells, leaves - self.offsets_[cells]], axis=1)
        return codes.astype(np.int32)

    def _decoded(self, codes: NDArray[Any]) -> NDArray[Any]:
        cells, fine = codes[:, 0].astype(np.int64), codes[:, 1].astype(np.int64)
        absent = np.flatnonzero(fine >= np.diff(self.offsets_)[cells])
        if len(absent):
            cell = int(cells[absent[0]])
            raise ValueError(
                f"Cell {cell} has {self.offsets_[cell + 1] - self.offsets_[cell]} fine prototypes, "
                f"so it has no code {int(fine[absent[0]])}."
            )
        return np.asarray(self.prototypes_[self.offsets_[cells] + fine])

    def _squared_errors(self, X: Any) -> Doubles:
        rows = self._new_rows(X)
        return Tree(self.coarse_, self.prototypes_, self.offsets_).descended(rows, resolve_jobs(self.n_jobs))[1]
