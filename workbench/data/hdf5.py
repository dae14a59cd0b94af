"""The importer of HDF5 files, MATLAB's of version 7.3 among them: one array of the tree, perhaps one of labels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from engines.parameters import Param
from workbench.data import arrays, hdf5_tree
from workbench.data.arrays import Header
from workbench.data.errors import DataError
from workbench.data.hdf5_tree import Stored
from workbench.data.matrices import Matrices, MatrixRows, found_out, matrix_rows
from workbench.data.members import check_total, features_among, labels_among, offers
from workbench.data.plan import Plan, Sample, Table
from workbench.data.rows import BLOCK_BYTES, require_room
from workbench.data.watch import Watch

NAME = "hdf5"
TITLE = "HDF5, MATLAB 7.3 and netCDF 4"
SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".mat", ".nc")
FOREIGN = True
_MOST_AT_ONCE = 256 << 20
_MOST_TOLD = 8


@dataclass(frozen=True)
class Options:
    """Which arrays of the tree are what."""

    array: Annotated[Literal["auto"] | str, Param("array of the features, by its place in the tree")] = "auto"
    labels: Annotated[Literal["auto", "none"] | str, Param("array of the labels, one per row")] = "auto"
    transposed: Annotated[
        Literal["auto", "yes", "no"], Param("whether rows run along the last axis, as MATLAB stores them")
    ] = "auto"
    matrices: Matrices = "auto"


@dataclass(frozen=True)
class _Chosen:
    """The options with all found out, and what they mean in this file."""

    options: Options
    stored: dict[str, Stored]
    headers: dict[str, Header]
    refused: dict[str, str]
    matrices: MatrixRows | None

    @property
    def header(self) -> Header:
        return self.headers[self.options.array]

    @property
    def transposed(self) -> bool:
        return self.options.transposed == "yes"


def recognises(path: Path, head: bytes) -> bool:
    """Whether the signature stands where it may; MATLAB's older files are recognised to be refused in a sentence."""
    places = (0, 512, 1024, 2048, 4096, 8192)
    return head.startswith(b"MATLAB") or any(head[k:].startswith(hdf5_tree.SIGNATURE) for k in places)


def sample(paths: Sequence[Path], options: Options) -> Sample:
    """The first rows; see `Sample`."""
    path = paths[0]
    with hdf5_tree.opened(path) as file:
        chosen = _resolved(file, path, options)
        options, header = chosen.options, chosen.header
        n_rows = arrays.n_sampled(header)
        block = _beginning(file, path, chosen, options.array)
        labels = None if options.labels == "none" else _labels(file, path, chosen, n_rows)
    told = tuple(chosen.refused.values())
    if len(told) > _MOST_TOLD:
        told = (*told[:_MOST_TOLD], f"Other entries that are not imported: {len(told) - _MOST_TOLD:,}.")
    seen = arrays.sample_of(header, block, labels, asdict(options), told, chosen.matrices, options.labels)
    features, labels_offered = offers(chosen.headers)
    return replace(seen, offers={"array": features, "labels": labels_offered})


def load(plan: Plan, options: Options, watch: Watch) -> Table:
    """All rows, in a temporary file."""
    path = Path(plan.paths[0])
    with hdf5_tree.opened(path) as file:
        chosen = _resolved(file, path, options)
        header = chosen.header
        require_room(header.n_rows * header.n_columns * header.value_dtype.itemsize)
        return arrays.read_table(
            plan,
            header,
            lambda places, part: arrays.spooled(_blocks(file, path, chosen, header.n_rows, part), header, places),
            lambda: _labels(file, path, chosen, header.n_rows),
            watch,
            chosen.matrices,
        )


def arrays_of(path: Path, most_bytes: int) -> dict[str, NDArray[Any]]:
    """All arrays of the tree, also single values, and texts among its attributes; see `npz.arrays_of`."""
    with hdf5_tree.opened(path) as file:
        stored = hdf5_tree.tree_of(file, path).arrays
        sizes = (math.prod(entry.shape) * np.dtype(entry.dtype).itemsize for entry in stored.values())
        check_total(path, sizes, most_bytes)
        told = {name: np.array(text) for name, text in hdf5_tree.attributes(file, path).items()}
        return told | {name: _whole(file, path, name, entry) for name, entry in stored.items()}


def _whole(file: h5py.File, path: Path, name: str, entry: Stored) -> NDArray[Any]:
    try:
        dataset = file[name]
        values = np.asarray((dataset.asstr("utf-8", errors="replace") if entry.text == "variable" else dataset)[()])
    except hdf5_tree.BROKEN as error:
        raise DataError(f"{name} in {path.name} is damaged: it cannot be unpacked.") from error
    return _texts(values) if entry.text in ("variable", "fixed") else values


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    texts = [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in values.ravel().tolist()]
    return np.array(texts, np.dtypes.StringDType()).reshape(values.shape)


