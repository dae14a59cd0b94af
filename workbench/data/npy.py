"""The importer of NumPy's .npy files, read where they lie, with labels from a column or from a second file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.parameters import Param
from workbench.data import arrays
from workbench.data.arrays import Header
from workbench.data.errors import DataError
from workbench.data.matrices import Matrices, MatrixRows, found_out, matrix_rows
from workbench.data.plan import Plan, Sample, Table
from workbench.data.rows import row_blocks
from workbench.data.watch import Watch

NAME = "npy"
TITLE = "NumPy array (NPY)"
ROW_OPTIONS = ("matrices",)
SUFFIXES = (".npy",)
_MAGIC = b"\x93NUMPY"
_COMPANIONS = (("X", "y"), ("x", "y"), ("images", "labels"), ("data", "labels"), ("features", "labels"))


@dataclass(frozen=True)
class Options:
    """Where the labels are."""

    labels: Annotated[Literal["auto", "none"] | str, Param("a .npy file of labels in the same folder, one per row")] = (
        "auto"
    )
    matrices: Matrices = "auto"


def recognises(path: Path, head: bytes) -> bool:
    """Whether the file begins as NumPy's do."""
    return head.startswith(_MAGIC)


def sample(paths: Sequence[Path], options: Options) -> Sample:
    """The first rows; see `Sample`."""
    path = paths[0]
    header, matrices, options = _resolved(path, options)
    options = replace(options, labels=_companion(path, header.n_rows, options.labels))
    labels = None if options.labels == "none" else _labels(path, header, options)
    block = _beginning(path, header)
    return arrays.sample_of(header, block, labels, asdict(options), (), matrices, Path(options.labels).stem)


def load(plan: Plan, options: Options, watch: Watch) -> Table:
    """All rows, read where they lie (in Fortran order: put in C order in a temporary file)."""
    path = Path(plan.paths[0])
    header, matrices, options = _resolved(path, options)
    return arrays.read_table(
        plan,
        header,
        lambda places, part: (
            _in_c_order(path, header, places, part) if header.fortran else arrays.file_rows(path, header, places)
        ),
        lambda: _labels(path, header, options),
        watch,
        matrices,
    )


def _resolved(path: Path, options: Options) -> tuple[Header, MatrixRows | None, Options]:
    """The header, how rows become SPD matrices where they do, and the options with that found out."""
    header = _header(path)
    choice = found_out(options.matrices, header.shape, header.dtype, lambda: _beginning(path, header))
    matrices = matrix_rows(choice, header.shape, path.name)
    arrays.check_features(header, path.name, matrices)
    return header, matrices, replace(options, matrices=choice)  # type: ignore[arg-type]


def _beginning(path: Path, header: Header) -> NDArray[Any]:
    return next(iter(_row_blocks(path, header, [(0, arrays.n_sampled(header))])))


def _header(path: Path) -> Header:
    with path.open("rb") as file:
        header = arrays.read_npy_header(file, path.name)
    if header.offset + header.n_bytes > path.stat().st_size:
        raise DataError(f"{path.name} ends early: its header promises the shape {header.shape}.")
    return header


def _row_blocks(path: Path, header: Header, bounds: Sequence[tuple[int, int]]) -> Iterator[NDArray[Any]]:
    if not header.fortran:
        rows = arrays.file_rows(path, header, None)
        try:
            for start, stop in bounds:
                yield rows.read(start, stop)
        finally:
            rows.close()
        return
    mapped = np.memmap(path, header.dtype, "r", header.offset, header.shape, "F")
    for start, stop in bounds:
        yield np.ascontiguousarray(mapped[start:stop]).reshape(stop - start, -1).astype(header.value_dtype)


def _in_c_order(path: Path, header: Header, places: NDArray[np.intp] | None, watch: Watch) -> Any:
    bounds = list(row_blocks(header.n_rows, header.n_columns))

    def watched() -> Iterator[NDArray[Any]]:
        for k, block in enumerate(_row_blocks(path, header, bounds)):
            watch(k / len(bounds))
            yield block

    return arrays.spooled(watched(), header, places)


def _companion(path: Path, n_rows: int, wished: str) -> str:
    """The file name of the labels beside `path`, or "none"."""
    if wished != "auto":
        return wished
    for ours, theirs in _COMPANIONS:
        candidate = path.with_name(path.name.replace(ours, theirs, 1))
        if candidate.name == path.name or not candidate.is_file():
            continue
        try:
            header = _header(candidate)
        except DataError:
            continue
        if header.n_columns == 1 and header.shape[:1] == (n_rows,):
            return candidate.name
    return "none"


def _labels(path: Path, header: Header, options: Options) -> NDArray[Any]:
    labels = path.with_name(options.labels)
    if not labels.is_file():
        raise DataError(f"There is no file {labels} with labels: check the name.")
    found = _header(labels)
    if found.shape[:1] != (header.n_rows,) or found.n_columns != 1:
        raise DataError(f"{labels.name} has the shape {found.shape}, but {path.name} has {header.n_rows:,} rows.")
    loaded: NDArray[Any] = np.load(labels, allow_pickle=False)
    return loaded
