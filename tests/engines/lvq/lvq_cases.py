"""Rows, sources and comparisons that several tests of LVQ engines share."""

from __future__ import annotations

import numpy as np

from engines import ArrayRows


def clouds(n=90, seed=0, n_classes=3):
    """Overlapping classes in four dimensions, two of them noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = rng.normal(size=(n, 4))
    X[:, :2] += 1.5 * np.stack([np.cos(2 * np.pi * y / n_classes), np.sin(2 * np.pi * y / n_classes)], axis=1)
    return X, y


def model_bytes(model):
    return model.prototypes_.tobytes() + model.omega_.tobytes()


class ArrayRowsOf:
    """A row source that is no `ArrayRows`, as a file would be; counts reads and may stop a training."""

    def __init__(self, array):
        self._rows = ArrayRows(array)
        self.shape, self.dtype = array.shape, array.dtype
        self.training, self.stop_at, self.n_reads = None, -1, 0

    def read(self, start, stop):
        self.n_reads += 1
        if self.n_reads == self.stop_at:
            self.training.stop()
        return self._rows.read(start, stop)
