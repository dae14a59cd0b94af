"""The operations: merge, split, delete, add, relabel, pin; each gives a new engine and changes nothing it was given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.base import Engine
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.labels import check_labels, codes_of
from engines.surgery.parts import Floats, Parts, check_which, parts_of, put_together
from engines.surgery.untying import untied

E = TypeVar("E", bound=Engine)


def merge(model: E, which: Sequence[int], X: Any = None) -> E:
    """Put the prototypes `which` together as one, in the place of the first of them.

    It lies at their mean, weighted by the rows of X that each wins; without X by what the engine counted in training,
    else all alike. It is pinned if all of them were. Metrics of single prototypes become the root of the mean of
    their matrices Λ, weighted in the same way, cut to the rank that they had and brought to trace 1.

    Parameters
    ----------
    model : fitted engine
    which : sequence of at least two int
        Of one class.
    X : array-like of shape (n, d), optional

    Returns
    -------
    fitted engine
        Whose own training starts from its prototypes and metric.

    Raises
    ------
    ValueError
        If the prototypes are not all of one class, or the engine cannot be operated on.
    """
    parts = parts_of(model)
    index = check_which(which, len(parts), at_least=2)
    if len(set(parts.codes[index].tolist())) > 1:
        raise ValueError(f"Prototypes {index.tolist()} are of several classes: relabel them first, then merge.")
    weights = _weights(model, parts, index, X)
    group = parts.take(index)
    one = Parts(
        _mean(group.prototypes, weights)[None],
        group.codes[:1],
        np.array([group.pinned.all()]),
        None if group.omegas is None else _mean_metric(group.omegas, weights)[None],
        {name: counted.sum(keepdims=True) for name, counted in group.counted.items()},
        {name: np.atleast_1d(_mean(values, weights)) for name, values in group.carried.items()},
    )
    rest = parts.take(np.delete(np.arange(len(parts)), index))
    return _made(model, rest.put_in(int(index[0]), one))


def split(model: E, which: int, offset: Any) -> E:
    """Put two prototypes in the place of one: at w - offset and, right after it, at w + offset.

    Both have its class, its metric, and its pin; what the engine counted of it is halved. `half_apart` gives an
    offset that parts its rows in two.

    Parameters
    ----------
    model : fitted engine
    which : int
    offset : array-like of shape (d,)

    Returns
    -------
    fitted engine

    Raises
    ------
    ValueError
        If the offset has another length or is not finite, or the engine cannot be operated on.
    """
    parts = parts_of(model)
    index = check_which(which, len(parts))
    if len(index) != 1:
        raise ValueError("One prototype is split at a time.")
    vector = _vector(offset, parts.prototypes.shape[1], "offset")
    twin = parts.take(index.repeat(2))
    moved = twin.prototypes.astype(np.float64) + np.stack([-vector, vector])
    halves = {name: counted / 2 for name, counted in twin.counted.items()}
    twin = replace(twin, prototypes=moved.astype(parts.prototypes.dtype), counted=halves)
    rest = parts.take(np.delete(np.arange(len(parts)), index))
    return _made(model, rest.put_in(int(index[0]), twin))


def delete(model: E, which: int | Sequence[int]) -> E:
    """Take prototypes away; none are named, none go.

    Raises
    ------
    ValueError
        If a class would be left without a prototype, or the engine without any.
    """
    parts = parts_of(model)
    index = check_which(which, len(parts), at_least=0)
    kept = np.delete(np.arange(len(parts)), index)
    _check_classes(model, parts.codes, parts.codes[kept])
    return _made(model, parts.take(kept))


def add(model: E, vector: Any, label: Any = None) -> E:
    """Add a prototype: the last of its class, or of all where there are no classes.

    It is not pinned, nothing is counted of it yet, and where each prototype has a metric, it takes that of the
    nearest one of its class.

    Parameters
    ----------
    model : fitted engine
    vector : array-like of shape (d,)
    label : class value
        For an engine with classes.

    Returns
    -------
    fitted engine

    Raises
    ------
    ValueError
        If the vector does not fit, or the label is none of the classes.
    """
    parts = parts_of(model)
    place = _vector(vector, parts.prototypes.shape[1], "vector").astype(parts.prototypes.dtype)
    code = _code(model, label)
    kin = np.flatnonzero(parts.codes == code)
    nearest = kin[int(np.argmin(_to_each(model, place)[kin]))]
    new = parts.take([nearest])
    nothing = {name: np.zeros(1) for name in new.counted}
    new = replace(new, prototypes=place[None], pinned=np.zeros(1, bool), counted=nothing)
    return _made(model, parts.put_in(int(kin[-1]) + 1, new))


def relabel(model: E, which: int, label: Any) -> E:
    """Give a prototype to another class, of which it becomes the last; of its own class it stays where it is.

    Raises
    ------
    ValueError
        If there is no such class, the engine has none, or the prototype is the last of its own.
    """
    parts = parts_of(model)
    if not isinstance(model, PrototypeClassifier):
        raise ValueError(f"{type(model).__name__} has no classes: its prototypes bear no label.")
    index = check_which(which, len(parts))
    code = _code(model, label)
    if len(index) != 1:
        raise ValueError("One prototype is relabelled at a time.")
    if parts.codes[index[0]] == code:
        return _made(model, parts)
    rest = parts.take(np.delete(np.arange(len(parts)), index))
    _check_classes(model, parts.codes, rest.codes)
    moved = replace(parts.take(index), codes=np.array([code]))
    return _made(model, rest.put_in(int(np.searchsorted(rest.codes, code, "right")), moved))


def pin(model: E, which: int | Sequence[int]) -> E:
    """Let training leave prototypes where they are, bit for bit."""
    return _pinned(model, which, True)


def unpin(model: E, which: int | Sequence[int]) -> E:
    """Let training move prototypes again."""
    return _pinned(model, which, False)


def going_on(model: Engine) -> Engine:
    """The same engine, fitted as it is, whose training starts from where it stands; for a map, see `untied`."""
    free = untied(model)
    return _made(free, parts_of(free))


def half_apart(model: Engine, which: int, X: Any, y: Any = None) -> NDArray[np.float64]:
    """An offset (d,) for `split` that parts the rows of a prototype in two along their principal axis.

    The axis is that of greatest variance as the engine measures, u of ΩCΩ with Ω = Λ^½, C the covariance (d, d) of the
    rows that the prototype wins, and σ² the variance along u. The offset is √(2/π) CΩu/σ: where the rows are normal,
    half the way between the means of both sides of the plane through their mean across u. Rows that lack values are
    left out.

    Parameters
    ----------
    model : fitted engine
    which : int
    X : array-like of shape (n, d)
    y : array-like of shape (n,), optional
        Labels; then only rows of the prototype's class count.

    Raises
    ------
    ValueError
        If fewer than two rows are the prototype's, or they are all alike.
    """
    parts = parts_of(model)
    (j,) = check_which(which, len(parts))
    rows = np.asarray(X, np.float64)
    own = (nearest(model, X) == j) & np.isfinite(rows).all(axis=1)
    if y is not None and isinstance(model, PrototypeClassifier):
        own &= codes_of(check_labels(y, len(rows), type(model).__name__), model.classes_) == parts.codes[j]
    if np.count_nonzero(own) < 2:
        raise ValueError(f"Prototype {j} wins fewer than two of these rows, so nothing tells where to split it.")
    C = np.atleast_2d(np.cov(rows[own], rowvar=False, bias=True))
    omega = _root(model, int(j))
    variances, axes = np.linalg.eigh(omega @ C @ omega)
    if not variances[-1] > 0:
        raise ValueError(f"The rows of prototype {j} are all alike, so nothing tells where to split it.")
    return np.asarray(math.sqrt(2 / math.pi) * C @ omega @ axes[:, -1] / math.sqrt(variances[-1]))


def nearest(model: Engine, X: Any) -> NDArray[np.int64]:
    """Prototype (n,) that wins each row, as the engine measures."""
    return np.asarray(model.encode(X), np.int64)


def _pinned(model: E, which: int | Sequence[int], value: bool) -> E:
    parts = parts_of(model)
    if not hasattr(model, "pinned"):
        raise ValueError(f"{type(model).__name__} cannot leave single prototypes where they are.")
    pinned = parts.pinned.copy()
    pinned[check_which(which, len(parts))] = value
    return _made(model, replace(parts, pinned=pinned))


def _made(model: E, parts: Parts) -> E:
    made = put_together(model, parts)
    assert isinstance(made, type(model))
    return made


def _weights(model: Engine, parts: Parts, index: NDArray[np.int64], X: Any) -> NDArray[np.float64]:
    """Of the prototypes `index`: the rows that each wins, or was counted to have won; equal where there are none."""
    if X is not None:
        weights = np.bincount(nearest(model, X), minlength=len(parts))[index].astype(np.float64)
    else:
        weights = parts.counted.get("counts_", np.ones(len(parts)))[index]
    return weights if weights.sum() > 0 else np.ones(len(index))


def _mean(values: Floats, weights: NDArray[np.float64]) -> Floats:
    """Weighted mean over the first axis, taken from the first of them: what is equal stays so, bit for bit."""
    first = values[0].astype(np.float64)
    apart = np.tensordot(weights / weights.sum(), values.astype(np.float64) - first, axes=1)
    return np.asarray(first + apart).astype(values.dtype)


def _mean_metric(omegas: Floats, weights: NDArray[np.float64]) -> Floats:
    """Ω (m, d) whose ΩᵀΩ is the weighted mean of Λ over (k, m, d) matrices Ω, as near as rank m comes, of trace 1.

    Its rows are the first m eigenvectors, each times the root of its eigenvalue, which is the best such matrix
    (Eckart & Young 1936). Equal matrices are left as they are.
    """
    if np.all(omegas == omegas[0]):
        return np.asarray(omegas[0])
    wide = omegas.astype(np.float64)
    mean = np.tensordot(weights / weights.sum(), np.swapaxes(wide, 1, 2) @ wide, axes=1)
    values, vectors = np.linalg.eigh((mean + mean.T) / 2)
    m = omegas.shape[1]
    root = np.sqrt(np.maximum(values[::-1][:m], 0))[:, None] * vectors[:, ::-1][:, :m].T
    return np.asarray(root / np.linalg.norm(root)).astype(omegas.dtype)


def _root(model: Engine, j: int) -> NDArray[np.float64]:
    """Λ^½ (d, d) of prototype j: the identity where the engine learns no metric."""
    if isinstance(model, PrototypeClassifier):
        matrix = model._metric.matrix(j)
    else:
        matrix = getattr(model, "relevance_matrix_", np.eye(model.n_features_in_))
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T)


def _to_each(model: Engine, vector: Floats) -> NDArray[np.float64]:
    """Distance (M,) of a vector (d,) to each prototype, as the engine measures."""
    return np.asarray(model.transform(vector[None])[0], np.float64)


def _vector(given: Any, d: int, name: str) -> NDArray[np.float64]:
    vector = np.asarray(given, np.float64)
    if vector.shape != (d,) or not np.all(np.isfinite(vector)):
        raise ValueError(f"{name} must be {d} finite numbers, one a feature; its shape: {vector.shape}.")
    return vector


def _code(model: Engine, label: Any) -> int:
    """The class `label` as a number; 0 for an engine without classes, which takes no label."""
    name = type(model).__name__
    if not isinstance(model, PrototypeClassifier):
        if label is not None:
            raise ValueError(f"{name} has no classes: its prototypes bear no label.")
        return 0
    classes = model.classes_.tolist()
    if label not in classes:
        raise ValueError(f"{name} knows the classes {', '.join(map(repr, classes))}, but not {label!r}.")
    return int(classes.index(label))


def _check_classes(model: Engine, before: NDArray[np.int64], after: NDArray[np.int64]) -> None:
    """Raise ValueError where a class, or an engine without classes, would be left without a prototype."""
    lost = np.setdiff1d(before, after)
    if len(lost) and isinstance(model, PrototypeClassifier):
        raise ValueError(
            f"Class {model.classes_.tolist()[lost[0]]!r} would be left without a prototype: add another one first."
        )
    if len(lost):
        raise ValueError("The engine would be left without a prototype: add another one first.")
