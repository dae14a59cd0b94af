"""Rows and arrays that the tests of projects share."""

from __future__ import annotations

import numpy as np

from workbench.project import Project


def write(project: Project, key: str, array: np.ndarray) -> None:
    project.transact(lambda t: t.write(key, array)).result()


class Counted:
    """Rows that are made when they are read."""

    def __init__(self, n: int, d: int = 256) -> None:
        self.shape = (n, d)
        self.dtype = np.dtype(np.float32)
        self.largest = 0

    def read(self, start: int, stop: int) -> np.ndarray:
        self.largest = max(self.largest, stop - start)
        return np.repeat(np.arange(start, stop, dtype=np.float32)[:, None], self.shape[1], axis=1)
