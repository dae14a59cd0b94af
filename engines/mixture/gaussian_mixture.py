"""Gaussian mixtures: the scikit-learn face of expectation-maximisation."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from engines.base import Engine, check_sample_weight, generator
from engines.blocks import block_bounds, map_blocks, resolve_jobs
from engines.clustering.starts import check_enough_rows
from engines.codes import CodebookMixin
from engines.kernels.exact import Labels
from engines.mixture.covariances import (
    Doubles,
    Floats,
    Kind,
    Mixture,
    checked_precisions,
    dense_covariances,
    parameter_count,
    precision_factors,
    variances,
)
from engines.mixture.density import Density, work_per_row
from engines.mixture.em import Expectation, Plan, Validator
from engines.mixture.starts import Start
from engines.parameters import Param, RandomState
from engines.rows import RowSource
from engines.survey import NO_WEIGHTS
from engines.training import Learner, StopToken


class GaussianMixture(CodebookMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, Engine):  # type: ignore[misc]
    """The density p(x) = Σₖ wₖ N(x; μₖ, Σₖ) of highest likelihood, by expectation-maximisation.

    A step is an M-step, then an E-step: the bound of the E-step is the log-likelihood of exactly the mixture that a
    snapshot shows, and it never falls. A run ends when a row gains no more than `tol`. Rows may lack values (NaN):
    what is missing counts by its conditional mean and covariance, and the likelihood is that of what is observed.
    float32 rows meet the components in float32 (the tied kind: in float64); log densities, responsibilities and sums
    over rows are float64. The result has the same bits for any `n_jobs`, in memory or read from a `RowSource`.

    A row's code is its most responsible component, which `quantize` turns into that component's mean.

    Parameters
    ----------
    n_components : int
        Components K.
    covariance_type : {"full", "tied", "diag", "spherical"}
        One matrix each, one matrix for all, one variance a column each, one variance each.
    tol : float
        Gain of log-likelihood a row that ends a run.
    reg_covar : float
        Added to every variance, in squared units of X; keeps components of few or equal rows alive.
    max_iter : int
        Most iterations from one start.
    n_init : int
        Starts, of which the likeliest is kept. A start without chance (`"pca"`, given) is made once.
    init : {"k-means", "k-means++", "random", "pca"} or array of shape (K, d)
        Where the means come from: Lloyd's iteration, its start, random rows, slices along the first principal axis;
        then one M-step from the rows nearest to each. An array holds the starting means themselves. Missing values
        count as column means here.
    weights_init : array of shape (K,), optional
        Starting weights, in place of those of the M-step.
    precisions_init : array, optional
        Starting inverse covariances, shaped as `covariances_`.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too.

    Attributes
    ----------
    means_, prototypes_ : ndarray of shape (K, d)
        In the rows' precision.
    covariances_ : ndarray, float64
        full (K, d, d), tied (d, d), diag (K, d), spherical (K,).
    weights_ : ndarray of shape (K,), float64
    counts_ : ndarray of shape (K,), float64
        Nₖ, the responsibilities of each component summed over the rows, weighted.
    precisions_, precisions_cholesky_ : ndarray, float64
        Σ⁻¹, and the upper triangular P with Σ⁻¹ = P Pᵀ (1/σ where there are only variances), shaped as covariances.
    lower_bound_ : float
        Log-likelihood a row, of the rows trained on.
    converged_ : bool
    n_iter_ : int
        Iterations of the kept start.
    history_ : dict of str to ndarray
        One entry per step over all starts: `iteration`, `cost` (minus the log-likelihood), `log_likelihood_per_row`,
        `error_per_row` (mean squared distance to the mean of the most responsible component, over what is observed),
        `error_per_component` (that over d), `gain`, `smallest_weight`, `restart`; where validation rows were given
        `validation_log_likelihood_per_row` and `validation_error_per_row`.

    Notes
    -----
    Without `reg_covar` a step can lower the likelihood by rounding only. With it, it may do so by as little as what
    is added; such a step is not taken and ends the run.

    References
    ----------
    Dempster, Laird & Rubin 1977; Bishop, "Pattern Recognition and Machine Learning", 2006, chapter 9; Ghahramani &
    Jordan 1994 for missing values.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import GaussianMixture
    >>> X = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]])
    >>> model = GaussianMixture(n_components=2, init=X[[0, 3]]).fit(X)
    >>> model.means_
    array([[ 1.,  2.],
           [10.,  2.]])
    >>> model.predict([[0.0, 0.0], [12.0, 3.0]])
    array([0, 1], dtype=int32)
    """

    FITTED: ClassVar[tuple[str, ...]] = ("means_", "covariances_", "weights_", "counts_")

    means_: Floats
    covariances_: Doubles
    weights_: Doubles
    counts_: Doubles
    lower_bound_: float
    converged_: bool
    n_iter_: int

    def __init__(
        self,
        n_components: Annotated[int, Param("number of components", low=1)] = 1,
        *,
        covariance_type: Annotated[
            Literal["full", "tied", "diag", "spherical"], Param("what shape components may have")
        ] = "full",
        tol: Annotated[float, Param("gain of log-likelihood a row that ends a run", low=0)] = 1e-3,
        reg_covar: Annotated[float, Param("added to every variance", low=0, advanced=True)] = 1e-6,
        max_iter: Annotated[int, Param("most iterations from one start", low=1)] = 100,
        n_init: Annotated[int, Param("starts, of which the likeliest is kept", low=1)] = 1,
        init: Annotated[
            Literal["k-means", "k-means++", "random", "pca"] | NDArray[Any],
            Param("where the means start: a method, or an array (n_components, d)"),
        ] = "k-means",
        weights_init: Annotated[
            NDArray[Any] | None, Param("starting weights; none: from the start", advanced=True)
        ] = None,
        precisions_init: Annotated[
            NDArray[Any] | None, Param("starting inverse covariances; none: from the start", advanced=True)
        ] = None,
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init = init
        self.weights_init = weights_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def prototypes_(self) -> Floats:  # type: ignore[override]
        """The means (K, d)."""
        return self.means_

    @property
    def precisions_cholesky_(self) -> Doubles:
        """P with Σ⁻¹ = P Pᵀ, upper triangular (full, tied), or 1/σ (diag, spherical)."""
        return precision_factors(self._mixture)

    @property
    def precisions_(self) -> Doubles:
        """Σ⁻¹, shaped as the covariances."""
        factors = self.precisions_cholesky_
        if self.covariance_type in ("full", "tied"):
            return np.asarray(factors @ np.swapaxes(factors, -1, -2))
        return np.asarray(factors**2)

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> Labels:
        """Train, and give the most responsible component (n,) int32 of each row."""
        return self.fit(X, y, sample_weight).predict(X)

    def predict(self, X: Any) -> Labels:
        """The most responsible component (n,) int32 of each row, of equals the first: the argmax of `predict_proba`."""
        rows = self._new_rows(X)
        labels = np.empty(rows.shape[0], np.int32)

        def one(density: Density, block: Floats, start: int) -> None:
            shares = density.responsibilities(block)[0].astype(rows.dtype)
            labels[start : start + len(block)] = shares.argmax(axis=1)

        self._each_block(rows, one)
        return labels

    def predict_proba(self, X: Any) -> Floats:
        """Responsibilities p(k | x): (n, K), in the rows' precision."""
        rows = self._new_rows(X)
        found = np.empty((rows.shape[0], len(self.weights_)), rows.dtype)

        def one(density: Density, block: Floats, start: int) -> None:
            found[start : start + len(block)] = density.responsibilities(block)[0]

        self._each_block(rows, one)
        return found

    def transform(self, X: Any) -> Floats:
        """Mahalanobis distance √((x − μₖ)ᵀ Σₖ⁻¹ (x − μₖ)) of rows to components: (n, K), in the rows' precision.

        Where values are missing, it is that of the observed ones. The nearest component need not be the most
        responsible one, which also has a weight and a volume.
        """
        rows = self._new_rows(X)
        found = np.empty((rows.shape[0], len(self.weights_)), rows.dtype)

        def one(density: Density, block: Floats, start: int) -> None:
            found[start : start + len(block)] = density.distances(block)

        self._each_block(rows, one)
        return found

    def score_samples(self, X: Any) -> Doubles:
        """log p(x) (n,) of each row; of one with missing values, the log density of the observed ones."""
        rows = self._new_rows(X)
        found = np.empty(rows.shape[0])

        def one(density: Density, block: Floats, start: int) -> None:
            found[start : start + len(block)] = density.responsibilities(block)[1]

        self._each_block(rows, one)
        return found

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Mean log-likelihood of the rows, weighted."""
        densities = self.score_samples(X)
        return float(np.average(densities, weights=check_sample_weight(sample_weight, len(densities))))

    def bic(self, X: Any, sample_weight: Any = None) -> float:
        """Bayesian information criterion −2 log L + p log n of the rows; the lower the better. n is their weight."""
        likelihood, n = self._likelihood(X, sample_weight)
        return -2 * likelihood + self._n_parameters * float(np.log(n))

    def aic(self, X: Any, sample_weight: Any = None) -> float:
        """Akaike information criterion −2 log L + 2 p of the rows; the lower the better."""
        return -2 * self._likelihood(X, sample_weight)[0] + 2 * self._n_parameters

    def sample(self, n_samples: int = 1, random_state: RandomState = None) -> tuple[Floats, Labels]:
        """Draw rows from the mixture.

        Parameters
        ----------
        n_samples : int
        random_state : int, RandomState or None
            None draws with the engine's own.

        Returns
        -------
        X : ndarray of shape (n_samples, d)
            In the precision of the means, component after component.
        labels : ndarray of shape (n_samples,), int32
            The component that each row was drawn from.
        """
        check_is_fitted(self)
        if n_samples < 1:
            raise ValueError(f"n_samples must be an integer of at least 1, got {n_samples!r}.")
        rng = generator(self.random_state if random_state is None else random_state)
        counts = rng.multinomial(n_samples, self.weights_ / self.weights_.sum())
        labels = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        mixture, d = self._mixture, self.means_.shape[1]
        noise = rng.standard_normal((n_samples, d))
        if self.covariance_type in ("full", "tied"):
            roots = np.linalg.cholesky(dense_covariances(mixture))
            parts = np.split(noise, np.cumsum(counts)[:-1])
            noise = np.concatenate([part @ roots[k % len(roots)].T for k, part in enumerate(parts)])
        else:
            noise *= np.sqrt(variances(mixture))[labels]
        return (self.means_[labels] + noise).astype(self.means_.dtype), labels

    def quantization_error(self, X: Any, sample_weight: Any = None) -> float:
        """Mean squared Euclidean distance of the rows to `quantize` of them, over observed values, weighted."""
        rows = self._new_rows(X)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        return self._scored(rows, weights, StopToken())[1]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rows, _ = self._training_rows(X)
        validate = None if validation is None else self._validator(self._validation_rows(validation))
        n, d = rows.shape
        weights = check_sample_weight(sample_weight, n)
        check_enough_rows(n, weights, self.n_components, "n_components")
        kind, k = self.covariance_type, self.n_components
        start = Start(
            init=self.init,
            kind=kind,
            n_components=k,
            reg_covar=float(self.reg_covar),
            weights=None if self.weights_init is None else _checked_weights(self.weights_init, k),
            covariances=None if self.precisions_init is None else checked_precisions(self.precisions_init, kind, k, d),
        )
        plan = Plan(
            start=start,
            n_starts=int(self.n_init) if start.by_chance else 1,
            max_iter=self.max_iter,
            tol=float(self.tol),
            reg_covar=float(self.reg_covar),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        return Expectation(rows, weights, plan, generator(self.random_state), validate)

    def _validator(self, rows: RowSource) -> Validator:
        return lambda mixture, stop: self._scored(rows, None, stop, mixture)

    def _scored(
        self, rows: RowSource, weights: Doubles | None, stop: StopToken, mixture: Mixture | None = None
    ) -> tuple[float, float]:
        """Mean log-likelihood and mean squared error of rows."""
        n = rows.shape[0]
        likelihood, error = 0.0, 0.0

        def one(density: Density, block: Floats, start: int) -> tuple[float, float]:
            own = NO_WEIGHTS if weights is None else weights[start : start + len(block)]
            found = density.gather(block, own, True, stop)
            return found.log_likelihood, found.squared_error

        for part in self._each_block(rows, one, mixture, stop):
            likelihood, error = likelihood + part[0], error + part[1]
        mass = n if weights is None else float(weights.sum())
        return likelihood / mass, error / mass

    def _each_block(
        self, rows: RowSource, one: Any, mixture: Mixture | None = None, stop: StopToken | None = None
    ) -> list[Any]:
        """Results of `one(density, block, start)` for every block, in order."""
        n, d = rows.shape
        mixture = self._mixture if mixture is None else mixture
        density = Density(mixture, rows.dtype)
        bounds = block_bounds(n, d, rows.dtype.itemsize, work_per_row(mixture.kind, len(mixture.weights), d))
        n_jobs = resolve_jobs(self.n_jobs)
        work = map_blocks(rows, lambda block, start: one(density, block, start), bounds, n_jobs=n_jobs, stop=stop)
        return list(work)

    def _likelihood(self, X: Any, sample_weight: Any) -> tuple[float, float]:
        """Log-likelihood and weight of the rows."""
        densities = self.score_samples(X)
        weights = check_sample_weight(sample_weight, len(densities))
        if weights is None:
            return float(densities.sum()), float(len(densities))
        return float(weights @ densities), float(weights.sum())

    def _nearest(self, X: Any) -> Labels:
        return self.predict(X)

    @property
    def _mixture(self) -> Mixture:
        kind: Kind = self.covariance_type
        return Mixture(kind, self.weights_, self.means_, self.covariances_)

    @property
    def _n_parameters(self) -> int:
        return parameter_count(self.covariance_type, *self.means_.shape)


def _checked_weights(given: Any, n_components: int) -> Doubles:
    weights = np.array(given, dtype=np.float64)
    if weights.shape != (n_components,) or not np.all(weights >= 0) or not np.isclose(weights.sum(), 1.0):
        raise ValueError(
            f"weights_init must be {n_components} numbers that are not negative and sum to 1, "
            f"got an array of shape {weights.shape} that sums to {weights.sum():g}."
        )
    return weights
