"""Stacks of symmetric positive-definite (SPD) matrices: what makes them so, logarithm and exponential, as vectors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SQRT2 = math.sqrt(2.0)
ASYMMETRY = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-8}
"""Largest difference of opposite entries, relative to the largest entry, that counts as rounding."""


@dataclass(frozen=True)
class Fault:
    """Why a matrix of a stack is not symmetric positive-definite.

    Attributes
    ----------
    which : int
        Its place in the stack.
    reason : str
        To follow "matrix 3 ".
    singular : bool
        Whether it is positive semi-definite, to rounding, so that a little shrinkage mends it.
    """

    which: int
    reason: str
    singular: bool = False


def side_of(n_entries: int) -> int:
    """k of matrices (k, k) with so many entries; raises ValueError where there is none."""
    k = math.isqrt(n_entries)
    if k * k != n_entries or k == 0:
        raise ValueError(f"Rows of {n_entries} entries are no square matrices: 1, 4, 9, 16 ... entries are needed.")
    return k


def eigen(stack: NDArray[Any], shrinkage: float = 0.0) -> tuple[Floats, Floats]:
    """Eigenvalues (n, k), ascending, and eigenvectors (n, k, k), in columns, of the symmetric parts of a stack.

    With `shrinkage` ρ they are those of (1 - ρ)X + ρ (tr X / k) I: the vectors do not change.
    """
    X = np.asarray(stack, np.float64)
    values, vectors = np.linalg.eigh((X + X.swapaxes(1, 2)) / 2)
    if shrinkage:
        values = (1 - shrinkage) * values + shrinkage * values.mean(axis=1, keepdims=True)
    return values, vectors


def faults(stack: NDArray[Any], values: Floats) -> Iterator[Fault]:
    """The matrices of a finite (n, k, k) float32 or float64 stack that are not SPD, in order.

    Parameters
    ----------
    values : (n, k) float64
        From `eigen`. One counts as zero up to k ε times the largest of its matrix, ε being that of the stack's type:
        so much comes of rounding the entries.
    """
    largest = np.abs(stack).max(axis=(1, 2), initial=0.0)
    apart = np.abs(stack - stack.swapaxes(1, 2))
    skew = apart.max(axis=(1, 2), initial=0.0) > ASYMMETRY[stack.dtype] * largest
    floor = stack.shape[1] * float(np.finfo(stack.dtype).eps) * np.abs(values).max(axis=1)
    for n in np.flatnonzero(skew | (values[:, 0] <= floor)).tolist():
        if skew[n]:
            i, j = sorted(map(int, np.unravel_index(apart[n].argmax(), apart[n].shape)))
            ends = f"{stack[n, i, j]:.6g} and {stack[n, j, i]:.6g}"
            yield Fault(n, f"is not symmetric: its entries ({i}, {j}) and ({j}, {i}) are {ends}")
            continue
        lowest, highest = float(values[n, 0]), float(values[n, -1])
        singular = lowest >= -floor[n]
        what = "singular" if singular else "not positive definite"
        yield Fault(n, f"is {what}: its smallest eigenvalue is {lowest:.3g}, its largest {highest:.3g}", bool(singular))


def first_fault(stack: NDArray[Any], values: Floats) -> Fault | None:
    """The first of `faults`; None where all matrices are SPD."""
    return next(faults(stack, values), None)


def logarithm(stack: NDArray[Any]) -> Floats:
    """log X = V log(Λ) Vᵀ of each SPD matrix of a stack: (n, k, k), symmetric.

    Raises
    ------
    ValueError
        If one is not SPD; the sentence says which, counting from 0, and why.
    """
    stack = as_stack(stack)
    values, vectors = eigen(stack)
    fault = first_fault(stack, values)
    if fault is not None:
        raise ValueError(f"Matrix {fault.which} {fault.reason}.")
    return composed(np.log(values), vectors)


def exponential(stack: NDArray[Any]) -> Floats:
    """exp S of each symmetric matrix of a stack: (n, k, k), symmetric positive-definite."""
    values, vectors = eigen(as_stack(stack))
    return composed(np.exp(values), vectors)


def composed(values: Floats, vectors: Floats) -> Floats:
    """V diag(values) Vᵀ, made exactly symmetric."""
    product = (vectors * values[:, None, :]) @ vectors.swapaxes(1, 2)
    return np.asarray((product + product.swapaxes(1, 2)) / 2)


def vectors_of(stack: NDArray[Any]) -> Floats:
    """Symmetric matrices (n, k, k) as vectors (n, k(k+1)/2): the upper triangle row by row, off the diagonal times √2.

    So the Euclidean distance of vectors is the Frobenius distance of matrices.
    """
    rows, columns, weights = _triangle(stack.shape[1])
    return np.asarray(np.asarray(stack, np.float64)[:, rows, columns] * weights)


def stack_of(vectors: NDArray[Any]) -> Floats:
    """The symmetric matrices (n, k, k) that `vectors_of` made vectors of."""
    n, p = vectors.shape
    k = (math.isqrt(8 * p + 1) - 1) // 2
    if k * (k + 1) // 2 != p:
        raise ValueError(f"Vectors of {p} numbers are no triangles of matrices: 1, 3, 6, 10 ... are.")
    rows, columns, weights = _triangle(k)
    stack = np.empty((n, k, k))
    stack[:, rows, columns] = stack[:, columns, rows] = np.asarray(vectors, np.float64) / weights
    return stack


def as_stack(matrices: Any) -> NDArray[Any]:
    """An array of shape (n, k, k), float32 or float64; raises ValueError for other shapes."""
    stack = np.asarray(matrices)
    if stack.ndim != 3 or stack.shape[1] != stack.shape[2] or 0 in stack.shape[1:]:
        raise ValueError(f"Matrices of shape (n, k, k) are needed, got {stack.shape}.")
    return stack if stack.dtype in (np.float32, np.float64) else stack.astype(np.float64)


def _triangle(k: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    rows, columns = np.triu_indices(k)
    return rows, columns, np.where(rows == columns, 1.0, SQRT2)
