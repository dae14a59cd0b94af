"""Residual quantization: the scikit-learn face; the learner, the search and the codes live elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.lloyd import Plan
from engines.clustering.starts import n_starts_of
from engines.parameters import Param, RandomState
from engines.quantization.books import BookQuantizer
from engines.quantization.residual_coder import ResidualCoder
from engines.quantization.stages import Stages
from engines.quantization.starts import check_rows_for_books, stage_seeders
from engines.training import Learner


class ResidualQuantizer(BookQuantizer):
    """A codebook for the rows, one for what it leaves of them, and so on; a row becomes a sum of codewords.

    Each stage is k-means (Lloyd) on the residuals r = x − c₁ − … of the stages before. To encode, a beam keeps the
    `beam` partial sums that leave least after each stage, over all rows and codewords, and takes the best at the end;
    a beam of 1 takes the nearest codeword of each stage. Training encodes with the same beam between stages, and a
    stage learns from the residuals of each row's best path (not of all paths). A further stage never raises the error
    on the rows learned from. A wider beam lowers the error on average, though not of every row.

    `transform` gives, stage after stage, the distances of the residual that enters the stage, on the row's own path,
    to the codewords of the stage; with a beam of 1 their smallest are the codes.

    Parameters
    ----------
    n_stages : int
        Codebooks.
    n_bits : int
        Bits of the code of one stage: K = 2^n_bits codewords, of which there may be no more than rows.
    beam : int
        Paths that are kept in the search.
    init : {"k-means++", "random", "pca"} or array of shape (n_stages, K, d)
        Start of each stage, as in `KMeans`.
    n_init : int or "auto"
        Starts of each stage, of which the lowest error is kept; "auto" is 10 for random rows, else 1.
    max_iter : int
        Most iterations from one start.
    tol : float
        A stage is at its end when the squared shift of its codewords is at most this share of the mean variance of the
        residuals' columns.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too.

    Attributes
    ----------
    codebooks_ : ndarray of shape (n_stages, K, d)
        While training, of the stages so far.
    counts_ : ndarray of shape (n_stages, K)
        Weight of the rows of each codeword.
    inertia_ : float
        Sum over rows of the squared error, weighted.
    n_iter_ : int
        Steps.
    history_ : dict of str to ndarray
        One entry per step: `iteration`, `cost` (`inertia_`), `error_per_row` (mean squared error),
        `error_per_component` (that over d), `stage` (from 1 on), and of the present stage `shift`, `changed`,
        `n_empty` and `n_reseeded`; `validation_error_per_row` where validation rows were given. The cost falls within
        a stage, and from the end of a stage to that of the next; a new stage may start above.

    References
    ----------
    Chen, Guan, Wang, "Approximate nearest neighbor search by residual vector quantization", 2010; Babenko & Lempitsky,
    "Additive quantization for extreme vector compression", 2014 (beam search).

    Examples
    --------
    >>> import numpy as np
    >>> from engines import ResidualQuantizer
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> model = ResidualQuantizer(n_stages=2, n_bits=1, random_state=0).fit(X)
    >>> model.encode(X).shape, model.quantization_error(X)
    ((4, 2), 0.0)
    """

    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_stages: Annotated[int, Param("codebooks, each for what the ones before leave", low=1)] = 2,
        n_bits: Annotated[int, Param("bits of the code of one stage", low=1, high=16)] = 4,
        beam: Annotated[int, Param("paths that are kept in the search for a code", low=1)] = 5,
        *,
        init: Annotated[
            Literal["k-means++", "random", "pca"] | NDArray[Any],
            Param("where the codebooks of the stages start: a method, or an array (n_stages, 2**n_bits, d)"),
        ] = "k-means++",
        n_init: Annotated[
            int | Literal["auto"],
            Param("starts of each stage, of which the best is kept; auto: 10 if random, else 1", low=1),
        ] = "auto",
        max_iter: Annotated[int, Param("most iterations from one start", low=1)] = 100,
        tol: Annotated[
            float, Param("shift that counts as none, squared, relative to the mean column variance", low=0)
        ] = 1e-4,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_stages = n_stages
        self.n_bits = n_bits
        self.beam = beam
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
        plan = Plan(
            n_clusters=2**self.n_bits,
            n_starts=n_starts_of(self.init, self.n_init),
            max_iter=self.max_iter,
            tol=float(self.tol),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        seeds = stage_seeders(self.init, self.n_stages, 2**self.n_bits, d, rows.dtype)
        rng = generator(self.random_state)
        return Stages(rows, weights, self.n_stages, self.beam, plan, seeds, rng, self._validator(validation))

    def _coder(self, dtype: np.dtype[Any]) -> ResidualCoder:
        return ResidualCoder(self.codebooks_, self.beam).astype(dtype)
