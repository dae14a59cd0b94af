"""What the contract suite must know of an engine: quick parameters, values that matter, checks known to fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler


def rows(dtype: Any = np.float64, n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clouds (n, 4) of unlike spread, with labels 0, 1, 2 (n,)."""
    rng = np.random.default_rng(7)
    y = np.arange(n) % 3
    X = rng.normal(size=(n, 4)) * [1.0, 0.5, 2.0, 1.0] + np.array([[0, 0, 0, 0], [2, 1, 0, 0], [0, 2, 1, 0]])[y]
    return X.astype(dtype), y


@dataclass(frozen=True)
class Case:
    """One engine's part of the contract suite.

    Attributes
    ----------
    quick : mapping
        Parameters for small, quick trainings of several steps.
    variants : tuple of mappings
        Further parameters under which a training must be resumable at every step.
    effects : mapping of name to (base, first, second)
        For every parameter two values that must give different models, beside `base` parameters; "n_jobs" excepted,
        which must never matter, and "device", of which there may be one only.
    expected_failures : mapping of check to reason
        Only where scikit-learn's own estimator of the kind fails.
    wide : mapping
        Parameters that keep a model of ten thousand columns small, where one matrix of all of them is too large.
    takes_missing : bool
        Whether NaN stands for a value that is missing; infinities are refused by all.
    rows : callable
        (dtype, n) -> rows (n, d) that the engine learns from, and labels 0, 1, 2 (n,).
    fewer : int
        So many of their first columns are rows too, of another width.
    before : callable
        Makes the transformer that stands before the engine in a pipeline.
    """

    quick: Mapping[str, Any]
    variants: tuple[Mapping[str, Any], ...] = ({},)
    effects: Mapping[str, tuple[Mapping[str, Any], Any, Any]] = field(default_factory=dict)
    expected_failures: Mapping[str, str] = field(default_factory=dict)
    takes_missing: bool = False
    wide: Mapping[str, Any] = field(default_factory=dict)
    rows: Callable[..., tuple[np.ndarray, np.ndarray]] = rows
    fewer: int = 3
    before: Callable[[], Any] = StandardScaler
