"""How LogEuclideanGLVQ is tried: on matrices row by row, which are what sources and tables hold."""

from functools import partial
from typing import Any

import numpy as np
from case import Case
from sklearn.preprocessing import FunctionTransformer

from cases.gradient_lvq import AVERAGED, DESCENT, ON_BATCHES, QUICK, START, TRANSFER
from engines.spd.matrices import exponential


def matrices(dtype: Any = np.float64, n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clouds (n, 9) of SPD matrices, 3 × 3, with labels 0, 1, 2 (n,)."""
    rng = np.random.default_rng(7)
    y = np.arange(n) % 3
    means = np.array([np.diag([0.5, -0.2, 0.0]), np.diag([-0.2, 0.3, 0.0]), [[0, 0.4, 0], [0.4, 0, 0], [0, 0, 0.4]]])
    noise = 0.3 * rng.normal(size=(n, 3, 3))
    X = exponential(means[y] + (noise + noise.swapaxes(1, 2)) / 2)
    return X.reshape(n, 9).astype(dtype), y


CASE = Case(
    quick=QUICK,
    variants=({"validation_fraction": 0.3}, ON_BATCHES, {**AVERAGED, "pinned": (0,), "regularization": 0.1}),
    effects={**START, "regularization": ({}, 0.0, 0.2), **TRANSFER, **DESCENT},
    rows=matrices,
    fewer=4,
    before=partial(FunctionTransformer, feature_names_out="one-to-one"),  # scaled columns are no SPD matrices
)
