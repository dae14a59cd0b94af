"""What a trained model computes of a raw row, as plain arrays: all that a writer of portable code needs to know."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import get_tags

from engines.base import Engine
from engines.lvq.explain import is_explainable
from workbench.data import FittedRecipe
from workbench.reports.codebook import about
from workbench.reports.errors import ReportError
from workbench.reports.learned import Trained

Floats = NDArray[Any]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

REASONS = {
    "GranularLVQ": "it compares rows by the training rows that are near them in value",
    "DeepVQ": "its rows go through networks first",
    "VQVAE": "its rows go through networks first",
    "MetaQuantizer": "its rows go through networks first",
    "DCN": "its rows go through networks first",
    "ModifiedDCN": "its rows go through networks first",
    "LogEuclideanGLVQ": "it needs logarithms of matrices, for which ONNX has no operation",
}
"""Why an engine cannot leave as code, or as ONNX."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """A row x belongs to the prototype w of least d(x, w): of equally near ones, to the first.

    d(x, w) is ‖x - w‖², or Σ λₐ(xₐ - wₐ)², or ‖Ω(x - w)‖² with an Ω for all or one that w tells. Where values of x are
    missing, their differences count as 0, and d is multiplied by the number of values over that of those there are.

    Attributes
    ----------
    prototypes : (M, p)
        As they are compared with rows.
    relevances : (p,) or None
        λ.
    omegas : (k, m, p) or None
        Ω.
    of : (M,) int64
        Which Ω a prototype has.
    is_unit : bool
        Whether rows are divided by their length before; rows of zeros stay.
    shrinkage : float or None
        For rows that are SPD matrices X (k, k): they are compared as the upper triangle, row by row and times √2 off
        the diagonal, of log((1 - shrinkage) X + shrinkage (tr X / k) I). None for other rows.
    coarse : (C, p) or None
        With `offsets` (C + 1,): the nearest of `coarse` comes first; only prototypes from offsets[c] on and before
        offsets[c + 1] are looked at then.
    """

    prototypes: Floats
    relevances: Floats | None
    omegas: Floats | None
    of: Ints
    is_unit: bool = False
    shrinkage: float | None = None
    coarse: Floats | None = None
    offsets: Ints | None = None


@dataclass(frozen=True, eq=False)
class Mixture:
    """A row belongs to the component of the greatest log w + log N(x; μ, Σ), of what is there of x.

    Attributes
    ----------
    means : (K, p)
    log_weights : (K,)
    constants : (K,)
        log w - ½(p log 2π + log|Σ|).
    covariances, factors : (k, p, p) or None
        Σ, and upper triangular P with Σ⁻¹ = PPᵀ, of each component, or of all (k = 1).
    variances : (K, p) or None
        In place of these where Σ is diagonal.
    """

    means: Floats
    log_weights: Doubles
    constants: Doubles
    covariances: Doubles | None
    factors: Doubles | None
    variances: Doubles | None


@dataclass(frozen=True, eq=False)
class Books:
    """A row's code is a codeword of each book.

    With `splits`, each book codes its own columns of the row by the nearest codeword; the row is turned before, as
    (x - mean) R, where there is a rotation R. Else each book codes what the books before leave of the row; the `beam`
    sums that leave least are followed, and the best of them is taken at the end.

    Attributes
    ----------
    books : tuple of (K, w) arrays
    splits : (B + 1,) int64, or None
        Columns splits[b] to splits[b + 1] are those of book b.
    mean : (p,) or None
    rotation : (p, p) or None
    beam : int
    """

    books: tuple[Floats, ...]
    splits: Ints | None
    mean: Floats | None = None
    rotation: Floats | None = None
    beam: int = 1


@dataclass(frozen=True, eq=False)
class Portable:
    """A recipe and a rule.

    Attributes
    ----------
    recipe : FittedRecipe
        From d raw columns to what the rule is about, rounded to `recipe.dtype`.
    rule : Nearest, Mixture or Books
    takes_gaps : bool
        Whether missing values reach the rule, and it has an answer to them.
    classes : tuple
        Class values, of which a prototype has number `codes` (M,); empty for a model without classes.
    codes : (M,) int64
    threshold : float or None
        Rows of less certainty are to be rejected.
    about : dict of str to str
        Where it comes from.
    """

    recipe: FittedRecipe
    rule: Nearest | Mixture | Books
    takes_gaps: bool
    classes: tuple[Any, ...]
    codes: Ints
    threshold: float | None
    about: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the d raw columns."""
        return self.recipe.names


def portable(run: Trained) -> Portable:
    """What the model of `run` computes; raises ReportError as `portable_engine` does."""
    threshold = run.run.threshold
    return portable_engine(
        run.model,
        run.data.recipe,
        threshold=None if threshold is None else threshold.value,
        about=_origin(run),
    )


def portable_engine(
    engine: Engine, recipe: FittedRecipe, *, about: dict[str, str], threshold: float | None = None
) -> Portable:
    """What a fitted engine computes of rows that go through `recipe` first.

    Raises
    ------
    ReportError
        If it is more than can be written down.
    """
    classes = np.asarray(getattr(engine, "classes_", ()))
    labels = getattr(engine, "prototype_labels_", None)
    rule = rule_of(engine)
    if isinstance(rule, Nearest) and rule.shrinkage is not None and recipe.forward is not None:
        raise ReportError("Whitened matrices cannot be written as code: export the model instead.")
    return Portable(
        recipe=recipe,
        rule=rule,
        takes_gaps=recipe.recipe.missing == "keep" and bool(get_tags(engine).input_tags.allow_nan),
        classes=tuple(classes.tolist()),
        codes=np.empty(0, np.int64) if labels is None else np.searchsorted(classes, labels).astype(np.int64),
        threshold=threshold,
        about=about,
    )


