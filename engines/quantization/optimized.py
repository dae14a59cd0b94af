"""Optimized product quantization: the scikit-learn face; the learner, the rotation and the codes live elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.lloyd import Plan
from engines.clustering.starts import n_starts_of
from engines.parameters import Param, RandomState
from engines.quantization.alternation import Alternation, Turns
from engines.quantization.books import BookQuantizer, Floats
from engines.quantization.coders import RotatedCoder
from engines.quantization.columns import split_columns
from engines.quantization.rotation import check_rotatable
from engines.quantization.starts import book_seeders, check_rows_for_books
from engines.training import Learner

START_TOL = 1e-4
"""As in `ProductQuantizer`, for the codebooks under the first rotation."""


class OptimizedProductQuantizer(BookQuantizer):
    """Product quantization of rotated rows: rotation and codebooks are learned in turn (OPQ-NP).

    A row x is coded as z = (x − mean) R, run of columns after run. Training first finds codebooks under the first
    rotation as `ProductQuantizer` does. Then each step takes the best rotation for the present cells, R = U Vᵀ of the
    singular value decomposition of XᵀY (Y: the codewords of the rows), the means of the cells as codewords, and
    assigns all rows anew. Neither part raises the error. (A step first tries to turn twice as far, which mostly lowers
    the error more, and goes back where it does not.) With `rotation_init="identity"` and the same seed the error
    on the rows learned from is at most that of a `ProductQuantizer` with `max_iter=start_iter`.

    XᵀY comes from sums over cells, so a step costs one rotation of all rows (2 n d² operations), their assignment, and
    one decomposition of a (d, d) matrix, which is not interrupted by a stop (half a second for d = 800).

    Parameters
    ----------
    n_subspaces : int
        Runs of columns of the rotated rows, each with its own codebook.
    n_bits : int
        Bits of the code in one subspace: K = 2^n_bits codewords, of which there may be no more than rows.
    rotation_init : {"pca", "identity"}
        First rotation: principal axes, shared out so that the subspaces' products of variances are alike
        ("eigenvalue allocation"), or none.
    init : {"k-means++", "random", "pca"} or array of shape (K, d)
        Start of each codebook under the first rotation; an array holds them side by side.
    n_init : int or "auto"
        Starts in each subspace, of which the lowest error is kept; "auto" is 10 for random rows, else 1.
    start_iter : int
        Most iterations of Lloyd from one start, before the rotation is learned.
    max_iter : int
        Most alternations.
    tol : float
        End when an alternation lowers the error by less than this share of it.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too.

    Attributes
    ----------
    codebooks_ : ndarray of shape (K, d)
        Columns `splits_[s]` to `splits_[s + 1]` of it are the codewords of subspace s of the rotated rows.
    counts_ : ndarray of shape (n_subspaces, K)
        Weight of the rows of each codeword.
    splits_ : ndarray of shape (n_subspaces + 1,), int64
    mean_ : ndarray of shape (d,)
        Taken off rows before they are rotated.
    rotation_ : ndarray of shape (d, d)
        R, orthogonal.
    inertia_ : float
        Sum over rows of the squared error, weighted.
    n_iter_ : int
        Steps.
    history_ : dict of str to ndarray
        One entry per step: `iteration`, `cost` (`inertia_`), `error_per_row` (mean squared error),
        `error_per_component` (that over d), `changed` (share of codes that are new), `n_empty`, `n_reseeded`;
        `turned` (Frobenius norm of the rotation's change) from the first alternation on, `shift` and `n_settled` (see
        `ProductQuantizer`) before; `validation_error_per_row` where validation rows were given.

    References
    ----------
    Ge, He, Ke, Sun, "Optimized product quantization", 2014, sections 3.1 and 3.2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import OptimizedProductQuantizer
    >>> t = np.linspace(-1, 1, 64)
    >>> X = np.c_[t, t, t**2, t**2]
    >>> model = OptimizedProductQuantizer(n_subspaces=2, n_bits=3, random_state=0).fit(X)
    >>> model.rotation_.shape, model.bits_per_row
    ((4, 4), 6)
    """

    FITTED: ClassVar[tuple[str, ...]] = (*BookQuantizer.FITTED, "splits_", "mean_", "rotation_")

    splits_: NDArray[np.int64]
    mean_: Floats
    rotation_: Floats
    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_subspaces: Annotated[int, Param("runs of rotated columns, each with its own codebook", low=1)] = 2,
        n_bits: Annotated[int, Param("bits of the code in one subspace", low=1, high=16)] = 4,
        *,
        rotation_init: Annotated[
            Literal["pca", "identity"], Param("first rotation: principal axes shared out evenly, or none")
        ] = "pca",
        init: Annotated[
            Literal["k-means++", "random", "pca"] | NDArray[Any],
            Param("where codebooks start: a method, or an array (2**n_bits, d)"),
        ] = "k-means++",
        n_init: Annotated[
            int | Literal["auto"],
            Param("starts in each subspace, of which the best is kept; auto: 10 if random, else 1", low=1),
        ] = "auto",
        start_iter: Annotated[int, Param("most iterations before the rotation is learned", low=1)] = 20,
        max_iter: Annotated[int, Param("most alternations of rotation and codebooks", low=1)] = 50,
        tol: Annotated[float, Param("relative gain of an alternation that counts as none", low=0)] = 1e-4,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_subspaces = n_subspaces
        self.n_bits = n_bits
        self.rotation_init = rotation_init
        self.init = init
        self.n_init = n_init
        self.start_iter = start_iter
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rows, _ = self._training_rows(X)
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        check_rows_for_books(n, weights, self.n_bits)
        check_rotatable(d)
        splits = split_columns(d, self.n_subspaces)
        plan = Plan(
            n_clusters=2**self.n_bits,
            n_starts=n_starts_of(self.init, self.n_init),
            max_iter=self.start_iter,
            tol=START_TOL,
            n_jobs=resolve_jobs(self.n_jobs),
        )
        turns = Turns(self.rotation_init, self.max_iter, float(self.tol))
        seeds = book_seeders(self.init, 2**self.n_bits, splits, rows.dtype)
        rng = generator(self.random_state)
        return Alternation(rows, weights, splits, plan, turns, seeds, rng, self._validator(validation))

    def _coder(self, dtype: np.dtype[Any]) -> RotatedCoder:
        coder = RotatedCoder(self.codebooks_, np.asarray(self.splits_), self.mean_, self.rotation_)
        return coder.astype(dtype)
