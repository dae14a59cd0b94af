"""Rows, sources and comparisons that several tests of LVQ engines share."""

from __future__ import annotations

import numpy as np

from engines import GMLVQ, ArrayRows
from engines.lvq.metric import Local


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


def flat_model(omega=None, seed=0, n_prototypes=6, n_classes=2):
    """A fitted GMLVQ of three features that was never trained: random prototypes, classes "a", "b" … in turn."""
    rng = np.random.default_rng(seed)
    omega = rng.normal(size=(3, 3)) if omega is None else omega
    classes = np.array(list("abcdef")[:n_classes])
    arrays = {
        "prototypes": rng.normal(size=(n_prototypes, 3)),
        "prototype_labels": np.sort(classes[np.arange(n_prototypes) % n_classes]),
        "classes": classes,
        "omega": omega / np.linalg.norm(omega),
    }
    return GMLVQ.from_arrays({}, arrays)


def curved_model():
    """The same with a metric of its own for each prototype, so that borders are curved."""
    model, rng = flat_model(), np.random.default_rng(1)
    omegas = rng.normal(size=(6, 3, 3))
    omegas /= np.linalg.norm(omegas, axis=(1, 2), keepdims=True)
    curved = Curved.from_arrays({}, {name[:-1]: getattr(model, name) for name in GMLVQ.FITTED})
    curved.omegas = omegas
    return curved


class Curved(GMLVQ):
    """A GMLVQ that measures by other metrics than it learned."""

    @property
    def _metric(self):
        return Local(self.omegas, np.arange(6))
