"""Rows to learn from and rows to test on, on the scale of the published table: from -1 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource
from workbench.errors import WorkbenchError

TRAIN, TEST = "train-images*", "t10k-images*"
"""Names of the files in a folder of IDX files, as those of MNIST are called."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A data set in two parts.

    Attributes
    ----------
    name : str
    train, test : (n, d) float32
        Of pictures, the range of all training pixels became -1 to 1; of tables, that of each column.
    """

    name: str
    train: NDArray[np.float32]
    test: NDArray[np.float32]

    @property
    def mean_row_error(self) -> float:
        """Mean squared error of a component of the test rows when all are told to be the mean training row."""
        return float(np.mean((self.test - self.train.mean(axis=0)) ** 2, dtype=np.float64))


def rows_of(path: Path, dataset: str = "") -> Rows:
    """The rows of a folder of IDX files, or of a dataset of a project with its own split.

    Parameters
    ----------
    path : Path
    dataset : str
        Name in the project; "" for its only one.

    Raises
    ------
    WorkbenchError
        If there is no such data, or no part to learn from or to test on.
    """
    return _of_folder(path) if path.is_dir() else _of_project(path, dataset)


def _of_folder(folder: Path) -> Rows:
    from workbench.data import guess, read

    parts = []
    for pattern in (TRAIN, TEST):
        found = sorted(folder.glob(pattern))
        if not found:
            raise WorkbenchError(f"There is no file {pattern} in {folder}: give a folder with both parts as IDX files.")
        with read(guess(found[0])) as imported:
            parts.append(_all(imported.X))
    return _scaled(folder.name, parts[0], parts[1], alike=True)


def _of_project(path: Path, name: str) -> Rows:
    from workbench.session import Session

    with Session.open(path, read_only=True) as session:
        if not name and len(session.datasets) != 1:
            raise WorkbenchError(f"{path} has {len(session.datasets)} datasets: say which with --dataset.")
        dataset = session.dataset(name or next(iter(session.datasets)))
        raw, split = _all(dataset.raw), np.asarray(dataset.split)
        parts = [raw[split == 0], raw[split == 2]]
        if not all(map(len, parts)):
            raise WorkbenchError(
                f"Dataset '{dataset.name}' has no test part: import it with a split such as --split 0.8/0/0.2."
            )
        if dataset.is_sealed:
            raise WorkbenchError(
                f"The test part of '{dataset.name}' has not been looked at yet, and the table would show errors on it: "
                f"ask for it first, with 'vq-workbench show-test {path}'."
            )
        if not all(np.isfinite(part).all() for part in parts):
            raise WorkbenchError(f"Dataset '{dataset.name}' lacks values, which no method of the table takes.")
        return _scaled(dataset.name, parts[0], parts[1], alike=dataset.kind == "image")


def _all(rows: RowSource) -> NDArray[Any]:
    return np.array(rows.read(0, rows.shape[0]))


def _scaled(name: str, train: NDArray[Any], test: NDArray[Any], *, alike: bool) -> Rows:
    """Both parts on the scale of the training rows, all columns alike or each for itself; constant columns become 0."""
    low, high = (np.asarray(end(train, axis=None if alike else 0), np.float64) for end in (np.min, np.max))
    middle, half = (low + high) / 2, (high - low) / 2
    half = np.where(half > 0, half, 1.0)
    shift, scale = middle.astype(np.float32), half.astype(np.float32)
    return Rows(name, *((part.astype(np.float32) - shift) / scale for part in (train, test)))
