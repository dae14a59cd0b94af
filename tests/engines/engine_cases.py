"""What the contract suite must know of each engine: quick parameters, values that matter, checks known to fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np

from engines import catalog


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
        which must never matter.
    expected_failures : mapping of check to reason
        Only where scikit-learn's own estimator of the kind fails.
    """

    quick: Mapping[str, Any]
    variants: tuple[Mapping[str, Any], ...] = ({},)
    effects: Mapping[str, tuple[Mapping[str, Any], Any, Any]] = field(default_factory=dict)
    expected_failures: Mapping[str, str] = field(default_factory=dict)


CASES = {
    "KMeans": Case(
        quick={"n_clusters": 4, "max_iter": 6, "random_state": 0},
        variants=({"n_init": 3, "init": "random"}, {"init": "pca"}, {"n_init": 2, "tol": 0.0}),
        effects={
            "n_clusters": ({}, 3, 5),
            "init": ({"max_iter": 1}, "pca", "random"),
            "n_init": ({"init": "random", "max_iter": 1, "n_clusters": 7, "random_state": 1}, 1, 9),
            "max_iter": ({"init": "random"}, 1, 4),
            "tol": ({"init": "random", "max_iter": 50}, 0.0, 10.0),
            "random_state": ({"init": "random", "max_iter": 1}, 0, 1),
        },
        expected_failures={
            "check_sample_weight_equivalence_on_dense_data": "k-means++ draws other rows from repeated ones; with a "
            "given start the equivalence holds and is tested beside"
        },
    ),
    "GMLVQ": Case(
        quick={"max_iter": 6, "random_state": 0},
        variants=(
            {"rank": 2, "log_det": 0.01, "validation_fraction": 0.3},
            {"solver": "adam", "batch_size": 16, "metric_warmup": 2, "schedule": "cosine"},
            {"solver": "sgd", "momentum": 0.5, "average": 0.9, "prototypes_per_class": 2},
        ),
        effects={
            "prototypes_per_class": ({}, 1, 2),
            "init": ({"prototypes_per_class": 2}, "kmeans", "random"),
            "rank": ({}, None, 2),
            "omega_init": ({}, "auto", "random"),
            "transfer": ({}, "identity", "sigmoid"),
            "beta": ({"transfer": "swish"}, None, 3.0),
            "margin": ({"transfer": "relu"}, 0.0, 0.5),
            "log_det": ({"metric_warmup": 0}, 0.0, 0.1),
            "metric_warmup": ({}, "auto", 0),
            "frozen": ({}, None, "metric"),
            "solver": ({}, "lbfgs", "adam"),
            "max_iter": ({}, 6, 2),
            "tol": ({"max_iter": 60, "patience": 2}, 1e-4, 0.5),
            "patience": ({"max_iter": 60, "tol": 0.02}, 10, 1),
            "restore_best": ({"solver": "sgd", "learning_rate": 5.0, "metric_warmup": 0}, True, False),
            "validation_fraction": ({}, 0.0, 0.3),
            "batch_size": ({"solver": "adam"}, None, 16),
            "learning_rate": ({"solver": "adam"}, None, 0.01),
            "metric_learning_rate": ({"solver": "adam", "metric_warmup": 1}, None, 0.01),
            "momentum": ({"solver": "sgd"}, 0.0, 0.5),
            "schedule": ({"solver": "adam"}, "constant", "cosine"),
            "decay": ({"solver": "adam", "schedule": "hyperbolic"}, None, 1.0),
            "schedule_steps": ({"solver": "adam", "schedule": "piecewise"}, 2, (4, 5)),
            "average": ({"solver": "adam"}, 0.0, 0.9),
            "class_weight": ({}, None, {0: 5.0}),
            "random_state": ({"solver": "adam", "batch_size": 16}, 0, 1),
        },
    ),
}

ENGINES = [info for info in catalog() if find_spec(info.module) is not None]


def rows(dtype: Any = np.float64, n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clouds (n, 4) of unlike spread, with labels 0, 1, 2 (n,)."""
    rng = np.random.default_rng(7)
    y = np.arange(n) % 3
    X = rng.normal(size=(n, 4)) * [1.0, 0.5, 2.0, 1.0] + np.array([[0, 0, 0, 0], [2, 1, 0, 0], [0, 2, 1, 0]])[y]
    return X.astype(dtype), y
