"""Why a row has its class, feature by feature, and the smallest change that would give it another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.labels import codes_of
from engines.lvq.metric import Local

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEPS = (1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""How far past the border a counterfactual goes, relative to the distances there, until the engine's floats see it."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """The comparison that decides the class of each row, feature by feature.

    Attributes
    ----------
    winners, rivals : (n,) int64
        The nearest prototype w⁺, and the nearest w⁻ of another class.
    nearer, farther : (n,) float64
        Their squared distances D⁺ <= D⁻.
    contributions : (n, d) float64
        (x - w⁻)ₐ[Λ(x - w⁻)]ₐ - (x - w⁺)ₐ[Λ(x - w⁺)]ₐ: what feature a adds to D⁻ - D⁺, the lead of the predicted class.
        They sum to D⁻ - D⁺; one below zero speaks for the other class. A missing value contributes 0.
    """

    winners: Ints
    rivals: Ints
    nearer: Floats
    farther: Floats
    contributions: Floats

    @property
    def shares(self) -> Floats:
        """(n, d) contributions as shares of D⁻ + D⁺: they sum to the relative certainty (D⁻ - D⁺)/(D⁻ + D⁺)."""
        total = (self.farther + self.nearer)[:, None]
        return np.asarray(np.divide(self.contributions, total, out=np.zeros_like(self.contributions), where=total > 0))


def is_explainable(estimator: type) -> bool:
    """Whether an engine measures rows by a metric over their features, and not by other features or dissimilarities."""
    if not issubclass(estimator, PrototypeClassifier):
        return False
    own, base = estimator, PrototypeClassifier
    return own._each_block is base._each_block and own._new_rows is base._new_rows


def explain(model: PrototypeClassifier, X: Any) -> Explanation:
    """Part the lead of the predicted class over the next one into what each feature adds to it.

    Parameters
    ----------
    model : PrototypeClassifier
        Fitted.
    X : array-like of shape (n, d)
        Rows as the model takes them; all are in memory at once, with n × d contributions.

    Raises
    ------
    ValueError
        If the engine measures by anything but a metric over the features, as it does SPD matrices.
    """
    _check_explainable(model)
    D = np.asarray(model.transform(X), np.float64)
    rows = np.asarray(X, np.float64)
    labels = codes_of(model.prototype_labels_, model.classes_)
    winners = D.argmin(axis=1)
    rivals = np.where(labels == labels[winners][:, None], np.inf, D).argmin(axis=1)
    near, far = _parts(model, rows, winners), _parts(model, rows, rivals)
    return Explanation(winners, rivals, near.sum(axis=1), far.sum(axis=1), far - near)


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """The smallest change found that gives a row another class.

    Attributes
    ----------
    row, point : (d,) float64
        The row, and where it would have to be; just past the border, so that the model gives `point` the class.
    label : class value
        Of `point`.
    prototype : int
        The one that `point` was moved to the side of.
    distance : float
        √Σ(vₐ(pointₐ - rowₐ))², the weighted Euclidean length of the change.
    is_exact : bool
        Whether no smaller change can do; False where borders are curved and a local search found this one.
    """

    row: Floats
    point: Floats
    label: Any
    prototype: int
    distance: float
    is_exact: bool

    @property
    def change(self) -> Floats:
        """(d,) what is added to the row."""
        return self.point - self.row


def counterfactual(
    model: PrototypeClassifier, x: Any, *, target: Any = None, weights: Any = None, frozen: Sequence[int] = ()
) -> Counterfactual | None:
    """The smallest change of a row after which the model gives it another class, or the class `target`.

    Smallest by √Σ(vₐΔₐ)² in the features as the model takes them (so in units of the standard deviation where the
    recipe scaled to that), not by the learned metric: a feature that the metric ignores stays as it is. With one Λ for
    all prototypes, the points that are nearer to prototype k than to any of another class form a polytope, and the row
    is projected on each of them exactly; the nearest projection wins.

    Parameters
    ----------
    model : PrototypeClassifier
        Fitted.
    x : array-like of shape (d,)
        Without missing values.
    target : class value, optional
    weights : array-like of shape (d,), optional
        vₐ > 0, what a change of each feature costs; 1 where not given.
    frozen : sequence of int
        Features that must stay as they are.

    Returns
    -------
    Counterfactual or None
        None if no change of the features that may move gives the class; with curved borders, if none was found.

    Raises
    ------
    ValueError
        If `target` is no class, or the one the row has; if weights are not positive; if a value is missing; if the
        engine measures by anything but a metric over the features.

    References
    ----------
    Artelt & Hammer, "Efficient computation of counterfactual explanations of LVQ models", ESANN 2020.
    """
    _check_explainable(model)
    row, v = _checked(model, x, weights)
    labels = codes_of(model.prototype_labels_, model.classes_)
    own = int(codes_of(model.predict(row[None]), model.classes_)[0])
    wanted = set(range(len(model.classes_))) - {own} if target is None else {_code(model, target, own)}
    free = np.setdiff1d(np.arange(len(row)), np.asarray(frozen, np.int64))
    field = _Field(model, row, v, free)
    here = field.at(row)
    borders = [_Borders(field, *here, k) for k in np.flatnonzero(np.isin(labels, list(wanted))).tolist()]
    best: Counterfactual | None = None
    for border in sorted(borders, key=lambda border: border.least):
        if best is not None and border.least >= best.distance:
            break
        found = border.cross()
        if found is not None and (best is None or found.distance < best.distance):
            best = found
    return best


class _Field:
    """The squared distances to all prototypes around a row, as functions of the features that may change."""

    def __init__(self, model: PrototypeClassifier, row: Floats, v: Floats, free: Ints) -> None:
        self.model, self.row, self.free, self.v = model, row, free, v[free]
        self.labels = codes_of(model.prototype_labels_, model.classes_)
        self.prototypes = np.asarray(model.prototypes_, np.float64)
        self._metric = model._metric
        self.is_flat = not isinstance(self._metric, Local)
        self._common = self._metric.matrix(0)

    def moved(self, z: Floats) -> Floats:
        """The row (d,) after a step z of its free features, which counts vₐ times."""
        point = self.row.copy()
        point[self.free] += z / self.v
        return point

    def at(self, point: Floats) -> tuple[Floats, Floats]:
        """d(x, wⱼ) (M,) at a point (d,), and Λⱼ(x - wⱼ) (M, d), half its gradient."""
        apart = point - self.prototypes
        if isinstance(self._metric, Local):
            omegas = np.asarray(self._metric.omegas, np.float64)[self._metric.of]
            image = np.einsum("jma,jm->ja", omegas, np.einsum("jma,ja->jm", omegas, apart))
        else:
            image = apart @ self._common
        return np.einsum("ja,ja->j", image, apart), image


class _Borders:
    """What parts a row from the points that are nearer to prototype k than to any of another class.

    In steps z = v(x′ - x) of the free features, g(z)ⱼ = d(x′, wₖ) - d(x′, wⱼ) <= 0 for every j of another class. With
    one Λ, g(z) = h + Gz.
    """

    def __init__(self, field: _Field, d: Floats, image: Floats, k: int) -> None:
        self._field, self.k = field, k
        self._others = np.flatnonzero(field.labels != field.labels[k])
        self._h, self._G = self._gaps(d, image)
        self._scale = float(np.abs(self._h).max()) or 1.0
        self.least = self._lower_bound() if field.is_flat else 0.0

    def cross(self) -> Counterfactual | None:
        """The least step over the borders that the model itself agrees to; None if there is none."""
        field = self._field
        for step in _STEPS:
            z = self._projected(step) if field.is_flat else self._searched(step)
            if z is None:
                return None
            point = field.moved(z)
            label = field.model.predict(point[None])[0]
            if label == field.model.classes_[field.labels[self.k]]:
                return Counterfactual(field.row, point, label, self.k, float(np.linalg.norm(z)), field.is_flat)
        return None

    def _gaps(self, d: Floats, image: Floats) -> tuple[Floats, Floats]:
        """g (J,), and its gradient (J, f) by z, from the distances and half their gradients."""
        slope = 2 * (image[self.k] - image[self._others])[:, self._field.free] / self._field.v
        return d[self.k] - d[self._others], slope

    def _lower_bound(self) -> float:
        """The largest distance to one border alone that must be crossed."""
        length = np.linalg.norm(self._G, axis=1)
        broken = self._h > 0
        with np.errstate(divide="ignore"):
            return float(np.max(self._h[broken] / length[broken], initial=0.0))

    def _projected(self, step: float) -> Floats | None:
        """The shortest z with h + Gz <= -step: least distance programming by non-negative least squares.

        Lawson & Hanson, "Solving least squares problems", 1974, chapter 23: with u >= 0 minimising ‖Eu - f‖ for
        E = [-G | h + step]ᵀ and f = (0, …, 0, 1), and r = Eu - f, z = -r[:-1]/r[-1]; r = 0 if there is no such z.
        """
        length = np.linalg.norm(self._G, axis=1)
        sides = self._h + step * self._scale
        flat = length <= 1e-12 * max(float(length.max(initial=0.0)), np.finfo(float).tiny)
        if (sides[flat] > 0).any():
            return None
        normals, sides = self._G[~flat] / length[~flat, None], sides[~flat] / length[~flat]
        unit = float(np.abs(sides).max(initial=0.0)) or 1.0
        E = np.vstack([-normals.T, sides / unit])
        f = np.append(np.zeros(normals.shape[1]), 1.0)
        u, _ = nnls(E, f)
        r = E @ u - f
        if abs(r[-1]) <= 1e-12:
            return None
        z: Floats = -r[:-1] / r[-1] * unit
        return z if (normals @ z + sides <= 1e-7 * unit).all() else None

    def _searched(self, step: float) -> Floats | None:
        """A short z with g(z) <= -step: the best that a descent finds from the row, and from the way to prototype k."""
        field, slack = self._field, step * self._scale

        def room(z: Floats) -> tuple[Floats, Floats]:
            g, gradient = self._gaps(*field.at(field.moved(z)))
            return -(g + slack) / self._scale, -gradient / self._scale

        starts = [np.zeros(len(field.free))]
        whole = (field.prototypes[self.k] - field.row)[field.free] * field.v
        if room(whole)[0].min() >= 0:
            low, high = 0.0, 1.0
            for _ in range(40):
                middle = (low + high) / 2
                low, high = (low, middle) if room(middle * whole)[0].min() >= 0 else (middle, high)
            starts.append(high * whole)
        found = starts[1:]
        for start in starts:
            ended = minimize(
                lambda z: (z @ z / 2, z),
                start,
                jac=True,
                method="SLSQP",
                constraints={"type": "ineq", "fun": lambda z: room(z)[0], "jac": lambda z: room(z)[1]},
                options={"maxiter": 200, "ftol": 1e-12},
            )
            found.append(np.asarray(ended.x))
        found = [z for z in found if room(z)[0].min() >= -1e-9]
        return min(found, key=lambda z: float(z @ z), default=None)


def _parts(model: PrototypeClassifier, rows: Floats, which: Ints) -> Floats:
    """(n, d) what each feature adds to the squared distance d(x, w) of each row to its prototype in `which`."""
    parts = np.empty(rows.shape)
    seen = ~np.isnan(rows)
    metric = model._metric
    common = None if isinstance(metric, Local) else metric.matrix(0)
    for j in np.unique(which).tolist():
        mine = which == j
        apart = np.where(seen[mine], rows[mine] - np.asarray(model.prototypes_[j], np.float64), 0.0)
        parts[mine] = apart * (apart @ (metric.matrix(j) if common is None else common))
    return np.asarray(parts * (rows.shape[1] / seen.sum(axis=1))[:, None])


def _check_explainable(model: PrototypeClassifier) -> None:
    if not is_explainable(type(model)):
        raise ValueError(f"{type(model).__name__} measures by no metric over the features, so they explain nothing.")


def _checked(model: PrototypeClassifier, x: Any, weights: Any) -> tuple[Floats, Floats]:
    row = np.asarray(x, np.float64)
    if row.shape != (model.prototypes_.shape[1],) or not np.isfinite(row).all():
        raise ValueError(f"One row of {model.prototypes_.shape[1]} finite values is needed, got shape {row.shape}.")
    v = np.ones(len(row)) if weights is None else np.asarray(weights, np.float64)
    if v.shape != row.shape or not (np.isfinite(v).all() and (v > 0).all()):
        raise ValueError("weights must be one positive number for each feature.")
    return row, v


def _code(model: PrototypeClassifier, target: Any, own: int) -> int:
    found = np.flatnonzero(model.classes_ == target)
    if not len(found):
        raise ValueError(f"target is {target!r}, which is no class; there are {model.classes_.tolist()}.")
    if found[0] == own:
        raise ValueError(f"The row has the class {target!r} already.")
    return int(found[0])
