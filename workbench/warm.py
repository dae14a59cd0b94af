"""Filling numba's cache: every engine is used once on a handful of rows, so that no user waits for a compiler."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

import engines
from engines.clustering.energy import energy
from engines.codes import CodesMixin


def warm() -> Iterator[str]:
    """Compile what every engine of the catalog compiles, in float32 and float64; yields the name of each one done.

    Meant for a process of its own: compiling holds the interpreter's lock.
    """
    rng = np.random.default_rng(0)
    table = rng.normal(size=(96, 5))
    factors = rng.normal(size=(96, 3, 3))
    matrices = (factors @ factors.swapaxes(1, 2) + np.eye(3)).reshape(96, 9)
    y = (table[:, 0] > 0).astype(int)  # which can be learned: online rules may diverge where nothing can
    for info in engines.catalog():
        X = table if "table" in info.data_kinds else matrices
        for dtype, way in product((np.float32, np.float64), info.ways):
            rows = X.astype(dtype)
            model, labels = info.estimator(**{**info.trial, **way}), y if info.supervised else None
            model.fit(rows, labels)
            if hasattr(model, "partial_fit"):
                model.partial_fit(rows, labels)
            for method in ("predict", "predict_proba", "transform", "score_samples", "quantize"):
                if hasattr(model, method):
                    getattr(model, method)(rows)
            if isinstance(model, CodesMixin):
                model.encode(rows, packed=True)
                codes = model.encode(rows)
                model.decode(codes)
                if hasattr(model, "asymmetric_distances"):
                    model.asymmetric_distances(rows[:2], codes)
            if hasattr(model, "prototypes_") and X is table:
                for kind in ("max", "sum"):
                    energy(rows, model.prototypes_, kind)
        yield info.title
