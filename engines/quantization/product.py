"""Product quantization: the scikit-learn face; the learner, the columns and the codes live elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.lloyd import Plan
from engines.clustering.starts import n_starts_of
from engines.parameters import Param, RandomState
from engines.quantization.books import BookQuantizer
from engines.quantization.coders import ProductCoder
from engines.quantization.columns import split_columns
from engines.quantization.joint import JointLloyd
from engines.quantization.starts import book_seeders, check_rows_for_books
from engines.training import Learner


class ProductQuantizer(BookQuantizer):
    """Columns cut into subspaces with a codebook of 2^n_bits codewords each, found by Lloyd's iteration.

    A row is coded by the nearest codeword of each subspace, so n_subspaces small codebooks stand for one of
    (2^n_bits)^n_subspaces prototypes. The squared error is the sum of those of the subspaces, and each is minimised by
    k-means on its own; a step is one iteration of Lloyd in every subspace that has not settled, and the error never
    rises. Subspaces are runs of consecutive columns; where `n_features` is no multiple of `n_subspaces`, the first
    ones are a column wider. The result has the same bits for any `n_jobs`, in memory or read from a `RowSource`.

    Parameters
    ----------
    n_subspaces : int
        Runs of columns, each with its own codebook.
    n_bits : int
        Bits of the code in one subspace: K = 2^n_bits codewords, of which there may be no more than rows.
    init : {"k-means++", "random", "pca"} or array of shape (K, d)
        Start of each codebook, as in `KMeans`; an array holds the codebooks side by side, as `codebooks_` does.
    n_init : int or "auto"
        Starts in each subspace, of which the lowest error is kept; "auto" is 10 for random rows, else 1.
    max_iter : int
        Most iterations from one start.
    tol : float
        A subspace is at its end when the squared shift of its codewords is at most this share of the mean variance of
        its columns.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too.

    Attributes
    ----------
    codebooks_ : ndarray of shape (K, d)
        Columns `splits_[s]` to `splits_[s + 1]` of it are the codewords of subspace s.
    counts_ : ndarray of shape (n_subspaces, K)
        Weight of the rows of each codeword.
    splits_ : ndarray of shape (n_subspaces + 1,), int64
    inertia_ : float
        Sum over rows of the squared error, weighted.
    n_iter_ : int
        Steps.
    history_ : dict of str to ndarray
        One entry per step: `iteration`, `cost` (`inertia_`), `error_per_row` (mean squared error),
        `error_per_component` (that over d), `shift` (Euclidean, of all codewords), `changed` (mean share of rows with
        a new code),
        `n_empty`, `n_reseeded`, `n_settled` (subspaces at their end); `validation_error_per_row` where validation
        rows were given.

    References
    ----------
    Jégou, Douze, Schmid, "Product quantization for nearest neighbor search", 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import ProductQuantizer
    >>> X = np.array([[0.0, 5.0], [0.0, 7.0], [1.0, 5.0], [1.0, 7.0]])
    >>> model = ProductQuantizer(n_subspaces=2, n_bits=1, random_state=0).fit(X)
    >>> model.encode(X).shape, model.bits_per_row, model.quantization_error(X)
    ((4, 2), 2, 0.0)
    """

    FITTED: ClassVar[tuple[str, ...]] = (*BookQuantizer.FITTED, "splits_")

    splits_: NDArray[np.int64]
    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_subspaces: Annotated[int, Param("runs of columns, each with its own codebook", low=1)] = 2,
        n_bits: Annotated[int, Param("bits of the code in one subspace", low=1, high=16)] = 4,
        *,
        init: Annotated[
            Literal["k-means++", "random", "pca"] | NDArray[Any],
            Param("where codebooks start: a method, or an array (2**n_bits, d)"),
        ] = "k-means++",
        n_init: Annotated[
            int | Literal["auto"],
            Param("starts in each subspace, of which the best is kept; auto: 10 if random, else 1", low=1),
        ] = "auto",
        max_iter: Annotated[int, Param("most iterations from one start", low=1)] = 100,
        tol: Annotated[
            float, Param("shift that counts as none, squared, relative to the mean column variance", low=0)
        ] = 1e-4,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_subspaces = n_subspaces
        self.n_bits = n_bits
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rows, _ = self._training_rows(X)
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        check_rows_for_books(n, weights, self.n_bits)
        splits = split_columns(d, self.n_subspaces)
        plan = Plan(
            n_clusters=2**self.n_bits,
            n_starts=n_starts_of(self.init, self.n_init),
            max_iter=self.max_iter,
            tol=float(self.tol),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        seeds = book_seeders(self.init, 2**self.n_bits, splits, rows.dtype)
        return JointLloyd(rows, weights, splits, plan, seeds, generator(self.random_state), self._validator(validation))

    def _coder(self, dtype: np.dtype[Any]) -> ProductCoder:
        return ProductCoder(self.codebooks_, np.asarray(self.splits_)).astype(dtype)