def _resolved(file: h5py.File, path: Path, options: Options) -> _Chosen:
    tree = hdf5_tree.tree_of(file, path)
    stored, refused = tree.arrays, tree.refused
    if not stored:
        raise DataError(next(iter(refused.values()), f"{path.name} holds no array."))
    if options.transposed == "auto":
        options = replace(options, transposed="yes" if hdf5_tree.of_matlab(path) else "no")
    headers = {name: _header(entry, options.transposed == "yes") for name, entry in stored.items()}
    if options.array == "auto":
        options = replace(options, array=features_among(headers))
    for name in (options.array, options.labels):
        if (fault := refused.get(name) or tree.links.get(name)) is not None:
            raise DataError(fault)
        if name not in headers and name not in ("auto", "none"):
            raise DataError(f'{path.name} has no array "{name}"; it has {", ".join(list(headers)[:12])}.')
    header, shown = headers[options.array], f"{options.array} in {path.name}"
    bare = _Chosen(options, stored, headers, refused, None)
    arrays.check_features(replace(header, shape=header.shape[:1]), shown)
    choice = found_out(
        options.matrices, header.shape, header.dtype, lambda: _beginning(file, path, bare, options.array)
    )
    matrices = matrix_rows(choice, header.shape, shown)
    arrays.check_features(header, shown, matrices)
    labels = labels_among(headers, options.array) if options.labels == "auto" else options.labels
    if labels != "none" and (headers[labels].shape[:1] != (header.n_rows,) or headers[labels].n_columns != 1):
        raise DataError(
            f"{labels} in {path.name} has the shape {headers[labels].shape}, but {options.array} has "
            f"{header.n_rows:,} rows."
        )
    options = replace(options, labels=labels, matrices=choice)  # type: ignore[arg-type]
    return replace(bare, options=options, matrices=matrices)


def _header(entry: Stored, transposed: bool) -> Header:
    """The array as rows: axes turned round where the last one counts them; a single row of values is a column."""
    shape = entry.shape[::-1] if transposed else entry.shape
    if entry.text == "characters":
        shape = shape[:1]
    elif len(shape) == 2 and shape[0] == 1:
        shape = shape[::-1]
    return Header(shape, entry.dtype, False, 0)


def _beginning(file: h5py.File, path: Path, chosen: _Chosen, name: str) -> NDArray[Any]:
    header = chosen.headers[name]
    n_rows = arrays.n_sampled(header)
    block = np.concatenate(list(_blocks(file, path, chosen, n_rows, Watch())))
    return block.astype(header.value_dtype)


def _blocks(file: h5py.File, path: Path, chosen: _Chosen, n_rows: int, watch: Watch) -> Iterator[NDArray[Any]]:
    """The first `n_rows` rows (b, d) of the features, in blocks that chunks are not unpacked twice for."""
    name, header = chosen.options.array, chosen.header
    entry = chosen.stored[name]
    try:
        dataset = file[name]
        if header.n_rows not in entry.shape[-1 if chosen.transposed else 0 :][:1]:  # a single row
            yield dataset[()].reshape(-1, 1)[:n_rows]
            return
        step = _rows_at_once(entry, header, chosen.transposed)
        for start in range(0, n_rows, step):
            watch(start / n_rows)
            stop = min(start + step, n_rows)
            block = dataset[..., start:stop].T if chosen.transposed else dataset[start:stop]
            yield np.ascontiguousarray(block).reshape(stop - start, -1)
    except hdf5_tree.BROKEN as error:
        raise DataError(f"{name} in {path.name} is damaged: its numbers cannot be unpacked.") from error


def _rows_at_once(entry: Stored, header: Header, transposed: bool) -> int:
    """How many rows a block has: whole chunks of them, as far as memory allows."""
    row_bytes = max(1, header.n_columns * header.dtype.itemsize)
    step = max(1, BLOCK_BYTES // row_bytes)
    if entry.chunks:
        deep = entry.chunks[-1 if transposed else 0]
        step = min(max(1, math.ceil(step / deep)) * deep, max(1, _MOST_AT_ONCE // row_bytes))
    return step


def _labels(file: h5py.File, path: Path, chosen: _Chosen, n_rows: int) -> NDArray[Any]:
    """The labels (n,) of the first `n_rows` rows."""
    name = chosen.options.labels
    entry = chosen.stored[name]
    try:
        dataset = file[name]
        if entry.text == "variable":
            dataset = dataset.asstr("utf-8", errors="replace")
        values = np.asarray(dataset[:n_rows] if len(entry.shape) == 1 else dataset[()])
        if entry.text == "characters":
            return _from_characters(values.T if chosen.transposed else values, n_rows)
        values = values.reshape(-1)[:n_rows]
    except hdf5_tree.BROKEN as error:
        raise DataError(f"{name} in {path.name} is damaged: its labels cannot be unpacked.") from error
    return _texts(values) if entry.text else values


def _from_characters(codes: NDArray[np.uint16], n_rows: int) -> NDArray[Any]:
    """Texts from rows of UTF-16 units, filled up with blanks as MATLAB does."""
    rows = np.ascontiguousarray(codes[:n_rows], "<u2").reshape(min(n_rows, len(codes)), -1)
    texts = [row.tobytes().decode("utf-16-le", "replace").rstrip(" \0") for row in rows]
    return np.array(texts, np.dtypes.StringDType())
