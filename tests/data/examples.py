"""One small file per importer with what reading it must give; a new importer adds its own here."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

N_ROWS = 30


@dataclass(frozen=True)
class Example:
    """A file to import, and what must come of it with the plan that is guessed."""

    path: Path
    X: NDArray[Any]
    labels: list[Any] | None


def _numbers() -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(size=(N_ROWS, 5)).round(6)


def delimited(folder: Path) -> Example:
    X, labels = _numbers(), [("oak", "elm", "yew")[k % 3] for k in range(N_ROWS)]
    lines = [
        "a,b,c,d,e,tree",
        *(",".join(map(repr, [*map(float, row)])) + f",{t}" for row, t in zip(X, labels, strict=True)),
    ]
    path = folder / "trees.csv"
    path.write_text("\n".join(lines) + "\n")
    return Example(path, X, labels)


def npy(folder: Path) -> Example:
    X, labels = _numbers(), [k % 3 for k in range(N_ROWS)]
    np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", np.array(labels))
    return Example(folder / "X.npy", X, labels)


def npz(folder: Path) -> Example:
    X, labels = _numbers(), [("oak", "elm", "yew")[k % 3] for k in range(N_ROWS)]
    np.savez_compressed(folder / "trees.npz", data=X, target=np.array(labels))
    return Example(folder / "trees.npz", X, labels)


def hdf5(folder: Path) -> Example:
    X, labels = _numbers(), [("oak", "elm", "yew")[k % 3] for k in range(N_ROWS)]
    with h5py.File(folder / "trees.h5", "w") as file:
        file.create_dataset("wood/data", data=X, chunks=(8, 3), compression="gzip", shuffle=True)
        file.create_dataset("wood/species", data=labels)
        file.create_dataset("wood/target", data=labels)
    return Example(folder / "trees.h5", X, labels)


def idx(folder: Path) -> Example:
    images = np.random.default_rng(0).integers(0, 256, (N_ROWS, 4, 5), dtype=np.uint8)
    labels = [k % 3 for k in range(N_ROWS)]
    path = folder / "t-images-idx3-ubyte"
    path.write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, *images.shape) + images.tobytes())
    (folder / "t-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, N_ROWS) + bytes(labels))
    return Example(path, images.reshape(N_ROWS, -1), labels)


def _trees() -> tuple[pl.DataFrame, NDArray[np.float64], list[str]]:
    X, labels = _numbers(), [("oak", "elm", "yew")[k % 3] for k in range(N_ROWS)]
    return pl.DataFrame(X, schema=list("abcde")).with_columns(pl.Series("tree", labels)), X, labels


def columnar(folder: Path) -> Example:
    frame, X, labels = _trees()
    frame.write_parquet(folder / "trees.parquet")
    return Example(folder / "trees.parquet", X, labels)


def excel(folder: Path) -> Example:
    frame, X, labels = _trees()
    frame.write_excel(folder / "trees.xlsx")
    return Example(folder / "trees.xlsx", X, labels)


def images(folder: Path) -> Example:
    pixels = np.random.default_rng(0).integers(0, 256, (N_ROWS, 4, 5), dtype=np.uint8)
    labels = [("elm", "oak", "yew")[k // 10] for k in range(N_ROWS)]
    for k, (picture, label) in enumerate(zip(pixels, labels, strict=True)):
        (folder / "trees" / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / "trees" / label / f"{k:02}.png")
    return Example(folder / "trees", pixels.reshape(N_ROWS, -1), labels)


EXAMPLES: dict[str, Callable[[Path], Example]] = {
    f.__name__: f for f in (delimited, npy, npz, hdf5, idx, images, columnar, excel)
}