def rule_of(model: Engine) -> Nearest | Mixture | Books:
    """The rule of a fitted engine; raises ReportError where it has none of these."""
    from engines.euclidean import EuclideanCodebook
    from engines.lvq.matrix import MatrixCodebook
    from engines.lvq.median import MedianLVQ
    from engines.mixture.gaussian_mixture import GaussianMixture
    from engines.quantization.books import BookQuantizer
    from engines.spd.log_euclidean import LogEuclideanGLVQ

    if isinstance(model, GaussianMixture):
        return _mixture(model)
    if isinstance(model, BookQuantizer):
        return _books(model)
    if isinstance(model, EuclideanCodebook):
        return _codebook(model)
    if isinstance(model, MedianLVQ):
        return _median(model)
    if isinstance(model, LogEuclideanGLVQ):
        vectors = np.asarray(model.log_prototypes_)
        return Nearest(vectors, None, None, _none(vectors), shrinkage=float(model.regularization))
    if is_explainable(type(model)) or isinstance(model, MatrixCodebook):
        return _measured(model)
    name = type(model).__name__
    raise ReportError(f"{name} cannot be written as code: {REASONS.get(name, 'its rule is none that can be')}.")


def _codebook(model: Any) -> Nearest:
    """Of an engine by the Euclidean distance."""
    from engines.clustering.spherical import SphericalKMeans
    from engines.quantization.hierarchical import HierarchicalVQ

    prototypes = np.asarray(model.prototypes_)
    of = _none(prototypes)
    if isinstance(model, HierarchicalVQ):
        offsets = np.asarray(model.offsets_, np.int64)
        return Nearest(prototypes, None, None, of, coarse=np.asarray(model.coarse_), offsets=offsets)
    return Nearest(prototypes, None, None, of, is_unit=isinstance(model, SphericalKMeans))


def _median(model: Any) -> Nearest:
    if model.metric != "sqeuclidean" or model.metric_params:
        raise ReportError(
            f"Median LVQ by the dissimilarity '{model.metric}' cannot be written as code, only by 'sqeuclidean' "
            "without metric_params: export the model instead."
        )
    prototypes = np.asarray(model.prototypes_)
    return Nearest(prototypes, None, None, _none(prototypes))


def _measured(model: Any) -> Nearest:
    """Of an engine by a metric of LVQ."""
    from engines.lvq.metric import Diagonal, Full, Local

    metric, prototypes = model._metric, np.asarray(model.prototypes_)
    if isinstance(metric, Diagonal):
        return Nearest(prototypes, np.asarray(metric.relevances), None, _none(prototypes))
    if isinstance(metric, Full):
        return Nearest(prototypes, None, np.asarray(metric.omega)[None], _none(prototypes))
    if isinstance(metric, Local):
        return Nearest(prototypes, None, np.asarray(metric.omegas), np.asarray(metric.of, np.int64))
    return Nearest(prototypes, None, None, _none(prototypes))


def _mixture(model: Any) -> Mixture:
    means, factors = np.asarray(model.means_), np.asarray(model.precisions_cholesky_, np.float64)
    n_components, p = means.shape
    covariances = np.asarray(model.covariances_, np.float64)
    with np.errstate(divide="ignore"):
        log_weights = np.log(np.asarray(model.weights_, np.float64))
    if model.covariance_type in ("full", "tied"):
        covariances, factors = covariances.reshape(-1, p, p), factors.reshape(-1, p, p)
        log_roots = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        constants = log_weights - 0.5 * p * math.log(2 * math.pi) + log_roots
        return Mixture(means, log_weights, constants, covariances, factors, None)
    variances = np.ascontiguousarray(np.broadcast_to(covariances.reshape(n_components, -1), (n_components, p)))
    constants = log_weights - 0.5 * (p * math.log(2 * math.pi) + np.log(variances).sum(axis=1))
    return Mixture(means, log_weights, constants, None, None, variances)


def _books(model: Any) -> Books:
    from engines.quantization.residual import ResidualQuantizer

    books = np.asarray(model.codebooks_)
    if isinstance(model, ResidualQuantizer):
        return Books(tuple(books), None, beam=int(model.beam))
    splits = np.asarray(model.splits_, np.int64)
    parts = tuple(np.ascontiguousarray(books[:, a:b]) for a, b in pairwise(splits))
    rotation = getattr(model, "rotation_", None)
    mean = None if rotation is None else np.asarray(model.mean_)
    return Books(parts, splits, mean, None if rotation is None else np.asarray(rotation))


def _none(prototypes: Floats) -> Ints:
    """All prototypes have the first metric."""
    return np.zeros(len(prototypes), np.int64)


def _origin(run: Trained) -> dict[str, str]:
    told = about(run)
    names = ("program", "run", "engine", "dataset", "created", "data_hash")
    return {name: str(told[name]) for name in names} | {"parameters": repr(told["parameters"])}
