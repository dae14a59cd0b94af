"""Files that a notebook makes for an import: uploads, and rows from Python; they stay, as projects name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data import Plan, guess
from workbench.errors import WorkbenchError

MOST_UPLOADED = 200_000_000
"""Bytes of a file that a browser may send; larger ones are imported by their path."""
_LABEL = "label"


def folder_beside(project: Path) -> Path:
    """Where the files for this project are kept; made where it is not there."""
    folder = project.with_name(f"{project.stem} files")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise WorkbenchError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error
    return folder


def free_path(folder: Path, name: str) -> Path:
    """A file in the folder with this name, or with the first number that makes a name which is not taken."""
    wanted = folder / (Path(name.replace("\\", "/")).name or "data")
    numbered = (wanted.with_name(f"{wanted.stem} {k}{wanted.suffix}") for k in range(2, 100_000))
    return next(path for path in (wanted, *numbered) if not path.exists())


class Upload:
    """A file that a browser sends in pieces, one after the other."""

    def __init__(self, folder: Path, name: str, size: int) -> None:
        """Be ready for it; raises WorkbenchError where it is too large."""
        if size > MOST_UPLOADED:
            limit = f"{MOST_UPLOADED / 1e6:.0f} MB"
            raise WorkbenchError(f"{name} is larger than {limit}, the most that can be sent: type its path instead.")
        self.path = free_path(folder, name)
        self.size = size
        self.path.touch()

    def add(self, piece: Any) -> bool:
        """Take the next piece; gives whether the file is whole."""
        with self.path.open("ab") as file:
            file.write(piece)
            return file.tell() >= self.size

    def drop(self) -> None:
        """Keep nothing of it."""
        self.path.unlink(missing_ok=True)


def plan_of_rows(project: Path, X: Any, y: Any, name: str, feature_names: Sequence[str] | None) -> Plan:
    """The plan to import rows of Python, which are written into a file beside the project.

    Parameters
    ----------
    X : array-like (n, d), images (n, h, w) or (n, h, w, 3), or a data frame
    y : array-like (n,), name of a column of the frame, or None
        Labels.
    feature_names : sequence of d str, optional
        Those of the frame, if not given.

    Raises
    ------
    WorkbenchError
        If the rows cannot be written or imported; one sentence says why.
    """
    folder = folder_beside(project)
    if not hasattr(X, "columns") and np.ndim(X) > 2:
        return guess(_images_file(folder, np.asarray(X), y, name))
    columns = _columns(X, feature_names)
    label = ""
    if isinstance(y, str):
        if y not in columns:
            raise WorkbenchError(f"There is no column {y!r} for the labels; there are {', '.join([*columns][:12])}.")
        label = y
    elif y is not None:
        label = _LABEL if _LABEL not in columns else f"{_LABEL} of y"
        columns[label] = np.asarray(y)
    plan = guess(_table_file(folder, columns, name))
    roles = {column: "feature" for column in columns if column != label and columns[column].dtype.kind in "biuf"}
    plan = plan.with_roles(roles | ({label: "label"} if label else {}))
    return replace(plan, name=name)


def _columns(X: Any, feature_names: Sequence[str] | None) -> dict[str, NDArray[Any]]:
    if hasattr(X, "columns"):
        return {str(column): np.asarray(X[column]) for column in X.columns}
    values = np.asarray(X)
    if values.ndim != 2:
        raise WorkbenchError(f"Rows must have two axes, or three or four of images, but there is {values.ndim}.")
    names = feature_names or [f"feature {j}" for j in range(values.shape[1])]
    if len(set(names)) != values.shape[1]:
        raise WorkbenchError(f"There are {len(set(names))} names for {values.shape[1]} features.")
    return {str(column): values[:, j] for j, column in enumerate(names)}


def _table_file(folder: Path, columns: dict[str, NDArray[Any]], name: str) -> Path:
    import polars

    lengths = sorted({len(values) for values in columns.values()})
    if len(lengths) > 1:
        raise WorkbenchError(f"The columns are of different lengths: {lengths[0]:,} and {lengths[-1]:,} rows.")
    path = free_path(folder, f"{name}.parquet")
    polars.DataFrame({column: _plain(values) for column, values in columns.items()}).write_parquet(path)
    return path


def _plain(values: NDArray[Any]) -> Any:
    """Numbers as they are; all else as texts, and what is missing as such."""
    if values.dtype.kind in "biufM":
        return values
    return [None if value is None or value != value else str(value) for value in values.tolist()]


def _images_file(folder: Path, images: NDArray[Any], y: Any, name: str) -> Path:
    path = free_path(folder, f"{name}.npz")
    if y is None:
        np.savez_compressed(path, images=images)
    else:
        np.savez_compressed(path, images=images, labels=np.asarray(y))
    return path
